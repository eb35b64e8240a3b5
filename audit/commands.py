"""The verb `winnow audit`: check a vocabulary before it is released."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from audit.shared_options_command import all_option, lists_option, out_option
from banlists.ban_option import BanListName
from corpora.cli import emit, force_option, verb
from corpora.display import show_json, show_lines
from corpora.errors import GateFailed
from corpora.progress import Progress

if TYPE_CHECKING:
    from audit.audit_results import AuditResult

AUDIT_FORMATS = ("table", "json", "jsonl", "markdown", "sarif", "junit")


class PolicyName(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.4, floor 8.1
    """A built-in policy or a file, read when the command line is: a wrong one costs no work."""

    name = "policy"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name as it is. Raises WrongCall for a policy that does not exist or is broken."""
        from audit.policy import load_policy

        load_policy(value)
        return value


@verb("audit", example="winnow audit out/tokenizer --ban core --against o200k_base -o out/audit")
@click.argument("tokenizer", metavar="TOKENIZER")
@click.option("--counts", type=click.Path(path_type=Path), help="Your pretoken counts, from `winnow count`.")
@click.option(
    "--ban",
    "bans",
    metavar="LIST",
    type=BanListName(),
    multiple=True,
    help="No token may match this list; repeatable.",
)
@click.option(
    "--policy", type=PolicyName(), default="default", show_default=True,
    help="Policy that decides on exit code 3.",
)  # fmt: skip
@all_option
@lists_option
@click.option("--corpus", type=click.Path(path_type=Path), help="Folder of `winnow filter`, for the report.")
@click.option("--against", metavar="TOKENIZER", multiple=True, help="Also compare with this one; repeatable.")
@click.option("--merges", type=click.Path(path_type=Path), help="merges.jsonl, if not beside the tokenizer.")
@click.option(
    "--weights", type=click.Path(path_type=Path),
    help="Checkpoint (safetensors file, index or folder): also check its rows.",
)  # fmt: skip
@click.option(
    "--format", "output_format", type=click.Choice(AUDIT_FORMATS), default="table", show_default=True,
    help="What to print on stdout.",
)  # fmt: skip
@out_option
@force_option
def audit(
    tokenizer: str,
    counts: Path | None,
    bans: tuple[str, ...],
    policy: str,
    score_all: bool,
    use_lists: bool,
    corpus: Path | None,
    against: tuple[str, ...],
    merges: Path | None,
    weights: Path | None,
    output_format: str,
    out: Path | None,
    force: bool,
    quiet: bool,
) -> None:
    """Check a vocabulary: structure, round trip, reachability, risk; exit with 3 when the policy fails."""
    from audit.auditing import AuditOptions, audit_vocabulary, find_merges
    from audit.output_files import audit_into
    from audit.sarif import artifact_of
    from trainer.load import load_tokenizer

    progress = Progress(quiet=quiet)
    log = merges or find_merges(tokenizer)
    artifact = artifact_of(tokenizer, Path.cwd())
    options = AuditOptions(
        counts, bans, policy, score_all, use_lists, corpus, against, log, weights, artifact
    )
    vocabulary = load_tokenizer(tokenizer)
    if out is not None:
        passed = audit_into(out, vocabulary, options, force=force, progress=progress)
    else:
        result = audit_vocabulary(vocabulary, options, progress.say)
        _print_audit(result, output_format, artifact)
        passed = result.gate is None or result.gate.passed
    if not passed:
        raise GateFailed(f"{vocabulary.name} does not pass the policy {policy}")


def _print_audit(result: AuditResult, output_format: str, artifact: str) -> None:
    from audit.output_formats import to_jsonl, to_junit, to_markdown
    from audit.records import audit_record
    from audit.sarif import to_sarif
    from audit.tables import audit_tables

    if output_format in ("table", "json"):
        emit(audit_record(result), (), audit_tables(result), output_format)
        return
    printers = {
        "jsonl": lambda: show_json(to_jsonl(result.findings)),
        "markdown": lambda: show_lines(to_markdown(result)),
        "sarif": lambda: show_json(to_sarif(result.findings, artifact)),
        "junit": lambda: show_lines(to_junit(result.checks, result.gate)),
    }
    click.echo(printers[output_format](), nl=False)
