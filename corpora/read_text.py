"""Plain text readers: a file, a paragraph or a line is one document."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from corpora.columns import standard_batch
from corpora.documents import Problems, Shard
from corpora.remote import RemoteFile
from corpora.streams import line_blocks


def read_texts(shard: Shard, problems: Problems, block_bytes: int) -> Iterator[pa.RecordBatch]:
    """Yield standard batches; a broken UTF-8 document is reported with the line where it starts.

    With the unit `document`, a file larger than `block_bytes` becomes consecutive documents cut at
    line ends, so that memory stays bounded.
    """
    if not isinstance(shard.origin, Path | RemoteFile):
        raise TypeError(f"a file was expected, not {shard.origin!r}")
    for first_line, pieces in _pieces(shard.origin, shard.options.text_unit, block_bytes):
        texts: list[str] = []
        ids: list[str] = []
        line = first_line
        for piece in pieces:
            text = _decode(piece, f"{shard.where}:{line}", shard, problems)
            if text is not None:
                texts.append(text)
                ids.append(f"{shard.name}:{line}")
            line += piece.count(b"\n")
        if texts:
            yield standard_batch(_table(ids, texts, shard), shard, first_line, problems)


def _table(ids: list[str], texts: list[str], shard: Shard) -> pa.Table:
    kind = pa.large_string()
    return pa.table(
        {shard.options.id_field: pa.array(ids, kind), shard.options.text_field: pa.array(texts, kind)}
    )


def _pieces(path: Path | RemoteFile, unit: str, block_bytes: int) -> Iterator[tuple[int, list[bytes]]]:
    line = 1
    waiting = b""  # an unfinished paragraph
    for block in line_blocks(path, block_bytes):
        if unit == "document":
            yield line, [block]
        elif unit == "line":
            yield line, [text + b"\n" for text in block.split(b"\n")]
        else:
            *whole, waiting = _paragraphs(waiting + block)
            yield line, whole
            block = b"".join(whole)  # noqa: PLW2901 - lines are counted as they are handed out
        line += block.count(b"\n")
    if waiting.strip():
        yield line, [waiting]


def _paragraphs(block: bytes) -> list[bytes]:
    """Cut after each blank line; the last piece may be unfinished."""
    pieces = block.split(b"\n\n")
    return [piece + b"\n\n" for piece in pieces[:-1]] + [pieces[-1]]


def _decode(piece: bytes, where: str, shard: Shard, problems: Problems) -> str | None:
    try:
        text = piece.decode("utf-8")
    except UnicodeDecodeError as error:
        problems.report(shard.options, where, f"not UTF-8: {error.reason} at byte {error.start}")
        return None
    if shard.options.text_unit != "document":
        text = text.strip("\r\n")
    return text if text.strip() else None
