"""Texts made to set encoders at odds: banned phrases disguised, glued, split, spliced, and near-misses."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from banlists.banlist import BanList
from banlists.han import to_simplified

_JOINERS = ("_", "＿", "￣", "-", "·", "|", "/", ".", "　", " ", "\n")
_HIDDEN = ("\u200b", "\u200d", "\ufeff", "\u00ad", "\ufe0f")
_LITERAL_KINDS = ("text", "contains", "prefix", "suffix", "fragment_of")
# First and last code point of the blocks that random characters come from, without surrogates.
_BLOCKS = (
    (0x20, 0x7E), (0xA0, 0x24F), (0x300, 0x36F), (0x400, 0x52F), (0x590, 0x6FF), (0x900, 0x97F),
    (0xE00, 0xE7F), (0x1100, 0x11FF), (0x2000, 0x206F), (0x3040, 0x30FF), (0x4E00, 0x9FFF),
    (0xAC00, 0xD7A3), (0xFE00, 0xFEFF), (0xFF00, 0xFFEF), (0x1F300, 0x1FAFF), (0x20000, 0x2A6DF),
)  # fmt: skip

Way = Callable[[random.Random, str], str]


def banned_phrases(bans: BanList) -> list[str]:
    """The literal patterns of a list, in its order."""
    return [entry.pattern for entry in bans.entries if entry.kind in _LITERAL_KINDS]


def adversarial_texts(
    phrases: Sequence[str], tokens: Sequence[bytes], clean: Sequence[str], count: int, seed: int = 0
) -> list[str]:
    """`count` texts, every kind as often as the others; the same for the same arguments.

    `tokens` are tokens that a list removes, with their neighbours; `clean` are texts to hide in.
    """
    chooser = random.Random(seed)
    ways: list[Way] = [_disguised, _hidden, _split, _spliced, _near_miss, _plain]
    makers: list[Callable[[], str]] = [
        *(lambda way=way: way(chooser, chooser.choice(phrases)) for way in ways),
        lambda: "".join(chooser.choices(phrases, k=chooser.randint(2, 4))),
        lambda: b"".join(chooser.choices(tokens, k=chooser.randint(1, 6))).decode(errors="ignore"),
    ]
    return [_in_context(chooser, makers[number % len(makers)](), clean) for number in range(count)]


def _plain(chooser: random.Random, phrase: str) -> str:
    return phrase


def _disguised(chooser: random.Random, phrase: str) -> str:
    """Full width, capitals, or traditional characters, and a joiner in front."""
    disguise = chooser.choice((_full_width, str.upper, str.title, _traditional))
    return chooser.choice(_JOINERS + _HIDDEN) + disguise(phrase)


def _hidden(chooser: random.Random, phrase: str) -> str:
    """Characters of no width between the letters."""
    return chooser.choice(_HIDDEN).join(phrase)


def _split(chooser: random.Random, phrase: str) -> str:
    """One joiner inside."""
    place = chooser.randrange(len(phrase) + 1)
    return phrase[:place] + chooser.choice(_JOINERS) + phrase[place:]


def _spliced(chooser: random.Random, phrase: str) -> str:
    """Random characters of any script before, inside and behind."""
    place = chooser.randrange(len(phrase) + 1)
    pieces = [_noise(chooser), phrase[:place], _noise(chooser), phrase[place:], _noise(chooser)]
    return "".join(pieces)


def _near_miss(chooser: random.Random, phrase: str) -> str:
    """One character left out, doubled, exchanged with its neighbour, or another one."""
    place = chooser.randrange(len(phrase))
    before, letter, after = phrase[:place], phrase[place], phrase[place + 1 :]
    return before + chooser.choice(("", letter * 2, after[:1] + letter, _noise(chooser))) + after


def _in_context(chooser: random.Random, text: str, clean: Sequence[str]) -> str:
    """The text alone, or between two pieces of a clean one."""
    around = chooser.choice(clean) if chooser.random() < 0.5 else ""
    start = chooser.randrange(len(around) + 1)
    return around[max(start - 20, 0) : start] + text + around[start : start + 20]


def _noise(chooser: random.Random) -> str:
    blocks = chooser.choices(_BLOCKS, k=chooser.randint(1, 3))
    return "".join(chr(chooser.randint(*block)) for block in blocks)


def _full_width(phrase: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in phrase)


def _traditional(phrase: str) -> str:
    return phrase.translate(_to_traditional())


def _to_traditional() -> dict[int, str]:
    characters = map(chr, range(0x4E00, 0xA000))
    return {ord(to_simplified(each)): each for each in characters if to_simplified(each) != each}
