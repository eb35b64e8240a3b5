"""The kept documents by what their texts are: a table of 16-byte digests, exact and small."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from curation.digest_kernel import PLACE, find_slot, refill
from curation.names import Names

# In parts, so that growing copies a 256th of the table: the digest's first byte says which part.
_PARTS = 256
_FIRST_SLOTS = 32
_FULL, _GROWTH = 0.8, 1.25  # a table is between 64 and 80 % full: 30 to 37 bytes a document
Slots = npt.NDArray[np.uint64]


class DigestTable:
    """Digests of kept documents and their ids: some 45 bytes a document, and those of its id."""

    def __init__(self) -> None:
        self._parts: list[Slots] = [_empty(_FIRST_SLOTS) for _ in range(_PARTS)]
        self._sizes = [0] * _PARTS
        self._names = Names()

    def get(self, digest: bytes) -> str | None:
        """The id that was added with a digest; None when there is none."""
        slots = self._parts[digest[0]]
        place = int(slots[find_slot(_words(digest), slots), PLACE])
        return self._names.at(place - 1) if place else None

    def add(self, digest: bytes, document_id: str) -> None:
        """Remember a document, unless one with its digest is known."""
        part, words = digest[0], _words(digest)
        slots = self._parts[part]
        slot = find_slot(words, slots)
        if slots[slot, PLACE]:
            return
        slots[slot, :PLACE] = words
        slots[slot, PLACE] = self._names.add(document_id) + 1
        self._sizes[part] += 1
        if self._sizes[part] > _FULL * len(slots):
            self._parts[part] = _empty(int(_GROWTH * len(slots)))
            refill(slots, self._parts[part])


def _words(digest: bytes) -> Slots:
    return np.frombuffer(digest, dtype=np.uint64)


def _empty(slots: int) -> Slots:
    return np.zeros((slots, PLACE + 1), dtype=np.uint64)
