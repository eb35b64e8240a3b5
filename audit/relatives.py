"""How the tokens of one vocabulary are related: which contain which, and which character pairs they share."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

_LONGEST = 24  # characters of a core whose parts are listed; longer ones are runs and tables


@dataclass(frozen=True)
class Relatives:
    """The family of every core (a token's text without edge signs).

    `larger` and `smaller` map a core to the cores that contain it or that it contains, of two or more
    characters; `pairs` counts the cores that hold a character pair; `size` is the number of cores.
    """

    larger: Mapping[str, tuple[str, ...]]
    smaller: Mapping[str, tuple[str, ...]]
    pairs: Mapping[str, int]
    size: int

    def pair_share(self, pair: str, without: int = 0) -> float:
        """Share of cores that hold a character pair; `without` leaves out that many of them."""
        return (self.pairs.get(pair, 0) - without) / max(self.size, 1)


def find_relatives(cores: Iterable[str]) -> Relatives:
    """Relate cores by containment. Time grows with the cores times the square of their length."""
    known = sorted(set(cores))
    smaller = {core: tuple(_parts_among(core, set_of)) for set_of in (set(known),) for core in known}
    larger: dict[str, list[str]] = defaultdict(list)
    for core, parts in smaller.items():
        for part in parts:
            larger[part].append(core)
    pairs = Counter(pair for core in known for pair in set(pairs_of(core)))
    return Relatives({part: tuple(cores) for part, cores in larger.items()}, smaller, pairs, len(known))


def pairs_of(text: str) -> list[str]:
    """Every two neighbouring characters of a text."""
    return [text[place : place + 2] for place in range(len(text) - 1)]


def log_ratio(observed: float, expected: float, floor: float) -> float:
    """log10 of observed over expected, both at least `floor`."""
    return math.log10(max(observed, floor) / max(expected, floor))


def _parts_among(core: str, known: set[str]) -> Iterator[str]:
    length = min(len(core), _LONGEST)
    parts = {core[a:b] for a in range(length) for b in range(a + 2, length + 1)} - {core}
    yield from sorted(parts & known)
