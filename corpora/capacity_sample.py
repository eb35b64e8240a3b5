"""A sample of a corpus for `winnow plan`: documents from places all over the input, as JSON lines."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from corpora.documents import Corpus, HubStream, Problems, ReadOptions, Shard, open_corpus
from corpora.errors import WinnowError
from corpora.inputs import COMPRESSIONS
from corpora.ranges import Range

_FEWEST = 64  # documents; fewer do not show how distinct pretokens grow
_PLACES = 64  # so many parts of the input are looked at
_COMPRESSION_LEVEL = 6  # gzip's own default


@dataclass(frozen=True, slots=True)
class Sample:
    """Files with growing shares of the same documents, the last with all of them, and what they stand for.

    `input_bytes` are those of the input's files; `total_text` is how much text they are taken to hold, in
    bytes, and `exact` whether all of it was read.
    """

    files: tuple[Path, ...]
    shares: tuple[float, ...]
    documents: int
    text_bytes: int
    input_bytes: int
    total_text: int
    exact: bool


def draw_sample(
    inputs: Sequence[str], options: ReadOptions, wanted: int, shares: Sequence[float], folder: Path
) -> Sample:
    """Write about `wanted` bytes of text to files in `folder`, one for each of `shares` (ascending to 1).

    Raises WinnowError for an input with too few documents, without text or of unknown size (a hub stream),
    and for broken data.
    """
    corpus = open_corpus(inputs, replace(options, split_bytes=min(options.split_bytes, 4_000_000)))
    input_bytes = _size(corpus)
    chosen = _spread(corpus.shards, _PLACES)
    drawn = [_draw(shard, wanted // len(chosen) + 1) for shard in chosen]
    rows = [row for draw in drawn for row in draw.rows]
    text_bytes = sum(len(row["text"].encode()) for row in rows)
    if not text_bytes:
        raise WinnowError("there is no text in the input", where=corpus.where, hint="is --text-field right?")
    if len(rows) < _FEWEST:
        raise WinnowError(
            f"{len(rows)} documents are too few to plan from", where=corpus.where, hint="a larger --sample"
        )
    exact = len(chosen) == len(corpus.shards) and all(draw.whole for draw in drawn)
    per_byte = text_bytes / sum(draw.input_bytes for draw in drawn)
    total = text_bytes if exact else round(per_byte * input_bytes)
    files = tuple(_write(folder / f"sample-{share:g}.jsonl", rows, share) for share in shares)
    return Sample(files, tuple(shares), len(rows), text_bytes, input_bytes, total, exact)


@dataclass(frozen=True, slots=True)
class _Draw:
    """Documents of one shard, how many bytes of the input they took, and whether they are all of it."""

    rows: list[dict[str, str]]
    input_bytes: float
    whole: bool


def _size(corpus: Corpus) -> int:
    if any(isinstance(shard.origin, HubStream) for shard in corpus.shards):
        raise WinnowError(
            "the size of a hub stream is not known", where=corpus.where, hint="plan for files or URLs"
        )
    return sum(shard.identity[2] for shard in corpus.shards)


def _spread(shards: Sequence[Shard], most: int) -> list[Shard]:
    count = min(len(shards), most)
    return [shards[number * len(shards) // count] for number in range(count)]


def _draw(shard: Shard, wanted: int) -> _Draw:
    """The first documents of a shard, until there is enough text."""
    if (narrow := _narrowed(shard, wanted)) is not None:
        size = narrow.part.size if narrow.part else 0
        return _Draw(list(_documents(narrow)), float(size), size == shard.identity[2])
    rows: list[dict[str, str]] = []
    size, whole = 0, True
    for row in _documents(shard):
        if size >= wanted:
            whole = False
            break
        rows.append(row)
        size += len(row["text"].encode())
    return _Draw(rows, float(shard.identity[2]) if whole else _taken(shard, rows, size), whole)


def _narrowed(shard: Shard, wanted: int) -> Shard | None:
    """The first `wanted` bytes of a plain file of lines; None for any other."""
    path = shard.origin
    if shard.file_format != "jsonl" or not isinstance(path, Path) or path.suffix in COMPRESSIONS:
        return None
    start = shard.part.start if shard.part else 0
    size = min(wanted, shard.identity[2])
    return replace(shard, part=Range(start, start + size, size))


def _documents(shard: Shard) -> Iterator[dict[str, str]]:
    for batch in shard.batches(Problems()):
        yield from batch.select(["id", "text", "source"]).to_pylist()


def _taken(shard: Shard, rows: Sequence[dict[str, str]], size: int) -> float:
    """How many bytes of the file some documents take: their share of its rows, or as many as they have when
    compressed as the file is, as far as its name tells.
    """
    if shard.file_format == "parquet" and isinstance(shard.origin, Path):
        return shard.identity[2] * len(rows) / _parquet_rows(shard.origin, shard.part)
    plain = b"\n".join(msgspec.json.encode(row) for row in rows)
    suffix = getattr(shard.origin, "suffix", "")
    packed = shard.file_format == "parquet" or suffix in COMPRESSIONS
    return float(len(gzip.compress(plain, _COMPRESSION_LEVEL)) if packed else max(len(plain), size))


def _parquet_rows(path: Path, part: Range | None) -> int:
    import pyarrow.parquet as pq

    metadata = pq.read_metadata(path)
    groups = range(metadata.num_row_groups) if part is None else range(part.start, part.stop)
    return sum(metadata.row_group(group).num_rows for group in groups)


def _write(path: Path, rows: Sequence[dict[str, str]], share: float) -> Path:
    """Every so manieth document, so that a smaller file is spread over the input as well."""
    step = round(1 / share)
    path.write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in rows[::step]))
    return path
