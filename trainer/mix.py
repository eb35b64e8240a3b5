"""Re-weighting languages before training, from the counts alone: given shares, or a temperature."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from corpora.errors import WrongCall, nearest
from trainer.counts import CountTable

_TEMPERATURE = "temperature"
_LARGEST_COUNT = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Mix:
    """What each language's share of the corpus, in bytes of text, is to be.

    Either `shares` (relative; languages not named are left out), or a `temperature`: shares become
    proportional to size ** temperature (the smoothing that multilingual BERT used with 0.7); 1 leaves
    the corpus as it is, 0 makes all languages equal.
    """

    shares: Mapping[str, float] | None = None
    temperature: float | None = None


def parse_mix(text: str) -> Mix:
    """Read `en=0.5,zh=0.5` or `temperature=0.3`. Raises WrongCall for anything else."""
    shares: dict[str, float] = {}
    for part in text.split(","):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not (name and equals) or name in shares:
            raise _not_a_mix(text)
        shares[name] = _number(value, text)
    if _TEMPERATURE in shares:
        if len(shares) > 1 or shares[_TEMPERATURE] > 1:
            raise _not_a_mix(text)
        return Mix(temperature=shares[_TEMPERATURE])
    if not any(shares.values()):
        raise _not_a_mix(text)
    return Mix(shares=shares)


def mix_factors(table: CountTable, mix: Mix) -> dict[str, float]:
    """What every language's counts are multiplied by: 0 when it is left out, else at least 1.

    The language that must grow least keeps its counts, so that no count is rounded to nothing.
    Raises WrongCall when the mix names a language that the counts do not have.
    """
    sizes = np.bincount(table.language, weights=table.counts * table.lengths, minlength=len(table.languages))
    present = {name: size for name, size in zip(table.languages, sizes.tolist(), strict=True) if size}
    shares = mix.shares
    if shares is None:
        temperature = 1.0 if mix.temperature is None else mix.temperature
        shares = {name: size**temperature for name, size in present.items()}
    for name in shares:
        if name not in present:
            close = nearest(name, tuple(present))
            hint = f"did you mean {close!r}?" if close else f"there: {', '.join(sorted(present)) or 'none'}"
            raise WrongCall(f"--mix names language {name!r}, which the counts do not have", hint=hint)
    ratios = {name: share / present[name] for name, share in shares.items() if share}
    least = min(ratios.values())
    return {name: ratios.get(name, 0.0) / least for name in table.languages}


def apply_mix(table: CountTable, mix: Mix) -> CountTable:
    """The table with its counts multiplied by `mix_factors`, rounded half to even.

    Raises WrongCall for a language that is not there, and when a count would pass 2^63 - 1.
    """
    factors = mix_factors(table, mix)
    scaled = np.rint(table.counts * np.array([factors[name] for name in table.languages])[table.language])
    if scaled.sum() > _LARGEST_COUNT:
        raise WrongCall("the mix multiplies counts beyond 2^63", hint="choose shares closer to the corpus")
    return table.with_counts(scaled.astype(np.int64)).where(scaled > 0)


def _number(value: str, text: str) -> float:
    try:
        number = float(value)
    except ValueError:
        raise _not_a_mix(text) from None
    if not (math.isfinite(number) and number >= 0):
        raise _not_a_mix(text)
    return number


def _not_a_mix(text: str) -> WrongCall:
    return WrongCall(f"not a mix: {text!r}", hint="en=0.5,zh=0.5 or temperature=0.3 (0 to 1)")
