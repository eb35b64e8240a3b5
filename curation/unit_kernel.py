"""Lines and paragraphs of documents as hashes, so that those which repeat in many documents can be found."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from corpora.unicode_classes import LETTER, MARK, NEWLINE
from curation.gram_kernel import mix
from curation.points import BLANK, DIGIT, SOLID

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio (Knuth, multiplicative hashing)
_PARAGRAPH = np.uint64(0x50)  # keeps the hash of a paragraph apart from that of its only line


@njit(cache=True, nogil=True)
def hash_units(
    points: npt.NDArray[np.uint32], starts: npt.NDArray[np.int64], folded: npt.NDArray[np.uint32],
    kinds: npt.NDArray[np.uint8], classes: npt.NDArray[np.uint16], least: int, lines: bool, paragraphs: bool,
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:  # fmt: skip
    """Hashes of the lines and paragraphs with at least `least` letters, shape (units,); where each stands,
    shape (units, 2), in characters of its document; and their offsets, shape (documents + 1,).

    Case, white space and the values of digits do not count; a letter of a script without spaces counts as
    two. A span ends behind its line break.
    """
    size = 2 * (2 * len(points) // least + len(starts))  # a unit has at least half so many code points
    keys, spans = np.empty(size, dtype=np.uint64), np.empty((size, 2), dtype=np.int64)
    offsets = np.zeros(len(starts), dtype=np.int64)
    count = 0
    for document in range(len(starts) - 1):
        begin, end = starts[document], starts[document + 1]
        at, paragraph, letters_in_paragraph, paragraph_at = begin, _PARAGRAPH, 0, begin
        while at < end:
            stop, key, letters, blank = _hash_line(points, at, end, folded, kinds, classes)
            if lines and letters >= least:
                keys[count], spans[count, 0], spans[count, 1] = mix(key), at - begin, stop - begin
                count += 1
            if not blank:
                if letters_in_paragraph == 0:
                    paragraph_at = at
                paragraph = (paragraph ^ key) * _MULTIPLIER
                letters_in_paragraph += letters
            if blank or stop >= end:
                paragraph_end = at if blank else stop
                if paragraphs and letters_in_paragraph >= least:
                    keys[count] = mix(paragraph)
                    spans[count, 0], spans[count, 1] = paragraph_at - begin, paragraph_end - begin
                    count += 1
                paragraph, letters_in_paragraph = _PARAGRAPH, 0
            at = stop
        offsets[document + 1] = count
    return keys[:count], spans[:count], offsets


@njit(cache=True, nogil=True, inline="always")
def _hash_line(points, at, end, folded, kinds, classes):  # type: ignore[no-untyped-def]
    """The end of the line that begins at `at`, its hash, its letters, and whether it is blank."""
    key, letters, blank, digit = np.uint64(1), 0, True, False
    while at < end:
        point, kind, plain = points[at], kinds[at], folded[at]
        at += 1
        if classes[point] & NEWLINE:
            break
        if kind == BLANK:
            continue
        blank = False
        if classes[point] & (LETTER | MARK):
            letters += 2 if kind == SOLID else 1
        if kind == DIGIT and digit:
            continue
        digit = kind == DIGIT
        key = (key ^ np.uint64(0x23 if digit else plain)) * _MULTIPLIER
        key ^= key >> np.uint64(29)
    return at, key, letters, blank


@njit(cache=True, nogil=True, inline="always")
def _slots(key, size):  # type: ignore[no-untyped-def]
    """The two counters of a key; `size` is a power of two."""
    mask = np.uint64(size - 1)
    first = mix(key)
    return first & mask, mix(first ^ _MULTIPLIER) & mask


@njit(cache=True, nogil=True)
def unit_counts(keys: npt.NDArray[np.uint64], counters: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """How many documents were counted with each key, at least: the smaller of its two counters."""
    counts = np.empty(len(keys), dtype=np.uint8)
    for number in range(len(keys)):
        first, second = _slots(keys[number], len(counters))
        counts[number] = min(counters[first], counters[second])
    return counts


@njit(cache=True, nogil=True)
def count_units(keys: npt.NDArray[np.uint64], counters: npt.NDArray[np.uint8]) -> int:
    """Count one document's different keys; returns how many counters were 0 before."""
    fresh = 0
    for key in keys:
        for slot in _slots(key, len(counters)):
            fresh += counters[slot] == 0
            if counters[slot] < 255:
                counters[slot] += np.uint8(1)
    return fresh
