"""Rules: signal, comparison, threshold and reason, read from TOML; and what they say about documents."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from corpora.cli import read_toml
from corpora.errors import WrongCall, unknown_name
from curation.counting import Column
from curation.language_options import LanguageOptions, parse_language_options
from curation.measuring import SPAM_SCORE
from curation.places import SIGNALS_WITH_PLACES
from curation.scripts import SCRIPTS
from curation.signals import BAN_SHARE, SIGNALS
from curation.spam_score import load_spam_model

COMPARISONS: Mapping[str, Callable[[Column, float], npt.NDArray[np.bool_]]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Condition:
    """A signal compared with a number; never true where the signal does not apply (NaN)."""

    signal: str
    comparison: str
    threshold: float

    def holds(self, signals: Mapping[str, Column]) -> Mask:
        """Where the condition holds, shape (documents,)."""
        return COMPARISONS[self.comparison](signals[self.signal], self.threshold)


@dataclass(frozen=True, slots=True)
class Rule:
    """Drop a document when `condition` holds, and every condition of `when`.

    `languages` and `scripts`, when given, say where the rule applies; `not_languages` where it does not.
    `cut`: where the places that the signal points at hold at most this share of the characters, they are cut
    out, and the rest of the document is asked the rules again (0: the document is dropped).
    """

    name: str
    condition: Condition
    reason: str
    when: tuple[Condition, ...] = ()
    languages: frozenset[str] = frozenset()
    not_languages: frozenset[str] = frozenset()
    scripts: frozenset[str] = frozenset()
    cut: float = 0.0

    @property
    def signals(self) -> tuple[str, ...]:
        """The signals that the rule needs."""
        return (self.condition.signal, *(each.signal for each in self.when))

    def applies(
        self, signals: Mapping[str, Column], languages: Sequence[str], scripts: Sequence[str]
    ) -> Mask:
        """Where the rule is asked at all, shape (documents,)."""
        asked = np.ones(len(languages), dtype=np.bool_)
        if self.languages or self.not_languages:
            listed = self.languages or frozenset(languages)
            asked &= np.array(
                [code in listed and code not in self.not_languages for code in languages], dtype=np.bool_
            )
        if self.scripts:
            asked &= np.array([script in self.scripts for script in scripts], dtype=np.bool_)
        for condition in self.when:
            asked &= condition.holds(signals)
        return asked


@dataclass(frozen=True, slots=True)
class DuplicateRules:
    """Thresholds of the rules that compare a document with earlier ones; 0 switches a rule off.

    `near`: estimated Jaccard similarity to one kept document. `boilerplate`: share of n-grams that at least
    `boilerplate_documents` kept documents have. `unit_documents`: a line or paragraph (`units`) of at least
    `unit_letters` letters that so many kept documents of the same source have is boilerplate; it is cut out,
    or, where such units hold more than `unit_share` of the characters, the document is dropped.
    """

    exact: bool = True
    near: float = 0.0
    boilerplate: float = 0.0
    boilerplate_documents: int = 3
    units: str = "lines"
    unit_documents: int = 0
    unit_letters: int = 30
    unit_share: float = 0.5


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Rules in the order in which they are asked, and how languages and duplicates are found.

    `ban_lists`: the lists whose phrases the signal `ban_share` counts.
    """

    name: str
    description: str
    rules: tuple[Rule, ...]
    duplicates: DuplicateRules = field(default_factory=DuplicateRules)
    language: LanguageOptions = field(default_factory=LanguageOptions)
    ban_lists: tuple[str, ...] = ()

    @property
    def signals(self) -> tuple[str, ...]:
        """Every signal that some rule needs, sorted."""
        return tuple(sorted({signal for rule in self.rules for signal in rule.signals}))


def preset_names() -> tuple[str, ...]:
    """The built-in rule sets."""
    found = (path.name for path in files("curation").joinpath("rules").iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in found if name.endswith(".toml")))


def load_rules(name_or_path: str) -> RuleSet:
    """Read a rule set: a built-in name or a TOML file.

    Raises WrongCall for an unknown name, an unknown key or signal, or a value of the wrong type.
    """
    if name_or_path in preset_names():
        path = Path(str(files("curation").joinpath("rules", f"{name_or_path}.toml")))
    elif name_or_path.endswith(".toml") or Path(name_or_path).exists():
        path = Path(name_or_path)
    else:
        raise unknown_name("rule set", name_or_path, preset_names())
    return parse_rules(read_toml(path), str(path))


