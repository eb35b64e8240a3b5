"""Robust centre and spread: the median, and the median absolute deviation on the scale of a normal σ."""

from __future__ import annotations

import numpy as np

from audit.norms.measures import Doubles

MAD_TO_SIGMA = 1.482602218505602  # 1 / Φ⁻¹(3/4): makes the MAD of normal values their standard deviation
# The 95th percentile of a normal distribution lies 1.6449 σ above its median.
_UPPER, _UPPER_IN_SIGMAS = 0.95, 1.6448536269514722
# Spreads under this are rounding: stored in 16 or 8 bits, equal rows differ by up to 0.1 % in norm.
LEAST_SPREAD = 1e-3


def spread_of(values: Doubles) -> float:
    """1.4826 × median |x - median|, at least LEAST_SPREAD; LEAST_SPREAD for no values."""
    if values.size == 0:
        return LEAST_SPREAD
    return max(MAD_TO_SIGMA * float(np.median(np.abs(values - np.median(values)))), LEAST_SPREAD)


def upper_spread(values: Doubles) -> tuple[float, float]:
    """Median and spread of the upper side: what lies between it and the 95th percentile, on the scale of σ.

    Logarithms of norms have a longer tail below, which says nothing of how far the upper end may reach.
    """
    centre = float(np.median(values))
    return centre, max((float(np.quantile(values, _UPPER)) - centre) / _UPPER_IN_SIGMAS, LEAST_SPREAD)
