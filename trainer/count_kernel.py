"""The compiled count of pretokens: an open-addressing table whose keys lie in one byte arena."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from trainer.scan_kernel import Bytes, classify, next_end

Ints = npt.NDArray[np.int64]
Slots = npt.NDArray[np.int32]

# Columns of an entry. The key ends where the next entry's key starts.
HASH, KEY, GROUP, COUNT = 0, 1, 2, 3

# Cells of `state`, which outlives a call so that counting goes on after the table has grown.
DOCUMENT, POSITION, ENTRIES, ARENA_USED = 0, 1, 2, 3

EMPTY = -1
_FNV_OFFSET = -3750763034362895579  # FNV-1a's 64-bit offset basis and prime, as signed integers
_FNV_PRIME = 1099511628211


@njit(cache=True, nogil=True)  # type: ignore[misc]
def count_documents(
    family: int, digits: int, whole_tail: bool, table: Bytes, kinds: Bytes,
    data: Bytes, offsets: Ints, groups: Slots, slots: Slots, entries: Ints, arena: Bytes, state: Ints,
) -> bool:  # fmt: skip
    """Count the pretokens of documents `data[offsets[i]:offsets[i + 1]]`, each in its group.

    Returns False when the table must grow first; call again with the same `state`. `kinds` must be
    as long as the longest document.
    """
    while state[DOCUMENT] < groups.size:
        document = state[DOCUMENT]
        start, stop = offsets[document], offsets[document + 1]
        classify(data, start, stop, table, kinds)
        length = stop - start
        while state[POSITION] < length:
            at = state[POSITION]
            end = next_end(family, digits, whole_tail, data, start, kinds, at, length)
            if not add_key(
                data, start + at, start + end, groups[document], 1, slots, entries, arena, state
            ):
                return False
            state[POSITION] = end
        state[DOCUMENT] += 1
        state[POSITION] = 0
    return True


@njit(cache=True, nogil=True)  # type: ignore[misc]
def add_counts(
    keys: Bytes, offsets: Ints, groups: Slots, counts: Ints,
    slots: Slots, entries: Ints, arena: Bytes, state: Ints,
) -> bool:  # fmt: skip
    """Add counted keys `keys[offsets[i]:offsets[i + 1]]`; False when the table must grow first."""
    while state[DOCUMENT] < groups.size:
        row = state[DOCUMENT]
        if not add_key(
            keys, offsets[row], offsets[row + 1], groups[row], counts[row], slots, entries, arena, state
        ):
            return False
        state[DOCUMENT] += 1
    return True


@njit(cache=True, nogil=True)  # type: ignore[misc]
def add_key(
    data: Bytes, start: int, stop: int, group: int, count: int,
    slots: Slots, entries: Ints, arena: Bytes, state: Ints,
) -> bool:  # fmt: skip
    """Add `count` to the key `data[start:stop]` of `group`; False when there is no room for a new key."""
    key_hash = _hash(data, start, stop, group)
    slot = _first_slot(key_hash, slots.size)
    while slots[slot] != EMPTY:
        entry = slots[slot]
        if entries[entry, HASH] == key_hash and _same(data, start, stop, group, entry, entries, arena):
            entries[entry, COUNT] += count
            return True
        slot = (slot + 1) & (slots.size - 1)
    entry, used = state[ENTRIES], state[ARENA_USED]
    if 2 * (entry + 1) > slots.size or used + (stop - start) > arena.size:
        return False
    for place in range(stop - start):
        arena[used + place] = data[start + place]
    entries[entry, HASH] = key_hash
    entries[entry, KEY] = used
    entries[entry, GROUP] = group
    entries[entry, COUNT] = count
    entries[entry + 1, KEY] = used + (stop - start)
    slots[slot] = entry
    state[ENTRIES] = entry + 1
    state[ARENA_USED] = used + (stop - start)
    return True


@njit(cache=True, nogil=True)  # type: ignore[misc]
def fill_slots(slots: Slots, entries: Ints, size: int) -> None:
    """Point empty `slots` (a power of two of them) at the first `size` entries."""
    for entry in range(size):
        slot = _first_slot(entries[entry, HASH], slots.size)
        while slots[slot] != EMPTY:
            slot = (slot + 1) & (slots.size - 1)
        slots[slot] = entry


@njit(cache=True, nogil=True)  # type: ignore[misc]
def _hash(data: Bytes, start: int, stop: int, group: int) -> int:
    """FNV-1a over the group and the bytes, in wrapping signed 64-bit arithmetic."""
    value = (_FNV_OFFSET ^ group) * _FNV_PRIME
    for place in range(start, stop):
        value = (value ^ np.int64(data[place])) * _FNV_PRIME
    return value


@njit(cache=True, nogil=True)  # type: ignore[misc]
def _first_slot(key_hash: int, slots: int) -> int:
    """Where to look first; the high bits are folded in, because FNV's low bits mix least."""
    return (key_hash ^ (key_hash >> 32)) & (slots - 1)


@njit(cache=True, nogil=True)  # type: ignore[misc]
def _same(data: Bytes, start: int, stop: int, group: int, entry: int, entries: Ints, arena: Bytes) -> bool:
    """Whether an entry's key is `data[start:stop]` of `group`."""
    key = entries[entry, KEY]
    if entries[entry, GROUP] != group or entries[entry + 1, KEY] - key != stop - start:
        return False
    for place in range(stop - start):
        if arena[key + place] != data[start + place]:
            return False
    return True
