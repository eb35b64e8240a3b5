"""Words and their n-grams, for the published rule families; correct for languages written without spaces."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from curation.gram_kernel import mix
from curation.points import BLANK, OTHER, SOLID, WORD

# A word is what stands between white space; in scripts without spaces every letter (with its marks) is a
# unit, two units count as one word, and an n-gram of words is one of 2n units.
SOLID_UNITS = 2
TOP_SIZES = (2, 3, 4)  # the most frequent n-gram: share of characters (Gopher, table A1)
REPEATED_SIZES = (5, 6, 7, 8, 9, 10)  # repeated n-grams: share of characters (Gopher, table A1)
WORD_NAMES = (
    "words", "wordy", "letters", "hashes", "ellipses", "sentences", "newlines",
    *(f"top_{size}" for size in TOP_SIZES), *(f"repeated_{size}" for size in REPEATED_SIZES),
)  # fmt: skip
WORDS, WORDY, LETTERS, HASHES, ELLIPSES, SENTENCES, NEWLINES, TOP = range(8)
REPEATED = TOP + len(TOP_SIZES)
_FNV = np.uint64(0x100000001B3)  # FNV-64 prime


@njit(cache=True, nogil=True)
def measure_words(
    points: npt.NDArray[np.uint32], starts: npt.NDArray[np.int64], folded: npt.NDArray[np.uint32],
    kinds: npt.NDArray[np.uint8], ends: npt.NDArray[np.uint32], out: npt.NDArray[np.float64],
) -> None:  # fmt: skip
    """Fill `out`, shape (documents, len(WORD_NAMES)); n-gram columns are shares of what is not blank."""
    longest = 1
    for document in range(len(starts) - 1):
        longest = max(longest, starts[document + 1] - starts[document])
    size = 16
    while size < 2 * longest:
        size *= 2
    keys, owner = np.zeros(size, dtype=np.uint64), np.zeros(size, dtype=np.int64)
    counts = np.zeros(size, dtype=np.int32)
    hashes, lengths = np.empty(longest, dtype=np.uint64), np.empty(longest, dtype=np.int64)
    fill = 0
    for document in range(len(starts) - 1):
        row = out[document]
        number, solid = _split(points, starts[document], starts[document + 1], folded, kinds, hashes, lengths)
        _count_marks(row, points, starts[document], starts[document + 1], folded, kinds, ends)
        total = lengths[:number].sum()
        factor = SOLID_UNITS if 2 * solid > number else 1
        row[WORDS] = number / factor
        for index in range(len(TOP_SIZES)):
            fill += 1
            top = _top(hashes, lengths, number, TOP_SIZES[index] * factor, keys, owner, counts, fill)
            row[TOP + index] = top / max(1, total)
        for index in range(len(REPEATED_SIZES)):
            fill += 1
            repeated = _repeated(hashes, lengths, number, REPEATED_SIZES[index] * factor, keys, owner, fill)
            row[REPEATED + index] = repeated / max(1, total)


@njit(cache=True, nogil=True)
def _split(points, at, end, folded, kinds, hashes, lengths):  # type: ignore[no-untyped-def]
    """Hash every unit; returns their number, and how many are letters of scripts without spaces."""
    number, solid = 0, 0
    inside = False
    for position in range(at, end):
        point, kind = folded[position], kinds[position]
        if kind == BLANK:
            inside = False
            continue
        if kind == SOLID or not inside:
            hashes[number], lengths[number] = np.uint64(14695981039346656037), 0  # FNV-64 offset basis
            number += 1
            solid += kind == SOLID
        hashes[number - 1] = (hashes[number - 1] ^ np.uint64(point)) * _FNV
        lengths[number - 1] += 1
        inside = kind != SOLID
    return number, solid


@njit(cache=True, nogil=True)
def _count_marks(row, points, at, end, folded, kinds, ends):  # type: ignore[no-untyped-def]
    wordy = False
    for position in range(at, end):
        point = points[position]
        kind = kinds[position]
        following = points[position + 1] if position + 1 < end else np.uint32(0x20)
        row[LETTERS] += kind in (WORD, SOLID)
        row[HASHES] += point == 0x23
        row[NEWLINES] += point == 0x0A
        dots = (
            point == 0x2E
            and position >= at + 2
            and points[position - 1] == 0x2E
            and points[position - 2] == 0x2E
        )
        row[ELLIPSES] += point == 0x2026 or (dots and following != 0x2E)
        if ends[min(np.searchsorted(ends, point), len(ends) - 1)] == point:
            after = kinds[position + 1] if position + 1 < end else BLANK
            row[SENTENCES] += after in (BLANK, SOLID) or (point > 0x2FFF and after != OTHER)
        if kind == BLANK or position == end - 1:
            row[WORDY] += wordy or kind == WORD
            wordy = False
        elif kind == SOLID:
            row[WORDY] += 1.0 / SOLID_UNITS
        else:
            wordy = wordy or kind == WORD


@njit(cache=True, nogil=True, inline="always")
def _key(hashes, at, size):  # type: ignore[no-untyped-def]
    value = np.uint64(size)
    for position in range(at, at + size):
        value = mix(value ^ hashes[position])
    return value


@njit(cache=True, nogil=True, inline="always")
def _slot(keys, owner, key, fill):  # type: ignore[no-untyped-def]
    mask = np.uint64(len(keys) - 1)
    slot = key & mask
    while owner[slot] == fill and keys[slot] != key:
        slot = (slot + np.uint64(1)) & mask
    return slot


@njit(cache=True, nogil=True, inline="always")
def _length(lengths, at, size):  # type: ignore[no-untyped-def]
    total = 0
    for position in range(at, at + size):
        total += lengths[position]
    return total


@njit(cache=True, nogil=True)
def _top(hashes, lengths, number, size, keys, owner, counts, fill):  # type: ignore[no-untyped-def]
    """Characters in all occurrences of the n-gram that covers most, when it occurs twice or more."""
    most = 0
    for at in range(number - size + 1):
        key = _key(hashes, at, size)
        slot = _slot(keys, owner, key, fill)
        if owner[slot] != fill:
            keys[slot], owner[slot], counts[slot] = key, fill, 0
        counts[slot] += 1
        if counts[slot] > 1:
            most = max(most, counts[slot] * _length(lengths, at, size))
    return most


@njit(cache=True, nogil=True)
def _repeated(hashes, lengths, number, size, keys, owner, fill):  # type: ignore[no-untyped-def]
    """Characters of n-grams seen before, none counted twice: after a repetition, go on behind it."""
    characters, at = 0, 0
    while at + size <= number:
        key = _key(hashes, at, size)
        slot = _slot(keys, owner, key, fill)
        if owner[slot] == fill:
            characters += _length(lengths, at, size)
            at += size
        else:
            keys[slot], owner[slot] = key, fill
            at += 1
    return characters
