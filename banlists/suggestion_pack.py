"""Suggested groups as an experimental list file: patterns, evidence and tests, ready for a reader."""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from banlists.fold import fold
from banlists.schema import Group, GroupTests, ListInfo, Pack
from banlists.suggestions import Candidate, CandidateGroup
from banlists.suspects import SPACED, Suspect
from corpora.display import show_text

_EVIDENCE_SHOWN = 5
_SHORTEST_CONTAINS = 2  # characters of a stem that may be a contains pattern


def to_pack(groups: Sequence[CandidateGroup], kept: Sequence[Suspect], source: str, info: ListInfo) -> Pack:
    """A list with one experimental group for every suggested one.

    `kept` are tokens that no group should hit, most frequent first; the nearest of them becomes the
    group's `ok` test. `source` names the vocabulary, or the counts file, for the evidence.
    """
    made = [_group(number, group, kept, source) for number, group in enumerate(groups, start=1)]
    return Pack(info=info, group=made)


def _group(number: int, group: CandidateGroup, kept: Sequence[Suspect], source: str) -> Group:
    patterns, match = _patterns(group)
    texts = [each.suspect.text for each in group.candidates]
    language = group.candidates[0].suspect.language
    record = {
        "id": f"suggested-{number:04d}",
        "category": group.category,
        "match": match,
        "reason": reason(group),
        "patterns": patterns,
        "langs": [] if language == SPACED else [language],
        "status": "experimental",
        "severity": "full",
        "evidence": [evidence_name(each.suspect, source) for each in group.candidates[:_EVIDENCE_SHOWN]],
        "tests": GroupTests(hit=texts[:_EVIDENCE_SHOWN], ok=[_ok_token(group, patterns, match, kept)]),
    }
    return msgspec.convert(record, Group, from_attributes=True)


def _patterns(group: CandidateGroup) -> tuple[list[str], str]:
    """The stem when it is safe to ban all that contains it, else the tokens themselves."""
    if group.pure and len(group.stem) >= _SHORTEST_CONTAINS:
        return [group.stem], "contains"
    return sorted({fold(each.suspect.text.encode()) for each in group.candidates}), "text"


def evidence_name(suspect: Suspect, source: str) -> str:
    """Where the token was seen: `tok:o200k_base:2783`, or `counts:FILE:RANK`."""
    return f"{source}:{suspect.name}"


def reason(group: CandidateGroup) -> str:
    """Why the group is suggested, in one line."""
    best = group.candidates[0]
    several = len(group.candidates) > 1
    parts = [f"{len(group.candidates)} candidates on {show_text(group.stem)}"] if several else []
    return "; ".join(["Suggested, unread", *parts, *evidence(best)])


def evidence(candidate: Candidate) -> list[str]:
    """What speaks against a candidate, one short phrase each."""
    parts = []
    if candidate.excess is not None and candidate.excess > 0:
        parts.append(f"10^{candidate.excess:.1f} times what its words explain")
    if candidate.family > 1 and candidate.suspect.language != SPACED:
        parts.append(f"{candidate.family} tokens share {show_text(candidate.stem)}")
    if candidate.listed:
        share = math.floor(100 * candidate.listed)
        stem, near = show_text(candidate.stem), show_text(candidate.near)
        parts.append(f"{share} % of those on {stem} are listed ({near})")
    if candidate.suspect.glue:
        parts.append(f"stands behind {show_text(candidate.suspect.glue)}")
    return parts


def _ok_token(group: CandidateGroup, patterns: Sequence[str], match: str, kept: Sequence[Suspect]) -> str:
    """The most frequent kept token with a letter of the stem, and without the patterns."""
    letters = set(group.stem)
    for suspect in kept:
        text = fold(suspect.token)
        hit = any(each in text for each in patterns) if match == "contains" else text in patterns
        if not hit and not letters.isdisjoint(text):
            return text
    return "the"
