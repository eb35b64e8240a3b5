"""A quick and safe "no": most tokens hold nothing that any pattern of a list begins with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from banlists.fold import is_plain

_LONGEST_HEAD = 4  # characters; longer heads rule out hardly more, and take longer to look up


class _Heads:
    """What patterns begin with: up to four characters each, by their number."""

    def __init__(self, heads: Iterable[str]) -> None:
        by_size: dict[int, set[str]] = {}
        for head in heads:
            by_size.setdefault(len(head), set()).add(head)
        self._by_size = [(size, frozenset(by_size[size])) for size in sorted(by_size, reverse=True)]

    def stand_nowhere(self, text: str) -> bool:
        """Whether no head stands anywhere in the text."""
        return all(heads.isdisjoint(_pieces(text, size)) for size, heads in self._by_size)


class Prefilter:
    """What the folded patterns of a list begin with."""

    def __init__(self, literals: Iterable[str]) -> None:
        heads = {literal[:_LONGEST_HEAD] for literal in literals}
        self._heads = _Heads(heads)
        self._ascii_heads = _Heads({head.lower() for head in heads if head.isascii()})

    def rules_out(self, text: str) -> bool:
        """Whether no pattern can stand in any folded form of `text`; False when that is not known.

        ASCII text folds to a part of itself, perhaps in lower case, whatever the variants: compared
        in lower case, nothing is missed. Text without disguises folds to a part of itself or of its
        case-folded form.
        """
        if text.isascii():
            return self._ascii_heads.stand_nowhere(text.lower())
        lowered = text.casefold()
        return (
            self._heads.stand_nowhere(text)
            and (lowered == text or self._heads.stand_nowhere(lowered))
            and is_plain(text, lowered)
        )


def _pieces(text: str, size: int) -> Iterator[str]:
    """Every `size` characters in a row."""
    return map("".join, zip(*(text[start:] for start in range(size)), strict=False))
