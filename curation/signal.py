"""What a signal is, and short ways to write common ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from curation.counting import Column, Counted


@dataclass(frozen=True, slots=True)
class Signal:
    """One number per document: what it measures, in which unit, and its source."""

    name: str
    unit: str
    source: str
    meaning: str
    compute: Callable[[Counted], Column]


def share(name: str, column: int, meaning: str, source: str = "Winnow") -> Signal:
    """A character count as a share of all characters."""
    return Signal(name, "share of characters", source, meaning, lambda c: c.per_point(column))


def line_share(name: str, column: int, meaning: str, source: str) -> Signal:
    """A line count as a share of all lines."""
    return Signal(name, "share of lines", source, meaning, lambda c: c.per_line(column))