def parse_rules(table: Mapping[str, Any], where: str) -> RuleSet:
    """Build a rule set from TOML's tables; see `load_rules`."""
    _check_keys(table, ("name", "description", "duplicates", "language", "ban_lists", "rule"), where)
    rows = table.get("rule", [])
    if not isinstance(rows, list):
        raise WrongCall("'rule' must be a list of tables: [[rule]]", where=where)
    rules = tuple(_parse_rule(row, f"{where} rule {number}") for number, row in enumerate(rows, 1))
    names = [rule.name for rule in rules]
    for name in names:
        if names.count(name) > 1:
            raise WrongCall(f"two rules are called {name!r}", where=where)
    duplicates = _parse_duplicates(table.get("duplicates", {}), f"{where} [duplicates]")
    language = parse_language_options(table.get("language", {}), f"{where} [language]")
    ban_lists = tuple(map(str, table.get("ban_lists", ())))
    if BAN_SHARE in {signal for rule in rules for signal in rule.signals} and not ban_lists:
        raise WrongCall(f"{BAN_SHARE} needs ban_lists", where=where, hint='ban_lists = ["core"]')
    description = str(table.get("description", ""))
    return RuleSet(str(table.get("name", where)), description, rules, duplicates, language, ban_lists)


UNITS = ("lines", "paragraphs", "lines and paragraphs")
_LIMITS = {"boilerplate_documents": (2, 255), "unit_documents": (0, 255), "unit_letters": (1, 10_000)}


def _parse_duplicates(row: Mapping[str, Any], where: str) -> DuplicateRules:
    _check_keys(row, DuplicateRules.__slots__, where)
    for key, value in row.items():
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if key == "exact":
            good, wanted = isinstance(value, bool), "true or false"
        elif key == "units":
            good, wanted = value in UNITS, "one of " + ", ".join(map(repr, UNITS))
        elif key in _LIMITS:
            least, most = _LIMITS[key]
            good = number and isinstance(value, int) and least <= value <= most
            wanted = f"a whole number from {least} to {most}"
        else:
            good, wanted = number and 0 <= value <= 1, "a share from 0 to 1"
        if not good:
            raise WrongCall(f"{key} must be {wanted}", where=where)
    return DuplicateRules(**row)


def _parse_rule(row: Mapping[str, Any], where: str) -> Rule:
    known = ("name", "signal", "drop", "threshold", "reason", "when", "languages", "not_languages", "scripts",
             "cut")  # fmt: skip
    _check_keys(row, known, where)
    for key in ("name", "signal", "drop", "threshold", "reason"):
        if key not in row:
            raise WrongCall(f"{key!r} is missing", where=where)
    scripts = frozenset(row.get("scripts", ()))
    for script in scripts - frozenset(SCRIPTS):
        raise unknown_name("script", script, SCRIPTS)
    cut = row.get("cut", 0.0)
    if not isinstance(cut, int | float) or isinstance(cut, bool) or not 0 <= cut <= 1:
        raise WrongCall("cut must be a share from 0 to 1", where=where)
    if cut and row["signal"] not in SIGNALS_WITH_PLACES:
        places = ", ".join(sorted(SIGNALS_WITH_PLACES))
        raise WrongCall(f"{row['signal']!r} does not say where", where=where, hint=f"cut works with {places}")
    return Rule(
        name=str(row["name"]),
        condition=_parse_condition(row["signal"], row["drop"], row["threshold"], where),
        reason=str(row["reason"]),
        when=tuple(_parse_when(each, where) for each in row.get("when", ())),
        languages=frozenset(row.get("languages", ())),
        not_languages=frozenset(row.get("not_languages", ())),
        scripts=scripts,
        cut=float(cut),
    )


def _parse_when(row: Mapping[str, Any], where: str) -> Condition:
    _check_keys(row, ("signal", "is", "threshold"), where)
    return _parse_condition(row.get("signal"), row.get("is"), row.get("threshold"), where)


def _parse_condition(signal: Any, comparison: Any, threshold: Any, where: str) -> Condition:
    known = (*SIGNALS, SPAM_SCORE)
    if signal not in known:
        error = unknown_name("signal", str(signal), known)
        raise WrongCall(error.what, where=where, hint=error.hint)
    if comparison not in COMPARISONS:
        raise WrongCall(f"{comparison!r} is no comparison", where=where, hint="one of > >= < <=")
    if not isinstance(threshold, int | float) or isinstance(threshold, bool) or threshold != threshold:
        raise WrongCall(f"threshold must be a number, not {threshold!r}", where=where)
    return Condition(str(signal), str(comparison), float(threshold))


def _check_keys(table: Mapping[str, Any], known: Sequence[str], where: str) -> None:
    if not isinstance(table, Mapping):
        raise WrongCall("a table was expected", where=where)
    for key in table:
        if key not in known:
            error = unknown_name("key", key, list(known))
            raise WrongCall(error.what, where=where, hint=error.hint)


def all_signals(rule_set: RuleSet) -> tuple[str, ...]:
    """The signals of a rule set and of the spam score if it is asked, sorted."""
    extra = load_spam_model().signals if SPAM_SCORE in rule_set.signals else ()
    return tuple(sorted({*rule_set.signals, *extra}))
