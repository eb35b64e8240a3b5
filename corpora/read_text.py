"""Plain text readers: a file, a paragraph or a line is one document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pyarrow as pa

from corpora.columns import standard_batch
from corpora.documents import Problems, Shard, shard_blocks


def read_texts(shard: Shard, problems: Problems, block_bytes: int) -> Iterator[pa.RecordBatch]:
    """Yield standard batches; a broken UTF-8 document is reported with the line where it starts.

    With the unit `document`, a file larger than `block_bytes` becomes consecutive documents cut at
    line ends, so that memory stays bounded; so does a paragraph.
    """
    blocks = (block.data for block in shard_blocks(shard, block_bytes, problems))
    for first_line, pieces in _pieces(blocks, shard.options.text_unit, block_bytes):
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


def _pieces(blocks: Iterable[bytes], unit: str, block_bytes: int) -> Iterator[tuple[int, list[bytes]]]:
    line = 1
    waiting = b""  # an unfinished paragraph
    for block in blocks:
        if unit == "document":
            yield line, [block]
        elif unit == "line":
            yield line, [text + b"\n" for text in block.split(b"\n")]
        else:
            *whole, waiting = _paragraphs(waiting + block)
            if len(waiting) >= block_bytes:
                whole, waiting = [*whole, waiting], b""
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
