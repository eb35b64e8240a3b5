"""The verbs `count` and `train`: options in, one call, a few lines out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from banlists.ban_option import BanListName
from corpora.cli import force_option, verb
from corpora.documents import Corpus, ReadOptions
from corpora.engine import EngineChoice
from corpora.engine_options import engine_options
from corpora.errors import WrongCall
from corpora.input_options import input_options
from corpora.progress import Progress

if TYPE_CHECKING:
    from trainer.count_job import CountSummary
    from trainer.counting import CountOptions
    from trainer.frequency_job import FrequencyJob

_NAMED_PATTERNS = "o200k, cl100k, gpt2, llama3, qwen, or a regex"


def _counting_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options on how to count: `--language-field`, `--workers`, `--memory`, `--checkpoint-every`."""
    decorators = (
        click.option("--language-field", default="language", show_default=True,
                     help="Field that holds a document's language; `und` where there is none."),
        click.option("--workers", type=click.IntRange(min=1), default=None,
                     help="Threads that count; one per core unless given. The result is the same."),
        click.option("--memory", default="2GB", show_default=True,
                     help="What the tables of pretokens may take; beyond it they go to disk in between."),
        click.option("--checkpoint-every", type=click.FloatRange(min=0), default=60.0, show_default=True,
                     metavar="SECONDS", help="How much work a killed run may lose."),
    )  # fmt: skip
    for decorate in reversed(decorators):
        function = decorate(function)
    return function


@verb("count", example="winnow count corpus/*.jsonl -o counts.parquet\n"
      "winnow count filtered/ -o counts.parquet --pattern cl100k --memory 500MB")  # fmt: skip
@input_options
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True, help="File to write, .parquet.")
@click.option("--pattern", default="o200k", show_default=True, help=f"{_NAMED_PATTERNS}.")
@click.option("--source-weight", "source_weights", multiple=True, metavar="NAME=W",
              help="Multiply the counts of documents whose source is NAME.")  # fmt: skip
@click.option("--frequencies", is_flag=True,
              help="Also write OUT.frequencies.parquet: in how many documents and sources.")  # fmt: skip
@click.option("--by-source", is_flag=True,
              help="Also write OUT.sources.parquet: counts by source, for `winnow sources`.")  # fmt: skip
@click.option("--source-field", default=None, metavar="FIELD",
              help="What these call a source; the site of `url`, else `source`, unless given.")  # fmt: skip
@_counting_options
@engine_options
@force_option
def count(
    inputs: tuple[str, ...], read_options: ReadOptions, out: Path, pattern: str,
    source_weights: tuple[str, ...], frequencies: bool, by_source: bool, source_field: str | None,
    language_field: str, workers: int | None, memory: str, checkpoint_every: float, engine: EngineChoice,
    force: bool, quiet: bool,
) -> None:  # fmt: skip
    """Count pretokens per language: everything that training needs of a corpus, in one Parquet file.

    Columns: pretoken (binary), language (string), count (uint64), sorted by the pretoken's bytes.
    """
    from dataclasses import replace

    from corpora.documents import open_corpus
    from corpora.outputs import AlreadyFinished
    from trainer.count_job import count_corpus, parse_source_weights
    from trainer.frequency_job import FrequencyJob
    from trainer.pretokenize import resolve_pattern

    if engine.name == "ray":
        workers = workers or max(1, int(engine.ray.cpus_per_task))
    options = _count_options(resolve_pattern(pattern), language_field, workers, memory, checkpoint_every)
    options = replace(options, weights=parse_source_weights(source_weights))
    job = FrequencyJob(out, frequencies, by_source, source_field)
    if source_field is not None and not job.paths:
        raise WrongCall("--source-field without --frequencies or --by-source")
    if engine.name == "ray" and job.paths:
        raise WrongCall("--frequencies and --by-source are counted on one machine", hint="--engine local")
    # The columns that name a source are read for these files only.
    needed = read_options if job.paths else _only_needed(read_options, language_field)
    corpus = open_corpus(inputs, replace(needed, threads=options.workers))
    progress = Progress(quiet=quiet)
    _announce_compilation(progress)
    try:
        with engine.open(options.workers) as opened, progress.reading("counting", corpus.paths) as bar:
            told = bar.advance_bytes
            summary = count_corpus(corpus, options, out, engine=opened, force=force, on_bytes=told)
        _tell_count(summary, out, progress)
    except AlreadyFinished as note:
        if not job.paths:
            raise
        progress.say(str(note))
    if job.paths:
        _write_frequencies(corpus, options, job, progress, force=force)


def _write_frequencies(
    corpus: Corpus, options: CountOptions, job: FrequencyJob, progress: Progress, *, force: bool
) -> None:
    from trainer.frequency_job import write_frequencies

    with progress.reading("frequencies", corpus.paths) as bar:
        rows = write_frequencies(corpus, options, job, force=force, on_bytes=bar.advance_bytes)
    for path, number in rows.items():
        progress.say(f"{number:,} rows in {path}")


def _tell_count(summary: CountSummary, out: Path, progress: Progress) -> None:
    for source in summary.unseen_sources:
        progress.say(f"note: no document had the source {source!r}, which was given a weight")
    progress.say(
        f"{summary.documents:,} documents, {summary.bytes:,} bytes, {summary.pretokens:,} pretokens, "
        f"{summary.rows:,} rows in {out}" + _skipped(summary.skipped)
    )


@verb("train", example="winnow train counts.parquet -o tokenizer --vocab-size 32768 --ban core\n"
      "winnow train corpus/*.jsonl -o tokenizer --vocab-size 16000 --special-token '<|eot|>'")  # fmt: skip
