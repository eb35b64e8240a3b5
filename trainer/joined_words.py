"""The words that several tables have counted, joined by as many threads, without one table of them all."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from trainer import count_kernel as kernel
from trainer.arrays import frozen
from trainer.pretoken_table import PretokenTable
from trainer.words import Words


def joined_words(tables: Sequence[PretokenTable], threads: int) -> Words:
    """Every key of the tables once, with the sum of its counts; groups are not told apart.

    A key's counts are moved to the first table that has it, and keys stay where they are: making one
    table of two takes several times as long, in one thread. The tables are of no use afterwards.
    """
    own = [np.ones(table.size, dtype=np.uint8) for table in tables]
    with ThreadPoolExecutor(threads) as pool:
        for place, table in enumerate(tables):
            for earlier in tables[:place]:
                _move(pool, threads, table, own[place], earlier)
    arenas = [table.arena[: table.state[kernel.ARENA_USED]] for table in tables]
    starts, stops, counts = [], [], []
    first = 0
    for table, left, arena in zip(tables, own, arenas, strict=True):
        rows, offsets = np.flatnonzero(left), table.offsets() + first
        starts.append(offsets[rows])
        stops.append(offsets[rows + 1])
        counts.append(table.entries[rows, kernel.COUNT])
        first += arena.size
    return Words(
        np.concatenate(arenas), np.concatenate(starts), np.concatenate(stops), np.concatenate(counts)
    )


def _move(
    pool: ThreadPoolExecutor,
    threads: int,
    table: PretokenTable,
    own: npt.NDArray[np.uint8],
    target: PretokenTable,
) -> None:
    """Move counts to `target` for the keys that both have; `own` says which are left, 1 or 0 for each."""
    keys, entries = frozen(table.arena), frozen(table.entries)
    bounds = np.linspace(0, table.size, threads + 1).astype(np.int64).tolist()
    moves = [
        pool.submit(
            kernel.move_counts, keys, entries, first, stop, own,
            target.slots, target.entries, target.arena, np.empty(kernel.BLOCK_SHAPE, dtype=np.int64),
        )
        for first, stop in pairwise(bounds)
    ]  # fmt: skip
    for move in moves:
        move.result()
