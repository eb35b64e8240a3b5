"""Byte streams of plain, gzip and Zstandard files, and their lines in blocks of bounded size."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from corpora.remote import RemoteFile

_COMPRESSION = {".gz": "gzip", ".zst": "zstd"}
_BOM = b"\xef\xbb\xbf"


def open_bytes(path: Path | RemoteFile) -> Any:
    """Open a file for reading bytes, decompressing by its ending. Raises OSError for broken data."""
    source = path.open() if isinstance(path, RemoteFile) else str(path)
    return pa.input_stream(source, compression=_COMPRESSION.get(path.suffix.lower()))


def line_blocks(path: Path | RemoteFile, block_bytes: int) -> Iterator[bytes]:
    """Yield the file in blocks of about `block_bytes` that end at a line end; a longer line is one block.

    A byte-order mark at the start is left out.
    """
    with open_bytes(path) as stream:
        waiting: list[bytes] = []
        chunk = stream.read(block_bytes).removeprefix(_BOM)
        while following := stream.read(block_bytes):
            cut = chunk.rfind(b"\n") + 1
            if cut:
                yield b"".join((*waiting, chunk[:cut]))
                waiting = []
            waiting.append(chunk[cut:])
            chunk = following
        if last := b"".join((*waiting, chunk)):
            yield last
