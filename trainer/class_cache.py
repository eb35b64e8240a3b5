"""The scanners' table of character classes: of all classes those that patterns distinguish, in one byte."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from corpora.unicode_classes import LETTER, MARK, NEWLINE, NUMBER, SPACE, class_table

_SCANNED = LETTER | MARK | NUMBER | SPACE | NEWLINE  # the low seven bits


@cache
def scanner_classes() -> npt.NDArray[np.uint8]:
    """The low seven class bits of every code point, shape (1,114,112,), read-only and shared."""
    table = (class_table() & _SCANNED).astype(np.uint8)
    table.flags.writeable = False
    return table
