"""The words of a corpus laid out for merging, with the pairs of bytes in them; one thread for each part."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from corpora.errors import WinnowError
from corpora.machine import available_cores
from trainer import merge_kernel as kernel
from trainer.arrays import frozen
from trainer.byte_alphabet import mapped_byte_order
from trainer.layout_kernel import lay_out, list_pairs
from trainer.words import Words

_MOST_POSITIONS = 2**31 - 1  # positions are 32-bit
_MOST_WEIGHT = 2**31 - 1
_LEAST_PART = 1 << 20  # positions; a smaller part is laid out faster than a thread starts
_PAIRS = 256 * 256
_POOL_GROWTH = 2  # room in the pool for the occurrences of later pairs, as a multiple of those of bytes


@dataclass(frozen=True, slots=True)
class Layout:
    """Words in `cells` (positions, 3) and their pairs of bytes, as `merge_kernel.State` holds them.

    `sides` (pairs, 2), `pairs` (pairs, 3), `pool` with `listed` occurrences in it; `most` is how
    often the commonest pair stands anywhere.
    """

    cells: npt.NDArray[np.int32]
    large_counts: npt.NDArray[np.int64]
    sides: npt.NDArray[np.int32]
    pairs: npt.NDArray[np.int64]
    pool: npt.NDArray[np.int32]
    listed: int
    most: int


@dataclass(frozen=True, slots=True)
class _Part:
    """Some words, what their cells hold as weights, and their cells, which start at row `first_place`."""

    words: Words
    weights: npt.NDArray[np.int32]
    cells: npt.NDArray[np.int32]
    first_place: int


def lay_out_words(words: Words, specials: int, *, least_count: int) -> Layout:
    """Lay words of two bytes or more out; ids are `specials`, then bytes.

    Pairs of bytes that are counted less than `least_count` are left out. Raises WinnowError when the
    words take more than 2^31 bytes.
    """
    positions = int((words.stops - words.starts).sum()) + words.size + 1
    if positions > _MOST_POSITIONS:
        raise WinnowError(
            f"the distinct pretokens take {positions:,} bytes; at most 2^31 fit",
            hint="--drop-singletons leaves out those seen once",
        )
    cells = np.empty((positions, 3), dtype=np.int32)
    cells[0] = kernel.BETWEEN
    weights, large_counts = _weights(words.counts)
    parts = list(_parts(words, weights, cells))
    with ThreadPoolExecutor(len(parts)) as threads:
        tallies = np.stack(list(threads.map(lambda part: _lay_out(part, specials), parts)))
        tally = tallies.sum(axis=0)
        kept = np.flatnonzero(tally[:, 0] >= least_count)
        firsts, listed = _first_rooms(tallies[:, kept, 1])
        numbers = np.full(_PAIRS, kernel.NO_PAIR, dtype=np.int32)
        numbers[kept] = np.arange(kept.size, dtype=np.int32)
        pool = np.empty((1 + _POOL_GROWTH) * listed, dtype=np.int32)
        for done in [
            threads.submit(list_pairs, part.cells, part.first_place, specials, numbers, cursors, pool)
            for part, cursors in zip(parts, firsts.copy(), strict=True)
        ]:
            done.result()
    pairs = np.stack([tally[kept, 0], firsts[0], tally[kept, 1]], axis=1)
    sides = (np.stack([kept // 256, kept % 256], axis=1) + specials).astype(np.int32)
    return Layout(cells, large_counts, sides, pairs, pool, listed, int(tally[:, 1].max()))


def _weights(
    counts: npt.NDArray[np.int64],
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """Counts as cells hold them, 32 bits each, and the large ones, in full (see `merge_kernel`)."""
    large = counts > _MOST_WEIGHT
    return np.where(large, -np.cumsum(large, dtype=np.int64), counts).astype(np.int32), counts[large]


def _parts(words: Words, weights: npt.NDArray[np.int32], cells: npt.NDArray[np.int32]) -> Iterator[_Part]:
    """Runs of words of about the same number of bytes, one for each core; at least one."""
    lengths = words.stops - words.starts + 1
    ends = np.concatenate([[1], 1 + np.cumsum(lengths)])  # where each word starts, and the last one ends
    count = max(1, min(available_cores(), len(cells) // _LEAST_PART))
    bounds = np.searchsorted(ends, np.linspace(1, len(cells), count + 1).astype(np.int64))
    for first, last in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        place = int(ends[first])
        some = slice(first, last)
        yield _Part(words.where(some), weights[some], cells[place : int(ends[last])], place)


def _lay_out(part: _Part, specials: int) -> npt.NDArray[np.int64]:
    """Fill a part's cells; return its pairs of bytes, shape (65536, 2): count and occurrences."""
    rank_of_byte = np.empty(256, dtype=np.int32)
    rank_of_byte[list(mapped_byte_order())] = np.arange(256)
    tally = np.zeros((_PAIRS, 2), dtype=np.int64)
    words = part.words
    lay_out(
        frozen(words.keys), frozen(words.starts), frozen(words.stops), frozen(words.counts),
        frozen(part.weights), rank_of_byte, specials, part.cells, tally,
    )  # fmt: skip
    return tally


def _first_rooms(occurrences: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], int]:
    """Where in the pool each part (row) lists its first occurrence of each pair (column), and the total.

    A pair's occurrences are together, and in the order of the parts.
    """
    flat = np.ascontiguousarray(occurrences.T).ravel()
    firsts = np.cumsum(flat) - flat
    return np.ascontiguousarray(firsts.reshape(occurrences.shape[::-1]).T), int(flat.sum())
