"""A quick and safe "no": most tokens share no two characters in a row with any pattern of a list."""

from __future__ import annotations

from collections.abc import Iterable
from operator import add

from banlists.fold import is_plain


class Prefilter:
    """What the folded patterns of a list begin with: two characters, or all of a shorter pattern."""

    def __init__(self, literals: Iterable[str]) -> None:
        starts = {literal[:2] for literal in literals}
        self._pairs = frozenset(start for start in starts if len(start) == 2)
        self._singles = frozenset(start for start in starts if len(start) == 1)
        self._ascii_pairs = frozenset(start.lower() for start in self._pairs if start.isascii())
        self._ascii_singles = frozenset(start.lower() for start in self._singles if start.isascii())

    def rules_out(self, text: str) -> bool:
        """Whether no pattern can stand in any folded form of `text`; False when that is not known.

        ASCII text folds to a part of itself, perhaps in lower case, whatever the variants: compared
        in lower case, nothing is missed. Text without disguises folds to a part of itself or of its
        case-folded form.
        """
        if text.isascii():
            lowered = text.lower()
            pairs = map(add, lowered, lowered[1:])
            return self._ascii_pairs.isdisjoint(pairs) and self._ascii_singles.isdisjoint(lowered)
        lowered = text.casefold()
        return (
            self._begins_nowhere(text)
            and (lowered == text or self._begins_nowhere(lowered))
            and is_plain(text, lowered)
        )

    def _begins_nowhere(self, text: str) -> bool:
        return self._pairs.isdisjoint(map(add, text, text[1:])) and self._singles.isdisjoint(text)
