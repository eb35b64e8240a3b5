"""The compiled index of MinHash sketches: which kept documents share a band, and how similar they are."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from curation.gram_kernel import mix

Sketch = npt.NDArray[np.uint32]
Places = npt.NDArray[np.int32]

NONE = -1
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio (Knuth, multiplicative hashing)


@njit(cache=True, nogil=True)
def most_alike(sketch: Sketch, sketches: Sketch, heads: Places, following: Places) -> tuple[int, int]:
    """Of the documents that share a band with `sketch` the one whose sketch agrees in most places, the first
    of several, and in how many places; (`NONE`, 0) when none shares a band.

    `sketches` is of shape (documents, permutations). `heads`, shape (bands, slots), a power of two of them,
    holds the last document of each chain, and `following`, shape (documents, bands), the one before each.
    """
    best, most = NONE, 0
    width = len(sketch) // len(heads)
    for band in range(len(heads)):
        number = heads[band, _slot(sketch, band, width, heads.shape[1])]
        while number != NONE:
            if _same_band(sketch, sketches[number], band, width):
                alike = _alike(sketch, sketches[number])
                if alike > most or (alike == most and number < best):
                    best, most = number, alike
            number = following[number, band]
    return best, most


@njit(cache=True, nogil=True)
def index_sketches(first: int, end: int, sketches: Sketch, heads: Places, following: Places) -> None:
    """Add documents `first` to `end` - 1 to the chains."""
    width = sketches.shape[1] // len(heads)
    for number in range(first, end):
        for band in range(len(heads)):
            slot = _slot(sketches[number], band, width, heads.shape[1])
            following[number, band] = heads[band, slot]
            heads[band, slot] = number


@njit(cache=True, nogil=True, inline="always")
def _slot(sketch, band, width, slots):  # type: ignore[no-untyped-def]
    key = np.uint64(1)
    for place in range(band * width, (band + 1) * width):
        key = (key ^ np.uint64(sketch[place])) * _MULTIPLIER
        key ^= key >> np.uint64(29)
    return mix(key) & np.uint64(slots - 1)


@njit(cache=True, nogil=True, inline="always")
def _same_band(left, right, band, width):  # type: ignore[no-untyped-def]
    agree = 0
    for place in range(band * width, (band + 1) * width):
        agree += left[place] == right[place]
    return agree == width


@njit(cache=True, nogil=True, inline="always")
def _alike(left, right):  # type: ignore[no-untyped-def]
    alike = 0
    for place in range(len(left)):
        alike += left[place] == right[place]
    return alike
