"""The statistics of the tail's sources: exact 2 × 2 tests, false discovery rate, rank correlation, power."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from audit.norms.measures import Doubles

RESAMPLES = 2_000
_NORMAL = NormalDist()
_Z95 = _NORMAL.inv_cdf(0.975)
_TIE = 1e-7  # tables whose chances differ by less (relatively) count as equally extreme, as in R and SciPy


@dataclass(frozen=True, slots=True)
class Association:
    """A 2 × 2 table's odds ratio with its interval, and Fisher's exact p, one- and two-sided.

    `odds_ratio` is the sample's, infinite or NaN where a cell is empty; the interval adds one half to
    every cell (Haldane 1956, Anscombe 1956), so that it is always finite.
    """

    odds_ratio: float
    low: float
    high: float
    p_greater: float
    p_two_sided: float


@dataclass(frozen=True, slots=True)
class Correlation:
    """Spearman's ρ of n pairs, a 95 % bootstrap interval, and a two-sided permutation p."""

    n: int
    rho: float
    low: float
    high: float
    p: float


def hypergeometric_tail(least: int, population: int, marked: int, drawn: int) -> float:
    """The chance of `least` or more marked items among `drawn` from a `population` with `marked` ones."""
    place = max(0, least - _fewest(population, marked, drawn))
    return min(1.0, math.fsum(_chances(population, marked, drawn)[place:]))


def fisher_exact(both: int, only_first: int, only_second: int, neither: int) -> Association:
    """Test the table [[both, only_first], [only_second, neither]] (Fisher 1935) against independence."""
    marked, drawn = both + only_second, both + only_first
    population = drawn + only_second + neither
    chances = _chances(population, marked, drawn)
    place = both - _fewest(population, marked, drawn)
    as_extreme = [chance for chance in chances if chance <= chances[place] * (1 + _TIE)]
    halves = [cell + 0.5 for cell in (both, only_first, only_second, neither)]
    centre = math.log(halves[0] * halves[3] / (halves[1] * halves[2]))
    reach = _Z95 * math.sqrt(sum(1 / cell for cell in halves))
    return Association(
        odds_ratio=_odds_ratio(both, only_first, only_second, neither),
        low=math.exp(centre - reach),
        high=math.exp(centre + reach),
        p_greater=min(1.0, math.fsum(chances[place:])),
        p_two_sided=min(1.0, math.fsum(as_extreme)),
    )


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """The smallest false discovery rate at which each test counts (Benjamini & Hochberg 1995)."""
    order = sorted(range(len(p_values)), key=lambda test: p_values[test], reverse=True)
    adjusted = [0.0] * len(p_values)
    smallest = 1.0
    for tests_at_least, test in zip(range(len(order), 0, -1), order, strict=True):
        smallest = min(smallest, p_values[test] * len(order) / tests_at_least)
        adjusted[test] = smallest
    return adjusted


def spearman(first: Doubles, second: Doubles) -> float:
    """Spearman's ρ, ties at their mean rank; NaN when either side has one value only."""
    return _pearson(ranks(first), ranks(second))


def ranks(values: Doubles) -> Doubles:
    """Ranks from 1, equal values at their mean rank."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    middle: Doubles = (last - (counts - 1) / 2)[place.reshape(-1)]
    return middle


def correlate(first: Doubles, second: Doubles, resamples: int = RESAMPLES, seed: int = 0) -> Correlation:
    """Spearman's ρ with a percentile bootstrap interval (pairs are drawn) and a permutation p.

    The p is (1 + permutations with |ρ| at least as large) / (1 + permutations), which is never zero
    (Phipson & Smyth 2010). The same seed gives the same numbers.
    """
    random = np.random.default_rng(seed)
    one, two = ranks(first), ranks(second)
    rho = _pearson(one, two)
    if not math.isfinite(rho):
        return Correlation(first.size, math.nan, math.nan, math.nan, 1.0)
    shuffled = [abs(_pearson(one, random.permutation(two))) for _ in range(resamples)]
    beaten = sum(value >= abs(rho) - 1e-12 for value in shuffled)
    drawn = [_resampled(first, second, random) for _ in range(resamples)]
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    return Correlation(first.size, rho, float(low), float(high), (1 + beaten) / (1 + resamples))


def interval(rho: float, n: int) -> tuple[float, float]:
    """A 95 % large-sample interval of Spearman's ρ by Fisher's z (see `standard_error`); whole for n < 4."""
    if n < 4 or abs(rho) >= 1:
        return (-1.0, 1.0) if n < 4 else (rho, rho)
    reach = _Z95 * standard_error(rho, n)
    return math.tanh(math.atanh(rho) - reach), math.tanh(math.atanh(rho) + reach)


def standard_error(rho: float, n: int) -> float:
    """Standard error of atanh(ρ) for Spearman's ρ: √((1 + ρ²/2) / (n - 3)) (Bonett & Wright 2000)."""
    return math.sqrt((1 + rho * rho / 2) / (n - 3))


def power(rho: float, n: int, alpha: float = 0.05) -> float:
    """The chance that n pairs with true correlation ρ pass a two-sided test at `alpha`; 0 for n < 4."""
    if n < 4:
        return 0.0
    critical = _NORMAL.inv_cdf(1 - alpha / 2) * standard_error(0, n)
    shift, error = math.atanh(min(abs(rho), 1 - 1e-12)), standard_error(rho, n)
    return _NORMAL.cdf((shift - critical) / error) + _NORMAL.cdf((-shift - critical) / error)


def smallest_detectable(n: int, wanted: float = 0.8, alpha: float = 0.05) -> float:
    """The smallest |ρ| that n pairs show with the wanted power; 1 when none is."""
    low, high = 0.0, 1.0
    while high - low > 1e-6:
        middle = (low + high) / 2
        low, high = (low, middle) if power(middle, n, alpha) >= wanted else (middle, high)
    return high


def _chances(population: int, marked: int, drawn: int) -> list[float]:
    """The hypergeometric chances from the fewest possible marked items to the most."""
    fewest, most = _fewest(population, marked, drawn), min(marked, drawn)
    logs = _log_choose(population, drawn)
    return [
        math.exp(_log_choose(marked, hit) + _log_choose(population - marked, drawn - hit) - logs)
        for hit in range(fewest, most + 1)
    ]


def _fewest(population: int, marked: int, drawn: int) -> int:
    return max(0, drawn - (population - marked))


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def _odds_ratio(both: int, only_first: int, only_second: int, neither: int) -> float:
    if only_first * only_second:
        return both * neither / (only_first * only_second)
    return math.inf if both * neither else math.nan


def _pearson(first: Doubles, second: Doubles) -> float:
    one, two = first - first.mean(), second - second.mean()
    size = math.sqrt(float(one @ one) * float(two @ two))
    return float(one @ two) / size if size > 0 else math.nan


def _resampled(first: Doubles, second: Doubles, random: np.random.Generator) -> float:
    chosen = random.integers(0, first.size, first.size)
    return _pearson(ranks(first[chosen]), ranks(second[chosen]))
