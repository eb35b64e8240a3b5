"""Settles, in input order, what a worker cannot: boilerplate of a source, documents that repeat others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pyarrow as pa

from curation.caps import CapCounter
from curation.cutting import Cut, in_original, without
from curation.duplicates import DuplicateFinder, fingerprints
from curation.judging import Judgement
from curation.language_verdict import UNKNOWN
from curation.measuring import pack
from curation.repeated_units import UnitCounter, repeated_spans
from curation.rules import DuplicateRules

BOILERPLATE_UNITS = "boilerplate-lines"


class Repetitions:
    """Remembers the kept documents, whole and by their lines."""

    def __init__(self, rules: DuplicateRules, caps: CapCounter) -> None:
        self._rules = rules
        self._caps = caps
        self._finder = DuplicateFinder(rules)
        self._units = UnitCounter(rules.unit_documents)

    @property
    def is_full(self) -> bool:
        """Whether some repetitions of later documents go unseen."""
        return self._finder.is_full or self._units.is_full

    def settle(
        self, judged: Judgement, document_id: str, source: str, owner: str | None, text: pa.Scalar
    ) -> Judgement:
        """The last word on a document; one that is kept is remembered. `text` is the document as it came,
        `owner` whose cap it counts against.
        """
        judged = self._without_boilerplate(judged, source, text)
        if judged.rule is not None:
            return judged
        found = self._finder.check(judged.fingerprint)
        if found.rule is not None:
            return replace(
                judged,
                rule=found.rule,
                value=found.value,
                threshold=found.threshold,
                duplicate_of=found.of,
                cuts=(),
                text=None,
            )
        if self._caps.active:
            share = self._caps.share(owner, text.as_py() if judged.text is None else judged.text)
            over = self._caps.check(share)
            if over is not None:
                rule, value, threshold = over.rule, over.value, over.threshold
                return replace(judged, rule=rule, value=value, threshold=threshold, cuts=(), text=None)
            self._caps.add(share)
        self._finder.remember(judged.fingerprint, document_id)
        self._units.remember(source, judged.fingerprint.units)
        return judged

    def remember(self, ids: Sequence[str], sources: Sequence[str], texts: Sequence[str]) -> None:
        """Add documents that an earlier run kept, as it kept them."""
        found = fingerprints(pack(texts, [UNKNOWN] * len(texts)), self._rules)
        for document, document_id, source in zip(found, ids, sources, strict=True):
            self._finder.remember(document, document_id)
            self._units.remember(source, document.units)

    def _without_boilerplate(self, judged: Judgement, source: str, original: pa.Scalar) -> Judgement:
        """Cut out what many documents of the source have; drop a document that is mostly that."""
        repeated = self._units.repeated(source, judged.fingerprint.units)
        if not len(repeated):
            return judged
        text = original.as_py() if judged.text is None else judged.text
        spans = repeated_spans(pack([text], [UNKNOWN]), repeated, self._rules)
        share = sum(end - start for start, end in spans) / max(1, len(text))
        if share > self._rules.unit_share:
            limit = self._rules.unit_share
            return replace(judged, rule=BOILERPLATE_UNITS, value=share, threshold=limit, cuts=(), text=None)
        rest = without(text, spans)
        cuts = in_original([Cut(BOILERPLATE_UNITS, share, *span) for span in spans], judged.cuts)
        fingerprint = fingerprints(pack([rest], [UNKNOWN]), self._rules)[0]
        return replace(judged, fingerprint=fingerprint, cuts=cuts, text=rest)
