"""Repetition inside a document, in any script: repeated n-grams, and one stem with many different tails."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from curation.points import BLANK, DIGIT, OTHER, SOLID

# Characters in an n-gram and in a stem. A Chinese character carries about what two to three letters do.
GRAM_SOLID, GRAM_WORD = 5, 12
STEM_SOLID, STEM_WORD = 4, 8
TAIL = 2  # characters after the stem that tell one tail from another
_STEM_TIMES = 5  # a stem that occurs less often is not looked at
ROLL = np.uint64(0x100000001B3)  # base of the rolling hash: the FNV-64 prime

REPEATED_GRAMS, TOP_STEM_SHARE, STEM_TAILS = range(3)
GRAM_NAMES = ("repeated_grams", "top_stem_share", "stem_tails")


@njit(cache=True, nogil=True)
def measure_grams(
    starts: npt.NDArray[np.int64], folded: npt.NDArray[np.uint32], kinds: npt.NDArray[np.uint8], limit: int,
    out: npt.NDArray[np.float64],
) -> None:  # fmt: skip
    """Fill `out`, shape (documents, 3): share of n-grams seen before in the document, share of characters
    in the most frequent stem, and the most different tails after one stem.

    Only letters and digits count, folded, digits all alike; the first `limit` of them.
    """
    size = _table_size(limit)
    keys = np.zeros(size, dtype=np.uint64)
    owner = np.zeros(size, dtype=np.int64)  # which fill of the table a slot belongs to; saves clearing it
    values = np.zeros(size, dtype=np.int32)
    tails = np.zeros(size, dtype=np.int32)
    kept = np.empty(limit, dtype=np.uint32)
    hashes, longer = np.empty(limit, dtype=np.uint64), np.empty(limit, dtype=np.uint64)
    fills = 0
    for document in range(len(starts) - 1):
        length, solid = 0, 0
        for at in range(starts[document], starts[document + 1]):
            point, kind = folded[at], kinds[at]
            if kind != OTHER and kind != BLANK and length < limit:
                kept[length] = 0x30 if kind == DIGIT else point
                solid += kind == SOLID
                length += 1
        is_solid = 2 * solid > length
        mask = np.uint64(_table_size(length) - 1)  # a short document stays in a part that fits the cache
        number = _hash_all(kept, length, GRAM_SOLID if is_solid else GRAM_WORD, hashes)
        fills += 1
        out[document, REPEATED_GRAMS] = _repeated(hashes, number, keys, owner, mask, fills) / max(1, number)
        stem = STEM_SOLID if is_solid else STEM_WORD
        number = _hash_all(kept, length, stem, hashes)
        fills += 1
        top = _top_stem(hashes, number, keys, owner, values, tails, mask, fills)
        out[document, TOP_STEM_SHARE] = min(1.0, top * stem / max(1, length))
        if top > 0:
            number = _hash_all(kept, length, stem + TAIL, longer)
            tables = (keys, owner, values, tails)
            out[document, STEM_TAILS] = _most_tails(hashes, longer, number, tables, mask, fills)


@njit(cache=True, nogil=True, inline="always")
def _table_size(entries):  # type: ignore[no-untyped-def]
    """The power of two that is at least twice the number of entries."""
    size = 1
    while size < 2 * entries:
        size *= 2
    return size


@njit(cache=True, nogil=True, inline="always")
def power(exponent):  # type: ignore[no-untyped-def]
    """ROLL to the power of `exponent`, modulo 2^64."""
    result = np.uint64(1)
    for _ in range(exponent):
        result *= ROLL
    return result


@njit(cache=True, nogil=True, inline="always")
def mix(value):  # type: ignore[no-untyped-def]
    """Spread the bits of a rolling hash, whose low bits are regular (splitmix64's finalizer)."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


@njit(cache=True, nogil=True)
def _hash_all(kept, length, gram, hashes):  # type: ignore[no-untyped-def]
    """Fill `hashes` with the hash of every n-gram, each from the one before it; returns their number."""
    oldest = power(gram)
    rolling = np.uint64(0)
    for at in range(length):
        rolling = rolling * ROLL + np.uint64(kept[at])
        if at >= gram:
            rolling -= oldest * np.uint64(kept[at - gram])
        if at >= gram - 1:
            hashes[at - gram + 1] = mix(rolling)
    return max(0, length - gram + 1)


@njit(cache=True, nogil=True, inline="always")
def _slot(keys, owner, key, mask, fill):  # type: ignore[no-untyped-def]
    """The slot that holds `key` in this fill, or the free slot where it belongs."""
    slot = key & mask
    while owner[slot] == fill and keys[slot] != key:
        slot = (slot + np.uint64(1)) & mask
    return slot


@njit(cache=True, nogil=True)
def _repeated(hashes, number, keys, owner, mask, fill):  # type: ignore[no-untyped-def]
    repeated = 0
    for at in range(number):
        slot = _slot(keys, owner, hashes[at], mask, fill)
        if owner[slot] == fill:
            repeated += 1
        else:
            keys[slot], owner[slot] = hashes[at], fill
    return repeated


@njit(cache=True, nogil=True)
def _top_stem(hashes, number, keys, owner, counts, tails, mask, fill):  # type: ignore[no-untyped-def]
    top = 0
    for at in range(number):
        slot = _slot(keys, owner, hashes[at], mask, fill)
        if owner[slot] != fill:
            keys[slot], owner[slot], counts[slot], tails[slot] = hashes[at], fill, 0, 0
        counts[slot] += 1
        top = max(top, counts[slot])
    return top if top >= _STEM_TIMES else 0


@njit(cache=True, nogil=True)
def _most_tails(stems, longer, number, tables, mask, fill):  # type: ignore[no-untyped-def]
    """Different tails after the stem that has most; stems with their tail go to the same table."""
    keys, owner, counts, tails = tables
    most = 0
    for at in range(number):
        of_stem = _slot(keys, owner, stems[at], mask, fill)
        if counts[of_stem] < _STEM_TIMES:
            continue
        slot = _slot(keys, owner, longer[at], mask, fill)
        if owner[slot] != fill:
            keys[slot], owner[slot], counts[slot] = longer[at], fill, 0
            tails[of_stem] += 1
            most = max(most, tails[of_stem])
    return most
