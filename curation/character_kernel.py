"""One pass over a document's code points: how many there are of each kind that a signal needs."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
from numba import njit

from corpora.unicode_classes import (
    CODE_POINTS,
    CONTROL,
    INVISIBLE,
    LETTER,
    MARK,
    NEWLINE,
    NUMBER,
    PRIVATE,
    PUNCTUATION,
    SPACE,
    SYMBOL,
    UNASSIGNED,
    UPPER,
    class_table,
)
from curation.points import BLANK, DIGIT, OTHER, SOLID, WORD, kind_table, styled_table

# Columns of the counts.
COUNT_NAMES = (
    "points", "letters", "marks", "digits", "punctuation", "symbols", "spaces", "newlines", "upper",
    "invisible", "control", "private", "unassigned", "replacement", "styled", "emoji", "solid",
    "mixed_words", "words", "glued", "long_digit_runs", "lucky_names", "spelled", "urls",
    "url_points", "brackets",
)  # fmt: skip
(
    POINTS, LETTERS, MARKS, DIGITS, PUNCTUATIONS, SYMBOLS, SPACES, NEWLINES, UPPERS,
    INVISIBLES, CONTROLS, PRIVATES, UNASSIGNEDS, REPLACEMENTS, STYLED, EMOJI, SOLIDS,
    MIXED_WORDS, WORDS, GLUED, LONG_DIGIT_RUNS, LUCKY_NAMES, SPELLED, URLS, URL_POINTS, BRACKETS,
) = range(len(COUNT_NAMES))  # fmt: skip

# Columns that are classes of corpora.unicode_classes.
_CLASSES = {
    LETTERS: LETTER, MARKS: MARK, DIGITS: NUMBER, PUNCTUATIONS: PUNCTUATION, SYMBOLS: SYMBOL, SPACES: SPACE,
    NEWLINES: NEWLINE, UPPERS: UPPER, CONTROLS: CONTROL, PRIVATES: PRIVATE, UNASSIGNEDS: UNASSIGNED,
}  # fmt: skip
_ZERO_WIDTH_JOINERS = (0x200C, 0x200D)  # ordinary in Persian, Indic scripts and emoji: not invisible junk
_LATIN, _GREEK, _CYRILLIC = 1, 2, 3  # indices in curation.scripts.SCRIPTS: the scripts with look-alikes


@cache
def _groups() -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float64]]:
    """Code points in groups that count alike: the group of every code point, shape (1,114,112,), and what
    one character of each group adds to the counts, shape (groups, len(COUNT_NAMES)).
    """
    points = np.arange(CODE_POINTS)
    bits = class_table()
    marks = {
        POINTS: np.ones(CODE_POINTS, dtype=np.bool_),
        INVISIBLES: ((bits & INVISIBLE) != 0) & ~np.isin(points, _ZERO_WIDTH_JOINERS),
        REPLACEMENTS: points == 0xFFFD,
        STYLED: styled_table(),
        EMOJI: ((points >= 0x1F300) & (points < 0x1FB00)) | ((points >= 0x2600) & (points < 0x27C0)),
        SOLIDS: kind_table() == SOLID,
        BRACKETS: np.isin(points, [ord(sign) for sign in "{};="]),
        **{column: (bits & bit) != 0 for column, bit in _CLASSES.items()},
    }
    code = np.zeros(CODE_POINTS, dtype=np.uint32)
    for number, mark in enumerate(marks.values()):
        code |= mark.astype(np.uint32) << np.uint32(number)
    codes = np.flatnonzero(np.bincount(code))
    group_of_code = np.zeros(1 << len(marks), dtype=np.uint8)
    group_of_code[codes] = np.arange(len(codes))
    adds = np.zeros((len(codes), len(COUNT_NAMES)))
    for number, column in enumerate(marks):
        adds[:, column] = codes >> number & 1
    return group_of_code[code], adds


def count_classes(points: npt.NDArray[np.uint32], starts: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Counts, shape (documents, len(COUNT_NAMES)); columns that depend on single characters are filled."""
    group, adds = _groups()
    histogram = np.zeros((len(starts) - 1, len(adds)))
    _count_groups(points, starts, group, histogram)
    counts: npt.NDArray[np.float64] = histogram @ adds
    return counts


@njit(cache=True, nogil=True)
def _count_groups(points, starts, group, histogram):  # type: ignore[no-untyped-def]
    for document in range(len(starts) - 1):
        row = histogram[document]
        for at in range(starts[document], starts[document + 1]):
            row[group[points[at]]] += 1


