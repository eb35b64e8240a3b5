"""A quick and safe "no": most tokens hold nothing that any pattern of a list must hold."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate

import ahocorasick_rs

from banlists.fold import fold_text, is_plain

_BETWEEN = "\0"  # stands between texts that are searched together


class Prefilter:
    """The folded texts of which a list's patterns must find one, searched for all at once.

    `literals` may be in any case: everything is compared case-folded, which misses nothing.
    `variants` are the disguises that the patterns see through, one set for each way of folding.
    """

    def __init__(self, literals: Iterable[str], variants: Iterable[frozenset[str]]) -> None:
        self._literals = ahocorasick_rs.AhoCorasick(sorted({literal.casefold() for literal in literals}))
        self._variants = tuple(variants)

    def rules_out(self, text: str) -> bool:
        """Whether no literal can stand in any folded form of `text`; False when that is not known.

        ASCII text, and text without disguises, folds to a part of itself or of its case-folded form.
        """
        lowered = text.casefold()
        try:
            if self._found(lowered):
                return False
            if text.isascii() or is_plain(text, lowered):
                return True
            return not any(self._found(fold_text(text, each).casefold()) for each in self._variants)
        except UnicodeEncodeError:  # a lone surrogate
            return False

    def suspected(self, texts: Sequence[str]) -> set[int]:
        """Which of many short texts, without lone surrogates, are not ruled out: their places."""
        disguised = {
            place
            for place, text in enumerate(texts)
            if not text.isascii() and not is_plain(text, text.casefold())
        }
        return {place for place in disguised if not self.rules_out(texts[place])} | self._holding(texts)

    def _holding(self, texts: Sequence[str]) -> set[int]:
        """The places of the texts that hold a literal, or a part of one that runs on into the next."""
        matches = self._found(_BETWEEN.join(texts).casefold())
        found = set[int]()
        if matches:
            starts = [0, *accumulate(len(text.casefold()) + len(_BETWEEN) for text in texts)]
            for _, start, end in matches:
                found.update(range(bisect_right(starts, start) - 1, bisect_right(starts, end - 1)))
        return found

    def _found(self, lowered: str) -> list[tuple[int, int, int]]:
        return self._literals.find_matches_as_indexes(lowered)
