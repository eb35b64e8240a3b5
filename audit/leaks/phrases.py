"""Glitch phrases in a text: what ban lists name, as phrases, or as tokens of one vocabulary."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import accumulate
from typing import TYPE_CHECKING

from audit.leaks.records import Evidence
from banlists.banlist import BanList
from banlists.entries import Match, TextHit
from banlists.fold import fold
from banlists.prefilter import Prefilter

if TYPE_CHECKING:
    from trainer.vocabulary import Vocabulary

PHRASE = "glitch-phrase"
Finder = Callable[[str], list[Evidence]]
_SPAM = frozenset({"adult", "gambling", "seo", "fragment"})  # the other categories have markers of their own


def phrases_of(bans: BanList) -> Finder:
    """Find the lists' phrases of spam; not those in ASCII, which prove nothing as words of a text."""
    literals = [
        fold(entry.pattern.encode(), entry.variants)
        for entry in bans.entries
        if entry.kind not in ("regex", "bytes", "fragment_of", "pair")
    ]
    telling = frozenset(filter(None, map(_first_foreign, literals)))
    quick = Prefilter(literals, {entry.variants for entry in bans.entries})

    def find(line: str) -> list[Evidence]:
        if line.isascii() or telling.isdisjoint(line) or quick.rules_out(line):
            return []
        return [_evidence(hit.start, hit.end, hit.match) for hit in bans.find(line) if _tells(line, hit)]

    return find


def _first_foreign(literal: str) -> str:
    return next((character for character in literal if not character.isascii()), "")


def _tells(line: str, hit: TextHit) -> bool:
    return hit.match.category in _SPAM and not line[hit.start : hit.end].isascii()


def tokens_of(vocabulary: Vocabulary, bans: BanList) -> Finder:
    """Find tokens of a vocabulary that the lists ban, where the vocabulary really cuts the text so.

    Raises WrongCall when no library can encode with it.
    """
    from audit.engines import text_engine
    from corpora.errors import WrongCall

    engine = text_engine(vocabulary)
    if engine is None:
        raise WrongCall("no library can encode with it", where=vocabulary.name, hint="leave --tokenizer out")
    ask = cache(lambda id_: bans.match(vocabulary.bytes_of(id_)))

    def find(line: str) -> list[Evidence]:
        if line.isascii():
            return []
        ids = engine.encode([line])[0]
        return list(_risky(ids, [vocabulary.bytes_of(id_) for id_ in ids], ask))

    return find


def _risky(
    ids: Sequence[int], pieces: Sequence[bytes], ask: Callable[[int], Match | None]
) -> Iterator[Evidence]:
    """The banned tokens of one line, by the characters that they cover."""
    starts = [0, *accumulate(map(_characters, pieces))]
    for place, id_ in enumerate(ids):
        match = ask(id_)
        if match is not None and match.category in _SPAM and not pieces[place].isascii():
            yield _evidence(starts[place], starts[place + 1], match)


def _characters(piece: bytes) -> int:
    """Characters that begin in these bytes: all bytes but continuation bytes."""
    return sum(byte & 0xC0 != 0x80 for byte in piece)


def _evidence(start: int, end: int, match: Match) -> Evidence:
    return Evidence(PHRASE, start, end, 1, f"{match.entry} ({match.category}): {match.pattern}")
