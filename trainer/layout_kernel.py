"""Compiled preparation of a training: words laid out in cells, and the pairs of bytes in them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trainer.kernels import index, kernel, part, signed
from trainer.merge_kernel import BETWEEN, NO_PAIR, PAIR, SYMBOL, WEIGHT

Bytes = npt.NDArray[np.uint8]
Small = npt.NDArray[np.int32]
Large = npt.NDArray[np.int64]


@kernel
def compare_rows(keys: Bytes, offsets: Large, fresh: Bytes) -> bool:
    """Set `fresh[i]` to 1 where row i differs from the row before it, else to 0.

    Returns whether the rows are sorted by their bytes.
    """
    in_order = True
    for row in range(fresh.size):
        order = 1 if row == 0 else _compare(keys, offsets, row)
        fresh[index(row)] = order != 0
        in_order = in_order and order >= 0
    return in_order


@part
def _compare(keys: Bytes, offsets: Large, row: int) -> int:
    """Above 0 when a row is larger than the one before it, 0 when equal, below 0 when smaller."""
    start, before = offsets[index(row)], offsets[index(row - 1)]
    length, length_before = offsets[index(row + 1)] - start, start - before
    for place in range(min(length, length_before)):
        difference = signed(keys[index(start + place)]) - signed(keys[index(before + place)])
        if difference != 0:
            return difference
    return signed(length - length_before)


@kernel
def lay_out(
    keys: Bytes, starts: Large, stops: Large, counts: Large, weights: Small,
    rank_of_byte: Small, first_id: int, cells: Small, tally: Large,
) -> None:  # fmt: skip
    """Write words `keys[starts[i]:stops[i]]` to `cells`, each with `BETWEEN` after it, without pairs.

    A byte's id is `first_id` more than its rank; `weights[i]` is what the cells of word i hold. The
    pairs of bytes are added up: `tally[256 * left + right]`, by rank, gets (count, occurrences).
    """
    place = 0
    for word in range(starts.size):
        left = -1
        for source in range(starts[index(word)], stops[index(word)]):
            right = rank_of_byte[index(keys[index(source)])]
            cells[index(place), SYMBOL] = first_id + right
            cells[index(place), PAIR] = NO_PAIR
            cells[index(place), WEIGHT] = weights[index(word)]
            if left >= 0:
                tally[index(256 * left + right), 0] += counts[index(word)]
                tally[index(256 * left + right), 1] += 1
            left = right
            place += 1
        cells[index(place)] = BETWEEN  # and so no pair and no weight
        place += 1


@kernel
def list_pairs(
    cells: Small, first_place: int, first_id: int, numbers: Small, cursors: Large, pool: Small
) -> None:
    """Write where each kept pair of bytes stands in `cells`, whose first row is at `first_place` of all.

    `numbers[256 * left + right]`, by rank, is the pair's row or `NO_PAIR`; `cursors[row]` is where in
    the pool its next occurrence goes.
    """
    for place in range(cells.shape[0] - 1):
        left, right = cells[index(place), SYMBOL], cells[index(place + 1), SYMBOL]
        if left == BETWEEN or right == BETWEEN:
            continue
        pair = numbers[index(256 * (left - first_id) + right - first_id)]
        cells[index(place), PAIR] = pair
        if pair != NO_PAIR:
            pool[index(cursors[index(pair)])] = first_place + place
            cursors[index(pair)] += 1
