"""The compiled merge loop: take the most frequent pair, merge it wherever it stands, keep the counts right.

The corpus lies in `State.cells`, one row for each byte of every distinct word and one row between
words. A token shows its id at its first and at its last byte, so both neighbours of a pair are found
by arithmetic; what stands between is stale and never read. A token's first byte also shows the pair
that it makes with the token after it. A pair of tokens only ever comes into being in the merge that
makes the younger of the two, so its occurrences are known at once, and its count only falls from
then on: what starts below `min_frequency` is dropped for good.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from trainer.kernels import index, kernel, part, signed

Small = npt.NDArray[np.int32]
Large = npt.NDArray[np.int64]

# Columns of `cells`. WEIGHT is how often the word occurs; where that needs more than 31 bits it is ~i,
# for `large_counts[i]`.
SYMBOL, PAIR, WEIGHT = 0, 1, 2
COUNT, FIRST, SIZE = 0, 1, 2  # columns of `pairs`: count, and its occurrences pool[FIRST : FIRST + SIZE]
KEY, NUMBER = 1, 2  # columns of `heap`, after COUNT: (left id, right id) as one number, and the pair's row
LEFT, RIGHT, TOKEN, AT, REFUSED = 0, 1, 2, 3, 4  # columns of `events`; AT is the pair's count
BLOCK = 64  # occurrences that are looked up together
BETWEEN = -1  # the symbol between words
NO_PAIR = -1
UNKNOWN, ALLOWED, BANNED = 0, 1, 2  # verdicts

# Cells of `numbers`.
NEXT_ID, PAIRS, POOL_USED, HEAP_SIZE, EVENTS, THRESHOLD, MIN_FREQUENCY, MAX_LENGTH, JUDGED = range(9)
NUMBER_CELLS = 9

# What `run` returns.
REACHED, EXHAUSTED, NEEDS_ROOM, NEEDS_VERDICT, PAUSED = range(5)


class State(NamedTuple):
    """Everything a training holds; arrays may be longer than what is used of them."""

    cells: Small  # (positions, 3)
    large_counts: Large  # (words that occur 2^31 times and more,)
    lengths: Small  # (ids,) bytes of each token
    sides: Small  # (pairs, 2) left and right id
    pairs: Large  # (pairs, 3)
    verdicts: npt.NDArray[np.uint8]  # (pairs,)
    pool: Small  # (occurrences,) positions
    heap: Large  # (pairs, 3), the largest count first, then the smallest key
    pair_before: Small  # (ids,) during a merge: the new pair of a token with the new one, or NO_PAIR
    pair_after: Small  # (ids,) the same, for tokens that follow the new one
    renumbered: Small  # (2 * ids,) during a merge: where a new pair ends up
    records: Small  # (records, 2) during a merge: position and new pair
    weights: Large  # (BLOCK,) during a merge: how often the words of the next occurrences occur
    events: Large  # (events, 5)
    numbers: Large  # (NUMBER_CELLS,)


@kernel
def run(state: State, stop_size: int, most_events: int) -> int:
    """Merge until there are `stop_size` ids or `most_events` more events; say why it stopped."""
    for _ in range(most_events):
        if state.numbers[NEXT_ID] >= stop_size:
            return REACHED
        pair = _best_pair(state)
        if pair == NO_PAIR:
            return EXHAUSTED
        if state.numbers[JUDGED] and state.verdicts[pair] == UNKNOWN:
            return NEEDS_VERDICT
        if not _has_room(state, pair):
            return NEEDS_ROOM
        _heap_pop(state)
        _log(state, pair)
        if state.verdicts[pair] != BANNED:
            _merge(state, pair)
        state.pairs[pair, COUNT] = 0
        state.pairs[pair, SIZE] = 0
    return PAUSED


@part
def _best_pair(state: State) -> int:
    """The pair with the highest count, left on top of the heap; NO_PAIR when none is frequent enough.

    The heap holds every pair whose count has reached the threshold, perhaps with an older, higher count.
    """
    while state.numbers[HEAP_SIZE] > 0 or _refill_heap(state):
        pair = signed(state.heap[0, NUMBER])
        count = state.pairs[pair, COUNT]
        if count == state.heap[0, COUNT]:
            return pair
        key = state.heap[0, KEY]
        _heap_pop(state)
        if count >= state.numbers[THRESHOLD]:
            _heap_push(state, count, key, pair)
    return NO_PAIR


@part
def _refill_heap(state: State) -> bool:
    """Lower the threshold to half the highest count and push what reaches it; False when nothing is left."""
    highest = signed(0)
    for pair in range(state.numbers[PAIRS]):
        highest = max(highest, state.pairs[pair, COUNT])
    if highest < state.numbers[MIN_FREQUENCY]:
        return False
    threshold = max(state.numbers[MIN_FREQUENCY], highest // 2)
    state.numbers[THRESHOLD] = threshold
    for pair in range(state.numbers[PAIRS]):
        if state.pairs[pair, COUNT] >= threshold:
            _heap_push(state, state.pairs[pair, COUNT], _key(state, pair), pair)
    return True


@part
def _has_room(state: State, pair: int) -> bool:
    """Whether merging this pair cannot overfill an array."""
    new_pairs = min(2 * state.pairs[pair, SIZE], 2 * state.numbers[NEXT_ID] + 2)
    return bool(
        state.numbers[PAIRS] + new_pairs <= state.sides.shape[0]
        and state.numbers[POOL_USED] + 2 * state.pairs[pair, SIZE] <= state.pool.size
        and state.numbers[EVENTS] < state.events.shape[0]
    )


@part
def _log(state: State, pair: int) -> None:
    event = state.numbers[EVENTS]
    state.events[event, LEFT] = state.sides[pair, 0]
    state.events[event, RIGHT] = state.sides[pair, 1]
    state.events[event, TOKEN] = state.numbers[NEXT_ID]
    state.events[event, AT] = state.pairs[pair, COUNT]
    state.events[event, REFUSED] = state.verdicts[pair] == BANNED
    state.numbers[EVENTS] = event + 1


@part
def _merge(state: State, pair: int) -> None:
    """Merge a pair wherever it still stands, from left to right in every word."""
    left, right, new = state.sides[index(pair), 0], state.sides[index(pair), 1], state.numbers[NEXT_ID]
    state.lengths[index(new)] = state.lengths[index(left)] + state.lengths[index(right)]
    state.numbers[NEXT_ID] = new + 1
    old_pairs, records = state.numbers[PAIRS], 0
    first, stop = (
        state.pairs[index(pair), FIRST],
        state.pairs[index(pair), FIRST] + state.pairs[index(pair), SIZE],
    )
    for block in range(first, stop, BLOCK):
        # Gathered before any is used, so that the processor waits for many places at once.
        for occurrence in range(block, min(block + BLOCK, stop)):
            weight = signed(state.cells[index(state.pool[index(occurrence)]), WEIGHT])
            state.weights[index(occurrence - block)] = (
                weight if weight >= 0 else state.large_counts[index(~weight)]
            )
        for occurrence in range(block, min(block + BLOCK, stop)):
            place = state.pool[index(occurrence)]
            if state.cells[index(place), PAIR] == pair:
                weight = state.weights[index(occurrence - block)]
                records = _merge_at(state, place, left, right, new, weight, records)
    _number_new_pairs(state, old_pairs, new, first, stop)
    _list_occurrences(state, old_pairs, records)


@part
def _merge_at(state: State, place: int, left: int, right: int, new: int, weight: int, records: int) -> int:
    """Merge one occurrence; count the pairs that go and those that come. Returns the records so far."""
    cells = state.cells
    second = place + state.lengths[index(left)]
    after = second + state.lengths[index(right)]
    before, following, next_pair = (
        cells[index(place - 1), SYMBOL],
        cells[index(after), SYMBOL],
        cells[index(second), PAIR],
    )
    cells[index(place), SYMBOL] = cells[index(after - 1), SYMBOL] = new
    cells[index(place), PAIR] = cells[index(second), PAIR] = NO_PAIR
    if before != BETWEEN:
        start = place - state.lengths[index(before)]
        _uncount(state, cells[index(start), PAIR], weight)
        _record(state, state.pair_before, before, before, new, start, weight, records)
        records += 1
    if following != BETWEEN:
        _uncount(state, next_pair, weight)
        _record(state, state.pair_after, following, new, following, place, weight, records)
        records += 1
    return records


@part
def _uncount(state: State, pair: int, weight: int) -> None:
    if pair != NO_PAIR:
        state.pairs[index(pair), COUNT] -= weight


@part
def _record(
    state: State, known: Small, other: int, left: int, right: int, place: int, weight: int, record: int
) -> None:
    """Count one occurrence of a new pair and note where it stands; `known[other]` is the pair's number."""
    pair = known[index(other)]
    if pair == NO_PAIR:
        pair = state.numbers[PAIRS]
        state.numbers[PAIRS] = pair + 1
        known[index(other)] = pair
        state.sides[index(pair), 0] = left
        state.sides[index(pair), 1] = right
        state.pairs[index(pair), COUNT] = 0
        state.pairs[index(pair), SIZE] = 0
    state.pairs[index(pair), COUNT] += weight
    state.pairs[index(pair), SIZE] += 1
    state.cells[index(place), PAIR] = pair
    state.records[index(record), 0] = place
    state.records[index(record), 1] = pair


