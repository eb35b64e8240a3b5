"""The compiled count of pretokens: an open-addressing table whose keys lie in one byte arena."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trainer.kernels import index, kernel, part, signed, unsigned

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]
Slots = npt.NDArray[np.int32]

# Columns of an entry: `KEY` is where its key starts in the arena, `SHAPE` the key's length and group.
HASH, KEY, SHAPE, COUNT = 0, 1, 2, 3
GROUP_SHIFT = 32  # a key is shorter than 2^32 bytes, and there are fewer than 2^31 groups
LONGEST = (1 << GROUP_SHIFT) - 1

# Columns of `block`, the keys that are looked up together: `AT` is where a key starts in its data,
# `FOUND` the entry that seems to be its own, and is when it has been added.
AT, LIKE, CODE, FOUND, TIMES = 0, 1, 2, 3, 4  # `LIKE` is its shape, `CODE` its hash
BLOCK_SHAPE = (64, 5)

# Cells of `state`, which outlives a call so that counting goes on after the table has grown.
ENTRIES, ARENA_USED, SPAN, DOCUMENT, POSITION = 0, 1, 2, 3, 4
STATE_CELLS = 5

EMPTY = -1
_WORD = 8  # bytes that are hashed at once
_FNV_OFFSET = -3750763034362895579  # FNV-1's 64-bit offset basis, as a signed integer
_ODD = -7046029254386353131  # 2^64 divided by the golden ratio, made odd: Knuth's multiplicative hashing


@kernel
def count_spans(
    data: Bytes, offsets: Ints, groups: Slots, ends: Ints,
    slots: Slots, entries: Ints, arena: Bytes, state: Ints, block: Ints,
) -> bool:  # fmt: skip
    """Count pretokens of documents `data[offsets[i]:offsets[i + 1]]`, each in its document's group.

    `ends` goes on where the last call's ends stopped (`state[POSITION]`, in `data`). Returns False
    when the table must grow first; call again with the same `ends` and `state`.
    """
    for first in range(state[SPAN], ends.size, block.shape[0]):
        size = min(block.shape[0], ends.size - first)
        start, document = state[POSITION], state[DOCUMENT]
        for row in range(size):
            while offsets[index(document + 1)] <= start:
                document += 1
            end = ends[index(first + row)]
            _put(block, row, start, end - start, groups[index(document)], 1)
            start = end
        added = _add_block(data, size, slots, entries, arena, state, block)
        if added < size:
            state[SPAN], state[POSITION] = first + added, block[index(added), AT]
            return False
        state[POSITION], state[DOCUMENT] = start, document
    state[SPAN] = 0
    return True


@kernel
def add_counts(
    keys: Bytes, offsets: Ints, groups: Slots, counts: Ints, places: Ints,
    slots: Slots, entries: Ints, arena: Bytes, state: Ints, block: Ints,
) -> bool:  # fmt: skip
    """Add counted keys `keys[offsets[i]:offsets[i + 1]]`; False when the table must grow first.

    `places`, shape (keys,), is told the entry of each.
    """
    for first in range(state[SPAN], groups.size, block.shape[0]):
        size = min(block.shape[0], groups.size - first)
        for row in range(size):
            start = offsets[index(first + row)]
            length = offsets[index(first + row + 1)] - start
            _put(block, row, start, length, groups[index(first + row)], counts[index(first + row)])
        added = _add_block(keys, size, slots, entries, arena, state, block)
        for row in range(added):
            places[index(first + row)] = block[index(row), FOUND]
        if added < size:
            state[SPAN] = first + added
            return False
    state[SPAN] = 0
    return True


@kernel
def move_counts(
    their_arena: Bytes, theirs: Ints, first: int, stop: int, own: Bytes,
    slots: Slots, entries: Ints, arena: Bytes, block: Ints,
) -> None:  # fmt: skip
    """Add the counts of another table's entries `theirs[first:stop]` to the same keys here, if they are here.

    Looks at those with `own[entry]` set, and clears it where the count has been moved. Threads may move
    different entries at once: their keys differ, so they add to different entries.
    """
    for start in range(first, stop, block.shape[0]):
        size = min(block.shape[0], stop - start)
        for row in range(size):
            entry = index(start + row)
            block[index(row), AT] = theirs[entry, KEY]
            block[index(row), LIKE] = theirs[entry, SHAPE]
            block[index(row), CODE] = theirs[entry, HASH]
        _guess(size, slots, entries, block)
        for row in range(size):
            if not own[index(start + row)]:
                continue
            found = block[index(row), FOUND]
            if found == EMPTY or not _is_key(their_arena, row, found, entries, arena, block):
                found = slots[index(_slot(their_arena, row, slots, entries, arena, block))]
            if found != EMPTY:
                entries[index(found), COUNT] += theirs[index(start + row), COUNT]
                own[index(start + row)] = 0


@kernel
def fill_slots(slots: Slots, entries: Ints, size: int) -> None:
    """Point empty `slots` (a power of two of them) at the first `size` entries."""
    for entry in range(size):
        slot = _first_slot(entries[index(entry), HASH], slots.size)
        while slots[index(slot)] != EMPTY:
            slot = (slot + 1) & (slots.size - 1)
        slots[index(slot)] = entry


@part
def _put(block: Ints, row: int, start: int, length: int, group: int, count: int) -> None:
    block[index(row), AT] = start
    block[index(row), LIKE] = (signed(group) << GROUP_SHIFT) | length
    block[index(row), TIMES] = count


@part
def _add_block(
    data: Bytes, size: int, slots: Slots, entries: Ints, arena: Bytes, state: Ints, block: Ints
) -> int:
    """Add the block's first `size` keys; returns how many were added before the table was full.

    Memory is asked for many keys at once, in loops that do nothing else: the processor then waits
    for all of them together.
    """
    for row in range(size):
        block[index(row), CODE] = _hash(data, block[index(row), AT], block[index(row), LIKE])
    _guess(size, slots, entries, block)
    for row in range(size):
        entry = block[index(row), FOUND]
        if entry != EMPTY and _is_key(data, row, entry, entries, arena, block):
            entries[index(entry), COUNT] += block[index(row), TIMES]
        elif not _add(data, row, slots, entries, arena, state, block):
            return row
    return size


@part
def _guess(size: int, slots: Slots, entries: Ints, block: Ints) -> None:
    """Write to `FOUND` the entry in the first slot of each key of the block, when its hash is the key's."""
    for row in range(size):
        block[index(row), FOUND] = slots[index(_first_slot(block[index(row), CODE], slots.size))]
    for row in range(size):
        entry = block[index(row), FOUND]
        if entry != EMPTY and entries[index(entry), HASH] != block[index(row), CODE]:
            block[index(row), FOUND] = EMPTY


