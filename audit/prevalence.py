"""What share of a vocabulary's tokens is polluted: where its scores start, in place of o200k's share."""

from __future__ import annotations

import math
from collections.abc import Sequence

from audit.risk_model import probability

# Tokens of the labelled vocabulary that count as seen here, so that a handful of tokens moves nothing.
_PSEUDO_TOKENS = 100
_ROUNDS = 100
_ENOUGH = 1e-6  # change of the share at which the rounds end


def estimate_share(points: Sequence[float], labelled_share: float) -> float:
    """Share of polluted tokens, from points whose base is the log-odds of `labelled_share`.

    The shares of a new domain by expectation maximization (Saerens, Latinne and Decaestecker 2002,
    Neural Computation 14, eq. 9): score with the present share, take the mean score as the next share.
    Never more than `labelled_share`: o200k is the worst vocabulary known, and evidence that hits
    everywhere is evidence against the features.
    """
    share = labelled_share
    for _ in range(_ROUNDS):
        shift = log_odds(share) - log_odds(labelled_share)
        polluted = sum(probability(each + shift) for each in points) + _PSEUDO_TOKENS * labelled_share
        following = min(polluted / (len(points) + _PSEUDO_TOKENS), labelled_share)
        if abs(following - share) < _ENOUGH:
            return following
        share = following
    return share


def log_odds(share: float) -> float:
    """ln(share / (1 - share)), of a share strictly between 0 and 1."""
    return math.log(share / (1.0 - share))
