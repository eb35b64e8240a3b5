"""Candidates for a ban list, each with the evidence that speaks against it, grouped by stem."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from banlists.families import find_families, largest_family, stems
from banlists.suspects import SPACED, Suspect

# log10 of the share that a text should have by the words it is made of, None where no words are known.
Expected = Callable[[str, str], float | None]
Families = Mapping[str, Sequence[Suspect]]

# A token on a stem with ten tokens counts like one that is a hundred times too frequent. Of the first
# 1,000 candidates of o200k_base, weights of 1 to 3 put 630 to 700 polluted ones there.
_FAMILY_WEIGHT = 2.0
_GLUE_SCORE = 1.0  # a joiner or a byte order mark in front, as links and tags leave them
_LISTED_WEIGHT = 2.0  # all other tokens on the stem are listed already
_PURE = 0.9  # share of a stem's tokens that are candidates, from which on the stem itself is suggested
_COMMON = -6.0  # log10 of a share of all words: above one in a million, a stem is an ordinary word
_LONGEST_ENDING = 3
UNKNOWN_CATEGORY = "anomalous"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A token worth a look; a higher `score` is more suspicious.

    `excess` says by how many powers of ten the token is more frequent than its words explain (None:
    no word list for its language). `family` tokens share `stem`; `listed` of them, as a share, are
    on the lists in use, and `near` is a pattern of those lists.
    """

    suspect: Suspect
    score: float
    excess: float | None
    stem: str
    family: int
    listed: float
    near: str
    category: str


@dataclass(frozen=True, slots=True)
class CandidateGroup:
    """Candidates on one stem. `pure`: (nearly) every token with the stem is a candidate or listed."""

    stem: str
    pure: bool
    category: str
    candidates: tuple[Candidate, ...]

    @property
    def score(self) -> float:
        """That of the most suspicious candidate."""
        return self.candidates[0].score


def find_candidates(suspects: Sequence[Suspect], expected: Expected, limit: int) -> list[Candidate]:
    """The `limit` most suspicious tokens that no list in use bans, each folded text once."""
    families = find_families(suspects)
    endings = _listed_words(suspects)
    found: dict[str, Candidate] = {}
    for suspect in suspects:
        if suspect.listed is None and suspect.text not in found:
            candidate = _judge(suspect, families, endings, expected)
            if candidate is not None:
                found[suspect.text] = candidate
    return sorted(found.values(), key=lambda each: (-each.score, each.suspect.name))[:limit]


def group_by_stem(
    candidates: Sequence[Candidate], families: Families, expected: Expected
) -> list[CandidateGroup]:
    """Every candidate in one group: the stem that explains most of those left comes first.

    First come stems that could be banned themselves: nearly all of their tokens are candidates or
    listed, and they are no common word. Then any stem that two candidates share; what is left stands
    alone.
    """
    left = {each.suspect.text: each for each in candidates}
    groups: list[CandidateGroup] = []
    chosen = frozenset(left)
    shared = _shared_stems(chosen)
    pure = {
        stem for stem in shared
        if _is_pure(families.get(stem, ()), chosen) and not _is_common(families[stem][0], stem, expected)
    }  # fmt: skip
    for stem in [*(stem for stem in shared if stem in pure), *shared]:
        members = tuple(each for text, each in left.items() if stem in text)
        if len(members) > 1:
            groups.append(CandidateGroup(stem, stem in pure, _category(members), members))
            left = {text: each for text, each in left.items() if stem not in text}
    groups.extend(CandidateGroup(text, False, each.category, (each,)) for text, each in left.items())
    return sorted(groups, key=lambda group: (-group.score, group.stem))


def _judge(
    suspect: Suspect, families: Families, endings: Mapping[str, Suspect], expected: Expected
) -> Candidate | None:
    """None when nothing speaks against the token."""
    if suspect.language == SPACED:
        return _inflected(suspect, endings)
    stem = largest_family(suspect.text, families)
    family = families.get(stem, ())
    share = expected(suspect.text, suspect.language)
    excess = None if share is None else suspect.log_share - share
    listed_stem, listed, near = _nearest_listed(suspect.text, families)
    score = (
        max(excess or 0.0, 0.0)
        + _FAMILY_WEIGHT * math.log10(max(len(family), 1))
        + _LISTED_WEIGHT * listed
        + (_GLUE_SCORE if suspect.glue else 0.0)
    )
    category = near.listed.category if near and near.listed else UNKNOWN_CATEGORY
    pattern = near.listed.pattern if near and near.listed else ""
    stem = listed_stem if listed else stem
    return Candidate(suspect, round(score, 3), excess, stem, len(family), listed, pattern, category)


def _inflected(suspect: Suspect, endings: Mapping[str, Suspect]) -> Candidate | None:
    """In scripts with spaces only a listed word with another ending is suggested."""
    for size in range(1, _LONGEST_ENDING + 1):
        near = endings.get(suspect.text[:-size])
        if near is not None and near.listed is not None and suspect.text.isalpha():
            match = near.listed
            score = _LISTED_WEIGHT + (_GLUE_SCORE if suspect.glue else 0.0)
            return Candidate(suspect, score, None, near.text, 2, 1.0, match.pattern, match.category)
    return None


def _listed_words(suspects: Iterable[Suspect]) -> dict[str, Suspect]:
    listed = (each for each in suspects if each.listed is not None and each.language == SPACED)
    return {each.text: each for each in listed if each.text.isalpha()}


def _nearest_listed(text: str, families: Families) -> tuple[str, float, Suspect | None]:
    """The stem whose other tokens are listed most, that share (0 to 1), and one of those tokens."""
    best: tuple[str, float, Suspect | None] = ("", 0.0, None)
    for stem in stems(text):
        others = [each for each in families.get(stem, ()) if each.text != text]
        listed = [each for each in others if each.listed is not None]
        share = len(listed) / len(others) if others else 0.0
        if listed and (share, len(stem)) > (best[1], len(best[0])):
            best = stem, share, listed[0]
    return best


def _shared_stems(texts: Iterable[str]) -> list[str]:
    """The stems of two texts or more; those of most texts first, of equals the longest."""
    counts = Counter(stem for text in texts for stem in set(stems(text)))
    shared = [stem for stem, count in counts.items() if count > 1]
    return sorted(shared, key=lambda stem: (-counts[stem], -len(stem), stem))


def _is_pure(family: Sequence[Suspect], chosen: frozenset[str]) -> bool:
    bad = sum(each.text in chosen or each.listed is not None for each in family)
    return bool(family) and bad >= _PURE * len(family)


def _is_common(member: Suspect, stem: str, expected: Expected) -> bool:
    share = expected(stem, member.language)
    return share is not None and share > _COMMON


def _category(members: Sequence[Candidate]) -> str:
    known = Counter(each.category for each in members if each.category != UNKNOWN_CATEGORY)
    return min(known, key=lambda name: (-known[name], name), default=UNKNOWN_CATEGORY)
