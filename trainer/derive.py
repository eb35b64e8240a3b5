"""From ranks to the minimal merge list: for every token, the one merge that ever makes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Merge = tuple[int, int, int]  # left id, right id, id of the token they make

_NEVER = 1 << 62  # a priority that no token has: this pair makes no token


@dataclass(frozen=True, slots=True)
class Derivation:
    """One rule for every merge-reachable token, in rank order, and the ids of the tokens without one.

    An orphan is a token of several bytes that merging alone never makes: a rank encoder emits it
    only when it is a whole pre-token.
    """

    merges: tuple[Merge, ...]
    orphans: tuple[int, ...]


def derive_merges(tokens: Mapping[int, bytes]) -> Derivation:
    """The minimal merge list that encodes as the ranks do; `tokens` maps rank to bytes.

    When a token is emitted for a span of text, no merge ever crossed the span's borders, so the
    span was merged exactly as if it stood alone. The last merge of the token encoded alone is thus
    the only merge that ever makes it. All ranks take part, not only the lower ones: in an edited
    vocabulary a part may have a higher rank than the whole.
    """
    ranks = {token: rank for rank, token in tokens.items()}
    merges: list[Merge] = []
    orphans: list[int] = []
    for rank in sorted(tokens):
        if len(tokens[rank]) == 1:
            continue
        pair = last_pair(tokens[rank], ranks)
        if pair is None:
            orphans.append(rank)
        else:
            merges.append((*pair, rank))
    return Derivation(tuple(merges), tuple(orphans))


def last_pair(token: bytes, ranks: Mapping[bytes, int]) -> tuple[int, int] | None:
    """The ranks of the two parts whose merge would make `token`, two bytes at least; None if none would.

    The token itself need not be in `ranks`.
    """
    split = _last_split(token, ranks)
    left, right = ranks.get(token[:split]), ranks.get(token[split:])
    return None if split == 0 or left is None or right is None else (left, right)


def _last_split(token: bytes, ranks: Mapping[bytes, int]) -> int:
    """Where the token's last two parts meet, as a byte offset; 0 when merging stops before that."""
    if len(token) == 2:
        return 1
    find = ranks.get
    borders = list(range(len(token) + 1))
    priorities = [find(token[start : start + 2], _NEVER) for start in range(len(token) - 1)]
    while len(borders) > 3:
        best = min(priorities)
        if best == _NEVER:
            return 0
        place = priorities.index(best)  # the leftmost of equal pairs, as every encoder does
        del borders[place + 1], priorities[place]
        if place < len(priorities):
            priorities[place] = find(token[borders[place] : borders[place + 2]], _NEVER)
        if place:
            priorities[place - 1] = find(token[borders[place - 1] : borders[place + 1]], _NEVER)
    return borders[1]