@part
def _add(data: Bytes, row: int, slots: Slots, entries: Ints, arena: Bytes, state: Ints, block: Ints) -> bool:
    """Add one key of the block, wherever its slot is; False when there is no room for a new key."""
    slot = _slot(data, row, slots, entries, arena, block)
    entry = slots[index(slot)]
    if entry == EMPTY:
        return _append(data, row, slot, slots, entries, arena, state, block)
    entries[index(entry), COUNT] += block[index(row), TIMES]
    block[index(row), FOUND] = entry
    return True


@part
def _slot(data: Bytes, row: int, slots: Slots, entries: Ints, arena: Bytes, block: Ints) -> int:
    """Where one key of the block belongs: the slot that points to its entry, or a free one."""
    slot = _first_slot(block[index(row), CODE], slots.size)
    while slots[index(slot)] != EMPTY and not _is_key(data, row, slots[index(slot)], entries, arena, block):
        slot = (slot + 1) & (slots.size - 1)
    return slot


@part
def _append(
    data: Bytes, row: int, slot: int,
    slots: Slots, entries: Ints, arena: Bytes, state: Ints, block: Ints,
) -> bool:  # fmt: skip
    """Write a new entry at a free slot; False when more than half the slots or the arena would be taken."""
    entry, used, length = state[ENTRIES], state[ARENA_USED], block[index(row), LIKE] & LONGEST
    if 2 * (entry + 1) > slots.size or used + length > arena.size:
        return False
    for place in range(length):
        arena[index(used + place)] = data[index(block[index(row), AT] + place)]
    entries[index(entry), HASH] = block[index(row), CODE]
    entries[index(entry), KEY] = used
    entries[index(entry), SHAPE] = block[index(row), LIKE]
    entries[index(entry), COUNT] = block[index(row), TIMES]
    slots[index(slot)] = entry
    block[index(row), FOUND] = entry
    state[ENTRIES] = entry + 1
    state[ARENA_USED] = used + length
    return True


@part
def _hash(data: Bytes, start: int, shape: int) -> int:
    """The key's bytes, eight at a time, each time xored in and multiplied, in wrapping arithmetic.

    Multiplying by an odd number can be undone, so keys of one shape that fit into one word have
    the same hash only when they are equal.
    """
    value = signed(_FNV_OFFSET) ^ (shape * _ODD)
    stop = start + (shape & LONGEST)
    for first in range(start, stop, _WORD):
        value = (value ^ _word(data, first, stop - first)) * _ODD
    return value


@part
def _word(data: Bytes, start: int, length: int) -> int:
    """The first `length` bytes at `start`, eight at most, as one number: the first byte is the highest."""
    if start + _WORD <= data.size:
        # Compiled to one load, and for a short word a shift: no loop whose end is hard to predict.
        first = index(start)
        word = (
            (unsigned(data[first]) << unsigned(56))
            | (unsigned(data[first + unsigned(1)]) << unsigned(48))
            | (unsigned(data[first + unsigned(2)]) << unsigned(40))
            | (unsigned(data[first + unsigned(3)]) << unsigned(32))
            | (unsigned(data[first + unsigned(4)]) << unsigned(24))
            | (unsigned(data[first + unsigned(5)]) << unsigned(16))
            | (unsigned(data[first + unsigned(6)]) << unsigned(8))
            | unsigned(data[first + unsigned(7)])
        )
        return signed(word >> unsigned(8 * max(0, _WORD - length)))
    word = unsigned(0)
    for place in range(start, start + min(length, _WORD)):
        word = (word << unsigned(8)) | unsigned(data[index(place)])
    return signed(word)


@part
def _first_slot(key_hash: int, slots: int) -> int:
    """Where to look first; the high bits are folded in, because a product's low bits mix least."""
    return (key_hash ^ (key_hash >> 32)) & (slots - 1)


@part
def _is_key(data: Bytes, row: int, entry: int, entries: Ints, arena: Bytes, block: Ints) -> bool:
    """Whether an entry's key is the block's."""
    if (
        entries[index(entry), HASH] != block[index(row), CODE]
        or entries[index(entry), SHAPE] != block[index(row), LIKE]
    ):
        return False
    length = block[index(row), LIKE] & LONGEST
    return bool(
        length <= _WORD or _same(data, block[index(row), AT], length, entries[index(entry), KEY], arena)
    )


@part
def _same(data: Bytes, start: int, length: int, key: int, arena: Bytes) -> bool:
    """Whether the arena holds `data[start : start + length]` at `key`."""
    for place in range(0, length, _WORD):
        if _word(data, start + place, length - place) != _word(arena, key + place, length - place):
            return False
    return True
