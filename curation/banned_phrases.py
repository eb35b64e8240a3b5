"""Phrases of ban lists in texts: how much of a text they are, and which entries hit."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from banlists.banlist import BanList
from banlists.entries import TextHit
from banlists.lists import load_ban_lists
from curation.counting import Column
from curation.cutting import merge_spans

_SHORT = 100  # characters: shares of shorter texts are taken of so many, or one word decides


@lru_cache(maxsize=4)
def _load(names: tuple[str, ...]) -> BanList:
    return load_ban_lists(names)


def find_banned(text: str, lists: tuple[str, ...]) -> list[TextHit]:
    """The phrases of the lists in a text, by position. Raises WrongCall for an unknown list."""
    return _load(lists).find(text)


def ban_shares(texts: Sequence[str], lists: tuple[str, ...]) -> Column:
    """The share of every text's characters inside banned phrases, 0 to 1, shape (texts,)."""
    return np.array([_share(text, lists) for text in texts], dtype=np.float64)


def _share(text: str, lists: tuple[str, ...]) -> float:
    spans = merge_spans((hit.start, hit.end) for hit in find_banned(text, lists))
    return sum(end - start for start, end in spans) / max(_SHORT, len(text))
