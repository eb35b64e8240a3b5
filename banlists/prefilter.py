"""A quick and safe "no": most tokens hold nothing that any pattern of a list must hold."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate

import ahocorasick_rs

from banlists.fold import is_plain

_BETWEEN = "\0"  # stands between texts that are searched together


class Prefilter:
    """The folded texts of which a list's patterns must find one, searched for all at once."""

    def __init__(self, literals: Iterable[str]) -> None:
        distinct = sorted(set(literals))
        lowered = sorted({literal.lower() for literal in distinct if literal.isascii()})
        self._literals = ahocorasick_rs.AhoCorasick(distinct)
        self._ascii_literals = ahocorasick_rs.AhoCorasick(lowered)

    def rules_out(self, text: str) -> bool:
        """Whether no literal can stand in any folded form of `text`; False when that is not known.

        ASCII text folds to a part of itself, perhaps in lower case, whatever the variants: compared
        in lower case, nothing is missed. Text without disguises folds to a part of itself or of its
        case-folded form.
        """
        if text.isascii():
            return not self._ascii_literals.find_matches_as_indexes(text.lower())
        lowered = text.casefold()
        try:
            found = self._literals.find_matches_as_indexes(text)
            if not found and lowered != text:
                found = self._literals.find_matches_as_indexes(lowered)
        except UnicodeEncodeError:  # a lone surrogate
            return False
        return not found and is_plain(text, lowered)

    def suspected(self, texts: Sequence[str]) -> set[int]:
        """Which of many short texts, without lone surrogates, are not ruled out: their places."""
        lowered = [text.casefold() for text in texts]
        disguised = {
            place
            for place, text in enumerate(texts)
            if not text.isascii() and not is_plain(text, lowered[place])
        }
        return disguised | self._found_in(texts) | self._found_in(lowered)

    def _found_in(self, texts: Sequence[str]) -> set[int]:
        """The numbers of the texts that hold a literal, or a part of one that runs on into the next."""
        matches = self._literals.find_matches_as_indexes(_BETWEEN.join(texts))
        found = set[int]()
        if matches:
            starts = [0, *accumulate(len(text) + len(_BETWEEN) for text in texts)]
            for _, start, end in matches:
                found.update(range(bisect_right(starts, start) - 1, bisect_right(starts, end - 1)))
        return found
