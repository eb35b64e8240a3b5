"""How norms and their tails move from checkpoint to checkpoint: correlation, overlap, half-life, tracks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from audit.norms.body import Body
from audit.norms.labels import Labels
from audit.norms.measures import RowMeasures
from audit.norms.statistics import spearman
from audit.norms.tail import hot_ids, hot_line
from corpora.errors import WrongCall

TRACKS = 20  # tokens followed when none are named


@dataclass(frozen=True, slots=True)
class Moment:
    """One checkpoint: its label, its place on the axis of time, and what was found in the chosen matrix.

    `untrained` are the low lump and the rows that point where unused rows do.
    """

    label: str
    step: float
    measures: RowMeasures
    untrained: frozenset[int]
    body: Body


@dataclass(frozen=True, slots=True)
class Change:
    """From one checkpoint to the next: ρ of the norms, Jaccard of the untrained, the hot tails and the top k.

    A Jaccard of two empty sets is NaN: nothing is shared and nothing differs.
    """

    before: str
    after: str
    spearman: float
    untrained: float
    hot: float
    top: float


@dataclass(frozen=True, slots=True)
class Survival:
    """How long rows stay in a set: the share still in it after each lag, and the half-life.

    `lags` and `shares` pair up; a share is over all rows and all starts with such a lag. The half-life comes
    from a line through the logarithms of the shares; None when nothing leaves or nothing is left to fit.
    """

    name: str
    lags: tuple[float, ...]
    shares: tuple[float, ...]
    half_life: float | None


@dataclass(frozen=True, slots=True)
class Track:
    """One token's norm and robust z at every checkpoint (z is NaN inside the lump)."""

    id: int
    token: str
    norms: tuple[float, ...]
    z: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Stage:
    """One checkpoint in numbers."""

    label: str
    step: float
    mean: float
    std: float
    untrained: int
    hot: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything about a series of checkpoints. `unit` says what lags and half-lives count."""

    matrix: str
    unit: str
    stages: tuple[Stage, ...]
    changes: tuple[Change, ...]
    survivals: tuple[Survival, ...]
    tracks: tuple[Track, ...]


def compare_moments(
    moments: Sequence[Moment],
    labels: Labels,
    *,
    matrix: str,
    unit: str,
    hot_z: float,
    top: int,
    tokens: Sequence[int] = (),
) -> Comparison:
    """Compare checkpoints in the order given; `tokens` are the ids to follow, by default the last hot ones.

    Raises WrongCall for fewer than two checkpoints, for different numbers of rows, and for unknown ids.
    """
    _check(moments, tokens)
    untrained = [each.untrained for each in moments]
    hot = [_hot(each, hot_z) for each in moments]
    tops = [_top(each, top) for each in moments]
    steps = [each.step for each in moments]
    named = (("untrained", untrained), ("hot rows", hot), (f"top {top}", tops))
    return Comparison(
        matrix=matrix,
        unit=unit,
        stages=tuple(
            Stage(each.label, each.step, each.measures.mean, each.measures.std, len(low), len(high))
            for each, low, high in zip(moments, untrained, hot, strict=True)
        ),
        changes=tuple(_change(moments, untrained, hot, tops, place) for place in range(len(moments) - 1)),
        survivals=tuple(survival(name, sets, steps) for name, sets in named),
        tracks=tuple(_track(id_, labels, moments) for id_ in tokens or _last_hot(moments[-1])),
    )


def _hot(moment: Moment, hot_z: float) -> frozenset[int]:
    return frozenset(hot_ids(moment.body, moment.measures.norms, hot_line(moment.body, hot_z)).tolist())


def survival(name: str, sets: Sequence[frozenset[int]], steps: Sequence[float]) -> Survival:
    """The share of members that are still (or again) members after each lag between two checkpoints."""
    kept: dict[float, list[int]] = {}
    for first, start in enumerate(steps):
        for last in range(first + 1, len(steps)):
            counts = kept.setdefault(steps[last] - start, [0, 0])
            counts[0] += len(sets[first] & sets[last])
            counts[1] += len(sets[first])
    lags = sorted(lag for lag, (_, members) in kept.items() if members)
    shares = [kept[lag][0] / kept[lag][1] for lag in lags]
    return Survival(name, tuple(lags), tuple(shares), _half_life(lags, shares))


def _half_life(lags: Sequence[float], shares: Sequence[float]) -> float | None:
    """ln 2 / λ with λ from least squares through (0, 1): ln share = -λ · lag."""
    used = [(lag, math.log(share)) for lag, share in zip(lags, shares, strict=True) if share > 0]
    if not used:
        return None
    rate = -sum(lag * log for lag, log in used) / sum(lag * lag for lag, _ in used)
    return math.log(2) / rate if rate > 0 else None


def _check(moments: Sequence[Moment], tokens: Sequence[int]) -> None:
    if len(moments) < 2:
        raise WrongCall("one checkpoint cannot be compared", hint="name two or more, oldest first")
    rows = moments[0].measures.norms.size
    for each in moments:
        if each.measures.norms.size != rows:
            raise WrongCall(f"{each.label} has {each.measures.norms.size:,} rows, the first has {rows:,}")
    for id_ in tokens:
        if not 0 <= id_ < rows:
            raise WrongCall(f"no row {id_}", hint=f"ids are 0 to {rows - 1}")
    if any(after.step <= before.step for before, after in pairwise(moments)):
        raise WrongCall("the checkpoints are not in order of their steps", hint="oldest first")


def _top(moment: Moment, count: int) -> frozenset[int]:
    norms = moment.measures.norms
    return frozenset(np.lexsort((np.arange(norms.size), -norms))[:count].tolist())


def _last_hot(moment: Moment) -> list[int]:
    found: list[int] = hot_ids(moment.body, moment.measures.norms, -np.inf)[:TRACKS].tolist()
    return found


def _change(
    moments: Sequence[Moment],
    untrained: Sequence[frozenset[int]],
    hot: Sequence[frozenset[int]],
    tops: Sequence[frozenset[int]],
    place: int,
) -> Change:
    before, after = moments[place : place + 2]
    rho = spearman(before.measures.norms, after.measures.norms)
    overlaps = (_jaccard(*sets[place : place + 2]) for sets in (untrained, hot, tops))
    return Change(before.label, after.label, rho, *overlaps)


def _jaccard(first: frozenset[int], second: frozenset[int]) -> float:
    union = len(first | second)
    return len(first & second) / union if union else math.nan


def _track(id_: int, labels: Labels, moments: Sequence[Moment]) -> Track:
    norms = tuple(float(each.measures.norms[id_]) for each in moments)
    return Track(id_, labels.shown(id_), norms, tuple(float(each.body.z[id_]) for each in moments))
