"""Fold a text and remember, for each folded character, where it came from."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

from banlists.fold import fold_text


def fold_with_positions(text: str, variants: frozenset[str]) -> tuple[str, Sequence[int]]:
    """The folded text, ends kept, and for each of its characters the index in `text`.

    Characters are folded with the marks that follow them, so that NFKC sees whole clusters.
    """
    pieces: list[str] = []
    positions: list[int] = []
    for start, cluster in _clusters(text):
        folded = fold_text(cluster, variants)
        pieces.append(folded)
        positions.extend([start] * (len(folded) - 1))
        if folded:
            positions.append(start + len(cluster) - 1)
    return "".join(pieces), positions


def _clusters(text: str) -> Iterator[tuple[int, str]]:
    start = 0
    for index in range(1, len(text) + 1):
        if index == len(text) or not _continues(text[index]):
            if text[start:index]:
                yield start, text[start:index]
            start = index


def _continues(character: str) -> bool:
    # Combining marks, and the conjoining Hangul vowels and finals that NFKC composes.
    return unicodedata.category(character).startswith("M") or "\u1160" <= character <= "\u11ff"