@njit(cache=True, nogil=True)
def count_runs(
    points: npt.NDArray[np.uint32], starts: npt.NDArray[np.int64], folded: npt.NDArray[np.uint32],
    kinds: npt.NDArray[np.uint8], scripts: npt.NDArray[np.uint8], counts: npt.NDArray[np.float64],
) -> None:  # fmt: skip
    """Fill the columns of `counts` that depend on runs: words, digits, glued keywords, addresses.

    `folded` and `kinds` are those of `curation.points.Text`.
    """
    for document in range(len(starts) - 1):
        row = counts[document]
        at, end = starts[document], starts[document + 1]
        single = 0  # words of one letter in a row, one space apart: `H o k i`
        while at < end:
            kind = kinds[at]
            stop = at + 1
            while stop < end and kinds[stop] == kind and kind != OTHER:
                stop += 1
            if kind == WORD:
                row[WORDS] += 1
                row[MIXED_WORDS] += _mixes_scripts(points, scripts, at, stop)
                row[LUCKY_NAMES] += _is_lucky_name(points, folded, kinds, at, stop, end)
            elif kind == DIGIT:
                row[LONG_DIGIT_RUNS] += 5 <= stop - at <= 12
            elif kind == OTHER:
                row[GLUED] += _is_glue(points, kinds, folded, starts[document], at, end)
                length = _address_length(points, folded, kinds, at, end)
                row[URLS] += length > 0
                row[URL_POINTS] += length
            if kind in (WORD, DIGIT) and stop - at == 1:
                single += 1
            elif kind != BLANK or stop - at > 1:
                row[SPELLED] += single if single >= 4 else 0
                single = 0
            at = stop
        row[SPELLED] += single if single >= 4 else 0


@njit(cache=True, nogil=True, inline="always")
def _mixes_scripts(points, scripts, at, stop):  # type: ignore[no-untyped-def]
    """Whether one word holds letters of two of Latin, Greek and Cyrillic."""
    seen = 0
    for position in range(at, stop):
        script = scripts[points[position]]
        if _LATIN <= script <= _CYRILLIC:
            seen |= 1 << script
    return (seen & (seen - 1)) != 0


@njit(cache=True, nogil=True, inline="always")
def _is_lucky_name(points, folded, kinds, at, stop, end):  # type: ignore[no-untyped-def]
    """Whether three or more Latin letters are followed by a lucky number: brands such as `hoki777`, `ton4d`.

    Lucky: one digit twice or more, 69, 303, 138, 168, 365, or the lottery endings 2d, 3d and 4d.
    """
    length = stop - at
    if length < 3 or folded[at] > 0x7A or stop >= end:
        return False
    digits, number, same = 0, np.int64(0), True
    while stop + digits < end and kinds[stop + digits] == DIGIT and digits < 5:
        digit = np.int64(folded[stop + digits]) - 0x30
        number = number * 10 + digit
        same = same and folded[stop + digits] == folded[stop]
        digits += 1
    after = stop + digits
    follows_letter = after < end and kinds[after] == WORD
    if digits == 1 and 2 <= number <= 4 and follows_letter and folded[after] == 0x64:
        return after + 1 >= end or kinds[after + 1] != WORD
    if digits < 2 or follows_letter:
        return False
    return (
        (same and number > 0)
        or number == 69
        or number == 303
        or number == 138
        or number == 168
        or number == 365
    )


@njit(cache=True, nogil=True, inline="always")
def _is_glue(points, kinds, folded, start, at, end):  # type: ignore[no-untyped-def]
    """Whether a separator of keyword lists (`_ ＿ ￣ ｜ |`) touches a letter of a script without spaces."""
    point = points[at]
    if point != 0x5F and point != 0xFF3F and point != 0xFFE3 and point != 0xFF5C and point != 0x7C:
        return False
    before = at > start and kinds[at - 1] == SOLID
    return before or (at + 1 < end and kinds[at + 1] == SOLID)


@njit(cache=True, nogil=True, inline="always")
def _address_length(points, folded, kinds, at, end):  # type: ignore[no-untyped-def]
    """The length of what follows `://` at `at` (ASCII without spaces), or 0."""
    if at + 2 >= end or points[at] != 0x3A or points[at + 1] != 0x2F or points[at + 2] != 0x2F:
        return 0
    stop = at + 3
    while stop < end and 0x20 < points[stop] < 0x7F and points[stop] != 0x29 and points[stop] != 0x22:
        stop += 1
    return stop - at
