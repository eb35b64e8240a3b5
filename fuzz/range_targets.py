"""Harnesses that read one file in two ways and compare: whole and in ranges, and brackets by two counters."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from corpora.documents import Corpus, Problems, ReadOptions, open_corpus
from corpora.json_guard import MAX_DEPTH, crashes_arrow
from fuzz.contract import BrokenPromise, Target

_ONLY_TEXT = 1  # bit of the first byte; the second is the size of a range
_WHOLE = 1 << 30
_Row = tuple[str, str, str]


def _lines(data: bytes, folder: Path) -> None:
    """Documents, ids, sources and how many lines are broken do not depend on ranges."""
    _compare(data, folder / "in.jsonl", 1)


def _row_groups(data: bytes, folder: Path) -> None:
    _compare(data, folder / "in.parquet", 64)


def _compare(data: bytes, path: Path, unit: int) -> None:
    choice, size = (*data[:2], 0, 0)[:2]
    path.write_bytes(data[2:])
    only_text, most = bool(choice & _ONLY_TEXT), (size + 1) * unit
    whole = _documents(_corpus(path, _WHOLE, only_text=only_text))
    parts = _documents(_corpus(path, most, only_text=only_text))
    if parts != whole:
        raise BrokenPromise(f"in ranges of {most}: {_difference(whole, parts)}")


def _corpus(path: Path, most: int, *, only_text: bool) -> Corpus:
    return open_corpus([str(path)], ReadOptions(on_error="skip", only_text=only_text, split_bytes=most))


def _documents(corpus: Corpus) -> tuple[list[_Row], int]:
    problems, rows = Problems(), list[_Row]()
    for shard in corpus.shards:
        for batch in shard.batches(problems):
            columns = [batch.column(name).to_pylist() for name in ("id", "text", "source")]
            rows += zip(*columns, strict=True)
    return rows, problems.count


def _difference(whole: tuple[list[_Row], int], parts: tuple[list[_Row], int]) -> str:
    pairs = zip(whole[0], parts[0], strict=False)
    first = next((pair for pair in pairs if pair[0] != pair[1]), None)
    counts = f"{len(whole[0])} and {len(parts[0])} rows, {whole[1]} and {parts[1]} broken"
    return f"{counts}; {first!r}"


def _brackets(data: bytes, folder: Path) -> None:
    """What is let through to Arrow is no deeper than the limit, counted as a parser does."""
    try:
        value = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        crashes_arrow(data)
        return
    if (value is None or _depth(value) > MAX_DEPTH) != crashes_arrow(data):
        raise BrokenPromise(f"{_depth(value)} deep, and the guard says {crashes_arrow(data)}")


def _depth(value: object) -> int:
    """The levels of lists and objects in a decoded value."""
    deepest, level = 0, [value]
    while level := [each for each in level if isinstance(each, list | dict)]:
        deepest += 1
        level = [inner for each in level for inner in (each.values() if isinstance(each, dict) else each)]
    return deepest


_ROWS = (
    b'{"id": "a", "text": "one two", "source": "web"}\n{"id": 7, "text": "drei", "meta": {"k": 1.5}}\n'
    b'\n{"text": "\\ud83d\\ude00 \\u0000"}\r\nbroken\n{"text": "no end", "n": [1, "x"]}\n'
)


def _row_group_seeds() -> Sequence[bytes]:
    rows = [{"id": f"{number}", "text": "words " * (number % 3), "n": number} for number in range(12)]
    table, seeds = pa.Table.from_pylist(rows), []
    for compression, dictionary in (("zstd", True), ("none", False), ("none", True)):
        sink = io.BytesIO()
        pq.write_table(table, sink, row_group_size=3, compression=compression, use_dictionary=dictionary)
        seeds.append(b"\0\1" + sink.getvalue())
    return seeds


def _nested(levels: int) -> bytes:
    return b'{"a":[' * (levels // 2) + b'"]}\\""' + b"]}" * (levels // 2)


_WORDS = (
    b"\n",
    b"\r\n",
    b'{"text": "x"}\n',
    b'{"text": null}\n',
    b'"id"',
    b'"source"',
    b"null",
    b"\xef\xbb\xbf",
    b'"\n',
    b"1e400",
)

TARGETS = (
    Target(
        "jsonl-ranges",
        lambda: [bytes([choice, size]) + _ROWS for choice in (0, 1) for size in (0, 9, 40, 255)],
        _lines,
        _WORDS,
    ),
    Target("parquet-ranges", _row_group_seeds, _row_groups, (b"PAR1", b"text", b"id")),
    Target(
        "json-guard",
        lambda: [_nested(levels) for levels in (2, 498, 500, 502, 510)],
        _brackets,
        (b"[", b"]", b'"', b"\\", b'{"a":', b"[" * 499, b"]" * 499, b"null"),
    ),
)