@part
def _number_new_pairs(state: State, old_pairs: int, new: int, free: int, free_stop: int) -> None:
    """Keep the new pairs that can still be merged, give them room in the pool and a place in the heap.

    `pool[free:free_stop]`, where the merged pair was listed, is used again before any new room.
    """
    kept = old_pairs
    for pair in range(old_pairs, state.numbers[PAIRS]):
        left, right = state.sides[index(pair), 0], state.sides[index(pair), 1]
        count, size = state.pairs[index(pair), COUNT], state.pairs[index(pair), SIZE]
        if right == new:
            state.pair_before[index(left)] = NO_PAIR
        else:
            state.pair_after[index(right)] = NO_PAIR
        length = state.lengths[index(left)] + state.lengths[index(right)]
        if count < state.numbers[MIN_FREQUENCY] or length > state.numbers[MAX_LENGTH]:
            state.renumbered[index(pair - old_pairs)] = NO_PAIR
            continue
        state.renumbered[index(pair - old_pairs)] = kept
        state.sides[index(kept), 0] = left
        state.sides[index(kept), 1] = right
        state.pairs[index(kept), COUNT] = count
        if free + size <= free_stop:
            state.pairs[index(kept), FIRST] = free
            free += size
        else:
            state.pairs[index(kept), FIRST] = state.numbers[POOL_USED]
            state.numbers[POOL_USED] += size
        state.pairs[index(kept), SIZE] = 0
        state.verdicts[index(kept)] = UNKNOWN
        if count >= state.numbers[THRESHOLD]:
            _heap_push(state, count, _key(state, kept), kept)
        kept += 1
    state.numbers[PAIRS] = kept


