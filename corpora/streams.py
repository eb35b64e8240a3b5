"""Byte streams of plain, gzip and Zstandard files, and their lines in blocks of bounded size."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from corpora.ranges import Range, open_range
from corpora.remote import RemoteFile

_COMPRESSION = {".gz": "gzip", ".zst": "zstd"}
_BOM = b"\xef\xbb\xbf"


def open_bytes(path: Path | RemoteFile) -> Any:
    """Open a file for reading bytes, decompressing by its ending. Raises OSError for broken data."""
    source = path.open() if isinstance(path, RemoteFile) else str(path)
    return pa.input_stream(source, compression=_COMPRESSION.get(path.suffix.lower()))


def line_blocks(
    path: Path | RemoteFile,
    block_bytes: int,
    longest: int,
    too_long: Callable[[int], None],
    part: Range | None = None,
) -> Iterator[bytes]:
    """Yield the file, or a part of it, in blocks of about `block_bytes` that end at a line end; a longer line
    is one block.

    `too_long` is told the number of a line that has more than about `longest` bytes; unless it raises, the
    line is left empty. A byte-order mark at the start is left out. Memory stays within `longest`.
    """
    opened = open_bytes(path) if part is None or isinstance(path, RemoteFile) else open_range(path, part)
    with opened as stream:
        # `waiting` holds an unfinished line in pieces, or none of it where it is too long and `dropped`.
        waiting, line, dropped = list[bytes](), 1, False
        chunk = stream.read(block_bytes)
        if part is None or part.start == 0:
            chunk = chunk.removeprefix(_BOM)
        while chunk:
            following = stream.read(block_bytes)
            cut = chunk.rfind(b"\n") + 1 if following else len(chunk)
            if cut:
                rest = _after_line(chunk[:cut]) if dropped else chunk[:cut]
                yield (block := b"".join((*waiting, rest)))
                line += block.count(b"\n")
                waiting, dropped = [], False
            if not dropped:
                waiting.append(chunk[cut:])
            if sum(map(len, waiting)) > longest:
                too_long(line)
                waiting, dropped = [], True
            chunk = following


def _after_line(chunk: bytes) -> bytes:
    """The chunk from its first line end on; nothing when it has none."""
    end = chunk.find(b"\n")
    return chunk[end:] if end >= 0 else b""
