"""Which blocks of JSON must not reach Arrow's parser: it ends the process on some, and reads others laxly."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa

# Arrow 26 parses nested values recursively, and overflows its stack at some ten thousand levels; and it
# reads a null pointer when the first value of a block is null. Both end the process, with no exception.
MAX_DEPTH = 500
_FIRST_NULL = re.compile(rb"(?:\xef\xbb\xbf)*\s*null")


def crashes_arrow(block: bytes) -> bool:
    """Whether the block begins with null or is nested deeper than MAX_DEPTH."""
    return starts_with_null(block) or _depth(block) > MAX_DEPTH


def is_lax(block: bytes) -> bool:
    """Whether Arrow takes lines of the block that are broken: it does not look at the bytes of names and of
    fields that it passes over, and leaves out a byte-order mark where a block happens to begin.
    """
    return block.startswith(b"\xef\xbb\xbf") or not _is_utf8(block)


def _is_utf8(data: bytes) -> bool:
    """Whether bytes are valid UTF-8; Arrow looks at some gigabytes a second, without Python's lock."""
    offsets = np.array([0, len(data)], dtype=np.int64)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(data)]
    try:
        pa.Array.from_buffers(pa.large_string(), 1, buffers).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def starts_with_null(block: bytes) -> bool:
    """Whether the first value of the block is null."""
    return _FIRST_NULL.match(block) is not None


def _depth(block: bytes) -> int:
    """The deepest nesting; 0 at once for a block with so few brackets that it cannot be deep."""
    if block.count(b"[") + block.count(b"{") <= MAX_DEPTH:
        return 0
    from corpora.json_kernel import nesting

    return int(nesting(np.frombuffer(block, dtype=np.uint8)))
