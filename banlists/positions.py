"""Fold a text and remember, for each folded character, where it came from."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

from banlists.fold import fold_text


def fold_with_positions(text: str, variants: frozenset[str]) -> tuple[str, Sequence[tuple[int, int]]]:
    """The folded text, ends kept, and for each of its characters where in `text` it comes from.

    A place is (start, end), end exclusive. Characters are folded together with the marks that follow
    them, so that NFKC sees whole clusters.
    """
    pieces: list[str] = []
    places: list[tuple[int, int]] = []
    for start, cluster in _clusters(text):
        folded = fold_text(cluster, variants)
        pieces.append(folded)
        places.extend([(start, start + len(cluster))] * len(folded))
    return "".join(pieces), places


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
