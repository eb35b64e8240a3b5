"""Decides, in input order, which documents repeat earlier ones: exactly, nearly, or as boilerplate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from curation.counting import Batch
from curation.near_kernel import FEWEST, add, overlap, sample_grams
from curation.points import decode, fold_table, kind_table
from curation.rules import DuplicateRules

EXACT, NEAR, BOILERPLATE = "exact-duplicate", "near-duplicate", "boilerplate"
_COUNTERS = 1 << 27  # bytes; half full after about 400 MB of text that repeats nothing
_FULL = 0.5  # share of counters in use after which nothing is added: chance overlaps stay below `near`


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What is compared of a document: 16 bytes that say whether two texts are the same but for
    case and white space, and its different sampled n-grams."""

    digest: bytes
    samples: npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Repetition:
    """The rule that a document breaks, with value and threshold; `rule` is None when it repeats nothing."""

    rule: str | None
    value: float
    threshold: float


NO_REPETITION = Repetition(None, math.nan, math.nan)


def fingerprints(batch: Batch) -> list[Fingerprint]:
    """The fingerprints of a batch's documents."""
    points, starts = decode(batch.data, batch.offsets)
    samples, offsets, digests = sample_grams(points, starts, fold_table(), kind_table())
    pieces = (samples[offsets[d] : offsets[d + 1]].copy() for d in range(len(batch.texts)))
    return [Fingerprint(digests[d].tobytes(), piece) for d, piece in enumerate(pieces)]


class DuplicateFinder:
    """Remembers the documents kept so far: 16 bytes and a set entry each (about 100 bytes), and one table
    of counters of fixed size (128 MiB, touched as it fills).
    """

    def __init__(self, rules: DuplicateRules) -> None:
        self.rules = rules
        self._digests: set[bytes] = set()
        self._uses_grams = rules.near > 0 or rules.boilerplate > 0
        self._counters = np.zeros(_COUNTERS if self._uses_grams else 1, dtype=np.uint8)
        self._in_use = 0

    @property
    def is_full(self) -> bool:
        """Whether the counters take no more: later near-duplicates of later documents go unseen."""
        return self._in_use > _FULL * len(self._counters)

    def check(self, document: Fingerprint) -> Repetition:
        """Which rule on duplicates the document breaks, if any."""
        rules = self.rules
        if rules.exact and document.digest in self._digests:
            return Repetition(EXACT, 1.0, 0.0)
        if not self._uses_grams or len(document.samples) < FEWEST:
            return NO_REPETITION
        once, often = overlap(document.samples, self._counters, rules.boilerplate_documents)
        if rules.near and once > rules.near:
            return Repetition(NEAR, once, rules.near)
        if rules.boilerplate and often > rules.boilerplate:
            return Repetition(BOILERPLATE, often, rules.boilerplate)
        return NO_REPETITION

    def remember(self, document: Fingerprint) -> None:
        """Add a kept document."""
        self._digests.add(document.digest)
        if self._uses_grams and not self.is_full:
            self._in_use += add(document.samples, self._counters)


def remember_all(finder: DuplicateFinder, found: Sequence[Fingerprint]) -> None:
    """Add documents that an earlier run kept."""
    for document in found:
        finder.remember(document)
