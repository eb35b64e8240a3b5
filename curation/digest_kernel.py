"""The compiled look-up of 16-byte digests in an open-addressing table."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

Words = npt.NDArray[np.uint64]

FIRST, SECOND, PLACE = 0, 1, 2  # columns of a slot: the digest's halves, and its value; 0 where it is free
_HALF = np.uint64(32)


@njit(cache=True, nogil=True)
def find_slot(digest: Words, slots: Words) -> int:
    """Where a digest, shape (2,), stands in `slots`, shape (slots, 3), or the free slot where it would."""
    slot: int = _home(digest[SECOND], len(slots))
    while slots[slot, PLACE] != 0 and (
        slots[slot, FIRST] != digest[FIRST] or slots[slot, SECOND] != digest[SECOND]
    ):
        slot = slot + 1 if slot + 1 < len(slots) else 0
    return slot


@njit(cache=True, nogil=True)
def refill(old: Words, slots: Words) -> None:
    """Put everything that stands in `old` into empty `slots`."""
    for row in range(len(old)):
        if old[row, PLACE] != 0:
            slots[find_slot(old[row, :PLACE], slots)] = old[row]


@njit(cache=True, nogil=True, inline="always")
def _home(half, size):  # type: ignore[no-untyped-def]
    """The slot to look at first, by the half's high bits, for any size (Lemire 2019, fast range)."""
    return np.int64(((half >> _HALF) * np.uint64(size)) >> _HALF)
