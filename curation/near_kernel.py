"""Documents that share most of their n-grams with earlier ones: samples of hashes, and counters for them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from curation.gram_kernel import ROLL, mix, power
from curation.points import BLANK, DIGIT, OTHER, SOLID

GRAM_SOLID, GRAM_WORD = 10, 24  # letters and digits in an n-gram, scripts without and with spaces
SAMPLED = np.uint64(3)  # a hash is kept when these bits are 0: one in four, the same ones everywhere
FEWEST = 16  # different samples below which a document is too short to be judged
_BEGINNING = 2_000  # code points that tell whether a document is written without spaces
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio (Knuth, multiplicative hashing)
_MOST = np.uint8(255)


@njit(cache=True, nogil=True)
def sample_grams(
    starts: npt.NDArray[np.int64], folded: npt.NDArray[np.uint32], kinds: npt.NDArray[np.uint8]
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.int64], npt.NDArray[np.uint64]]:  # fmt: skip
    """Different sampled hashes of every document's n-grams, their offsets, shape (documents + 1,), and
    digests, shape (documents, 2): two polynomial hashes of all that is not white space, folded.

    Only letters and digits count, folded, digits all alike, so that two fillings of one form agree.
    """
    samples = np.empty(len(folded), dtype=np.uint64)
    offsets = np.zeros(len(starts), dtype=np.int64)
    window = np.empty(GRAM_WORD, dtype=np.uint64)
    digests = np.empty((len(starts) - 1, 2), dtype=np.uint64)
    longest = 1
    for document in range(len(starts) - 1):
        longest = max(longest, starts[document + 1] - starts[document])
    size = 16
    while size < longest:  # about a quarter of the characters are sampled
        size *= 2
    keys, owner = np.zeros(size, dtype=np.uint64), np.full(size, -1, dtype=np.int64)
    count = 0
    for document in range(len(starts) - 1):
        first, second = np.uint64(1), np.uint64(2)
        gram = _gram_length(starts[document], starts[document + 1], kinds)
        oldest, rolling, seen, place = power(gram), np.uint64(0), 0, 0
        for at in range(starts[document], starts[document + 1]):
            point, kind = folded[at], kinds[at]
            if kind == BLANK:
                continue
            first = first * ROLL + np.uint64(point)
            second = (second ^ np.uint64(point)) * _MULTIPLIER
            if kind == OTHER:
                continue
            value = np.uint64(0x30) if kind == DIGIT else np.uint64(point)
            rolling = rolling * ROLL + value
            if seen >= gram:
                rolling -= oldest * window[place]
            window[place] = value
            place = place + 1 if place + 1 < gram else 0
            seen += 1
            if seen >= gram:
                key = mix(rolling)
                if key & SAMPLED == 0 and _is_new(keys, owner, key, document):
                    samples[count] = key
                    count += 1
        offsets[document + 1] = count
        digests[document, 0], digests[document, 1] = mix(first), mix(second)
    return samples[:count], offsets, digests


@njit(cache=True, nogil=True, inline="always")
def _is_new(keys, owner, key, document):  # type: ignore[no-untyped-def]
    """Whether this document has not had `key` yet; a table that is nearly full forgets, and says new."""
    mask = np.uint64(len(keys) - 1)
    slot = (key >> np.uint64(20)) & mask
    for _ in range(64):
        if owner[slot] != document:
            keys[slot], owner[slot] = key, document
            return True
        if keys[slot] == key:
            return False
        slot = (slot + np.uint64(1)) & mask
    return True


@njit(cache=True, nogil=True, inline="always")
def _gram_length(at, end, kinds):  # type: ignore[no-untyped-def]
    solid, letters = 0, 0
    for position in range(at, min(end, at + _BEGINNING)):
        kind = kinds[position]
        solid += kind == SOLID
        letters += kind != OTHER and kind != BLANK
    return GRAM_SOLID if 2 * solid > letters else GRAM_WORD


@njit(cache=True, nogil=True)
def share_counted(samples: npt.NDArray[np.uint64], counters: npt.NDArray[np.uint8], documents: int) -> float:
    """The share of one document's different samples counted in at least `documents` documents."""
    shift = np.uint64(64 - _bits(len(counters)))
    often = 0
    for sample in samples:
        often += counters[sample >> shift] >= documents
    return often / max(1, len(samples))


@njit(cache=True, nogil=True)
def add(samples: npt.NDArray[np.uint64], counters: npt.NDArray[np.uint8]) -> int:
    """Count one document's different samples; returns how many counters were 0 before."""
    shift = np.uint64(64 - _bits(len(counters)))
    fresh = 0
    for sample in samples:
        slot = sample >> shift
        fresh += counters[slot] == 0
        if counters[slot] < _MOST:
            counters[slot] += np.uint8(1)
    return fresh


@njit(cache=True, nogil=True, inline="always")
def _bits(size):  # type: ignore[no-untyped-def]
    bits = 0
    while (1 << bits) < size:
        bits += 1
    return bits
