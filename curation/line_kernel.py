"""A document's lines and paragraphs: how long they are, how they end, and how many repeat one another."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from corpora.unicode_classes import LETTER, MARK, NEWLINE, SPACE
from curation.points import DIGIT

LINE_NAMES = (
    "lines", "short_lines", "ended_lines", "bullet_lines", "ellipsis_lines", "longest_line",
    "repeated_lines", "repeated_line_points", "template_lines", "paragraphs", "repeated_paragraphs",
    "repeated_paragraph_points", "line_points",
)  # fmt: skip
(
    LINES, SHORT, ENDED, BULLETS, ELLIPSES, LONGEST, REPEATED, REPEATED_POINTS, TEMPLATES, PARAGRAPHS,
    REPEATED_PARAGRAPHS, REPEATED_PARAGRAPH_POINTS, LINE_POINTS,
) = range(len(LINE_NAMES))  # fmt: skip

SHORT_LINE = 30  # characters (FineWeb)
_TEMPLATE_TIMES = 3  # lines that agree after masking digits: the third and later ones count
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio (Knuth, multiplicative hashing)
# Marks that end a sentence, closing quotes included, in many scripts.
ENDS = np.array(sorted(map(ord, ".!?\"'”’。！？」』।॥۔؟…։።။")), dtype=np.uint32)
BULLET = np.array(sorted(map(ord, "•‣▶●○■□▪▫–-*・◦★☆")), dtype=np.uint32)  # begin an item of a list


@njit(cache=True, nogil=True)
def measure_lines(
    points: npt.NDArray[np.uint32], starts: npt.NDArray[np.int64], classes: npt.NDArray[np.uint16],
    kinds: npt.NDArray[np.uint8], ends: npt.NDArray[np.uint32], bullets: npt.NDArray[np.uint32],
    out: npt.NDArray[np.float64],
) -> None:  # fmt: skip
    """Fill `out`, shape (documents, len(LINE_NAMES)). Blank lines separate paragraphs and are not counted."""
    size = _table_size(points, starts, classes)
    keys, owner = np.zeros(size, dtype=np.uint64), np.full(size, -1, dtype=np.int64)
    times = np.zeros(size, dtype=np.int32)
    for document in range(len(starts) - 1):
        row = out[document]
        at, end = starts[document], starts[document + 1]
        paragraph, paragraph_points = np.uint64(0), 0
        while at < end:
            stop = at
            while stop < end and not classes[points[stop]] & NEWLINE:
                stop += 1
            first, last = _strip(points, at, stop, classes)
            if first < last:
                plain, masked, has_letter = _hash_line(points, first, last, classes, kinds)
                _measure_shape(row, points, first, last, ends, bullets)
                if _seen(keys, owner, times, plain, document) > 0:
                    row[REPEATED] += 1
                    row[REPEATED_POINTS] += last - first
                if has_letter and _seen(keys, owner, times, masked, document) >= _TEMPLATE_TIMES - 1:
                    row[TEMPLATES] += 1
                paragraph = (paragraph ^ plain) * _MULTIPLIER
                paragraph_points += last - first
            if (first >= last or stop + 1 >= end) and paragraph_points > 0:
                row[PARAGRAPHS] += 1
                if _seen(keys, owner, times, paragraph ^ np.uint64(2), document) > 0:
                    row[REPEATED_PARAGRAPHS] += 1
                    row[REPEATED_PARAGRAPH_POINTS] += paragraph_points
                paragraph, paragraph_points = np.uint64(0), 0
            at = stop + 1


@njit(cache=True, nogil=True)
def _table_size(points, starts, classes):  # type: ignore[no-untyped-def]
    """Room for the longest document: every line has two hashes in the table, every paragraph one."""
    most_lines = 1
    for document in range(len(starts) - 1):
        most_lines = max(most_lines, _count_newlines(points, starts[document], starts[document + 1], classes))
    size = 16
    while size < 8 * most_lines:
        size *= 2
    return size


@njit(cache=True, nogil=True, inline="always")
def _count_newlines(points, at, end, classes):  # type: ignore[no-untyped-def]
    count = 1
    for position in range(at, end):
        count += (classes[points[position]] & NEWLINE) != 0
    return count


@njit(cache=True, nogil=True, inline="always")
def _strip(points, first, last, classes):  # type: ignore[no-untyped-def]
    while first < last and classes[points[first]] & SPACE:
        first += 1
    while last > first and classes[points[last - 1]] & SPACE:
        last -= 1
    return first, last


@njit(cache=True, nogil=True, inline="always")
def _hash_line(points, first, last, classes, kinds):  # type: ignore[no-untyped-def]
    """Two hashes of a line, plain and with its digits masked, and whether it has a letter and a digit."""
    plain, masked = np.uint64(1), np.uint64(0x51)
    letter, digit = False, False
    for position in range(first, last):
        point = points[position]
        plain = (plain ^ np.uint64(point)) * _MULTIPLIER
        plain ^= plain >> np.uint64(29)
        is_digit = kinds[point] == DIGIT
        letter = letter or (classes[point] & (LETTER | MARK)) != 0
        if is_digit and digit and kinds[points[position - 1]] == DIGIT:
            continue
        digit = digit or is_digit
        masked = (masked ^ np.uint64(0x23 if is_digit else point)) * _MULTIPLIER
        masked ^= masked >> np.uint64(29)
    return plain, masked, letter and digit


@njit(cache=True, nogil=True, inline="always")
def _seen(keys, owner, times, key, document):  # type: ignore[no-untyped-def]
    """How often `key` was seen before in this document."""
    mask = np.uint64(len(keys) - 1)
    slot = key & mask
    while owner[slot] == document and keys[slot] != key:
        slot = (slot + np.uint64(1)) & mask
    if owner[slot] != document:
        keys[slot], owner[slot], times[slot] = key, document, 0
    times[slot] += 1
    return times[slot] - 1


@njit(cache=True, nogil=True, inline="always")
def _measure_shape(row, points, first, last, ends, bullets):  # type: ignore[no-untyped-def]
    length = last - first
    final = points[last - 1]
    row[LINES] += 1
    row[LINE_POINTS] += length
    row[SHORT] += length <= SHORT_LINE
    row[LONGEST] = max(row[LONGEST], length)
    row[ENDED] += ends[min(np.searchsorted(ends, final), len(ends) - 1)] == final
    row[BULLETS] += bullets[min(np.searchsorted(bullets, points[first]), len(bullets) - 1)] == points[first]
    dots = length >= 3 and final == 0x2E and points[last - 2] == 0x2E and points[last - 3] == 0x2E
    row[ELLIPSES] += final == 0x2026 or dots
