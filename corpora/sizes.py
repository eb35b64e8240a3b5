"""Amounts of memory as people write them: 500MB, 4G."""

from __future__ import annotations

from corpora.errors import WrongCall

_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}


def parse_memory(text: str) -> int:
    """Read an amount of memory such as `500MB` or `4G` (powers of ten), in bytes. Raises WrongCall."""
    amount = text.strip().lower().removesuffix("b")
    unit = amount[-1:] if amount[-1:].isalpha() else ""
    try:
        size = int(float(amount.removesuffix(unit)) * _UNITS[unit])
    except (ValueError, KeyError, OverflowError):
        size = 0
    if size < 1:
        raise WrongCall(f"not an amount of memory: {text!r}", hint="500MB or 4GB")
    return size
