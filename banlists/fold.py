"""The one written definition of `fold`: what is left of a token when its disguises are taken off."""

from __future__ import annotations

import re
import unicodedata

from banlists.han import TRADITIONAL, to_simplified

# Each name is one disguise; a group that lists `variants` sees through only those. All by default.
VARIANTS = ("space", "joiner", "zero-width", "width", "case", "hans-hant")
ALL_VARIANTS = frozenset(VARIANTS)

_BROKEN = "\ufffd"  # stands for the bytes that are no whole character
# Characters that take no room on the page, first and last of each run: soft hyphen, joiners, bidi controls,
# variation selectors, byte order marks, Hangul fillers (most of Unicode's Default_Ignorable_Code_Point).
_ZERO_WIDTH_RUNS = (
    (0x00AD, 0x00AD), (0x034F, 0x034F), (0x061C, 0x061C), (0x115F, 0x1160), (0x17B4, 0x17B5),
    (0x180B, 0x180F), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164),
    (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
)  # fmt: skip
_ZERO_WIDTH = re.compile(f"[{''.join(f'{chr(first)}-{chr(last)}' for first, last in _ZERO_WIDTH_RUNS)}]")
_REMOVED = frozenset(chr(point) for first, last in _ZERO_WIDTH_RUNS for point in range(first, last + 1))
_UNSTABLE = _REMOVED | TRADITIONAL
_MAX_ROUNDS = 4  # folding twice changes nothing in practice; the bound keeps the loop honest


def fold(token: bytes, variants: frozenset[str] = ALL_VARIANTS) -> str:
    """Fold a token's bytes.

    1. Decode UTF-8; bytes that are no whole character become U+FFFD, which no pattern contains.
    2. Drop zero-width characters (`zero-width`), apply NFKC (`width`), case folding (`case`), and
       traditional → simplified Chinese (`hans-hant`), until nothing changes.
    3. Strip white space (`space`), and punctuation, symbols and loose marks (`joiner`), and broken
       bytes (always) from both ends.

    Folding is idempotent: ``fold(fold(t).encode()) == fold(t)``.
    """
    return strip_edges(fold_text(token.decode("utf-8", errors="replace"), variants), variants)


def fold_text(text: str, variants: frozenset[str] = ALL_VARIANTS) -> str:
    """Step 2 of `fold` alone, for text whose ends must stay."""
    if text.isascii():
        return text.lower() if "case" in variants else text
    for _ in range(_MAX_ROUNDS):
        folded = _fold_once(text, variants)
        if folded == text:
            break
        text = folded
    return text


def strip_edges(text: str, variants: frozenset[str] = ALL_VARIANTS) -> str:
    """Step 3 of `fold` alone."""
    start, end = 0, len(text)
    if text[:1].isalnum() and text[-1].isalnum():  # the usual case: nothing to strip
        return text
    while start < end and _is_edge(text[start], variants, leading=True):
        start += 1
    while end > start and _is_edge(text[end - 1], variants, leading=False):
        end -= 1
    return text[start:end]


def is_plain(text: str, lowered: str) -> bool:
    """Whether folding `text` does nothing but, at most, case-fold it to `lowered`, whatever the variants."""
    if lowered != text and not (lowered.casefold() == lowered and _is_stable(lowered)):
        return False
    return _is_stable(text)


def _is_stable(text: str) -> bool:
    return unicodedata.is_normalized("NFKC", text) and _UNSTABLE.isdisjoint(text)


def _fold_once(text: str, variants: frozenset[str]) -> str:
    if "zero-width" in variants:
        text = _ZERO_WIDTH.sub("", text)
    if "width" in variants:
        text = unicodedata.normalize("NFKC", text)
    if "case" in variants:
        text = text.casefold()
    if "hans-hant" in variants:
        text = to_simplified(text)
    return text


def _is_edge(character: str, variants: frozenset[str], *, leading: bool) -> bool:
    if character == _BROKEN:
        return True
    if character.isalnum():
        return False
    if character.isspace():
        return "space" in variants
    if "joiner" not in variants:
        return False
    # A mark after a letter belongs to it (Thai, Hindi); a mark before any letter is left over.
    return leading or not unicodedata.category(character).startswith("M")
