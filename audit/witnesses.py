"""Texts that may produce a token: with neighbours around it, with its cut characters completed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from math import isqrt

from audit.token_text import TokenText, Utf8Class

# Neighbours that change how the published patterns cut: letters of both cases, spaces, newlines, digits,
# punctuation, contractions in both cases, a caseless letter, and a sign too rare to be merged with anything.
# fmt: off
_BEFORE = (
    "", "a", "A", " ", "x ", "\n", ".", "1", "s", "“", "(", "/", "'", "é", "中", "aA", "Aa", " a", " A",
    "☃", " ☃",
)
_AFTER = (
    "", "s", "S", "a", "A", "t", "T", "e", "E", "l", "é", "中", "1", " ", " x", "\n", "\n\n", "\r\n",
    ".", ",", "/", "//", "'", ")", "?", "!", "aA", "Aa", "re", "RE",
    "'s", "'S", "'t", "'T", "'re", "'RE", "'ll", "'LL", "'d", "'D", "'m", "'M", "'ve", "'VE", "☃",
)
# fmt: on
_TRIES = 600  # texts tried for one cut token
_SURROGATES = range(0xD800, 0xE000)
_LAST_POINT = 0x10FFFF
_FIRST_POINTS = {2: 0x80, 3: 0x800, 4: 0x10000}  # the lowest code point of each length in UTF-8


def contexts(text: str) -> Iterator[str]:
    """`text` with neighbours before and after, nearest first."""
    for before, after in sorted(product(_BEFORE, _AFTER), key=lambda pair: len(pair[0]) + len(pair[1])):
        yield before + text + after


def fragment_contexts(token: TokenText) -> Iterator[str]:
    """Texts in which the cut characters of `token` are completed with characters that fit.

    Characters near the token's own come first: they share its script.
    """
    near = _script_start(token)
    if token.utf8 is Utf8Class.INSIDE:
        pairs = [("", character) for character in _around(token.bytes, near)]
    else:
        heads = _nearest(_ending(token.head), near) if token.head else [""]
        tails = _nearest(_starting(token.tail), near) if token.tail else [""]
        side = _TRIES if not (token.head and token.tail) else isqrt(_TRIES)
        pairs = list(product(heads[:side], tails[:side]))
    neighbours = ("", token.text[:1] or "a", "a", "中")
    for before, after in product(neighbours, repeat=2):
        yield from (before + head + token.text + tail + after for head, tail in pairs)


def _script_start(token: TokenText) -> int:
    """A code point near which the token's cut characters probably lie."""
    if token.text:
        return ord(token.text[0])
    return _starting(token.tail)[0] if token.tail and token.utf8 is not Utf8Class.INSIDE else 0


def _around(part: bytes, near: int) -> list[str]:
    """Characters that hold `part` inside their UTF-8 bytes."""
    if part[0] >= 0xC0:
        return _nearest(_starting(part), near)
    ending = _nearest(_ending(part), near)
    middle = [point for tail in (0x80, 0xBF) for point in _ending(part + bytes([tail]))]
    return ending + _nearest(middle, near)


def _starting(part: bytes) -> list[int]:
    """Code points whose UTF-8 starts with `part`: a lead byte and perhaps continuation bytes."""
    length = 2 if part[0] < 0xE0 else 3 if part[0] < 0xF0 else 4
    value = part[0] & (0x7F >> length)
    for byte in part[1:]:
        value = value << 6 | byte & 0x3F
    missing = 6 * (length - len(part))
    first, last = max(value << missing, _FIRST_POINTS[length]), min((value + 1 << missing) - 1, _LAST_POINT)
    return list(range(first, last + 1))


def _ending(part: bytes) -> list[int]:
    """Code points whose UTF-8 ends with `part`: one to three continuation bytes."""
    if len(part) > 3:
        return []
    value = 0
    for byte in part:
        value = value << 6 | byte & 0x3F
    lowest = _FIRST_POINTS[len(part) + 1]
    return [point for point in range(value, _LAST_POINT + 1, 64 ** len(part)) if point >= lowest]


def _nearest(points: list[int], near: int) -> list[str]:
    ordered = sorted(
        (point for point in points if point not in _SURROGATES), key=lambda p: (abs(p - near), p)
    )
    return [chr(point) for point in ordered[:_TRIES]]
