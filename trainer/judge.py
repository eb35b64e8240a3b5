"""Why a merge is refused: a ban list says so, or it would spell a special token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from banlists.entries import Match
from corpora.errors import WrongCall
from trainer.byte_alphabet import to_mapped

SPECIAL_TOKEN = "special-token"


class Bans(Protocol):
    """What training needs of `banlists.banlist.BanList`; the answer depends on the bytes only."""

    def refuse(self, left: bytes, right: bytes) -> Match | None:
        """Why two tokens must not be merged, or None."""

    def match(self, token: bytes) -> Match | None:
        """Why a token is banned, or None."""

    def refused(self, pairs: Sequence[tuple[bytes, bytes]]) -> list[bool]:
        """Which of many pairs must not be merged."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why one merge was refused: the entry of a ban list, or `special-token`."""

    entry: str
    list_id: str | None
    category: str | None
    text: str


class Judge:
    """Says which merges are refused, and why.

    A merge that spells a special token, in bytes or in the byte alphabet that `tokenizer.json` is
    written in, is refused, because libraries give such a token different ids.
    """

    def __init__(self, bans: Bans | None, special_tokens: Sequence[str]) -> None:
        self._bans = bans
        self._special_tokens = frozenset(special_tokens)
        self._special_bytes = frozenset(text.encode() for text in special_tokens)

    def __call__(self, left: bytes, right: bytes) -> Reason | None:
        """Why two tokens must not be merged, or None."""
        if self._spells_special_token(left + right):
            return Reason(SPECIAL_TOKEN, None, None, "would spell a special token")
        match = None if self._bans is None else self._bans.refuse(left, right)
        return None if match is None else Reason(match.entry, match.list_id, match.category, match.reason)

    def refused(self, pairs: Sequence[tuple[bytes, bytes]]) -> list[bool]:
        """Which of many pairs must not be merged: much faster than asking for each."""
        refused = [False] * len(pairs) if self._bans is None else self._bans.refused(pairs)
        if not self._special_tokens:
            return refused
        return [
            banned or self._spells_special_token(left + right)
            for banned, (left, right) in zip(refused, pairs, strict=True)
        ]

    def _spells_special_token(self, token: bytes) -> bool:
        if not self._special_tokens:
            return False
        return token in self._special_bytes or to_mapped(token) in self._special_tokens


def make_judge(bans: Bans | None, special_tokens: Sequence[str]) -> Judge | None:
    """The judge of a training; None when nothing can be refused."""
    return None if bans is None and not special_tokens else Judge(bans, special_tokens)


def check_special_tokens(special_tokens: Sequence[str], bans: Bans | None) -> None:
    """Raise WrongCall for a special token that is empty, given twice, one byte long, or banned."""
    seen: set[str] = set()
    for text in special_tokens:
        if not text or text in seen:
            raise WrongCall(f"special token {text!r} is {'given twice' if text else 'empty'}")
        seen.add(text)
        if len(text) == 1:
            raise WrongCall(f"special token {text!r} is a single character", hint="choose a longer one")
        match = bans.match(text.encode()) if bans is not None else None
        if match is not None:
            raise WrongCall(
                f"special token {text!r} is banned by {match.entry}: {match.reason}",
                hint="special tokens are matched before any merge; choose another text",
            )
