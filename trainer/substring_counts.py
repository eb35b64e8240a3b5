"""How often byte strings occur in a corpus's words: exact, and in one pass for thousands of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from trainer.words import Words

HEAD = 4  # bytes of a string that are looked for first; a string must be this long
_BLOCK = 1 << 22  # positions looked at together: 16 MB of heads
_TABLE_BITS = 20
_GOLDEN = np.uint32(2654435769)  # 2^32 / golden ratio: Knuth's multiplicative hash (TAOCP 6.4)


def count_substrings(words: Words, strings: Sequence[bytes]) -> list[int]:
    """For each string, of `HEAD` bytes or more, its occurrences in all words; overlapping ones count.

    An occurrence in a word that stands n times counts n times.
    """
    by_head: dict[bytes, list[int]] = {}
    for place, string in enumerate(strings):
        by_head.setdefault(string[:HEAD], []).append(place)
    totals = [0] * len(strings)
    order = np.argsort(words.starts, kind="stable")
    starts = words.starts[order]
    data = words.keys.tobytes()
    for position in _positions(words.keys, by_head):
        row = int(np.searchsorted(starts, position, side="right")) - 1
        if row < 0:
            continue
        word = order[row]
        for place in by_head[data[position : position + HEAD]]:
            end = position + len(strings[place])
            if end <= words.stops[word] and data[position:end] == strings[place]:
                totals[place] += int(words.counts[word])
    return totals


def _positions(keys: npt.NDArray[np.uint8], by_head: dict[bytes, list[int]]) -> Iterator[int]:
    """Where one of the heads stands in `keys`, ascending."""
    if not by_head:
        return
    wanted = np.frombuffer(b"".join(by_head), dtype=">u4").astype(np.uint32)
    table = np.zeros(1 << _TABLE_BITS, dtype=np.bool_)
    table[_hash(wanted)] = True
    sorted_heads = np.sort(wanted)
    for first in range(0, keys.size - HEAD + 1, _BLOCK):
        block = keys[first : first + _BLOCK + HEAD - 1].astype(np.uint32)
        heads = (block[:-3] << 24 | block[1:-2] << 16 | block[2:-1] << 8 | block[3:]).astype(np.uint32)
        likely = np.flatnonzero(table[_hash(heads)])
        found = np.searchsorted(sorted_heads, heads[likely]).clip(max=sorted_heads.size - 1)
        yield from (likely[sorted_heads[found] == heads[likely]] + first).tolist()


def _hash(heads: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    return (heads * _GOLDEN) >> np.uint32(32 - _TABLE_BITS)
