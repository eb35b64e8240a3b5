"""Near-duplicates: MinHash sketches of sampled n-grams, and an LSH index of the documents kept so far."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from curation.near_kernel import FEWEST

# 64 permutations in 16 bands of 4: of pairs with Jaccard similarity 0.8 all but 1 in 5,000 share a band
# (1 - (1 - 0.8^4)^16), of those with 0.7 98.7 %. 128 permutations find no more and take twice the memory
# (benchmarks/RESULTS.md).
_PERMUTATIONS, _BANDS, _SEED = 64, 16, 42
_HASHES = (
    256  # the smallest of a document's hashes: enough to estimate similarity to 0.03, a third of the time
)
_MOST = 2_000_000  # kept documents that are remembered: about 4 GB


def sketches(samples: Sequence[npt.NDArray[np.uint64]]) -> list[Any]:
    """A MinHash sketch for every document's different sampled n-grams; None for those with too few."""
    return [_sketch(piece) if len(piece) >= FEWEST else None for piece in samples]


def _sketch(samples: npt.NDArray[np.uint64]) -> Any:
    """One at a time: the library's call for many waits for a lock each time that other threads run."""
    from rensa import RMinHash

    sketch = RMinHash(_PERMUTATIONS, _SEED)
    sketch.update(_tokens(samples))
    return sketch


def _tokens(samples: npt.NDArray[np.uint64]) -> list[bytes]:
    """The smallest hashes as bytes, which is what the library takes."""
    if len(samples) > _HASHES:
        samples = np.partition(samples, _HASHES)[:_HASHES]
    tokens: list[bytes] = samples.astype("<u8").view("S8").tolist()
    return tokens


class NearDuplicates:
    """The kept documents by their sketches."""

    def __init__(self, threshold: float) -> None:
        from rensa import RMinHashLSH

        self._threshold = threshold
        self._index = RMinHashLSH(threshold, _PERMUTATIONS, _BANDS)
        self._sketches: list[Any] = []
        self._ids: list[str] = []

    @property
    def is_full(self) -> bool:
        """Whether no more documents are remembered."""
        return len(self._ids) >= _MOST

    def most_similar(self, sketch: Any) -> tuple[float, str | None]:
        """The estimated Jaccard similarity (0..1) to the most similar kept document, and its id; the first of
        several; (0, None) when none reaches the threshold.
        """
        best, of = 0.0, None
        for number in sorted(self._index.query(sketch)):
            similarity = sketch.jaccard(self._sketches[number])
            if similarity > max(best, self._threshold):
                best, of = similarity, self._ids[number]
        return best, of

    def add(self, sketch: Any, document_id: str) -> None:
        """Remember a kept document, unless full."""
        if not self.is_full:
            self._index.insert(len(self._ids), sketch)
            self._sketches.append(sketch)
            self._ids.append(document_id)
