"""Candidate texts around a token: neighbours that may make a pretoken whole, characters that complete cut ones."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import product

from audit.token_text import TokenText, Utf8Class
from corpora.unicode_classes import UNASSIGNED, class_table

# Neighbours that change how the published patterns cut: letters of both cases, spaces, newlines, digits,
# punctuation, contractions in both cases, and a caseless letter.
_BEFORE = ("", "a", "A", " ", "x ", "\n", ".", "1", "s", "“", "(", "/", "'", "é", "中", "aA", "Aa", " a", " A")
_AFTER = (
    "", "s", "S", "a", "A", " ", " x", "\n", "\n\n", "1", ".", ",", "/", "//", "'", "'s", "'S", "'t", "'T", "'re",
    "'RE", "'ll", "'LL", "'d", "'D", "'m", "'M", "'ve", "'VE", "t", "T", "e", "E", "l", "re", "RE", "é", "中", "\r\n",
    "Aa", "aA", ")", "?", "!",
)  # fmt: skip
_TRIES = 3000  # characters tried for one cut token


def contexts(text: str) -> Iterator[str]:
    """`text` with neighbours before and after, nearest first."""
    for before, after in sorted(product(_BEFORE, _AFTER), key=lambda pair: len(pair[0]) + len(pair[1])):
        yield before + text + after


def fragment_contexts(token: TokenText) -> Iterator[str]:
    """Texts in which the cut characters of `token` are completed with characters that fit."""
    if token.utf8 is Utf8Class.INSIDE:
        yield from _spread([character for character in _characters() if token.bytes in character.encode()])
        return
    heads = _completions(token.head, at_end=True) if token.head else [""]
    tails = _completions(token.tail, at_end=False) if token.tail else [""]
    tries = 0
    for head, tail in product(_spread(heads), _spread(tails)):
        yield head + token.text + tail
        tries += 1
        if tries == _TRIES:
            return


def _completions(part: bytes, *, at_end: bool) -> list[str]:
    return list(_by_end(part) if at_end else _by_start(part))


@cache
def _by_start(part: bytes) -> tuple[str, ...]:
    return tuple(c for c in _characters() if c.encode().startswith(part))


@cache
def _by_end(part: bytes) -> tuple[str, ...]:
    return tuple(c for c in _characters() if len(c.encode()) > len(part) and c.encode().endswith(part))


@cache
def _characters() -> tuple[str, ...]:
    """Every assigned character that is not ASCII, by code point."""
    table = class_table()
    points = (point for point in range(0x80, 0x110000) if not 0xD800 <= point < 0xE000)
    return tuple(chr(point) for point in points if not table[point] & UNASSIGNED)


def _spread(candidates: list[str]) -> list[str]:
    """The candidates, spread evenly first: neighbours in Unicode are often equally common."""
    step = max(1, len(candidates) // 40)
    return [candidates[place] for start in range(step) for place in range(start, len(candidates), step)][:_TRIES]
