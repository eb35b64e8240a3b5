"""The tokens that `ban suggest` looks at: folded, with their writing system and how frequent they are."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from banlists.banlist import BanList
from banlists.entries import Match
from banlists.fold import ALL_VARIANTS, fold

# Writing systems without spaces, where a spam phrase becomes one token; the language whose words
# are expected there (None: no word list is known). First and last code point of each block.
UNSPACED = {
    "ja": (("\u3040", "\u30ff"), ("\uff66", "\uff9f")),
    "ko": (("\uac00", "\ud7a3"),),
    "th": (("\u0e00", "\u0e7f"),),
    "zh": (("\u3400", "\u9fff"), ("\uf900", "\ufaff"), ("\U00020000", "\U0003ffff")),
}
SPACED = "spaced"
_FEWEST_CHARACTERS = {"ja": 3, "ko": 2, "th": 4, "zh": 2, SPACED: 5}
_BYTE_ORDER_MARK = "\ufeff"
_EULER = 0.5772  # the n-th harmonic number is about ln n + this


@dataclass(frozen=True, slots=True)
class Suspect:
    """One token. `text` is folded; `log_share` is log10 of its share of all tokens of a text.

    `name` is its id, or its place in a counts file. `glue` is what stands before the first letter when
    that is no space (`_`, a byte order mark). `listed` is why lists in use already ban it.
    """

    name: int
    token: bytes
    text: str
    language: str
    log_share: float
    glue: str = ""
    listed: Match | None = None


def from_vocabulary(tokens: Mapping[int, bytes], bans: BanList) -> list[Suspect]:
    """The tokens of a vocabulary, by id; a token's share follows from its rank.

    Zipf's law: the r-th of N tokens has the share 1 / (r · H_N), H_N the N-th harmonic number.
    """
    harmonic = math.log(max(len(tokens), 1)) + _EULER
    suspects = (
        _suspect(id_, tokens[id_], -math.log10(rank * harmonic), bans)
        for rank, id_ in enumerate(sorted(tokens), start=1)
    )
    return [suspect for suspect in suspects if suspect is not None]


def from_counts(counts: Iterable[tuple[bytes, int]], total: int, bans: BanList) -> list[Suspect]:
    """Pretokens, most frequent first, with their counts; `total` is the number of all pretokens."""
    suspects = (
        _suspect(place, token, math.log10(count / total), bans)
        for place, (token, count) in enumerate(counts, start=1)
    )
    return [suspect for suspect in suspects if suspect is not None]


def _suspect(name: int, token: bytes, log_share: float, bans: BanList) -> Suspect | None:
    """None for what cannot be suggested: broken characters, no letters, too short."""
    raw = token.decode("utf-8", errors="replace")
    if "\ufffd" in raw:
        return None
    language = _language(raw)
    text = fold(token, ALL_VARIANTS - {"hans-hant"} if language == "ja" else ALL_VARIANTS)
    if len(text) < _FEWEST_CHARACTERS[language] or not any(map(str.isalpha, text)):
        return None
    return Suspect(name, token, text, language, log_share, _glue(raw), bans.match(token))


def _language(text: str) -> str:
    """The first language of `UNSPACED` that the text has a character of: one kana makes it Japanese."""
    for language, blocks in UNSPACED.items():
        if any(first <= character <= last for character in text for first, last in blocks):
            return language
    return SPACED


def _glue(raw: str) -> str:
    """A visible joiner or a byte order mark before the first letter; opening brackets are no joiners."""
    first = raw[:1]
    return first if first in ("_", "＿", "￣", "｜", _BYTE_ORDER_MARK) else ""
