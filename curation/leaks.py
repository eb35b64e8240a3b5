"""Leaked tool calls of language models: the marks that a text has, their points, and where they stand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import regex

# Text of a language model that missed its tool-call format, pasted into files: `assistant to=functions.x`
# with glitch tokens around it. One mark alone is honest (a unit test, a UI string, a Qt file, a 42 banner);
# leaks have several close together. Each kind of mark counts once per place; two points make a leak.
_CALL = r"\bto=(?:functions?\.|multi_tool_use|canmore\.|container\.|none\s+code\b|repo_browser\.)"
_MARKS: tuple[tuple[str, float, regex.Pattern[str]], ...] = tuple(
    (name, points, regex.compile(pattern))
    for name, points, pattern in (
        ("tool call", 1.0, rf"(?:{_CALL}|[^\w\"'`]functions\.call_tool\()"),
        (
            "role glued to other text",
            1.0,
            rf"[^\s\x00-\x7F]\s?(?:assistant|analysis|commentary|users?)\s+{_CALL}",
        ),
        ("role glued to a word", 1.0, rf"[\p{{L}}\p{{M}}♀](?:assistant|analysis|commentary)\s+{_CALL}"),
        ("tool call after a foreign script", 1.0, rf"[^\x00-\x7F\p{{P}}]\s{{0,2}}{_CALL}"),
        ("tool call before a foreign script", 1.0, rf"{_CALL}[\w.]*\s{{0,2}}[^\x00-\x7F\p{{P}}]"),
        ("translated role", 1.0, rf"{_CALL}[\w.]*\s+(?:კომენტ|մեկն|մեկնաբան|мекн)"),
        ("repeated tool call", 1.0, rf"(?s){_CALL}.{{0,400}}{_CALL}"),
        ("end of patch before a tool call", 1.0, rf"(?s)\*\*\* End Patch.{{0,60}}{_CALL}"),
        (
            "patch bracket",
            1.0,
            rf"[}}\])>*]\s*(?:</?\w+>?)?\s*(?:assistant|analysis|commentary)?\s*{_CALL}",
        ),
        ("scrambled brackets", 2.0, r"】【(?:[。”]】【|。)"),
        ("plural form of Qt", 1.0, rf"numerusform\s*(?:assistant|analysis|commentary)?\s*{_CALL}"),
        ("banner", 1.0, rf"\+#\+#(?:\+#)+\+?\s*\p{{L}}*\s*(?:assistant|analysis|commentary|{_CALL})"),
        ("filler signs", 1.0, r"♀♀♀♀(?:♀♀)*\s*(?:assistant|analysis|commentary|\p{L})"),
        (
            "lottery words",
            1.0,
            r"(?:天天中彩票|天天彩票|彩神争霸|大发快三|大发时时彩|北京赛车|福利彩票天天|全民彩票|毛片免费视频|奇米影视|影音先锋)",
        ),
        (
            "asking for format",
            1.0,
            r"(?i)\b(?:valid|proper|plain) JSON\b|tool call (?:likely )?(?:malformed|must|properly)"
            r"|\bneed (?:resend|correct|to resend|valid)\b|let's (?:call|retry|resend|send)\b",
        ),
    )
)
LEAK_POINTS = 2.0
_ANCHORS = frozenset({"tool call", "scrambled brackets", "filler signs"})  # without one, nothing is a leak
_HINTS = ("】【", "functions.call_tool", "♀♀♀♀")  # without one of these or a call, no mark is an anchor
_ANY_CALL = regex.compile(_CALL)
_HONEST = regex.compile(r"<\|(?:start|channel|message|end|call)\|>")  # the format written out on purpose
_TOGETHER = 600  # characters; marks further apart belong to different places
_LONG_LINE = 600  # characters; in longer lines a leak ends at white space, not at the line's end
_SURROUNDINGS = 200  # characters beside the outermost marks, in long lines and when looking for honest signs


@dataclass(frozen=True, slots=True)
class LeakMark:
    """One mark: its name and where it stands, in characters."""

    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class LeakSpan:
    """A place in a text, in characters, with the marks found there and their points."""

    start: int
    end: int
    points: float
    marks: tuple[str, ...]


def leak_points(text: str) -> float:
    """The points of the place that has most; LEAK_POINTS or more is a leak."""
    return max((place.points for place in _places(text)), default=0.0)


def leak_spans(text: str, least: float = LEAK_POINTS) -> tuple[LeakSpan, ...]:
    """The places with at least `least` points, each grown to whole lines, or to white space in long lines.

    Spans are in order and do not overlap.
    """
    grown = [_grow(text, place) for place in _places(text) if place.points >= least]
    merged: list[LeakSpan] = []
    for span in grown:
        if merged and span.start <= merged[-1].end:
            merged.append(_joined(merged.pop(), span))
        else:
            merged.append(span)
    return tuple(merged)


def _joined(first: LeakSpan, second: LeakSpan) -> LeakSpan:
    marks = tuple(dict.fromkeys((*first.marks, *second.marks)))
    return LeakSpan(first.start, max(first.end, second.end), max(first.points, second.points), marks)


def found_leak_marks(text: str) -> tuple[str, ...]:
    """The names of the marks of a leaked tool call that a text has, wherever they stand."""
    return tuple(name for name, _, pattern in _MARKS if pattern.search(text))


def _places(text: str) -> list[LeakSpan]:
    """Groups of marks that stand together and have an anchor among them."""
    if not any(hint in text for hint in _HINTS) and not ("to=" in text and _ANY_CALL.search(text)):
        return []
    marks = [
        LeakMark(name, *found.span())
        for name, _, pattern in _MARKS
        for found in pattern.finditer(text, overlapped=name == "repeated tool call")
    ]
    groups = _groups(sorted(marks, key=lambda mark: (mark.start, mark.end, mark.name)))
    return [_place(text, group) for group in groups if _ANCHORS & {mark.name for mark in group}]


def _groups(marks: Iterable[LeakMark]) -> list[list[LeakMark]]:
    groups: list[list[LeakMark]] = []
    end = 0
    for mark in marks:
        if not groups or mark.start - end > _TOGETHER:
            groups.append([])
        groups[-1].append(mark)
        end = max(end, mark.end)
    return groups


def _place(text: str, group: Sequence[LeakMark]) -> LeakSpan:
    names = {mark.name for mark in group}
    start, end = min(mark.start for mark in group), max(mark.end for mark in group)
    points = sum(points for name, points, _ in _MARKS if name in names)
    if _HONEST.search(text, max(0, start - _SURROUNDINGS), end + _SURROUNDINGS):
        points -= LEAK_POINTS
    return LeakSpan(start, end, points, tuple(name for name, _, _ in _MARKS if name in names))


def _grow(text: str, place: LeakSpan) -> LeakSpan:
    start = text.rfind("\n", 0, place.start) + 1
    if place.start - start > _LONG_LINE:
        start = _after_space(text, place.start - _SURROUNDINGS, place.start)
    end = text.find("\n", place.end)
    end = len(text) if end < 0 else end + 1
    if end - place.end > _LONG_LINE:
        end = _before_space(text, place.end, place.end + _SURROUNDINGS)
    return LeakSpan(start, end, place.points, place.marks)


def _after_space(text: str, first: int, last: int) -> int:
    found = regex.compile(r"\s").search(text, first, last)
    return found.end() if found else first


def _before_space(text: str, first: int, last: int) -> int:
    found = regex.compile(r"(?r)\s").search(text, first, last)
    return found.start() if found else last
