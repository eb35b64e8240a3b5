"""The scorecard: points for each feature, by script group, read from `audit/data/risk.toml`."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path

import msgspec

from audit.results import Reason
from audit.risk_features import Feature
from corpora.errors import WinnowError

_FILE = Path(__file__).parent / "data" / "risk.toml"


class Weight(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Points of one feature: `per` unit above `zero`, after clipping the value to `low`..`high`."""

    per: float
    zero: float = 0.0
    low: float = -math.inf
    high: float = math.inf

    def points(self, value: float) -> float:
        """The addend to the log-odds."""
        return self.per * (min(max(value, self.low), self.high) - self.zero)


class Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Scripts that share one scorecard. `languages` are wordfreq codes; `base` is where the sum starts.

    `listed` are the points of a match with an entry of severity core, `unlisted` those of a token without
    one, when lists were asked. `share` is the share of polluted tokens that `base` stands for; with
    `adapts` it is estimated anew in every vocabulary (audit/prevalence.py). `score_all` says whether every
    token with two letters is worth scoring, or only those that a list or a pattern points at.
    """

    name: str
    scripts: tuple[str, ...]
    languages: tuple[str, ...]
    base: float
    share: float
    listed: float
    unlisted: float
    score_all: bool
    weights: dict[str, Weight]
    adapts: bool = False


class Boilerplate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The sum that a token listed as boilerplate has, by severity.

    Boilerplate is one site's furniture, not spam: worth more attention than ordinary tokens, and never
    enough to be flagged.
    """

    core: float
    extended: float
    full: float


class RiskModel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole scorecard. A score is 1 / (1 + e^-points); a token is flagged at `threshold` or more."""

    schema: int
    threshold: float
    threshold_reason: str
    fitted_on: str
    boilerplate: Boilerplate
    group: tuple[Group, ...]

    def group_of(self, script: str) -> Group:
        """The group of a script; the last group takes every script that none names."""
        return next((group for group in self.group if script in group.scripts), self.group[-1])


@cache
def load_risk_model() -> RiskModel:
    """The scorecard that comes with the tool. Raises WinnowError when the file is damaged."""
    try:
        return msgspec.toml.decode(_FILE.read_bytes(), type=RiskModel)
    except (OSError, msgspec.ValidationError, msgspec.DecodeError) as error:
        raise WinnowError(f"cannot be read: {error}", where=_FILE.name) from error


def to_reasons(features: list[Feature], weights: dict[str, Weight]) -> list[Reason]:
    """Features turned into points; those without a weight in this group, or without points, are left out."""
    reasons = [
        Reason(feature.code, round(weights[feature.code].points(feature.value), 3), feature.evidence)
        for feature in features
        if feature.code in weights
    ]
    return [reason for reason in reasons if reason.points]


def probability(points: float) -> float:
    """The logistic function."""
    return 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, points))))
