"""Find what is wrong with a list although it loads: doubles, dead rules, missing reasons, old dates."""

from __future__ import annotations

import datetime
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from banlists.entries import Entry
from banlists.fold import fold, fold_text
from banlists.lists import LoadedPack, make_ban_list
from banlists.matcher import Layer
from banlists.schema import Group
from corpora.display import show_text

MIN_REASON = 15  # characters; shorter ones say nothing to the next reader
MIN_CONTAINS = {"Latin": 5, "other": 2}  # folded characters of a contains pattern, by its script
_HOMOGLYPH_SCRIPTS = ("LATIN", "CYRILLIC", "GREEK")


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem. `check` is its stable name; `pattern` is empty when a whole group is meant."""

    check: str
    rule: str
    pattern: str
    message: str


def lint(packs: Sequence[LoadedPack], today: datetime.date) -> list[Finding]:
    """Every finding in the packs, sorted by rule, pattern and check; `today` decides what expired."""
    findings = [
        *_group_findings(packs, today),
        *_duplicates(packs),
        *_subsumed(packs),
        *_pattern_findings(packs),
        *_tombstones(packs),
        *_hiding_allows(packs),
        *_dead_disables(packs),
    ]
    return sorted(findings, key=lambda finding: (finding.rule, finding.pattern, finding.check))


def _group_findings(packs: Sequence[LoadedPack], today: datetime.date) -> Iterator[Finding]:
    for loaded in packs:
        seen: set[str] = set()
        for group in loaded.pack.group:
            rule = f"{loaded.pack.info.id}/{group.id}"
            if group.id in seen:
                yield Finding("duplicate-id", rule, "", "another group of this list has this id")
            seen.add(group.id)
            if group.status != "retired":
                yield from _one_group(rule, group, today)


def _one_group(rule: str, group: Group, today: datetime.date) -> Iterator[Finding]:
    if not group.patterns:
        yield Finding("empty", rule, "", "the group has no patterns")
    if len(group.reason.strip()) < MIN_REASON:
        yield Finding("no-reason", rule, "", f"the reason is shorter than {MIN_REASON} characters")
    if not group.evidence:
        yield Finding(
            "no-evidence", rule, "", "nothing says where this was seen; for example tok:o200k_base:2783"
        )
    if not group.tests.hit or not group.tests.ok:
        yield Finding("no-tests", rule, "", "needs at least one test that hits and one that is ok")
    if group.review_by and group.review_by < today:
        yield Finding("expired", rule, "", f"was to be reviewed by {group.review_by}")


def _duplicates(packs: Sequence[LoadedPack]) -> Iterator[Finding]:
    seen: dict[tuple[object, ...], Entry] = {}
    for entry in _entries(packs):
        key = (entry.kind, _normal(entry), entry.right, entry.variants)
        other = seen.setdefault(key, entry)
        if other is not entry:
            yield _finding("duplicate", entry, f"{other.name} has it as {show_text(other.pattern)}")


def _subsumed(packs: Sequence[LoadedPack]) -> Iterator[Finding]:
    contains = [entry for entry in _entries(packs) if entry.kind == "contains"]
    layers: dict[frozenset[str], Layer] = {
        variants: Layer(variants, [entry for entry in contains if entry.variants == variants])
        for variants in {entry.variants for entry in contains}
    }
    for entry in _entries(packs):
        if entry.kind in ("contains", "text") and entry.variants in layers:
            for hit in layers[entry.variants].token_hits(_normal(entry)):
                if hit.entry is not entry and _at_least_as_wide(hit.entry, entry):
                    message = (
                        f"{hit.entry.name} already bans all that contains {show_text(hit.entry.pattern)}"
                    )
                    yield _finding("subsumed", entry, message)
                    break


def _at_least_as_wide(wide: Entry, narrow: Entry) -> bool:
    order = ("core", "extended", "full")
    same_pattern = wide.kind == narrow.kind and _normal(wide) == _normal(narrow)
    return order.index(wide.severity) <= order.index(narrow.severity) and not same_pattern


def _pattern_findings(packs: Sequence[LoadedPack]) -> Iterator[Finding]:
    for entry in _entries(packs):
        if entry.kind in ("bytes", "regex", "pair"):
            continue
        folded = _normal(entry)
        if entry.kind == "contains" and not entry.force and len(folded) < _shortest(folded):
            yield _finding("too-short", entry, "a contains pattern this short hits ordinary words")
        if re.search(r"\w\s+\w", folded):
            yield _finding("unsatisfiable", entry, "no token of the named patterns holds two words")
        scripts = _mixed_scripts(folded)
        if scripts:
            yield _finding(
                "mixed-script", entry, f"one word mixes {scripts}: a typing error, or needs a regex"
            )


def _shortest(folded: str) -> int:
    return MIN_CONTAINS["Latin" if folded.isascii() and folded.isalpha() else "other"]


def _mixed_scripts(folded: str) -> str:
    for word in re.findall(r"[^\W\d_]+", folded):
        scripts = {name for name in map(_script, word) if name in _HOMOGLYPH_SCRIPTS}
        if len(scripts) > 1:
            return " and ".join(sorted(scripts))
    return ""


def _script(character: str) -> str:
    return unicodedata.name(character, "").partition(" ")[0]


def _tombstones(packs: Sequence[LoadedPack]) -> Iterator[Finding]:
    retired = {fold(stone.pattern.encode()): stone for loaded in packs for stone in loaded.pack.tombstone}
    for entry in _entries(packs):
        stone = retired.get(_normal(entry))
        if stone is not None:
            yield _finding("tombstone", entry, f"was retired on {stone.retired}: {stone.reason}")


def _hiding_allows(packs: Sequence[LoadedPack]) -> Iterator[Finding]:
    bans = make_ban_list(packs)
    by_group: dict[str, list[Entry]] = {}
    for entry in bans.entries:
        if entry.kind in ("text", "contains", "prefix", "suffix"):
            by_group.setdefault(entry.name, []).append(entry)
    for name, entries in by_group.items():
        if not any(bans.match(entry.pattern.encode()) for entry in entries):
            yield Finding("hidden-group", name, "", "an allow rule hides every pattern of this group")


def _dead_disables(packs: Sequence[LoadedPack]) -> Iterator[Finding]:
    names = {entry.name for entry in _entries(packs)}
    exact = {f"{entry.name}/{entry.pattern}" for entry in _entries(packs)}
    for loaded in packs:
        for disable in loaded.pack.disable:
            if disable.rule not in names and disable.rule not in exact:
                rule = f"{loaded.pack.info.id}/disable"
                yield Finding("dead-disable", rule, disable.rule, "names no rule of the lists given")


def _entries(packs: Iterable[LoadedPack]) -> Iterator[Entry]:
    for loaded in packs:
        yield from loaded.entries


def _normal(entry: Entry) -> str:
    if entry.kind in ("bytes", "regex"):
        return entry.pattern
    if entry.kind == "fragment_of":
        return fold_text(entry.pattern, entry.variants)
    return fold(entry.pattern.encode(), entry.variants)


def _finding(check: str, entry: Entry, message: str) -> Finding:
    return Finding(check, entry.name, entry.pattern, message)
