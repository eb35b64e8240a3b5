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
    before = np.cumsum([0, *(int(table.state[kernel.ARENA_USED]) for table in tables)])
    offsets = [table.offsets() + first for table, first in zip(tables, before.tolist(), strict=False)]
    kept = [np.flatnonzero(each) for each in own]
    return Words(
        np.concatenate([table.arena[: table.state[kernel.ARENA_USED]] for table in tables]),
        np.concatenate([each[rows] for each, rows in zip(offsets, kept, strict=True)]),
        np.concatenate([each[rows + 1] for each, rows in zip(offsets, kept, strict=True)]),
        np.concatenate([table.entries[rows, kernel.COUNT] for table, rows in zip(tables, kept, strict=True)]),
    )


def _move(
    pool: ThreadPoolExecutor,
    threads: int,
    table: PretokenTable,
    own: npt.NDArray[np.uint8],
    target: PretokenTable,
) -> None:
    """Move counts to `target` for the keys that both have; `own` says which are left, 1 or 0 for each."""
    theirs = frozen(table.entries), frozen(table.arena)
    bounds = np.linspace(0, table.size, threads + 1).astype(np.int64).tolist()
    moves = [
        pool.submit(
            kernel.move_counts, theirs[1], theirs[0], first, stop, own,
            target.slots, target.entries, target.arena, np.empty(kernel.BLOCK_SHAPE, dtype=np.int64),
        )
        for first, stop in pairwise(bounds)
    ]  # fmt: skip
    for move in moves:
        move.result()
