"""The verb `winnow probe`."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from corpora.cli import emit, force_option, format_option, verb
from corpora.errors import WrongCall
from corpora.progress import Progress

if TYPE_CHECKING:
    from audit.probe.estimate import Estimate
    from audit.probe.probing import ProbeOptions, ProbePlan
    from audit.probe.records import Backend, Kind

_KINDS = ("repetition", "spelling", "translation", "language")


@verb(
    "probe",
    example="winnow probe model/ --model model/ --candidates norms/norms.json -o probed\n"
    "winnow probe o200k_base --model NAME --endpoint https://HOST/v1 --candidates core -o probed",
)
@click.argument("tokenizer", metavar="TOKENIZER")
@click.option("--model", required=True, metavar="NAME|FOLDER",
              help="The endpoint's name of the model, or a folder for transformers.")  # fmt: skip
@click.option(
    "--endpoint", metavar="URL", help="OpenAI-compatible endpoint, up to /v1; else --model is local."
)
@click.option("--candidates", multiple=True, required=True, metavar="SPEC",
              help="findings.jsonl, norms.json, a ban list, ids, or a file of ids or tokens.")  # fmt: skip
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="Tokens at most.")
@click.option("--questions", type=click.Choice(_KINDS), multiple=True, help="Which; all, if none is given.")
@click.option("--answers", type=click.IntRange(1), default=5, show_default=True, help="Answers to each.")
@click.option("--controls", type=click.IntRange(0), default=10, show_default=True,
              help="Ordinary tokens of each script, for comparison.")  # fmt: skip
@click.option(
    "--temperature", type=click.FloatRange(0, 2), default=0.7, show_default=True, help="Of answers."
)
@click.option("--max-tokens", type=click.IntRange(1), default=60, show_default=True, help="Of one answer.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the controls and a local model.")
@click.option(
    "--rate", type=click.FloatRange(0, min_open=True), metavar="N", help="Requests a minute at most."
)
@click.option("--parallel", type=click.IntRange(1), default=4, show_default=True, help="Requests at once.")
@click.option(
    "--retries", type=click.IntRange(0), default=6, show_default=True, help="While a server is busy."
)
@click.option("--backoff", type=click.FloatRange(0), default=1.0, show_default=True,
              help="Seconds before the first retry; doubled each time.")  # fmt: skip
@click.option("--timeout", type=click.FloatRange(0, min_open=True), default=120.0, show_default=True,
              help="Seconds for one answer.")  # fmt: skip
@click.option("--key-variable", default="OPENAI_API_KEY", show_default=True, metavar="NAME",
              help="Environment variable that holds the key.")  # fmt: skip
@click.option("--price", type=(float, float), metavar="IN OUT", help="Of a million tokens, for the estimate.")
@click.option("--ask-lost", is_flag=True, help="Ask again what was sent and never answered.")
@click.option("-y", "--yes", is_flag=True, help="Ask without a confirmation.")
@click.option("--dry-run", is_flag=True, help="Show what would be asked and what it costs; ask nothing.")
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Folder for the journal and the results.")
@force_option
@format_option
def probe(
    tokenizer: str, out: Path | None, force: bool, output_format: str, quiet: bool, **chosen: Any
) -> None:
    """Ask a live model about suspicious tokens: which does it know?

    Each token is asked to be repeated, spelt, translated and named by language, several times; ordinary
    tokens of the same script are asked too, so that a model that fails at everything is not taken for one
    with glitches. Every question is noted in a journal before it is sent: the same command goes on after
    a stop, and asks nothing twice.
    """
    from audit.probe.probing import plan_probe
    from trainer.load import load_tokenizer

    if out is None and not chosen["dry_run"]:
        raise WrongCall("no folder to write", hint="give -o DIR, or --dry-run")
    progress = Progress(quiet=quiet)
    plan = plan_probe(load_tokenizer(tokenizer), _options(chosen), by_id=chosen["endpoint"] is None)
    if plan.unaskable:
        progress.say(f"note: {plan.unaskable:,} tokens cannot be asked about: no prompt holds them whole")
    if out is None or chosen["dry_run"]:
        _show_plan(plan, _estimate(plan, plan.asks, chosen))
        return
    _probe(tokenizer, plan, chosen, out, force, output_format, progress)


def _probe(
    tokenizer: str,
    plan: ProbePlan,
    chosen: dict[str, Any],
    out: Path,
    force: bool,
    output_format: str,
    progress: Progress,
) -> None:
    from audit.probe.output_files import JOURNAL, ProbeCall, summary_record, token_record, write_probe_files
    from audit.probe.probing import open_asks, run_probe
    from audit.probe.tables import probe_tables
    from corpora.outputs import fingerprint, output_folder

    configuration = _configuration(tokenizer, chosen)
    inputs = _inputs(chosen["candidates"])
    asked = [[ask.key, ask.prompt] for ask in plan.asks]
    with output_folder(out, fingerprint("probe", configuration, [inputs, asked]), force=force) as folder:
        journal = folder.path / JOURNAL
        asks = open_asks(plan, journal, ask_lost=chosen["ask_lost"])
        _confirm(_estimate(plan, asks, chosen), chosen, progress)
        with progress.bar("asking", len(asks), "questions") as bar:
            verdicts = run_probe(plan, journal, asks, lambda: _backend(chosen), chosen["rate"], bar.advance)
        write_probe_files(folder, verdicts, plan.vocabulary, plan.engine, ProbeCall(configuration, inputs))
    lost = sum(each.lost for each in verdicts)
    if lost:
        progress.say(f"note: {lost:,} questions were sent and never answered: they count for nothing")
    emit(summary_record(verdicts), [token_record(e) for e in verdicts], probe_tables(verdicts), output_format)


def _options(chosen: dict[str, Any]) -> ProbeOptions:
    from audit.probe.probing import ProbeOptions
    from audit.probe.records import KINDS

    kinds: tuple[Kind, ...] = tuple(k for k in KINDS if k in (chosen["questions"] or KINDS))
    return ProbeOptions(
        chosen["candidates"], chosen["limit"], kinds, chosen["answers"], chosen["controls"], chosen["seed"]
    )


def _configuration(tokenizer: str, chosen: dict[str, Any]) -> dict[str, Any]:
    """What changes answers; how fast they are fetched does not."""
    names = ("model", "endpoint", "candidates", "limit", "questions", "answers", "controls", "temperature",
             "max_tokens", "seed")  # fmt: skip
    return {"tokenizer": tokenizer, **{name: chosen[name] for name in names}}


def _inputs(specs: tuple[str, ...]) -> list[Any]:
    from corpora.manifest import hash_file

    return [hash_file(Path(spec), shown_as=Path(spec).name) for spec in specs if Path(spec).is_file()]


def _estimate(plan: ProbePlan, asks: Any, chosen: dict[str, Any]) -> Estimate:
    from audit.probe.estimate import estimate

    return estimate(asks, plan.engine, chosen["max_tokens"], chosen["rate"], chosen["price"])


def _confirm(estimated: Estimate, chosen: dict[str, Any], progress: Progress) -> None:
    """Say what it costs, and ask before anything is sent to an endpoint."""
    progress.say(f"to ask: {estimated.text}")
    if chosen["endpoint"] is None or chosen["yes"] or not estimated.requests:
        return
    if not sys.stdin.isatty():
        raise WrongCall("nobody can confirm the cost", hint="--yes asks without a confirmation")
    click.confirm(f"Ask {chosen['model']} at {chosen['endpoint']}?", abort=True, err=True)


def _backend(chosen: dict[str, Any]) -> AbstractContextManager[Backend]:
    if chosen["endpoint"] is None:
        from audit.probe.local_model import LocalModel, LocalOptions

        names = ("temperature", "max_tokens", "seed")
        return nullcontext(LocalModel(LocalOptions(Path(chosen["model"]), *(chosen[name] for name in names))))
    from audit.probe.endpoint import Endpoint, EndpointOptions

    fields = (
        "model",
        "key_variable",
        "temperature",
        "max_tokens",
        "timeout",
        "retries",
        "backoff",
        "parallel",
    )
    return Endpoint(EndpointOptions(chosen["endpoint"], *(chosen[name] for name in fields)))


def _show_plan(plan: ProbePlan, estimated: Estimate) -> None:
    """What a dry run prints: numbers, cost, and one prompt of each kind."""
    from corpora.display import show_text

    controls = sum(candidate.control for candidate in plan.candidates)
    click.echo(f"{len(plan.candidates) - controls:,} tokens and {controls:,} controls; {estimated.text}")
    seen: set[str] = set()
    for ask in plan.asks:
        if ask.kind not in seen:
            seen.add(ask.kind)
            click.echo(f"  {ask.kind}: {show_text(ask.prompt)}")
