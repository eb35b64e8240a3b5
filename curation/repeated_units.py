"""Lines and paragraphs that many documents of one source have: boilerplate, cut out or reason to drop."""

from __future__ import annotations

import hashlib
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from corpora.unicode_classes import class_table
from curation.counting import Batch
from curation.cutting import merge_spans
from curation.points import Text, read_text
from curation.rules import DuplicateRules
from curation.unit_kernel import count_units, hash_units, unit_counts

Hashes = npt.NDArray[np.uint64]

_BITS = 26  # of the table of counters: 64 MiB, two probes, so that chance meetings do not add up
_FULL = 0.5  # share of counters in use after which nothing is added


def unit_hashes(text: Text, rules: DuplicateRules) -> list[Hashes]:
    """The different hashes of every document's lines and paragraphs, none when the rules ask for none."""
    if not rules.unit_documents:
        return [np.empty(0, dtype=np.uint64)] * (len(text.starts) - 1)
    keys, _, offsets = _units(text, rules)
    return [np.unique(keys[offsets[d] : offsets[d + 1]]) for d in range(len(offsets) - 1)]


def repeated_spans(batch: Batch, hashes: Hashes, rules: DuplicateRules) -> list[tuple[int, int]]:
    """Where the lines and paragraphs with these hashes stand in a batch of one document, in characters."""
    keys, spans, _ = _units(read_text(batch.data, batch.offsets), rules)
    return merge_spans((int(start), int(end)) for start, end in spans[np.isin(keys, hashes)])


def _units(text: Text, rules: DuplicateRules) -> tuple[Hashes, npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    lines, paragraphs = "lines" in rules.units, "paragraphs" in rules.units
    arrays = (text.points, text.starts, text.folded, text.kinds, class_table())
    found: tuple[Hashes, npt.NDArray[np.int64], npt.NDArray[np.int64]] = hash_units(
        *arrays, rules.unit_letters, lines, paragraphs
    )
    return found


class UnitCounter:
    """How many kept documents of a source have a line or paragraph: a table of counters of fixed size.

    Counters stop at 255; a unit's count is the smaller of its two counters, at least the true one.
    """

    def __init__(self, documents: int) -> None:
        self._documents = documents
        self._counters = np.zeros(1 << _BITS if documents else 1, dtype=np.uint8)
        self._in_use = 0

    @property
    def is_full(self) -> bool:
        """Whether the counters take no more."""
        return self._in_use > _FULL * len(self._counters)

    def repeated(self, source: str, hashes: Hashes) -> Hashes:
        """Those of the hashes that so many kept documents of the source have that they are boilerplate."""
        if not self._documents or not len(hashes):
            return hashes[:0]
        counts = unit_counts(hashes ^ _source_hash(source), self._counters)
        return hashes[counts >= self._documents]

    def remember(self, source: str, hashes: Hashes) -> None:
        """Count a kept document's lines and paragraphs."""
        if not self._documents or not len(hashes) or self.is_full:
            return
        self._in_use += count_units(hashes ^ _source_hash(source), self._counters)


@lru_cache(maxsize=100_000)
def _source_hash(source: str) -> np.uint64:
    digest = hashlib.blake2b(source.encode(), digest_size=8).digest()
    return np.uint64(int.from_bytes(digest, "little"))
