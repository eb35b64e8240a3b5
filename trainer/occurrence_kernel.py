"""The compiled sums over documents: in how many a pretoken stands, which ones, and the first."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trainer.kernels import index, kernel

Ints = npt.NDArray[np.int64]

DOCUMENTS, MARK, FIRST = 0, 1, 2  # rows of `facts`
FACTS = 3


@kernel
def add_facts(places: Ints, documents: Ints, marks: Ints, firsts: Ints, facts: Ints) -> None:
    """Add each row's numbers, shape (rows,), to column `places[row]` of `facts`; the least `first` stays."""
    for row in range(places.size):
        place = places[index(row)]
        facts[DOCUMENTS, index(place)] += documents[index(row)]
        facts[MARK, index(place)] += marks[index(row)]
        facts[FIRST, index(place)] = min(facts[FIRST, index(place)], firsts[index(row)])
