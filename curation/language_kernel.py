"""What identification counts in a line of text: letters per script, and function words per language."""

from __future__ import annotations

import numpy as np
from numba import njit

_OFFSET, _PRIME = np.uint64(14695981039346656037), np.uint64(0x100000001B3)  # FNV-1a, 64 bits
_APOSTROPHE, _HYPHEN, _N = np.uint32(0x27), np.uint32(0x2D), np.uint32(0x6E)
LETTER, WORD_SIGN = np.uint8(1), np.uint8(2)  # bits of a sign: in [\p{L}\p{M}], in \w


@njit(cache=True, nogil=True)
def count_scripts_of(points, table, scripts):  # type: ignore[no-untyped-def]
    """Letters of each script among `points`, shape (scripts,); 0 for the first, which is no script."""
    counts = np.zeros(scripts, dtype=np.int64)
    for point in points:
        counts[table[point]] += 1
    counts[0] = 0
    return counts


@njit(cache=True, nogil=True)
def hash_word(points):  # type: ignore[no-untyped-def]
    """A word's hash, never 0."""
    key = _OFFSET
    for point in points:
        key = (key ^ np.uint64(point)) * _PRIME
    return key | np.uint64(1) << np.uint64(63)


@njit(cache=True, nogil=True)
def count_function_words(points, signs, keys, firsts, languages, hits):  # type: ignore[no-untyped-def]
    """Count the words of a line, and add to `hits`, shape (languages,), one for each function word.

    A word is letters and marks, with apostrophes and hyphens between them, or Afrikaans 'n. `keys`: hashes
    of function words, open addressing, size a power of two, 0 for none; the languages of the word in slot s
    are `languages[firsts[s]:firsts[s + 1]]`.
    """
    words, at = 0, 0
    while at < len(points):
        stop = _word_end(points, at, signs)
        if stop == at:
            at += 1
            continue
        words += 1
        slot = slot_of(hash_word(points[at:stop]), keys)
        for place in range(firsts[slot], firsts[slot + 1]):
            hits[languages[place]] += 1
        at = stop
    return words


@njit(cache=True, nogil=True)
def slot_of(key, keys):  # type: ignore[no-untyped-def]
    """The slot that holds `key`, or the free one where it belongs."""
    mask = np.uint64(len(keys) - 1)
    slot = (key >> np.uint64(20)) & mask
    while keys[slot] != 0 and keys[slot] != key:
        slot = (slot + np.uint64(1)) & mask
    return slot


@njit(cache=True, nogil=True)
def _word_end(points, at, signs):  # type: ignore[no-untyped-def]
    """Where the word that begins at `at` ends; `at` when none does."""
    if points[at] == _APOSTROPHE:
        is_article = at + 1 < len(points) and points[at + 1] == _N
        return at + 2 if is_article and not _is(points, at + 2, signs, WORD_SIGN) else at
    while _is(points, at, signs, LETTER):
        at += 1
        joins = at < len(points) and (points[at] == _APOSTROPHE or points[at] == _HYPHEN)
        if joins and _is(points, at + 1, signs, LETTER):
            at += 1
    return at


@njit(cache=True, nogil=True, inline="always")
def _is(points, at, signs, bit):  # type: ignore[no-untyped-def]
    return at < len(points) and (signs[points[at]] & bit) != 0
