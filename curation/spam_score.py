"""One explainable spam score: a logistic sum of signals whose coefficients stand in a TOML file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from corpora.errors import WrongCall
from curation.counting import Column
from curation.signals import SIGNALS

TRANSFORMS = ("linear", "sqrt", "log1p")
FUNCTION_SHARE = "function_share"


@dataclass(frozen=True, slots=True)
class Term:
    """One signal's part in the score: weight × (transform(min(signal, cap)) - centre), in log-odds."""

    signal: str
    transform: str
    cap: float
    centre: float
    weight: float

    def value(self, column: Column) -> Column:
        """The transformed signal; the centre where the signal does not apply."""
        capped = np.minimum(column, self.cap)
        if self.transform == "sqrt":
            capped = np.sqrt(capped)
        elif self.transform == "log1p":
            capped = np.log1p(capped)
        return np.where(np.isnan(capped), self.centre, capped)

    def contribution(self, column: Column) -> Column:
        """What the signal adds to the log-odds of spam."""
        return self.weight * (self.value(column) - self.centre)


@dataclass(frozen=True, slots=True)
class SpamModel:
    """The intercept (log-odds of a document that is average in everything) and the terms."""

    intercept: float
    terms: tuple[Term, ...]

    @property
    def signals(self) -> tuple[str, ...]:
        """The signals that the score needs."""
        return tuple(term.signal for term in self.terms)

    def score(self, signals: Mapping[str, Column]) -> Column:
        """The probability of spam, 0 to 1, shape (documents,)."""
        odds = self.intercept + np.sum(
            [term.contribution(signals[term.signal]) for term in self.terms], axis=0
        )
        result: Column = 1.0 / (1.0 + np.exp(-np.clip(odds, -50.0, 50.0)))
        return result

    def contributions(self, signals: Mapping[str, Column], document: int) -> list[tuple[str, float, float]]:
        """(signal, value, log-odds added) for one document, the largest effects first."""
        parts = [
            (
                term.signal,
                float(signals[term.signal][document]),
                float(term.contribution(signals[term.signal])[document]),
            )
            for term in self.terms
        ]
        return sorted(parts, key=lambda part: (-abs(part[2]), part[0]))


@cache
def load_spam_model() -> SpamModel:
    """The model in data/spam_score.toml, fitted by benchmarks/fit_spam_score.py."""
    text = files("curation").joinpath("data", "spam_score.toml").read_text(encoding="utf-8")
    table = tomllib.loads(text)
    terms = tuple(Term(**row) for row in table["term"])
    for term in terms:
        if term.signal not in SIGNALS or term.transform not in TRANSFORMS:
            raise WrongCall(f"unknown signal or transform in the spam score: {term}", where="spam_score.toml")
    return SpamModel(float(table["intercept"]), terms)
