"""Evidence in a text → places that are leaks: near evidence stands together, and its points add up."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from audit.leaks.markers import find_markers, names_beside_others
from audit.leaks.phrases import PHRASE, Finder
from audit.leaks.records import Cluster, Evidence

REACH = 120  # characters between two pieces of evidence that belong together
_NEAR = 60  # characters around a place in which scripts are counted
_RUN_GAP = 4  # characters between two phrases of a run
_STOPS = frozenset("\"'`,;()[]{}<>\n")  # what separates the words of a list in code or markup
_SOUP_SCRIPTS = 3  # writing systems beside Latin that no honest 120 characters around a glitch have
PRAGMA = "winnow: ignore"

# Scripts of one language, as the first words of their characters' Unicode names.
_TOGETHER = {"HIRAGANA": "CJK", "KATAKANA": "CJK", "KATAKANA-HIRAGANA": "CJK", "BOPOMOFO": "CJK"}


def find_clusters(text: str, phrases: Finder) -> list[Cluster]:
    """The places of `text` with evidence, in order; a line with PRAGMA is left out."""
    found = sorted(_evidence(text, phrases), key=lambda each: (each.start, each.end, each.name))
    return [cluster for group in _groups(text, found) if (cluster := _cluster(text, group))]


def _evidence(text: str, phrases: Finder) -> Iterator[Evidence]:
    yield from find_markers(text)
    if text.isascii():
        return
    start = 0
    for line in text.splitlines(keepends=True):
        for each in phrases(line):
            yield Evidence(each.name, start + each.start, start + each.end, each.points, each.reason)
        start += len(line)


def _groups(text: str, found: Sequence[Evidence]) -> Iterator[list[Evidence]]:
    group: list[Evidence] = []
    for each in found:
        if group and not _belongs(text, group, each):
            yield group
            group = []
        group.append(each)
    if group:
        yield group


def _belongs(text: str, group: Sequence[Evidence], each: Evidence) -> bool:
    """Whether evidence is near the group; on another line only when it adds something new."""
    end = max(known.end for known in group)
    if each.start - end > REACH:
        return False
    return "\n" not in text[end : each.start] or each.name not in {known.name for known in group}


def _cluster(text: str, group: Sequence[Evidence]) -> Cluster | None:
    if {each.name for each in group} <= names_beside_others():
        return None
    start, end = group[0].start, max(each.end for each in group)
    if PRAGMA in text[_line_start(text, start) : _line_end(text, end)]:
        return None
    evidence = [*group, *_run(text, group), *_soup(text, start, end)]
    strongest: dict[str, int] = {}
    for each in evidence:
        strongest[each.name] = max(strongest.get(each.name, 0), each.points)
    return Cluster(start, end, sum(strongest.values()), tuple(evidence))


def _run(text: str, group: Sequence[Evidence]) -> Iterator[Evidence]:
    """Different glitch phrases side by side: a run of risky tokens, as spam pages and broken models write."""
    phrases = [each for each in group if each.name == PHRASE]
    for first, second in pairwise(phrases):
        between = text[first.end : second.start]
        same = text[first.start : first.end].strip() == text[second.start : second.end].strip()
        apart = second.start >= first.end and len(between) <= _RUN_GAP and _STOPS.isdisjoint(between)
        if apart and not same:
            yield Evidence("run", first.start, second.end, 1, "several glitch phrases side by side")
            return


def _soup(text: str, start: int, end: int) -> Iterator[Evidence]:
    """Writing systems that no text mixes, within a few words of the evidence."""
    around = text[max(start - _NEAR, 0) : end + _NEAR]
    scripts = _scripts(around[: 4 * _NEAR])
    if len(scripts) >= _SOUP_SCRIPTS:
        yield Evidence("script-soup", start, end, 1, f"{', '.join(scripts)} side by side")


def _scripts(text: str) -> list[str]:
    """The writing systems of the letters, Latin aside, sorted; Chinese and Japanese are one."""
    letters = {character for character in text if not character.isascii() and character.isalpha()}
    names = {unicodedata.name(letter, "").split(" ")[0] for letter in letters} - {""}
    return sorted({_TOGETHER.get(name, name) for name in names} - {"LATIN", "FULLWIDTH", "MICRO", "FEMININE"})


def _line_start(text: str, place: int) -> int:
    return text.rfind("\n", 0, place) + 1


def _line_end(text: str, place: int) -> int:
    end = text.find("\n", place)
    return len(text) if end < 0 else end


def named_reasons(evidence: Iterable[Evidence]) -> tuple[tuple[str, str], ...]:
    """Every name once, with its strongest reason, most points first."""
    ordered = sorted(evidence, key=lambda each: (-each.points, each.start, each.name))
    return tuple({each.name: (each.name, each.reason) for each in reversed(ordered)}.values())[::-1]
