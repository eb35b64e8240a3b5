"""Where banned phrases stand in the words of a corpus, and which tokens hold a part of one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from banlists.banlist import BanList
from banlists.entries import Match
from banlists.matcher import is_single_character
from trainer.substring_counts import HEAD
from trainer.words import Words


@dataclass(frozen=True, slots=True)
class Phrase:
    """One banned phrase in a word: bytes `start` to `end` (exclusive), and the entry that bans it."""

    start: int
    end: int
    match: Match


@dataclass(frozen=True, slots=True)
class BannedWord:
    """A word that holds banned phrases, and how often the corpus has it."""

    word: bytes
    count: int
    phrases: tuple[Phrase, ...]


@dataclass(slots=True)
class Sighting:
    """A token at banned phrases: how often `inside` one, and how often `across` the border of one.

    `match` bans the phrase where it was seen first; `phrase` is that phrase.
    """

    match: Match
    phrase: bytes
    inside: int = 0
    across: int = 0


def find_banned_words(words: Words, bans: BanList) -> list[BannedWord]:
    """The words with a banned phrase, in their order. A `fragment_of` phrase counts as a phrase here."""
    phrases = _phrase_list(bans)
    data = words.keys.tobytes()
    found = []
    for start, stop, count in zip(
        words.starts.tolist(), words.stops.tolist(), words.counts.tolist(), strict=True
    ):
        word = data[start:stop]
        places = _phrases(word, phrases)
        if places:
            found.append(BannedWord(word, count, places))
    return found


def find_sightings(banned_words: Sequence[BannedWord], tokens: Collection[bytes]) -> dict[bytes, Sighting]:
    """The tokens that stand inside a banned phrase or stick out of one, in order of sight.

    What only touches a phrase is a word of its own, and no part of it.

    Left out are single characters, which are never banned, and tokens shorter than `HEAD` bytes.
    """
    by_head: dict[bytes, list[bytes]] = {}
    for token in tokens:
        if len(token) >= HEAD and not is_single_character(token):
            by_head.setdefault(token[:HEAD], []).append(token)
    sightings: dict[bytes, Sighting] = {}
    for banned in banned_words:
        for start in range(len(banned.word) - HEAD + 1):
            for token in by_head.get(banned.word[start : start + HEAD], ()):
                if banned.word.startswith(token, start):
                    _see(sightings, token, banned, start, start + len(token))
    return sightings


def _phrase_list(bans: BanList) -> BanList:
    entries = [
        replace(entry, kind="contains") if entry.kind == "fragment_of" else entry for entry in bans.entries
    ]
    return BanList(entries, bans.allows)


def _phrases(word: bytes, bans: BanList) -> tuple[Phrase, ...]:
    text = word.decode("utf-8", errors="replace")
    hits = bans.find(text)
    if not hits or "\ufffd" in text:  # bytes that are no text hold no phrase
        return ()
    offsets = [0, *accumulate(len(character.encode()) for character in text)]
    return tuple(Phrase(offsets[hit.start], offsets[hit.end], hit.match) for hit in hits)


def _see(sightings: dict[bytes, Sighting], token: bytes, banned: BannedWord, start: int, end: int) -> None:
    """Count one occurrence that shares bytes with a phrase; one that holds it all goes before others."""
    around = next((each for each in banned.phrases if each.start <= start and end <= each.end), None)
    crossed = next((each for each in banned.phrases if start < each.end and end > each.start), None)
    near = around or crossed
    if near is None:
        return
    phrase = banned.word[near.start : near.end]
    sighting = sightings.setdefault(token, Sighting(near.match, phrase))
    if around is not None:
        sighting.inside += banned.count
    else:
        sighting.across += banned.count
