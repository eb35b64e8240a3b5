"""UTF-8 text of a batch decoded into code points, and tables of their folded form and their kind."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
from numba import njit

from corpora.unicode_classes import CODE_POINTS, LETTER, MARK, NUMBER, SPACE, class_table
from curation.scripts import SCRIPTS, UNSPACED_SCRIPTS, script_table

# Kinds of code points. WORD letters belong to scripts with spaces between words, SOLID letters to scripts
# without (Hangul too: its spaces separate phrases with their particles, not words).
OTHER, WORD, SOLID, DIGIT, BLANK = range(5)

# Blocks whose letters are Latin letters in costume: enclosed, mathematical, full-width (Unicode Blocks.txt).
_STYLED = ((0x2460, 0x2500), (0xFF10, 0xFF5B), (0x1D400, 0x1D800), (0x1F100, 0x1F200))


@cache
def kind_table() -> npt.NDArray[np.uint8]:
    """The table, shape (1,114,112,), uint8: entry c is the kind of code point c after folding."""
    classes, scripts = class_table(), script_table()
    kinds = np.zeros(CODE_POINTS, dtype=np.uint8)
    letters = (classes & (LETTER | MARK)) != 0
    solid_scripts = [
        index for index, name in enumerate(SCRIPTS) if name in UNSPACED_SCRIPTS or name == "Hang"
    ]
    solid = np.isin(scripts, solid_scripts)
    kinds[letters & ~solid] = WORD
    kinds[letters & solid] = SOLID
    kinds[(classes & NUMBER) != 0] = DIGIT
    kinds[(classes & SPACE) != 0] = BLANK
    kinds.flags.writeable = False
    return kinds


@cache
def fold_table() -> npt.NDArray[np.uint32]:
    """The table, shape (1,114,112,), uint32: entry c is c in lower case after NFKC, where that is one
    code point; white space is U+0020.
    """
    fold = np.arange(CODE_POINTS, dtype=np.uint32)
    for first, last in (
        (0, 0xD800),
        (0xE000, 0x11000),
        (0x1D400, 0x1D800),
        (0x1E900, 0x1E950),
        (0x1F100, 0x1F200),
    ):
        for point in range(first, last):
            character = chr(point)
            folded = unicodedata.normalize("NFKC", character).lower()
            fold[point] = ord(folded) if len(folded) == 1 else point
    fold[(class_table() & SPACE) != 0] = 0x20
    fold.flags.writeable = False
    return fold


@cache
def folded_kind_table() -> npt.NDArray[np.uint8]:
    """The table, shape (1,114,112,), uint8: entry c is the kind of what code point c folds to."""
    kinds: npt.NDArray[np.uint8] = kind_table()[fold_table()]
    kinds.flags.writeable = False
    return kinds


@cache
def styled_table() -> npt.NDArray[np.bool_]:
    """The table, shape (1,114,112,), bool: whether code point c is a plain letter or digit in costume."""
    styled = np.zeros(CODE_POINTS, dtype=np.bool_)
    fold, classes = fold_table(), class_table()
    for first, last in _STYLED:
        points = np.arange(first, last)
        changed = fold[points] != points
        styled[first:last] = changed & ((classes[fold[points]] & (LETTER | NUMBER)) != 0)
    styled.flags.writeable = False
    return styled


@dataclass(frozen=True, slots=True)
class Text:
    """Decoded documents: `points` (n,), document d at `starts[d]:starts[d + 1]`; what every code point folds
    to, and the kind of that, both (n,).
    """

    points: npt.NDArray[np.uint32]
    starts: npt.NDArray[np.int64]
    folded: npt.NDArray[np.uint32]
    kinds: npt.NDArray[np.uint8]


def read_text(data: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64]) -> Text:
    """Decode valid UTF-8 (see `decode`) and fold it, once for all kernels."""
    points, starts = decode(data, offsets)
    return Text(points, starts, *_fold(points, fold_table(), folded_kind_table()))


@njit(cache=True, nogil=True)
def _fold(points, fold, folded_kinds):  # type: ignore[no-untyped-def]
    folded, kinds = np.empty(len(points), dtype=np.uint32), np.empty(len(points), dtype=np.uint8)
    for at in range(len(points)):
        folded[at], kinds[at] = fold[points[at]], folded_kinds[points[at]]
    return folded, kinds


@njit(cache=True, nogil=True)
def decode(
    data: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.int64]]:
    """Decode valid UTF-8: `data` (bytes,), document d at `offsets[d]:offsets[d+1]` → code points (n,), and
    their offsets, shape (documents + 1,).
    """
    points = np.empty(len(data), dtype=np.uint32)
    starts = np.zeros(len(offsets), dtype=np.int64)
    count = 0
    for document in range(len(offsets) - 1):
        at, end = offsets[document], offsets[document + 1]
        while at < end:
            lead = np.uint32(data[at])
            if lead < 0x80:
                points[count] = lead
                at += 1
            else:
                length = 2 if lead < 0xE0 else (3 if lead < 0xF0 else 4)
                point = lead & np.uint32(0x7F >> length)
                for step in range(1, length):
                    if at + step < end:
                        point = (point << np.uint32(6)) | (np.uint32(data[at + step]) & np.uint32(0x3F))
                points[count] = point
                at += length
            count += 1
        starts[document + 1] = count
    return points[:count], starts
