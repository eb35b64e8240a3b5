"""The fast trainer: arrays for the compiled merge loop, room when it needs room, verdicts when it asks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from trainer import merge_kernel as kernel
from trainer.arrays import longer
from trainer.judge import Judge
from trainer.layout import lay_out_words
from trainer.merge_kernel import State
from trainer.words import Words

_NO_LIMIT = 2**31 - 1  # bytes; a token is shorter than all words together
_NEVER = 2**63 - 1  # a count that no pair has
_EVENTS_PER_CALL = 4096  # a call of the kernel cannot be interrupted, so each is short
# Room to begin with. It is only address space until it is used, and spares most trainings the growing.
_PAIRS_PER_ID = 32
_JUDGED_AHEAD = 1024  # pairs near the top of the heap that are judged together


def new_state(
    words: Words, most_ids: int, *, specials: int, min_frequency: int, max_token_length: int | None
) -> State:
    """Lay the words out and count the pairs of bytes; ids are `specials`, then bytes, then merges.

    Raises WinnowError when the distinct words take more than 2^31 bytes.
    """
    words = words.where(words.stops - words.starts > 1)  # a word of one byte has no pair
    longest = _NO_LIMIT if max_token_length is None else max_token_length
    layout = lay_out_words(words, specials, least_count=max(1, min_frequency) if longest >= 2 else _NEVER)
    pairs, sides = layout.pairs, layout.sides
    scalars = np.zeros(kernel.NUMBER_CELLS, dtype=np.int64)
    scalars[[kernel.NEXT_ID, kernel.PAIRS, kernel.POOL_USED]] = specials + 256, len(pairs), layout.listed
    scalars[[kernel.MIN_FREQUENCY, kernel.MAX_LENGTH]] = max(1, min_frequency), longest
    room = max(len(pairs), _PAIRS_PER_ID * most_ids)
    return State(
        layout.cells, layout.large_counts, np.ones(most_ids, dtype=np.int32),
        longer(sides, len(sides), room), longer(pairs, len(pairs), room),
        np.zeros(room, dtype=np.uint8), layout.pool, np.empty((room, 3), dtype=np.int64),
        np.full(most_ids, kernel.NO_PAIR, dtype=np.int32), np.full(most_ids, kernel.NO_PAIR, dtype=np.int32),
        np.empty(2 * most_ids + 2, dtype=np.int32), np.empty((2 * layout.most, 2), dtype=np.int32),
        np.empty(kernel.BLOCK, dtype=np.int64), np.empty((most_ids, 5), dtype=np.int64), scalars,
    )  # fmt: skip


def merges(state: State, vocab_size: int, judge: Judge | None, tokens: list[bytes]) -> Iterator[State]:
    """Merge until there are `vocab_size` ids, or no pair is left; yield the state after every few thousand.

    `tokens` (id → bytes) is extended as merges are taken. What `judge` says must depend on the pair
    only; it is asked about the pairs at and near the top of the heap, never about all.
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


def _decide(state: State, judge: Judge, tokens: Sequence[bytes]) -> None:
    """Decide on the pairs in the first rows of the heap that have no verdict yet."""
    top = state.heap[: min(_JUDGED_AHEAD, state.numbers[kernel.HEAP_SIZE]), kernel.NUMBER]
    open_pairs = top[state.verdicts[top] == kernel.UNKNOWN]
    sides = state.sides[open_pairs].tolist()
    refused = judge.refused([(tokens[left], tokens[right]) for left, right in sides])
    state.verdicts[open_pairs] = np.where(refused, kernel.BANNED, kernel.ALLOWED)


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
