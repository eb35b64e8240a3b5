"""How a token's bytes would be written without it: with as few banned and as few other tokens as can be."""

from __future__ import annotations

from collections.abc import Callable, Mapping

_NONE = (1 << 30, 1 << 30)


def cleanest_replacement(
    token: bytes, ids_of: Mapping[bytes, int], banned: Callable[[bytes], bool]
) -> tuple[int, ...]:
    """Ids of other tokens that spell `token`: fewest banned ones, then fewest, then the longest first.

    Empty for a single byte, and when bytes are missing. O(n²) look-ups for n bytes.
    """
    size = len(token)
    best: list[tuple[int, int]] = [_NONE] * size + [(0, 0)]
    following = [0] * size
    for start in range(size - 1, -1, -1):
        for stop in range(size, start, -1):
            piece = token[start:stop]
            if stop - start == size or piece not in ids_of or best[stop] == _NONE:
                continue
            cost = (best[stop][0] + banned(piece), best[stop][1] + 1)
            if cost < best[start]:
                best[start], following[start] = cost, stop
    return _pieces(token, ids_of, following) if size > 1 and best[0] != _NONE else ()


def _pieces(token: bytes, ids_of: Mapping[bytes, int], following: list[int]) -> tuple[int, ...]:
    ids, start = [], 0
    while start < len(token):
        ids.append(ids_of[token[start : following[start]]])
        start = following[start]
    return tuple(ids)
