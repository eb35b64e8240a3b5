"""The fast trainer: arrays for the compiled merge loop, room when it needs room, verdicts when it asks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from corpora.errors import WinnowError
from trainer import merge_kernel as kernel
from trainer.arrays import frozen, longer
from trainer.byte_alphabet import mapped_byte_order
from trainer.judge import Judge
from trainer.layout_kernel import lay_out, list_pairs, tally_pairs
from trainer.merge_kernel import State
from trainer.words import Words

_MOST_POSITIONS = 2**31 - 1  # positions are 32-bit
_EVENTS_PER_CALL = 4096  # a call of the kernel cannot be interrupted, so each is short
# Room to begin with. It is only address space until it is used, and spares most trainings the growing.
_PAIRS_PER_ID = 32
_POOL_GROWTH = 3
_JUDGED_AHEAD = 24  # pairs near the top of the heap that are judged together


def new_state(
    words: Words, most_ids: int, *, specials: int, min_frequency: int, max_token_length: int | None
) -> State:
    """Lay the words out and count the pairs of bytes; ids are `specials`, then bytes, then merges.

    Raises WinnowError when the distinct words take more than 2^31 bytes.
    """
    words = words.where(words.stops - words.starts > 1)  # a word of one byte has no pair
    cells = _lay_out(words, specials)
    tally = np.zeros((256 * 256, 2), dtype=np.int64)
    tally_pairs(cells, words.counts, specials, tally)
    longest = 2**31 - 1 if max_token_length is None else max_token_length
    kept = np.flatnonzero((tally[:, 0] >= max(1, min_frequency)) & (longest >= 2))
    numbers = np.full(256 * 256, kernel.NO_PAIR, dtype=np.int32)
    numbers[kept] = np.arange(kept.size, dtype=np.int32)
    sides = (np.stack([kept // 256, kept % 256], axis=1) + specials).astype(np.int32)
    pool, pairs = _first_pairs(tally[kept])
    list_pairs(cells, specials, numbers, pairs, pool)
    scalars = np.zeros(kernel.NUMBER_CELLS, dtype=np.int64)
    used = int(tally[kept, 1].sum())
    scalars[[kernel.NEXT_ID, kernel.PAIRS, kernel.POOL_USED]] = specials + 256, kept.size, used
    scalars[[kernel.MIN_FREQUENCY, kernel.MAX_LENGTH]] = max(1, min_frequency), longest
    room = max(kept.size, _PAIRS_PER_ID * most_ids)
    return State(
        cells, words.counts, np.ones(most_ids, dtype=np.int32),
        longer(sides, kept.size, room), longer(pairs, kept.size, room),
        np.zeros(room, dtype=np.uint8), pool, np.empty((room, 3), dtype=np.int64),
        np.full(most_ids, kernel.NO_PAIR, dtype=np.int32), np.full(most_ids, kernel.NO_PAIR, dtype=np.int32),
        np.empty(2 * most_ids + 2, dtype=np.int32),
        np.empty((2 * int(tally[:, 1].max()), 2), dtype=np.int32),
        np.empty((most_ids, 5), dtype=np.int64), scalars,
    )  # fmt: skip


def merges(state: State, vocab_size: int, judge: Judge | None, tokens: list[bytes]) -> Iterator[State]:
    """Merge until there are `vocab_size` ids, or no pair is left; yield the state after every few thousand.

    `tokens` (id → bytes) is extended as merges are taken. `judge(left, right)` must depend on its
    arguments only; it is asked about the pairs at and near the top of the heap, never about all.
    """
    state.numbers[kernel.JUDGED] = judge is not None
    while True:
        stopped = kernel.run(state, vocab_size, _EVENTS_PER_CALL)
        _extend(tokens, state)
        if stopped == kernel.NEEDS_ROOM:
            state = _with_room(state)
        elif stopped == kernel.NEEDS_VERDICT and judge is not None:
            _decide(state, judge, tokens)
        else:
            yield state
            if stopped != kernel.PAUSED:
                return


def events_of(state: State) -> npt.NDArray[np.int64]:
    """What happened so far, shape (events, 5): left id, right id, token id, count, refused."""
    return state.events[: state.numbers[kernel.EVENTS]]


def ids_in(state: State) -> int:
    """How many ids there are: special tokens, bytes and merges."""
    return int(state.numbers[kernel.NEXT_ID])


def _lay_out(words: Words, specials: int) -> npt.NDArray[np.int32]:
    positions = int((words.stops - words.starts).sum()) + words.size + 1
    if positions > _MOST_POSITIONS:
        raise WinnowError(
            f"the distinct pretokens take {positions:,} bytes; at most 2^31 fit",
            hint="--drop-singletons leaves out those seen once",
        )
    id_of_byte = np.empty(256, dtype=np.int32)
    id_of_byte[list(mapped_byte_order())] = np.arange(specials, specials + 256)
    cells = np.empty((positions, 3), dtype=np.int32)
    lay_out(frozen(words.keys), frozen(words.starts), frozen(words.stops), id_of_byte, cells)
    return cells


def _first_pairs(tally: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """An empty pool with room for every occurrence and more, and the rows of the pairs, sizes still 0."""
    ends = np.cumsum(tally[:, 1])
    pairs = np.zeros((len(tally), 3), dtype=np.int64)
    pairs[:, kernel.COUNT] = tally[:, 0]
    pairs[:, kernel.FIRST] = ends - tally[:, 1]
    return np.empty(_POOL_GROWTH * int(tally[:, 1].sum()), dtype=np.int32), pairs


def _decide(state: State, judge: Judge, tokens: Sequence[bytes]) -> None:
    """Decide on the pairs in the first rows of the heap that have no verdict yet."""
    top = state.heap[: min(_JUDGED_AHEAD, state.numbers[kernel.HEAP_SIZE]), kernel.NUMBER]
    for pair in top[state.verdicts[top] == kernel.UNKNOWN].tolist():
        left, right = state.sides[pair].tolist()
        reason = judge(tokens[left], tokens[right])
        state.verdicts[pair] = kernel.ALLOWED if reason is None else kernel.BANNED


def _extend(tokens: list[bytes], state: State) -> None:
    """Append the bytes of tokens made since the last call."""
    made = events_of(state)
    # Events are in order of ids, and a refused one shows the id of the next merge.
    new = made[np.searchsorted(made[:, kernel.TOKEN], len(tokens)) :]
    for left, right, _, _, refused in new.tolist():
        if not refused:
            tokens.append(tokens[left] + tokens[right])


def _with_room(state: State) -> State:
    """The same state with arrays half as long again, and at least what the next merge may need."""
    pair = int(state.heap[0, kernel.NUMBER])
    occurrences = int(state.pairs[pair, kernel.SIZE])
    new_pairs = min(2 * occurrences, 2 * ids_in(state) + 2)
    pairs, pool = int(state.numbers[kernel.PAIRS]), int(state.numbers[kernel.POOL_USED])
    events = int(state.numbers[kernel.EVENTS])
    if pairs + new_pairs > len(state.sides):
        length = pairs + max(new_pairs, pairs // 2)
        state = state._replace(
            sides=longer(state.sides, pairs, length),
            pairs=longer(state.pairs, pairs, length),
            verdicts=longer(state.verdicts, pairs, length),
            heap=longer(state.heap, int(state.numbers[kernel.HEAP_SIZE]), length),
        )
    if pool + 2 * occurrences > state.pool.size:
        state = state._replace(pool=longer(state.pool, pool, pool + max(2 * occurrences, pool // 2)))
    if events == len(state.events):
        state = state._replace(events=longer(state.events, events, events + events // 2 + 1))
    return state
