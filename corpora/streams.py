"""Byte streams of plain, gzip and Zstandard files, and their lines in blocks of bounded size."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from corpora.ranges import Range, open_range
from corpora.remote import RemoteFile

_COMPRESSION = {".gz": "gzip", ".zst": "zstd"}
_BOM = b"\xef\xbb\xbf"
_LINE_FEED = ord("\n")


@dataclass(frozen=True, slots=True)
class LineBlock:
    """Whole lines of a stream, the number of the first (from 1), and how many line feeds there are."""

    data: bytes
    first_line: int
    line_feeds: int

    @property
    def lines(self) -> int:
        """How many lines there are; the last may lack its line feed."""
        return self.line_feeds + (not self.data.endswith(b"\n"))


def line_feeds(data: bytes) -> npt.NDArray[np.bool_]:
    """Which bytes are line feeds, shape (bytes,); numpy needs no interpreter lock to look, `bytes` does."""
    found: npt.NDArray[np.bool_] = np.frombuffer(data, dtype=np.uint8) == _LINE_FEED
    return found


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
) -> Iterator[LineBlock]:
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
                rest = _after_line(chunk[:cut]) if dropped else memoryview(chunk)[:cut]
                data = b"".join((*waiting, rest))
                block = LineBlock(data, line, int(np.count_nonzero(line_feeds(data))))
                yield block
                line += block.line_feeds
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
