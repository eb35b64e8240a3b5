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
_MULTIPLIER = -7046029254386353131  # 2^64 / golden ratio, odd, as a signed number (Knuth, TAOCP 6.4)


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
    """Multiply and fold, eight bytes at a time, in wrapping signed 64-bit arithmetic."""
    value = shape * _MULTIPLIER
    for at in range(start, stop, 8):
        value = (value ^ _word(data, at, stop - at)) * _MULTIPLIER
        value ^= value >> 32
    return value


@part
def _first_slot(key_hash: int, slots: int) -> int:
    """Where to look first."""
    return key_hash & (slots - 1)


@part
def _same(data: Bytes, start: int, stop: int, key: int, arena: Bytes) -> bool:
    """Whether the arena holds `data[start:stop]` at `key`."""
    for at in range(0, stop - start, 8):  # noqa: SIM110 - numba compiles a loop, not all()
        left = stop - start - at
        if _word(arena, key + at, left) != _word(data, start + at, left):
            return False
    return True


@part
def _word(data: Bytes, at: int, left: int) -> int:
    """The next eight bytes as one number, zeros for those beyond `left`; the compiler makes it one load."""
    if at + 8 > data.size:
        return _last_word(data, at, min(left, 8))
    value = (
        signed(data[at])
        | signed(data[at + 1]) << 8
        | signed(data[at + 2]) << 16
        | signed(data[at + 3]) << 24
        | signed(data[at + 4]) << 32
        | signed(data[at + 5]) << 40
        | signed(data[at + 6]) << 48
        | signed(data[at + 7]) << 56
    )
    return value if left >= 8 else value & ((signed(1) << (8 * left)) - 1)


@part
def _last_word(data: Bytes, at: int, left: int) -> int:
    """`_word` near the end of the array."""
    value = signed(0)
    for place in range(left):
        value |= signed(data[at + place]) << (8 * place)
    return value
