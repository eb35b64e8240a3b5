"""Ban rounds: ban the pieces and neighbours of banned phrases that a training learned, and train again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import msgspec

from banlists.banlist import BanList
from banlists.ordinary_words import is_ordinary_word
from corpora.errors import WrongCall
from trainer.banned_places import BannedWord, Sighting, find_banned_words, find_sightings
from trainer.substring_counts import count_substrings
from trainer.words import Words

DEFAULT_SHARE = 0.95  # see "Ban rounds" in docs/training.md for what other values do
FRAGMENT, NEIGHBOUR = "fragment", "neighbour"


@dataclass(frozen=True, slots=True)
class BanRounds:
    """How often to train again at most, and which share of a token's occurrences must be near bans."""

    most: int
    share: float = DEFAULT_SHARE

    def check(self, bans: BanList) -> None:
        """Raise WrongCall when there is nothing to start from, or the share is none."""
        if not bans.entries:
            raise WrongCall("--ban-rounds needs a ban list to start from", hint="--ban core")
        if not 0.5 < self.share <= 1.0:
            raise WrongCall("--ban-share must be above 0.5 and at most 1")


class Addition(msgspec.Struct, frozen=True):
    """One token that a round added to the bans, as `ban_rounds.jsonl` has it.

    `token` is in hex, `text` for eyes. Of its `occurrences` in the corpus, `inside` lie in a banned
    phrase and `across` stick out of one; `share` is both together. `phrase` is one of those phrases
    (for eyes), banned by `entry`.
    """

    round: int
    why: str
    token: str
    text: str
    phrase: str
    entry: str
    category: str
    inside: int
    across: int
    occurrences: int
    share: float


@dataclass(frozen=True, slots=True)
class Scan:
    """What one look at a trained vocabulary found: tokens to ban, and those that the guard kept."""

    additions: tuple[Addition, ...]
    kept: tuple[bytes, ...]


class PhraseScanner:
    """The corpus's words with banned phrases, found once; asked after every round."""

    def __init__(self, words: Words, bans: BanList, rounds: BanRounds) -> None:
        self._words = words
        self._rounds = rounds
        # Only the lists that were given make phrases: the rounds' own additions never do, so that the
        # bans cannot drift from neighbour to neighbour.
        self._banned_words: Sequence[BannedWord] = find_banned_words(words, bans)
        self._totals: dict[bytes, int] = {}

    def scan(self, round_number: int, tokens: Collection[bytes]) -> Scan:
        """The learned tokens that (nearly) only banned phrases need, most frequent first.

        An ordinary word stays, however much of the corpus's spam is made of it.
        """
        sightings = find_sightings(self._banned_words, tokens)
        self._count(sightings)
        found = [
            (_addition(round_number, token, sighting, self._totals[token]), token)
            for token, sighting in sightings.items()
        ]
        found.sort(key=lambda item: (-item[0].occurrences, item[1]))
        guilty = {
            token for each, token in found
            if each.share >= self._rounds.share and not is_ordinary_word(token)
        }  # fmt: skip
        return Scan(
            tuple(each for each, token in found if token in guilty),
            tuple(token for _, token in found if token not in guilty),
        )

    def _count(self, tokens: Iterable[bytes]) -> None:
        fresh = [token for token in tokens if token not in self._totals]
        self._totals.update(zip(fresh, count_substrings(self._words, fresh), strict=True))


def _addition(round_number: int, token: bytes, sighting: Sighting, occurrences: int) -> Addition:
    from corpora.display import show_bytes

    near = sighting.inside + sighting.across
    return Addition(
        round=round_number,
        why=FRAGMENT if sighting.inside >= sighting.across else NEIGHBOUR,
        token=token.hex(),
        text=show_bytes(token),
        phrase=show_bytes(sighting.phrase),
        entry=sighting.match.entry,
        category=sighting.match.category,
        inside=sighting.inside,
        across=sighting.across,
        occurrences=occurrences,
        share=round(near / occurrences, 6),
    )
