"""The compiled count of pretokens: an open-addressing table whose keys lie in one byte arena."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trainer.kernels import kernel, part, signed

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]
Slots = npt.NDArray[np.int32]

# Columns of an entry: `KEY` is where its key starts in the arena, `SHAPE` the key's length and group.
HASH, KEY, SHAPE, COUNT = 0, 1, 2, 3
GROUP_SHIFT = 40  # a key is shorter than 2^40 bytes, and there are fewer than 2^23 groups

# Cells of `state`, which outlives a call so that counting goes on after the table has grown.
ENTRIES, ARENA_USED, SPAN, DOCUMENT, POSITION = 0, 1, 2, 3, 4
STATE_CELLS = 5

EMPTY = -1
_FNV_OFFSET = -3750763034362895579  # FNV-1a's 64-bit offset basis and prime, as signed integers
_FNV_PRIME = 1099511628211


@kernel
def count_spans(
    data: Bytes, offsets: Ints, groups: Slots, ends: Ints,
    slots: Slots, entries: Ints, arena: Bytes, state: Ints,
) -> bool:  # fmt: skip
    """Count pretokens of documents `data[offsets[i]:offsets[i + 1]]`, each in its document's group.

    `ends` goes on where the last block of ends stopped (`state[POSITION]`, in `data`). Returns False
    when the table must grow first; call again with the same `ends` and `state`.
    """
    for place in range(state[SPAN], ends.size):
        start, end = state[POSITION], ends[place]
        while offsets[state[DOCUMENT] + 1] <= start:
            state[DOCUMENT] += 1
        group = groups[state[DOCUMENT]]
        if not _add(data, start, end, group, 1, slots, entries, arena, state):
            state[SPAN] = place
            return False
        state[POSITION] = end
    state[SPAN] = 0
    return True


@kernel
def add_counts(
    keys: Bytes, offsets: Ints, groups: Slots, counts: Ints,
    slots: Slots, entries: Ints, arena: Bytes, state: Ints,
) -> bool:  # fmt: skip
    """Add counted keys `keys[offsets[i]:offsets[i + 1]]`; False when the table must grow first."""
    for row in range(state[SPAN], groups.size):
        start, stop = offsets[row], offsets[row + 1]
        if not _add(keys, start, stop, groups[row], counts[row], slots, entries, arena, state):
            state[SPAN] = row
            return False
    state[SPAN] = 0
    return True


@kernel
def fill_slots(slots: Slots, entries: Ints, size: int) -> None:
    """Point empty `slots` (a power of two of them) at the first `size` entries."""
    for entry in range(size):
        slot = _first_slot(entries[entry, HASH], slots.size)
        while slots[slot] != EMPTY:
            slot = (slot + 1) & (slots.size - 1)
        slots[slot] = entry


@part
def _add(
    data: Bytes, start: int, stop: int, group: int, count: int,
    slots: Slots, entries: Ints, arena: Bytes, state: Ints,
) -> bool:  # fmt: skip
    """Add `count` to the key `data[start:stop]` of `group`; False when there is no room for a new key."""
    shape = (signed(group) << GROUP_SHIFT) | (stop - start)
    key_hash = _hash(data, start, stop, shape)
    slot = _first_slot(key_hash, slots.size)
    while slots[slot] != EMPTY:
        entry = slots[slot]
        if (
            entries[entry, HASH] == key_hash
            and entries[entry, SHAPE] == shape
            and _same(data, start, stop, entries[entry, KEY], arena)
        ):
            entries[entry, COUNT] += count
            return True
        slot = (slot + 1) & (slots.size - 1)
    return _append(data, start, stop, slot, key_hash, shape, count, slots, entries, arena, state)


@part
def _append(
    data: Bytes, start: int, stop: int, slot: int, key_hash: int, shape: int, count: int,
    slots: Slots, entries: Ints, arena: Bytes, state: Ints,
) -> bool:  # fmt: skip
    """Write a new entry at a free slot; False when more than half the slots or the arena would be taken."""
    entry, used = state[ENTRIES], state[ARENA_USED]
    if 2 * (entry + 1) > slots.size or used + (stop - start) > arena.size:
        return False
    for place in range(stop - start):
        arena[used + place] = data[start + place]
    entries[entry, HASH] = key_hash
    entries[entry, KEY] = used
    entries[entry, SHAPE] = shape
    entries[entry, COUNT] = count
    slots[slot] = entry
    state[ENTRIES] = entry + 1
    state[ARENA_USED] = used + (stop - start)
    return True


@part
def _hash(data: Bytes, start: int, stop: int, shape: int) -> int:
    """FNV-1a over the shape and the bytes, in wrapping signed 64-bit arithmetic."""
    value = (_FNV_OFFSET ^ shape) * _FNV_PRIME
    for place in range(start, stop):
        value = (value ^ signed(data[place])) * _FNV_PRIME
    return value


@part
def _first_slot(key_hash: int, slots: int) -> int:
    """Where to look first; the high bits are folded in, because FNV's low bits mix least."""
    return (key_hash ^ (key_hash >> 32)) & (slots - 1)


@part
def _same(data: Bytes, start: int, stop: int, key: int, arena: Bytes) -> bool:
    """Whether the arena holds `data[start:stop]` at `key`."""
    for place in range(start, stop):  # noqa: SIM110 - numba compiles a loop, not all()
        if arena[key - start + place] != data[place]:
            return False
    return True
