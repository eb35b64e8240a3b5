"""What each rule would drop from text that is known to be clean, in all and per language."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from corpora.documents import Corpus, Problems
from corpora.errors import WinnowError
from curation.judging import Judge, JudgeSettings, Measured
from curation.rules import Rule
from curation.slices import cut
from curation.workers import texts_of

QUANTILES = (0.5, 0.95, 0.99, 0.999)
_KEPT_VALUES = 200_000  # values per rule that quantiles are taken of: the first so many documents


@dataclass(slots=True)
class RuleOnClean:
    """One rule on clean text: documents it was asked about, those it drops, per language, and its values."""

    rule: Rule
    asked: int = 0
    dropped: int = 0
    dropped_by_language: Counter[str] = field(default_factory=Counter)
    values: list[float] = field(default_factory=list)

    def quantiles(self) -> list[float | None]:
        """The signal's quantiles (QUANTILES) where the rule was asked; None without values."""
        if not self.values:
            return [None] * len(QUANTILES)
        return [round(float(value), 6) for value in np.quantile(self.values, QUANTILES)]


@dataclass(frozen=True, slots=True)
class Calibration:
    """All rules on one clean corpus."""

    documents: int
    languages: Counter[str]
    rules: tuple[RuleOnClean, ...]


def calibrate_rules(corpus: Corpus, settings: JudgeSettings) -> Calibration:
    """Ask every rule about every document, one by one (not only the first that fires).

    Raises WinnowError when there are no documents.
    """
    judge, languages = Judge(settings), Counter[str]()
    counted = {rule.name: RuleOnClean(rule) for rule in settings.rules.rules}
    for texts in _texts(corpus):
        measured = judge.measure(texts)
        languages.update(verdict.language for verdict in measured.verdicts)
        _count(counted, judge, measured)
    total = languages.total()
    if not total:
        raise WinnowError("no documents in the input", where=corpus.where)
    return Calibration(total, languages, tuple(counted.values()))


def _texts(corpus: Corpus) -> Iterator[list[str]]:
    for shard in corpus.shards:
        for batch in shard.batches(Problems()):
            for piece in cut(batch):
                texts = [text for text in texts_of(piece.column("text")) if isinstance(text, str)]
                if texts:
                    yield texts


def _count(counted: dict[str, RuleOnClean], judge: Judge, measured: Measured) -> None:
    for judgement in judge.decide(measured):
        for value in judgement.rules:
            each = counted[value.rule]
            if value.verdict == "not asked":
                continue
            each.asked += 1
            if len(each.values) < _KEPT_VALUES and not np.isnan(value.value):
                each.values.append(value.value)
            if value.verdict == "drop":
                each.dropped += 1
                each.dropped_by_language[judgement.language] += 1
