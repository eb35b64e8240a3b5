"""Decides, in input order, which documents repeat earlier ones: exactly, nearly, or as boilerplate."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from curation.counting import Batch
from curation.digest_table import DigestTable
from curation.near_duplicates import NearDuplicates, sketches
from curation.near_kernel import FEWEST, add, sample_grams, share_counted
from curation.points import Text, read_text
from curation.repeated_units import Hashes, unit_hashes
from curation.rules import DuplicateRules
from curation.sketch_kernel import Sketch

EXACT, NEAR, BOILERPLATE = "exact-duplicate", "near-duplicate", "boilerplate"
_COUNTERS = 1 << 27  # bytes; half full after about 400 MB of text that repeats nothing
_FULL = 0.5  # share of counters in use after which nothing is added: chance overlaps stay small


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What is compared of a document: 16 bytes that say whether two texts are the same but for case and
    white space, its different sampled n-grams, its MinHash sketch (None when too short, or not asked for),
    and the different hashes of its lines and paragraphs.
    """

    digest: bytes
    samples: npt.NDArray[np.uint64]
    sketch: Sketch | None
    units: Hashes


@dataclass(frozen=True, slots=True)
class Repetition:
    """The rule that a document breaks, with value and threshold; `rule` is None when it repeats nothing.

    `of` is the id of the kept document that it repeats, where there is one.
    """

    rule: str | None
    value: float
    threshold: float
    of: str | None = None


NO_REPETITION = Repetition(None, math.nan, math.nan)


def fingerprints(batch: Batch, rules: DuplicateRules) -> list[Fingerprint]:
    """The fingerprints of a batch's documents, with what the rules ask for."""
    return text_fingerprints(read_text(batch.data, batch.offsets), rules)


def text_fingerprints(text: Text, rules: DuplicateRules) -> list[Fingerprint]:
    """As `fingerprints`, of documents that are decoded already."""
    samples, offsets, digests = sample_grams(text.starts, text.folded, text.kinds)
    pieces = [samples[first:end].copy() for first, end in pairwise(offsets)]
    found = sketches(pieces) if rules.near else [None] * len(pieces)
    units = unit_hashes(text, rules)
    if not rules.boilerplate:  # they travel between processes
        pieces = [piece[:0] for piece in pieces]
    return [Fingerprint(digests[d].tobytes(), pieces[d], found[d], units[d]) for d in range(len(pieces))]


class DuplicateFinder:
    """Remembers the documents kept so far: of each a digest and its id (some 45 bytes and the id's), of the
    first two million a MinHash sketch (0.5 kB); and one table of counters of fixed size (128 MiB, touched as
    it fills).
    """

    def __init__(self, rules: DuplicateRules) -> None:
        self.rules = rules
        self._digests = DigestTable()
        self._near = NearDuplicates(rules.near) if rules.near else None
        self._counters = np.zeros(_COUNTERS if rules.boilerplate else 1, dtype=np.uint8)
        self._in_use = 0

    @property
    def is_full(self) -> bool:
        """Whether no more is remembered: some repetitions of later documents go unseen."""
        counted_out = bool(self.rules.boilerplate) and self._in_use > _FULL * len(self._counters)
        return counted_out or (self._near is not None and self._near.is_full)

    def check(self, document: Fingerprint) -> Repetition:
        """Which rule on duplicates the document breaks, if any."""
        rules = self.rules
        if rules.exact and (same := self._digests.get(document.digest)) is not None:
            return Repetition(EXACT, 1.0, 1.0, same)
        if self._near is not None and document.sketch is not None:
            similarity, of = self._near.most_similar(document.sketch)
            if of is not None:
                return Repetition(NEAR, similarity, rules.near, of)
        if rules.boilerplate and len(document.samples) >= FEWEST:
            share = share_counted(document.samples, self._counters, rules.boilerplate_documents)
            if share > rules.boilerplate:
                return Repetition(BOILERPLATE, share, rules.boilerplate)
        return NO_REPETITION

    def remember(self, document: Fingerprint, document_id: str) -> None:
        """Add a kept document."""
        if self.rules.exact:
            self._digests.add(document.digest, document_id)
        if self._near is not None and document.sketch is not None:
            self._near.add(document.sketch, document_id)
        if self.rules.boilerplate and self._in_use <= _FULL * len(self._counters):
            self._in_use += add(document.samples, self._counters)
