"""The distinct words that a training sees, each with one weight, whatever languages they came from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from corpora.errors import WinnowError
from trainer.arrays import frozen
from trainer.counts import CountTable, sort_rows
from trainer.layout_kernel import compare_rows

_MOST_PAIRS = 2**63 - 1  # pair counts are 64-bit


@dataclass(frozen=True, slots=True)
class Words:
    """Distinct pretokens in any order: `keys[starts[i]:stops[i]]` (uint8), `counts[i]` (int64) times."""

    keys: npt.NDArray[np.uint8]
    starts: npt.NDArray[np.int64]
    stops: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]

    @property
    def size(self) -> int:
        """How many words there are."""
        return self.counts.size

    def where(self, chosen: npt.NDArray[np.bool_] | slice) -> Words:
        """The words for which `chosen` is true, or a run of them."""
        return Words(self.keys, self.starts[chosen], self.stops[chosen], self.counts[chosen])


def words_of(table: CountTable) -> Words:
    """Add up the languages of every pretoken.

    Raises WinnowError when all pairs together may occur more than 2^63 - 1 times.
    """
    fresh = np.empty(table.size, dtype=np.uint8)
    if not compare_rows(frozen(table.keys), frozen(table.offsets), fresh):
        table = sort_rows(table)
        compare_rows(frozen(table.keys), frozen(table.offsets), fresh)
    firsts = np.flatnonzero(fresh)
    counts = np.add.reduceat(table.counts, firsts) if firsts.size else table.counts
    if float(table.counts.astype(np.float64) @ table.lengths) >= _MOST_PAIRS:
        raise WinnowError("the pairs occur more than 2^63 times in all", hint="count a part of the corpus")
    return Words(table.keys, table.offsets[firsts], table.offsets[firsts + 1], counts)
