"""Robust centre and spread: the median, and the median absolute deviation on the scale of a normal σ."""

from __future__ import annotations

import numpy as np

from audit.norms.measures import Doubles

MAD_TO_SIGMA = 1.482602218505602  # 1 / Φ⁻¹(3/4): makes the MAD of normal values their standard deviation
# Spreads under this are rounding: stored in 16 or 8 bits, equal rows differ by up to 0.1 % in norm.
LEAST_SPREAD = 1e-3


def spread_of(values: Doubles) -> float:
    """1.4826 × median |x - median|, at least LEAST_SPREAD; LEAST_SPREAD for no values."""
    if values.size == 0:
        return LEAST_SPREAD
    return max(MAD_TO_SIGMA * float(np.median(np.abs(values - np.median(values)))), LEAST_SPREAD)