@input_options
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True, help="Folder to write.")
@click.option("--vocab-size", "sizes", type=int, multiple=True, required=True,
              help="Ids in all, bytes and special tokens too; several sizes come from one run.")  # fmt: skip
@click.option("--pattern", default=None, help=f"{_NAMED_PATTERNS}; that of the counts, else o200k.")
@click.option(
    "--ban",
    "ban_lists",
    multiple=True,
    metavar="LIST",
    type=BanListName(),
    help="Ban list: a built-in name or a path.",
)
@click.option("--ban-rounds", type=click.IntRange(min=0), default=0, show_default=True, metavar="N",
              help="Ban learned pieces of banned phrases, train again; N times at most.")  # fmt: skip
@click.option("--ban-share", type=float, default=0.95, show_default=True,
              help="With rounds: the share of a piece's places that must be banned phrases.")  # fmt: skip
@click.option(
    "--special-token", "special_tokens", multiple=True, metavar="T", help="Special token, in order."
)
@click.option("--mix", default=None, metavar="MIX",
              help="Share of each language: en=0.5,zh=0.5, or temperature=0.3.")  # fmt: skip
@click.option("--min-frequency", type=click.IntRange(min=0), default=2, show_default=True,
              help="Least count of a pair that is merged.")  # fmt: skip
@click.option("--max-token-length", type=click.IntRange(min=1), default=None, metavar="BYTES",
              help="Greatest length of a token, in bytes.")  # fmt: skip
@click.option("--drop-singletons", is_flag=True, help="Leave out pretokens seen once: faster, not exact.")
@click.option(
    "--allow-fewer", is_flag=True, help="Accept a smaller vocabulary when the corpus gives no more."
)
@_counting_options
@force_option
def train(
    inputs: tuple[str, ...], read_options: ReadOptions, out: Path, sizes: tuple[int, ...],
    pattern: str | None, ban_lists: tuple[str, ...], ban_rounds: int, ban_share: float,
    special_tokens: tuple[str, ...], mix: str | None,
    min_frequency: int, max_token_length: int | None, drop_singletons: bool, allow_fewer: bool,
    language_field: str, workers: int | None, memory: str, checkpoint_every: float,
    force: bool, quiet: bool,
) -> None:  # fmt: skip
    """Train a byte-level BPE tokenizer on documents or on counts, under ban lists.

    Without bans the merges are Hugging Face's, in order. A banned merge is never taken; the next best
    one takes its place, and merges.jsonl says which entry refused it. The files are read back by
    tokenizers and tiktoken and compared before the command succeeds.
    """
    from dataclasses import replace

    from banlists.lists import load_ban_lists
    from corpora.machine import available_cores
    from trainer.ban_rounds import BanRounds
    from trainer.mix import parse_mix
    from trainer.train_inputs import open_train_inputs
    from trainer.train_job import TrainJob, Watch, train_tokenizers
    from trainer.training import TrainingOptions

    options = TrainingOptions(max(sizes), special_tokens, min_frequency, max_token_length, allow_fewer)
    bans = load_ban_lists(ban_lists)
    options.check(bans, smallest=min(sizes))
    rounds = BanRounds(ban_rounds, ban_share) if ban_rounds else None
    if rounds is not None:
        rounds.check(bans)
    chosen_mix = parse_mix(mix) if mix else None
    needed = replace(_only_needed(read_options, language_field), threads=workers or available_cores())
    opened = open_train_inputs(inputs, needed, pattern)
    counting = _count_options(
        opened.pattern, language_field if chosen_mix else None, needed.threads, memory, checkpoint_every
    )
    job = TrainJob(
        opened, tuple(sorted(set(sizes))), options, bans, counting,
        chosen_mix, drop_singletons, checkpoint_every, rounds,
    )  # fmt: skip
    progress = Progress(quiet=quiet)
    _announce_compilation(progress)
    with (
        progress.reading("reading", opened.corpus.paths) as reading,
        progress.bar("training", max(sizes), "ids") as bar,
    ):
        watch = Watch(reading.advance_bytes, _steps(bar.advance), _tell_round(progress))
        result = train_tokenizers(job, out, force=force, watch=watch)
    refused = f", {result.refused_merges:,} merges refused" if ban_lists or special_tokens else ""
    progress.say(f"{result.size:,} tokens{refused}; tokenizers and tiktoken agree on {out}")


def _count_options(
    pattern: str, language_field: str | None, workers: int | None, memory: str, checkpoint_every: float
) -> CountOptions:
    from corpora.machine import available_cores
    from corpora.sizes import parse_memory
    from trainer.counting import CountOptions

    cores = workers or available_cores()
    return CountOptions(
        pattern, language_field, workers=cores, memory=parse_memory(memory), keep_every=checkpoint_every
    )


def _only_needed(options: ReadOptions, language_field: str) -> ReadOptions:
    """Read no column that counting does not use; another language field is not among the usual ones."""
    from dataclasses import replace

    return replace(options, only_text=language_field == "language")


def _announce_compilation(progress: Progress) -> None:
    from trainer.warm import is_warm

    if not is_warm():
        progress.say("compiling the kernels, once; about 15 seconds")


def _steps(advance: Callable[[int], None]) -> Callable[[int], None]:
    """Turn totals into steps forward."""
    reached = 0

    def step(total: int) -> None:
        nonlocal reached
        advance(total - reached)
        reached = total

    return step


def _tell_round(progress: Progress) -> Callable[[int, int], None]:
    return lambda number, added: progress.say(f"ban round {number}: {added:,} tokens more, training again")


def _skipped(count: int) -> str:
    return f"; {count:,} broken records skipped" if count else ""
