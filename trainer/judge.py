"""Why a merge is refused: a ban list says so, or it would spell a special token."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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


@dataclass(frozen=True, slots=True)
class Reason:
    """Why one merge was refused: the entry of a ban list, or `special-token`."""

    entry: str
    list_id: str | None
    category: str | None
    text: str


Judge = Callable[[bytes, bytes], Reason | None]


def make_judge(bans: Bans | None, special_tokens: Sequence[str]) -> Judge | None:
    """The function that says why a merge is refused; None when nothing can be.

    A merge that spells a special token, in bytes or in the byte alphabet that `tokenizer.json` is
    written in, is refused, because libraries give such a token different ids.
    """
    if bans is None and not special_tokens:
        return None
    specials = frozenset(special_tokens)
    reserved = frozenset(text.encode() for text in special_tokens)

    def judge(left: bytes, right: bytes) -> Reason | None:
        token = left + right
        if token in reserved or (specials and to_mapped(token) in specials):
            return Reason(SPECIAL_TOKEN, None, None, "would spell a special token")
        match = bans.refuse(left, right) if bans is not None else None
        return None if match is None else Reason(match.entry, match.list_id, match.category, match.reason)

    return judge


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
