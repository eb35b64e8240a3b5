"""Harnesses of the document readers: JSON lines and arrays, CSV, text, Parquet, Arrow, gzip, Zstandard."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from corpora.documents import Problems, ReadOptions, TextUnit, open_corpus
from corpora.sources import sources_of
from fuzz.contract import BrokenPromise, Target

_STOP, _ONLY_TEXT, _PACK = 1, 2, 4  # bits of an input's first byte
_UNITS: tuple[TextUnit, ...] = ("document", "paragraph", "line")
_RECORDS = [
    {
        "id": "a",
        "text": "one two",
        "source": "web",
        "language": "en",
        "n": 1,
        "url": "https://a.example.co.uk/x",
    },
    {"id": "b", "text": "drei\nvier", "source": None, "language": None, "n": 2**60, "url": None},
]
_LINES = (
    b'{"id": "a", "text": "one two", "n": 1, "tags": ["x"], "meta": {"k": 1.5}}\n'
    b'{"id": 7, "text": "drei", "n": null, "meta": {"k": "v"}}\n'
    b'\xef\xbb\xbf{"text": "\\ud83d\\ude00 \\u0000", "source": "s"}\n\n'
)
_WORDS = (
    b'"text"',
    b'"id"',
    b'"source"',
    b'"language"',
    b'"url"',
    b'{"text": "x"}\n',
    b"1e400",
    b"-0",
    b"2020-01-01",
    b'{"text": 1}\n',
    b'{"text": null}\n',
    b"http://[",
    b"\r",
    b"\xe2\x80\xa8",
    b'"input_text"',
    b"id,text\n",
    b'""',
)


def _read(ending: str, data: bytes, folder: Path, *, pack: Callable[[bytes], bytes] | None = None) -> None:
    """The first byte chooses the options, the rest is the file."""
    choice, content = (data[0], data[1:]) if data else (0, b"")
    path = folder / f"input{ending}"
    path.write_bytes(pack(content) if pack and choice & _PACK else content)
    options = ReadOptions(
        on_error="stop" if choice & _STOP else "skip",
        only_text=bool(choice & _ONLY_TEXT),
        text_unit=_UNITS[(choice >> 3) % 3],
        language="en" if choice & 64 else None,
    )
    schema = None
    for shard in open_corpus([str(path)], options).shards:
        for batch in shard.batches(Problems()):
            _look(batch)
            if schema is not None and batch.schema != schema:
                raise BrokenPromise("batches of one shard have different schemas")
            schema = batch.schema


def _look(batch: pa.RecordBatch) -> None:
    """What `Shard.batches` says of every batch."""
    if batch.schema.names[:3] != ["id", "text", "source"]:
        raise BrokenPromise(f"columns {batch.schema.names}")
    for name in ("id", "text", "source"):
        column = batch.column(name)
        column.validate(full=True)
        if column.null_count or column.type != pa.large_string():
            raise BrokenPromise(f"column {name} is {column.type} with {column.null_count} nulls")
    batch.to_pylist()
    sources_of(batch)


def _zst(content: bytes) -> bytes:
    sink = io.BytesIO()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(content)
        stream.flush()
        return sink.getvalue() or content


def _options(*contents: bytes) -> Callable[[], Sequence[bytes]]:
    return lambda: [bytes([choice]) + content for content in contents for choice in (0, 1, 2, 64)]


def _parquet() -> Sequence[bytes]:
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(_RECORDS), sink, compression="zstd")
    plain = io.BytesIO()
    pq.write_table(
        pa.table({"text": pa.array(["a", "b", "a"]).dictionary_encode()}), plain, compression="none"
    )
    return [b"\0" + sink.getvalue(), b"\1" + plain.getvalue(), b"\2" + plain.getvalue()]


def _arrow() -> Sequence[bytes]:
    table = pa.Table.from_pylist(_RECORDS)
    file, stream = io.BytesIO(), io.BytesIO()
    with pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    with pa.ipc.new_stream(stream, table.schema) as writer:
        writer.write_table(table)
    return [b"\0" + file.getvalue(), b"\1" + stream.getvalue(), b"\2" + stream.getvalue()]


def _packed(pack: Callable[[bytes], bytes]) -> Callable[[], Sequence[bytes]]:
    return lambda: [b"\0" + pack(_LINES), b"\1" + pack(b"x" * 500), b"\4" + _LINES, b"\5" + _LINES]


_CSV = b'id,text,source\na,"one ""two""\nthree",web\nb,drei,\n'
_TEXT = "first line\n\nsecond paragraph\r\nzwei\n\n\n\nthird 天天\n".encode()

TARGETS = (
    Target("jsonl", _options(_LINES, _LINES.replace(b"{", b"[")), partial(_read, ".jsonl"), _WORDS),
    Target(
        "json",
        _options(b'[{"text": "a", "n": 1}, {"text": "b", "n": "x"}]', _LINES),
        partial(_read, ".json"),
        _WORDS,
    ),
    Target("csv", _options(_CSV), partial(_read, ".csv"), _WORDS),
    Target("text", lambda: [bytes([unit << 3]) + _TEXT for unit in range(3)], partial(_read, ".txt"), _WORDS),
    Target("parquet", _parquet, partial(_read, ".parquet"), (b"PAR1", b"text", b"id")),
    Target("arrow", _arrow, partial(_read, ".arrow"), (b"ARROW1\0\0", b"\xff\xff\xff\xff", b"text", b"id")),
    Target(
        "gzip",
        _packed(gzip.compress),
        partial(_read, ".jsonl.gz", pack=gzip.compress),
        (b"\x1f\x8b\x08", *_WORDS),
    ),
    Target(
        "zstandard", _packed(_zst), partial(_read, ".jsonl.zst", pack=_zst), (b"\x28\xb5\x2f\xfd", *_WORDS)
    ),
)
