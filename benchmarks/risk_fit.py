"""Logistic regression, cross-validation without relatives, and measures of a score: for `fit_risk`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

FOLDS, SEEDS, RIDGE, STEPS = 5, 4, 1.0, 40
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Line:
    """A linear score: points per unit of each feature, and where the sum starts."""

    per: Floats
    base: float

    def points(self, x: Floats) -> Floats:
        """Log-odds of every row."""
        points: Floats = x @ self.per + self.base
        return points


def fit(x: Floats, y: Floats) -> Line:
    """Logistic regression with a ridge on standardized features (Newton's method)."""
    deviation = x.std(0) + 1e-9
    z = np.c_[np.ones(len(x)), (x - x.mean(0)) / deviation]
    ridge = np.diag(np.r_[1e-6, np.full(x.shape[1], RIDGE)])
    w = np.zeros(z.shape[1])
    for _ in range(STEPS):
        p = 1 / (1 + np.exp(-z @ w))
        hessian = (z * (p * (1 - p))[:, None]).T @ z + ridge
        w += np.linalg.solve(hessian, z.T @ (y - p) - ridge @ w)
    per = w[1:] / deviation
    return Line(per, float(w[0] - per @ x.mean(0)))


def held_out_points(
    x: Floats, y: Floats, cores: Sequence[str], family: Mapping[str, Sequence[str]]
) -> Floats:
    """Points of every row under a fit that saw neither its core nor a relative's; mean over SEEDS splits.

    Folds are drawn over cores. What contains a held-out core, or is contained in one, is taken out of the
    training rows too: families span folds, so groups alone would leave one giant fold.
    """
    places: dict[str, list[int]] = defaultdict(list)
    for place, core in enumerate(cores):
        places[core].append(place)
    known = sorted(places)
    total = np.zeros(len(y))
    for seed in range(SEEDS):
        order = np.random.default_rng(seed).permutation(len(known))
        for fold in range(FOLDS):
            held = [known[place] for place in order[fold::FOLDS]]
            rows = [place for core in held for place in places[core]]
            near = [place for core in held for each in family.get(core, ()) for place in places.get(each, ())]
            train = np.ones(len(y), dtype=bool)
            train[rows + near] = False
            total[rows] += fit(x[train], y[train]).points(x[rows])
    return total / SEEDS


def average_precision(y: Floats, points: Floats, weight: Floats | None = None) -> float:
    """Step-wise area under the precision-recall curve; equal points are one step, rows count `weight`."""
    counted = np.ones(len(y)) if weight is None else weight
    _, step = np.unique(-points, return_inverse=True)
    positive, total = np.bincount(step, y * counted), np.bincount(step, counted)
    return float((np.cumsum(positive) / np.cumsum(total) * positive).sum() / positive.sum())


def precision_recall(y: Floats, flagged: Flags) -> tuple[float, float]:
    """Precision and recall of the flagged rows; 1 where nothing is flagged, and where nothing is polluted."""
    hits = float(y[flagged].sum())
    return hits / flagged.sum() if flagged.any() else 1.0, hits / y.sum() if y.any() else 1.0


@dataclass(frozen=True, slots=True)
class Bin:
    """One step of a calibration curve: rows with a score in low..high, and the polluted among them."""

    low: float
    high: float
    rows: int
    polluted: int
    expected: float

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the share polluted (Wilson 1927)."""
        z, n, share = 1.96, self.rows, self.polluted / self.rows
        middle, scale = share + z * z / (2 * n), 1 + z * z / n
        half = z * float(np.sqrt(share * (1 - share) / n + z * z / (4 * n * n)))
        return max((middle - half) / scale, 0.0), min((middle + half) / scale, 1.0)


def calibration(y: Floats, points: Floats, edges: Sequence[float]) -> list[Bin]:
    """Share polluted by score; bins without rows are left out."""
    score = 1 / (1 + np.exp(-points))
    bins = []
    for low, high in pairwise(edges):
        inside = (score >= low) & ((score < high) | (high >= 1.0))
        if inside.any():
            mean = float(score[inside].mean())
            bins.append(Bin(low, high, int(inside.sum()), int(y[inside].sum()), mean))
    return bins
