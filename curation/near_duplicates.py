"""Near-duplicates: MinHash sketches of sampled n-grams, and an LSH index of the documents kept so far."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from curation.names import Names
from curation.near_kernel import FEWEST
from curation.sketch_kernel import NONE, Sketch, index_sketches, most_alike

# 64 permutations in 16 bands of 4: of pairs with Jaccard similarity 0.8 all but 1 in 5,000 share a band
# (1 - (1 - 0.8^4)^16), of those with 0.7 98.7 %. 128 permutations find no more and take twice the memory
# (benchmarks/RESULTS.md).
_PERMUTATIONS, _BANDS, _SEED = 64, 16, 42
_HASHES = (
    256  # the smallest of a document's hashes: enough to estimate similarity to 0.03, a third of the time
)
_MOST = 2_000_000  # kept documents that are remembered: about 1 GB
_FIRST_ROOM = 1 << 10  # documents; doubles


def sketches(samples: Sequence[npt.NDArray[np.uint64]]) -> list[Sketch | None]:
    """A MinHash sketch, shape (64,), for every document's different sampled n-grams; None for those with too
    few.
    """
    return [_sketch(piece) if len(piece) >= FEWEST else None for piece in samples]


def _sketch(samples: npt.NDArray[np.uint64]) -> Sketch:
    """One at a time: the library's call for many waits for a lock each time that other threads run."""
    from rensa import RMinHash

    sketch = RMinHash(_PERMUTATIONS, _SEED)
    sketch.update(_tokens(samples))
    return np.array(sketch.digest(), dtype=np.uint32)


def _tokens(samples: npt.NDArray[np.uint64]) -> list[bytes]:
    """The smallest hashes as bytes, which is what the library takes."""
    if len(samples) > _HASHES:
        samples = np.partition(samples, _HASHES)[:_HASHES]
    tokens: list[bytes] = samples.astype("<u8").view("S8").tolist()
    return tokens


class NearDuplicates:
    """The kept documents by their sketches: about 0.5 kB each, and the bytes of its id."""

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._sketches = np.empty((_FIRST_ROOM, _PERMUTATIONS), dtype=np.uint32)
        self._heads = np.full((_BANDS, _FIRST_ROOM), NONE, dtype=np.int32)
        self._following = np.empty((_FIRST_ROOM, _BANDS), dtype=np.int32)
        self._names, self._places = Names(), array("q")

    @property
    def is_full(self) -> bool:
        """Whether no more documents are remembered."""
        return len(self._places) >= _MOST

    def most_similar(self, sketch: Sketch) -> tuple[float, str | None]:
        """The estimated Jaccard similarity (0..1) to the most similar kept document, and its id; the first of
        several; (0, None) when none is beyond the threshold.
        """
        sketch = sketch.view()
        sketch.flags.writeable = False  # the kernel is compiled for one kind
        number, alike = most_alike(sketch, self._sketches, self._heads, self._following)
        similarity = alike / _PERMUTATIONS
        if similarity <= self._threshold:
            return 0.0, None
        return similarity, self._names.at(self._places[number])

    def add(self, sketch: Sketch, document_id: str) -> None:
        """Remember a kept document, unless full."""
        if self.is_full:
            return
        number = len(self._places)
        if number == len(self._sketches):
            self._grow()
        self._sketches[number] = sketch
        index_sketches(number, number + 1, self._sketches, self._heads, self._following)
        self._places.append(self._names.add(document_id))

    def _grow(self) -> None:
        """Make room for as many documents again as there are."""
        known = len(self._sketches)
        self._sketches = np.concatenate([self._sketches, np.empty_like(self._sketches)])
        self._following = np.empty((2 * known, _BANDS), dtype=np.int32)
        self._heads = np.full((_BANDS, 2 * known), NONE, dtype=np.int32)
        index_sketches(0, known, self._sketches, self._heads, self._following)
