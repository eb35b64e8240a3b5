"""The work of `winnow count`: a corpus counted into one Parquet file with a manifest beside it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from pathlib import Path
from shutil import rmtree

from corpora.background import in_background
from corpora.documents import Corpus, Problems
from corpora.engine import Engine
from corpora.errors import WinnowError, WrongCall
from corpora.machine import import_pandas_whole
from corpora.manifest import FileHash, Manifest, hash_file, write_manifest
from corpora.output_file import check_parquet_output, claim_output, manifest_beside, replacing_output
from corpora.outputs import AlreadyFinished, fingerprint, writing_file
from trainer.counting import Count, CountOptions
from trainer.counts_file import write_counts
from trainer.sharded_count import ShardedCount


@dataclass(frozen=True, slots=True)
class CountSummary:
    """What a finished count saw and wrote."""

    documents: int
    bytes: int
    pretokens: int
    rows: int
    skipped: int
    unseen_sources: tuple[str, ...]
    seconds: Mapping[str, float]


def count_corpus(
    corpus: Corpus,
    options: CountOptions,
    out: Path,
    *,
    engine: Engine | None = None,
    force: bool = False,
    on_bytes: Callable[[int], None] = lambda size: None,
) -> CountSummary:
    """Count a corpus into `out` and write `out` + `.manifest.json`; with the threads of this process unless
    an `engine` takes shards.

    Raises AlreadyFinished when the same call has done so, WrongCall when the output is an input, a
    file that no count wrote, or (unless `force`) that of another call, WinnowError for what cannot be
    read, when there is no text, and while another run writes `out`.
    """
    check_parquet_output(out, corpus)
    call = fingerprint("count", count_configuration(options), corpus.identity)
    with writing_file(out):
        try:
            claim_output(out, call, force=force)
        except AlreadyFinished:
            rmtree(_parts_of(out), ignore_errors=True)  # of a run that was killed while it cleaned up
            raise
        return _count_into(out, corpus, options, call, engine, on_bytes)


def _count_into(
    out: Path, corpus: Corpus, options: CountOptions, call: str, engine: Engine | None,
    on_bytes: Callable[[int], None],
) -> CountSummary:  # fmt: skip
    started = time.perf_counter()
    import_pandas_whole()
    problems = Problems()
    count = _open_count(options, _parts_of(out), call, engine)
    hashes = in_background(corpus.hashes, engine)
    count.add(corpus.shards, problems, on_bytes)
    counted = time.perf_counter()
    if not count.progress.pretokens:
        count.clean()
        raise WinnowError("there is no text to count", where=corpus.where, hint="is --text-field right?")
    with replacing_output(out, call):
        rows = write_counts(out, count.pieces(), options.pattern)
        summary = _summary(count, problems, rows, started, counted)
        write_manifest(manifest_beside(out), _manifest(out, options, call, hashes.result(), summary))
    count.clean()
    return summary


def _manifest(
    out: Path, options: CountOptions, call: str, inputs: Sequence[FileHash], summary: CountSummary
) -> Manifest:
    seen = ("documents", "bytes", "pretokens", "rows", "skipped")
    return Manifest(
        command="count",
        command_line=sys.argv,
        configuration=count_configuration(options),
        inputs=inputs,
        outputs=[hash_file(out, shown_as=out.name)],
        counts={name: getattr(summary, name) for name in seen},
        seconds=summary.seconds,
        call=call,
    )


def count_configuration(options: CountOptions) -> dict[str, object]:
    """The options that change the result, for the manifest and for recognising the same call."""
    return {
        "pattern": options.pattern,
        "language_field": options.language_field,
        "source_weights": {name: str(weight) for name, weight in sorted(options.weights.items())},
    }


def parse_source_weights(settings: Sequence[str]) -> dict[str, Fraction]:
    """Read `NAME=W` settings, W a decimal number of 0 or more. Raises WrongCall for anything else."""
    weights: dict[str, Fraction] = {}
    for setting in settings:
        name, equals, value = setting.rpartition("=")
        try:
            weight = Fraction(Decimal(value)) if equals and name else Fraction(-1)
        except (InvalidOperation, OverflowError, ValueError):
            weight = Fraction(-1)
        if weight < 0 or name in weights:
            raise WrongCall(f"not a source weight: {setting!r}", hint="NAME=2 or NAME=0.5, each name once")
        weights[name] = weight
    return weights


def _parts_of(out: Path) -> Path:
    return out.with_name(f".{out.name}.parts")


def _open_count(options: CountOptions, parts: Path, call: str, engine: Engine | None) -> Count | ShardedCount:
    if engine is not None and engine.by_shard:
        return ShardedCount(options, parts, call, engine)
    return Count(options, parts, call)


def _summary(
    count: Count | ShardedCount, problems: Problems, rows: int, started: float, counted: float
) -> CountSummary:
    written = time.perf_counter()
    seen = count.progress
    seconds = {
        "read": count.read_seconds,
        "count": counted - started - count.read_seconds,
        "write": written - counted,
    }
    return CountSummary(
        seen.documents, seen.bytes, seen.pretokens, rows, problems.count,
        tuple(count.unseen_sources()), seconds,
    )  # fmt: skip
