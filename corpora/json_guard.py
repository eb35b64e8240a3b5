"""Which blocks of JSON must not reach Arrow's parser: those on which it ends the process."""

from __future__ import annotations

import re

import numpy as np

# Arrow 26 parses nested values recursively, and overflows its stack at some ten thousand levels; and it
# reads a null pointer when the first value of a block is null. Both end the process, with no exception.
MAX_DEPTH = 500
_FIRST_NULL = re.compile(rb"(?:\xef\xbb\xbf)*\s*null")


def crashes_arrow(block: bytes) -> bool:
    """Whether the block begins with null or is nested deeper than MAX_DEPTH."""
    return starts_with_null(block) or _depth(block) > MAX_DEPTH


def starts_with_null(block: bytes) -> bool:
    """Whether the first value of the block is null."""
    return _FIRST_NULL.match(block) is not None


def _depth(block: bytes) -> int:
    """The deepest nesting; 0 at once for a block with so few brackets that it cannot be deep."""
    if block.count(b"[") + block.count(b"{") <= MAX_DEPTH:
        return 0
    from corpora.json_kernel import nesting

    return int(nesting(np.frombuffer(block, dtype=np.uint8)))
