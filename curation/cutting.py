"""Spans that are cut out of a document which is otherwise kept: what was cut, where, and what is left."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Cut:
    """A span that a rule cut out, in characters of the document as it came in, and the rule's value."""

    rule: str
    value: float
    start: int
    end: int


def merge_spans(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans in order, those that touch or overlap made one."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def without(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """The text without spans that are in order and do not overlap."""
    pieces, at = [], 0
    for start, end in spans:
        pieces.append(text[at:start])
        at = end
    return "".join([*pieces, text[at:]])


def in_original(cuts: Sequence[Cut], earlier: Sequence[Cut]) -> tuple[Cut, ...]:
    """Cuts of a text that `earlier` cuts had made shorter, moved to where they stood at first; all in order.

    A cut that an earlier one interrupts is given as the whole stretch.
    """
    before = sorted(earlier, key=lambda cut: cut.start)
    moved = [
        replace(cut, start=_moved(cut.start, before, end=False), end=_moved(cut.end, before, end=True))
        for cut in cuts
    ]
    return tuple(sorted([*before, *moved], key=lambda cut: (cut.start, cut.end, cut.rule)))


def _moved(position: int, earlier: Sequence[Cut], *, end: bool) -> int:
    for cut in earlier:
        if cut.start > position or (end and cut.start == position):
            break
        position += cut.end - cut.start
    return position
