"""Clean word frequencies of a language, and the best reading of a text as a row of its words."""

from __future__ import annotations

import gzip
import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from pathlib import Path

import msgspec
import wordfreq

from corpora.errors import WinnowError

_CHINESE = "zh"
_MORE_WORDS = Path(__file__).parent / "data" / "words.toml"
_LONGEST_WORD = 12  # longer entries (0.01 % of the lists) are whole phrases


@dataclass(frozen=True)
class Lexicon:
    """One language's words with log10 of their share of running text.

    From wordfreq 3.1 (Speer 2022; text up to 2021, before models wrote web pages) and
    `audit/data/words.toml`. Chinese is folded to simplified characters, as its list is.
    """

    language: str
    words: Mapping[str, float]

    @cached_property
    def longest(self) -> int:
        """The length of the longest word, in characters, at most 12."""
        return min(max(map(len, self.words), default=0), _LONGEST_WORD)

    @cached_property
    def characters(self) -> Mapping[str, float]:
        """How often each character occurs in one running word, on average."""
        return self._mass(1)

    @cached_property
    def pairs(self) -> Mapping[str, float]:
        """How often two characters stand side by side in one running word, on average."""
        return self._mass(2)

    def _mass(self, length: int) -> Mapping[str, float]:
        mass: dict[str, float] = defaultdict(float)
        for word, log_share in self.words.items():
            for place in range(len(word) - length + 1):
                mass[word[place : place + length]] += 10**log_share
        return mass

    def fold(self, text: str) -> str:
        """`text` in the spelling of this lexicon: lower case, and simplified characters for Chinese."""
        lowered = text.lower()
        return lowered.translate(_simplified()) if self.language == _CHINESE else lowered


@cache
def load_lexicon(language: str) -> Lexicon:
    """The largest word list that wordfreq has for a language code, for example `zh`, and what it lacks.

    Raises WinnowError when `audit/data/words.toml` is damaged.
    """
    bins = wordfreq.get_frequency_list(language, "best")
    # Bin n holds the words with a share of 10 ** (-n / 100): the cBpack format.
    words = {word: -number / 100 for number, bin_ in enumerate(bins) for word in bin_}
    more = _more_words()
    return Lexicon(language, {**dict.fromkeys(more.words.get(language, ()), more.log_share), **words})


class _MoreWords(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`audit/data/words.toml`: clean words by language, each with the same log10 share."""

    schema: int
    log_share: float
    words: dict[str, tuple[str, ...]]


@cache
def _more_words() -> _MoreWords:
    try:
        return msgspec.toml.decode(_MORE_WORDS.read_bytes(), type=_MoreWords)
    except (OSError, msgspec.ValidationError, msgspec.DecodeError) as error:
        raise WinnowError(f"cannot be read: {error}", where=_MORE_WORDS.name) from error


@dataclass(frozen=True, slots=True)
class Explanation:
    """A text as words of one language, and log10 of the probability of drawing those words in a row."""

    language: str
    words: tuple[str, ...]
    log_share: float


# log10 share of a character that no word covers: rarer than the rarest words of the lists (-8.3).
UNKNOWN_CHARACTER = -9.0


def explain(text: str, lexicon: Lexicon) -> Explanation:
    """The most probable way to write `text` as words of the lexicon (unigram model, Viterbi)."""
    folded = lexicon.fold(text)
    best = [0.0] + [-math.inf] * len(folded)
    came_from = [0] * (len(folded) + 1)
    for start in range(len(folded)):
        for stop in range(start + 1, min(len(folded), start + lexicon.longest) + 1):
            share = lexicon.words.get(
                folded[start:stop], UNKNOWN_CHARACTER if stop == start + 1 else -math.inf
            )
            if best[start] + share > best[stop]:
                best[stop], came_from[stop] = best[start] + share, start
    return Explanation(lexicon.language, _words(folded, came_from), best[-1])


def _words(text: str, came_from: list[int]) -> tuple[str, ...]:
    words: list[str] = []
    stop = len(text)
    while stop:
        words.append(text[came_from[stop] : stop])
        stop = came_from[stop]
    return tuple(reversed(words))


@cache
def _simplified() -> Mapping[int, str]:
    """wordfreq's table from traditional to simplified characters, with which its Chinese list was made."""
    packed = (files("wordfreq") / "data" / "_chinese_mapping.msgpack.gz").read_bytes()
    table: dict[int, str] = msgspec.msgpack.decode(gzip.decompress(packed), type=dict[int, str])
    return table
