"""How the tokens of one vocabulary are related: which contain which, and which character pairs they share."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

_LONGEST = 24  # characters of a core whose parts are listed; longer ones are runs and tables


@dataclass(frozen=True)
class Relatives:
    """The family of every core (a token's text without edge signs).

    `larger` and `smaller` map a core to the cores that contain it or that it contains, of two or more
    characters; `characters` and `pairs` count the cores that hold a character or two side by side;
    `size` is the number of cores.
    """

    larger: Mapping[str, tuple[str, ...]]
    smaller: Mapping[str, tuple[str, ...]]
    characters: Mapping[str, int]
    pairs: Mapping[str, int]
    size: int


def find_relatives(cores: Iterable[str]) -> Relatives:
    """Relate cores by containment. Time grows with the cores times the square of their length."""
    known = sorted(set(cores))
    everything = set(known)
    smaller = {core: tuple(_parts_among(core, everything)) for core in known}
    larger: dict[str, list[str]] = defaultdict(list)
    for core, parts in smaller.items():
        for part in parts:
            larger[part].append(core)
    characters = Counter(character for core in known for character in set(core))
    pairs = Counter(pair for core in known for pair in set(pairs_of(core)))
    containing = {part: tuple(cores) for part, cores in larger.items()}
    return Relatives(containing, smaller, characters, pairs, len(known))


def pairs_of(text: str) -> list[str]:
    """Every two neighbouring characters of a text."""
    return [text[place : place + 2] for place in range(len(text) - 1)]


def _parts_among(core: str, known: set[str]) -> Iterator[str]:
    length = min(len(core), _LONGEST)
    parts = {core[a:b] for a in range(length) for b in range(a + 2, length + 1)} - {core}
    yield from sorted(parts & known)
