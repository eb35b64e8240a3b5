"""Judges documents one by one, in any process: language, signals and rules → a decision for each."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from corpora.errors import WinnowError
from curation.banned_phrases import ban_shares
from curation.counting import Column, count
from curation.cutting import Cut, without
from curation.duplicates import Fingerprint, text_fingerprints
from curation.language_id import LanguageIdentifier
from curation.language_model import LanguageModel
from curation.language_verdict import UNKNOWN, Verdict
from curation.measuring import measure_counted, pack
from curation.places import SIGNALS_WITH_PLACES
from curation.rules import Mask, Rule, RuleSet, all_signals
from curation.scripts import count_scripts
from curation.signals import BAN_SHARE
from curation.slow_signals import wanted_slow_signals

LANGUAGE_RULE = "language"
ERROR_PREFIX = "error:"
_SCRIPT_CHARACTERS = 2_000


@dataclass(frozen=True, slots=True)
class JudgeSettings:
    """Everything that a decision depends on. Picklable; `languages` empty keeps every language."""

    rules: RuleSet
    lid_model: Path | None = None
    languages: frozenset[str] = frozenset()
    full: bool = False


_NO_HASHES = np.empty(0, dtype=np.uint64)
_NO_FINGERPRINT = Fingerprint(b"", _NO_HASHES, None, _NO_HASHES)


@dataclass(frozen=True, slots=True)
class RuleValue:
    """One rule asked of one document: value, threshold, and the verdict `keep`, `drop` or `not asked`."""

    rule: str
    value: float
    threshold: float
    verdict: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """One document's decision; `rule` is None when it is kept, and `value` and `threshold` are NaN then.

    `cuts` says what was cut out, `text` what is left then; None when nothing was. `duplicate_of` is the id of
    the kept document that this one repeats.
    """

    rule: str | None
    value: float
    threshold: float
    verdict: Verdict
    fingerprint: Fingerprint
    rules: tuple[RuleValue, ...] = ()
    cuts: tuple[Cut, ...] = ()
    text: str | None = None
    duplicate_of: str | None = None

    @property
    def language(self) -> str:
        """The document's language, `und` and `mixed` included."""
        return self.verdict.language

    def without_fingerprint(self) -> Judgement:
        """The same, for whoever compares no documents: fingerprints are most of what would travel."""
        return Judgement(
            self.rule, self.value, self.threshold, self.verdict, _NO_FINGERPRINT,
            self.rules, self.cuts, self.text, self.duplicate_of,
        )  # fmt: skip


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
        return LanguageIdentifier(LanguageModel(self.settings.lid_model), self.settings.rules.language)

    def judge(self, texts: Sequence[str | Exception], cluster_sizes: Sequence[float] = ()) -> list[Judgement]:
        """One judgement per text. An exception in place of a text, or raised by a signal on this document
        alone, becomes a drop by the rule `error:<type>`.
        """
        sizes = cluster_sizes or [math.nan] * len(texts)
        readable = [(text, size) for text, size in zip(texts, sizes, strict=True) if isinstance(text, str)]
        judged = iter(_one_by_one(self._judge_sized, readable))
        return [next(judged) if isinstance(text, str) else _broken(text) for text in texts]

    def measure(
        self, texts: Sequence[str], extra_signals: Sequence[str] = (), cluster_sizes: Sequence[float] = ()
    ) -> Measured:
        """Languages, signals (those of the rules and `extra_signals`) and fingerprints of texts."""
        verdicts = self._identifier.identify_all(texts)
        given = {"cluster_size": np.array(cluster_sizes, dtype=np.float64)} if cluster_sizes else {}
        if self.settings.rules.ban_lists:
            given[BAN_SHARE] = ban_shares(texts, self.settings.rules.ban_lists)
        counted = count(pack(texts, verdicts, given))
        names = sorted({*all_signals(self.settings.rules), *extra_signals})
        if not self.settings.full:
            counted.wanted.update(wanted_slow_signals(counted, self.settings.rules, extra_signals))
        signals = measure_counted(counted, names)
        found = text_fingerprints(counted.text, self.settings.rules.duplicates)
        return Measured(texts, verdicts, signals, found)

    def _judge_sized(self, sized: Sequence[tuple[str, float]]) -> list[Judgement]:
        if not sized:
            return []
        texts, sizes = zip(*sized, strict=True)
        measured = self.measure(texts, cluster_sizes=sizes)
        judged = zip(texts, self.decide(measured), sizes, strict=True)
        return [self.after_cuts(text, judgement, size) for text, judgement, size in judged]

    def after_cuts(self, text: str, judgement: Judgement, cluster_size: float = math.nan) -> Judgement:
        """The judgement on what is left of a dropped document when its rule cuts small places out, or the
        same judgement when it does not, when the places are too large, or when the rest breaks the rule too.
        """
        rule = next((rule for rule in self.settings.rules.rules if rule.name == judgement.rule), None)
        if rule is None or not rule.cut:
            return judgement
        spans = SIGNALS_WITH_PLACES[rule.condition.signal](text, rule.condition.threshold)
        if not spans or sum(end - start for start, end in spans) > rule.cut * len(text):
            return judgement
        rest = without(text, spans)
        again = self.decide(self.measure([rest], cluster_sizes=[cluster_size]))[0]
        if again.rule == rule.name:
            return judgement
        cuts = tuple(Cut(rule.name, judgement.value, start, end) for start, end in spans)
        return replace(again, cuts=cuts, text=rest)

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
        return Judgement(rule, value, threshold, verdict, found, rules)

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


def _one_by_one(
    judge: Callable[[Sequence[tuple[str, float]]], list[Judgement]], texts: Sequence[tuple[str, float]]
) -> list[Judgement]:
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
    return Judgement(f"{ERROR_PREFIX}{type(error).__name__}", math.nan, math.nan, UNKNOWN, _NO_FINGERPRINT)
