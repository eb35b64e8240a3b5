"""Families: the tokens that share a stem, for spam pages repeat one stem with rotating tails."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from banlists.suspects import SPACED, Suspect

_SHORTEST_STEM, _LONGEST_STEM = 2, 8  # characters


def stems(text: str) -> Iterator[str]:
    """Every piece of a text that is a stem by its length, shorter ones first."""
    for size in range(_SHORTEST_STEM, min(len(text), _LONGEST_STEM) + 1):
        for start in range(len(text) - size + 1):
            yield text[start : start + size]


def find_families(suspects: Iterable[Suspect]) -> Mapping[str, Sequence[Suspect]]:
    """Stem → the tokens that hold it, each folded text once, in the order given.

    Only scripts without spaces have families here: where words are apart, endings say nothing.
    """
    families: dict[str, dict[str, Suspect]] = {}
    for suspect in suspects:
        if suspect.language != SPACED:
            for stem in stems(suspect.text):
                families.setdefault(stem, {}).setdefault(suspect.text, suspect)
    return {stem: tuple(members.values()) for stem, members in families.items()}


def largest_family(text: str, families: Mapping[str, Sequence[Suspect]]) -> str:
    """The stem of `text` that most tokens share; of equals the longest, then the first. Empty if none."""
    return max(stems(text), key=lambda stem: (len(families.get(stem, ())), len(stem)), default="")