@part
def _list_occurrences(state: State, old_pairs: int, records: int) -> None:
    """Write down where the kept pairs stand; a record whose place shows another pair by now is stale."""
    for record in range(records):
        place, pair = state.records[index(record), 0], state.records[index(record), 1]
        if state.cells[index(place), PAIR] != pair:
            continue
        kept = state.renumbered[index(pair - old_pairs)]
        state.cells[index(place), PAIR] = kept
        if kept != NO_PAIR:
            state.pool[index(state.pairs[index(kept), FIRST] + state.pairs[index(kept), SIZE])] = place
            state.pairs[index(kept), SIZE] += 1


@part
def _key(state: State, pair: int) -> int:
    """Left and right id as one number that orders pairs as (left, right) does."""
    return (signed(state.sides[pair, 0]) << 32) | signed(state.sides[pair, 1])


@part
def _goes_before(state: State, count: int, key: int, other: int) -> bool:
    """The tie rule: the higher count, then the smaller left id, then the smaller right id."""
    there = state.heap[other, COUNT]
    return bool(count > there or (count == there and key < state.heap[other, KEY]))


@part
def _place(state: State, at: int, count: int, key: int, pair: int) -> None:
    state.heap[at, COUNT] = count
    state.heap[at, KEY] = key
    state.heap[at, NUMBER] = pair


@part
def _heap_push(state: State, count: int, key: int, pair: int) -> None:
    at = state.numbers[HEAP_SIZE]
    state.numbers[HEAP_SIZE] = at + 1
    while at > 0 and _goes_before(state, count, key, (at - 1) // 2):
        parent = (at - 1) // 2
        _place(state, at, state.heap[parent, COUNT], state.heap[parent, KEY], state.heap[parent, NUMBER])
        at = parent
    _place(state, at, count, key, pair)


@part
def _heap_pop(state: State) -> None:
    """Take the top away: the last entry sinks from there."""
    last = state.numbers[HEAP_SIZE] - 1
    state.numbers[HEAP_SIZE] = last
    count, key, pair = state.heap[last, COUNT], state.heap[last, KEY], state.heap[last, NUMBER]
    at = 0
    while 2 * at + 1 < last:
        child = 2 * at + 1
        if child + 1 < last and _goes_before(
            state, state.heap[child + 1, COUNT], state.heap[child + 1, KEY], child
        ):
            child += 1
        if not _goes_before(state, state.heap[child, COUNT], state.heap[child, KEY], last):
            break
        _place(state, at, state.heap[child, COUNT], state.heap[child, KEY], state.heap[child, NUMBER])
        at = child
    _place(state, at, count, key, pair)
