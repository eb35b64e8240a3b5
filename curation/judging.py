"""Judges documents one by one, in any process: language, signals and rules → a decision for each."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from corpora.errors import WinnowError
from curation.counting import Column
from curation.duplicates import Fingerprint, fingerprints
from curation.language_id import LanguageIdentifier, LanguageOptions, Verdict
from curation.language_model import LanguageModel
from curation.measuring import measure_all, pack
from curation.rules import Mask, Rule, RuleSet, all_signals
from curation.scripts import count_scripts

LANGUAGE_RULE = "language"
ERROR_PREFIX = "error:"
_SCRIPT_CHARACTERS = 2_000


@dataclass(frozen=True, slots=True)
class JudgeSettings:
    """Everything that a decision depends on. Picklable; `languages` empty keeps every language."""

    rules: RuleSet
    lid_model: Path | None = None
    languages: frozenset[str] = frozenset()
    language_options: LanguageOptions = field(default_factory=LanguageOptions)
    full: bool = False


@dataclass(frozen=True, slots=True)
class RuleValue:
    """One rule asked of one document: value, threshold, and the verdict `keep`, `drop` or `not asked`."""

    rule: str
    value: float
    threshold: float
    verdict: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """One document's decision; `rule` is None when it is kept, and `value` and `threshold` are NaN then."""

    rule: str | None
    value: float
    threshold: float
    language: str
    language_score: float
    fingerprint: Fingerprint
    rules: tuple[RuleValue, ...] = ()


@dataclass(frozen=True, slots=True)
class Measured:
    """Documents with their verdicts and signals, each column of shape (documents,)."""

    texts: Sequence[str]
    verdicts: Sequence[Verdict]
    signals: Mapping[str, Column]
    found: Sequence[Fingerprint]


@dataclass(frozen=True, slots=True)
class AskedRule:
    """One rule on measured documents: where it is asked, and where it fires, shape (documents,)."""

    rule: Rule
    asked: Mask
    fires: Mask


class Judge:
    """Judges texts with one set of settings; loads the language model when first asked."""

    def __init__(self, settings: JudgeSettings) -> None:
        self.settings = settings

    @cached_property
    def _identifier(self) -> LanguageIdentifier:
        return LanguageIdentifier(LanguageModel(self.settings.lid_model), self.settings.language_options)

    def judge(self, texts: Sequence[str | Exception]) -> list[Judgement]:
        """One judgement per text. An exception in place of a text, or raised by a signal on this document
        alone, becomes a drop by the rule `error:<type>`.
        """
        readable = [text for text in texts if isinstance(text, str)]
        judged = iter(_one_by_one(self._judge_texts, readable))
        return [next(judged) if isinstance(text, str) else _broken(text) for text in texts]

    def measure(self, texts: Sequence[str], extra_signals: Sequence[str] = ()) -> Measured:
        """Languages, signals (those of the rules and `extra_signals`) and fingerprints of texts."""
        verdicts = self._identifier.identify_all(texts)
        batch = pack(texts, verdicts)
        names = sorted({*all_signals(self.settings.rules), *extra_signals})
        return Measured(texts, verdicts, measure_all(batch, names), fingerprints(batch))

    def _judge_texts(self, texts: Sequence[str]) -> list[Judgement]:
        return self.decide(self.measure(texts)) if texts else []

    def decide(self, measured: Measured) -> list[Judgement]:
        """Apply the language choice and the rules to measured documents: the first that fires decides."""
        languages = [verdict.language for verdict in measured.verdicts]
        table = self._ask_rules(measured, languages)
        return [self._decision(measured, table, document) for document in range(len(languages))]

    def _ask_rules(self, measured: Measured, languages: Sequence[str]) -> list[AskedRule]:
        """Every rule on every document."""
        scripts = self._scripts(measured.texts)
        table: list[AskedRule] = []
        for rule in self.settings.rules.rules:
            asked = rule.applies(measured.signals, languages, scripts)
            fires = asked & rule.condition.holds(measured.signals)
            table.append(AskedRule(rule, asked, fires))
        return table

    def _scripts(self, texts: Sequence[str]) -> list[str]:
        if not any(rule.scripts for rule in self.settings.rules.rules):
            return [""] * len(texts)
        return [count_scripts(text[:_SCRIPT_CHARACTERS]).dominant for text in texts]

    def _decision(self, measured: Measured, table: Sequence[AskedRule], document: int) -> Judgement:
        verdict = measured.verdicts[document]
        rule, value, threshold = self._first_drop(measured, table, document)
        rules = tuple(self._rule_values(measured, table, document)) if self.settings.full else ()
        found = measured.found[document]
        return Judgement(rule, value, threshold, verdict.language, verdict.score, found, rules)

    def _first_drop(
        self, measured: Measured, table: Sequence[AskedRule], document: int
    ) -> tuple[str | None, float, float]:
        wanted = self.settings.languages
        if wanted and measured.verdicts[document].language not in wanted:
            return LANGUAGE_RULE, measured.verdicts[document].score, math.nan
        for each in table:
            if each.fires[document]:
                condition = each.rule.condition
                return (
                    each.rule.name,
                    float(measured.signals[condition.signal][document]),
                    condition.threshold,
                )
        return None, math.nan, math.nan

    def _rule_values(self, measured: Measured, table: Sequence[AskedRule], document: int) -> list[RuleValue]:
        values = []
        for each in table:
            verdict = "drop" if each.fires[document] else "keep" if each.asked[document] else "not asked"
            condition = each.rule.condition
            value = float(measured.signals[condition.signal][document])
            values.append(RuleValue(each.rule.name, value, condition.threshold, verdict))
        return values


def _one_by_one(judge: Callable[[Sequence[str]], list[Judgement]], texts: Sequence[str]) -> list[Judgement]:
    """Judge all texts together; when that raises, each alone, so that one document takes no others along."""
    try:
        return judge(texts)
    except WinnowError:  # the run's own fault (a missing model, say), not a document's
        raise
    except Exception as error:
        if len(texts) == 1:
            return [_broken(error)]
        return [_one_by_one(judge, [text])[0] for text in texts]


def _broken(error: Exception) -> Judgement:
    nothing = Fingerprint(b"", np.empty(0, dtype=np.uint64))
    return Judgement(f"{ERROR_PREFIX}{type(error).__name__}", math.nan, math.nan, "und", 0.0, nothing)
