"""The work of `winnow count`: a corpus counted into one Parquet file with a manifest beside it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from pathlib import Path

import msgspec

from corpora.documents import Corpus, Problems
from corpora.engine import Engine
from corpora.errors import WinnowError, WrongCall
from corpora.manifest import Manifest, hash_file, read_manifest, write_manifest
from corpora.outputs import AlreadyFinished, fingerprint, refuse_output_inside_inputs
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
    read and when there is no text.
    """
    started = time.perf_counter()
    configuration = count_configuration(options)
    call = fingerprint("count", configuration, corpus.identity)
    claim_output(out, call, corpus, force=force)
    problems = Problems()
    count = _open_count(options, out.with_name(f".{out.name}.parts"), call, engine)
    with ThreadPoolExecutor(1) as background:
        hashes = background.submit(corpus.hashes, engine)
        count.add(corpus.shards, problems, on_bytes)
        counted = time.perf_counter()
        if not count.progress.pretokens:
            count.clean()
            raise WinnowError("there is no text to count", where=corpus.where, hint="is --text-field right?")
        rows = write_counts(out, count.pieces(), options.pattern)
    summary = _summary(count, problems, rows, started, counted)
    write_manifest(
        manifest_beside(out),
        Manifest(
            command="count",
            command_line=sys.argv,
            configuration=configuration,
            inputs=hashes.result(),
            outputs=[hash_file(out, shown_as=out.name)],
            counts={
                "documents": summary.documents,
                "bytes": summary.bytes,
                "pretokens": summary.pretokens,
                "rows": summary.rows,
                "skipped": summary.skipped,
            },
            seconds=summary.seconds,
            call=call,
        ),
    )
    count.clean()
    return summary


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


def manifest_beside(out: Path) -> Path:
    """Where the manifest of an output file is."""
    return out.with_name(out.name + ".manifest.json")


def claim_output(out: Path, call: str, corpus: Corpus, *, force: bool) -> None:
    """Make sure that the call with this fingerprint may write the file `out`.

    Raises AlreadyFinished when it has done so, WrongCall when the file is an input, is no Parquet, was
    not written by `winnow count`, or (unless `force`) by another call.
    """
    refuse_output_inside_inputs(out, corpus.paths)
    if out.is_dir():
        raise WrongCall("is a folder; a file is needed", where=out, hint="--out FILE.parquet")
    if out.suffix != ".parquet":
        raise WrongCall("counts are Parquet", where=out, hint="--out FILE.parquet")
    if not out.exists():
        return
    found = _call_of(manifest_beside(out)) if manifest_beside(out).exists() else None
    if found is None:
        raise WrongCall("exists, and `winnow count` did not write it", where=out, hint="choose another --out")
    if force:
        return
    if found == call:
        raise AlreadyFinished(out)
    raise WrongCall("is the output of a different call", where=out, hint="--force replaces it")


def _call_of(manifest_path: Path) -> object:
    try:
        return read_manifest(manifest_path).get("call")
    except (WinnowError, OSError, msgspec.DecodeError):
        return None


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
