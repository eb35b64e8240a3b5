"""How evenly a language's pretokens are spread over its documents and sources, and what chance would give."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
import numpy as np
import numpy.typing as npt

_PER_OCTAVE = 4  # sizes are kept in buckets, each a quarter of a doubling wide


@dataclass(slots=True)
class Sizes:
    """Documents or sources by size, in buckets: how many there are, and how many pretokens they hold."""

    members: Counter[int] = field(default_factory=Counter)
    pretokens: Counter[int] = field(default_factory=Counter)

    def add(self, sizes: npt.NDArray[np.int64]) -> None:
        """Add things of these sizes, shape (things,); those without a pretoken are left out."""
        sizes = sizes[sizes > 0]
        buckets = np.floor(np.log2(sizes) * _PER_OCTAVE).astype(np.int64)
        for bucket in np.unique(buckets).tolist():
            inside = sizes[buckets == bucket]
            self.members[bucket] += inside.size
            self.pretokens[bucket] += int(inside.sum())

    def rows(self) -> list[tuple[int, int]]:
        """(members, pretokens) of every bucket, small to large."""
        return [(self.members[bucket], self.pretokens[bucket]) for bucket in sorted(self.members)]


class LanguageSpread(msgspec.Struct, frozen=True):
    """The documents and the sources of one language by size: (members, pretokens) of every bucket."""

    language: str
    documents: list[tuple[int, int]]
    sources: list[tuple[int, int]]


def sizes_of(sizes: Sequence[int]) -> Sizes:
    """Sizes as buckets."""
    result = Sizes()
    result.add(np.array(sizes, dtype=np.int64))
    return result


def members(buckets: Sequence[tuple[int, int]]) -> int:
    """How many documents or sources there are."""
    return sum(count for count, _ in buckets)


def expected_members(
    buckets: Sequence[tuple[int, int]], counts: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """In how many documents (sources) something would stand that occurs `counts` times, by chance alone.

    A document that holds a share p of all pretokens has one of c occurrences with probability
    1 - exp(-c p) (Church and Gale 1995 use the same Poisson model for words). Shape (counts,).
    """
    total = sum(pretokens for _, pretokens in buckets)
    expected = np.zeros(counts.size)
    for count, pretokens in buckets:
        expected += count * -np.expm1(-counts * (pretokens / count / total))
    return expected
