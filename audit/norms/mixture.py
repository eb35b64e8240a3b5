"""Two normal groups fitted to one-dimensional values by expectation-maximisation, and their worth by BIC."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from audit.norms.measures import Doubles
from audit.norms.robust import LEAST_SPREAD

_ROUNDS = 60
_SETTLED = 1e-9  # change of the mean log-likelihood that ends the fit
_LEAST_SIGMA = LEAST_SPREAD  # a group narrower than this would be a spike of infinite likelihood


@dataclass(frozen=True, slots=True)
class Mixture:
    """Two groups: means, standard deviations and shares, the lower group first.

    `log_likelihood` is of all values; `low_rows` says how many values belong to the lower group: those
    under the upper mean with a probability above one half. `under_low` values lie under all of these.
    """

    means: tuple[float, float]
    sigmas: tuple[float, float]
    shares: tuple[float, float]
    log_likelihood: float
    low_rows: int
    under_low: int

    @property
    def distance(self) -> float:
        """Ashman's D: √2 · |μ₁ - μ₂| / √(σ₁² + σ₂²)."""
        (low, high), (one, two) = self.means, self.sigmas
        return math.sqrt(2) * abs(high - low) / math.hypot(one, two)


def fit_two(values: Doubles, in_low: npt.NDArray[np.bool_]) -> Mixture:
    """Fit two normal groups to sorted `values`, from the split `in_low` (some, not all, are True)."""
    weight = in_low.astype(np.float64)
    likelihood = -math.inf
    for _ in range(_ROUNDS):
        means, sigmas, shares = _group_parameters(values, weight)
        joint = np.stack([_log_normal(values, means[k], sigmas[k]) + math.log(shares[k]) for k in (0, 1)])
        evidence = np.logaddexp(joint[0], joint[1])
        weight = np.exp(joint[0] - evidence)
        before, likelihood = likelihood, float(evidence.sum())
        if likelihood - before < _SETTLED * values.size:
            break
    low = np.flatnonzero((weight > 0.5) & (values < means[1]))
    return Mixture(means, sigmas, shares, likelihood, low.size, int(low[0]) if low.size else 0)


def gain(values: Doubles, mixture: Mixture) -> float:
    """BIC of one normal group minus BIC of the mixture; above zero two groups explain the values better.

    BIC = k ln n - 2 ln L with k = 2 and k = 5 parameters (Schwarz 1978, Ann. Stat. 6:461).
    """
    sigma = max(float(values.std()), _LEAST_SIGMA)
    single = float(_log_normal(values, float(values.mean()), sigma).sum())
    return 2 * (mixture.log_likelihood - single) - 3 * math.log(values.size)


def _group_parameters(
    values: Doubles, weight: Doubles
) -> tuple[tuple[float, float], tuple[float, float], tuple[float, float]]:
    groups = [_one_group(values, each) for each in (weight, 1 - weight)]
    (low, sigma_low, share_low), (high, sigma_high, share_high) = groups
    return (low, high), (sigma_low, sigma_high), (share_low, share_high)


def _one_group(values: Doubles, weight: Doubles) -> tuple[float, float, float]:
    total = max(float(weight.sum()), 1e-12)
    mean = float(weight @ values) / total
    variance = float(weight @ (values - mean) ** 2) / total
    return mean, max(math.sqrt(max(variance, 0.0)), _LEAST_SIGMA), total / values.size


def _log_normal(values: Doubles, mean: float, sigma: float) -> Doubles:
    return -0.5 * ((values - mean) / sigma) ** 2 - math.log(sigma * math.sqrt(2 * math.pi))
