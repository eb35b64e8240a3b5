"""Compiled preparation of a training: words laid out in cells, and the pairs of bytes in them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trainer.kernels import kernel, part, signed
from trainer.merge_kernel import BETWEEN, FIRST, NO_PAIR, PAIR, SIZE, SYMBOL, WORD

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
        fresh[row] = order != 0
        in_order = in_order and order >= 0
    return in_order


@part
def _compare(keys: Bytes, offsets: Large, row: int) -> int:
    """Above 0 when a row is larger than the one before it, 0 when equal, below 0 when smaller."""
    start, before = offsets[row], offsets[row - 1]
    length, length_before = offsets[row + 1] - start, start - before
    for place in range(min(length, length_before)):
        difference = signed(keys[start + place]) - signed(keys[before + place])
        if difference != 0:
            return difference
    return signed(length - length_before)


@kernel
def lay_out(keys: Bytes, starts: Large, stops: Large, id_of_byte: Small, cells: Small) -> None:
    """Write words `keys[starts[i]:stops[i]]` to `cells`, with `BETWEEN` around each, without pairs."""
    cells[0] = BETWEEN  # and so no pair and no word
    place = 0
    for word in range(starts.size):
        for source in range(starts[word], stops[word]):
            place += 1
            cells[place, SYMBOL] = id_of_byte[keys[source]]
            cells[place, PAIR] = NO_PAIR
            cells[place, WORD] = word
        place += 1
        cells[place] = BETWEEN


@kernel
def tally_pairs(cells: Small, word_counts: Large, first_id: int, tally: Large) -> None:
    """Add up the pairs of bytes: `tally[256 * left + right]` gets (count, occurrences).

    Left and right are ids less `first_id`.
    """
    for place in range(1, cells.shape[0] - 1):
        left, right = cells[place, SYMBOL], cells[place + 1, SYMBOL]
        if left != BETWEEN and right != BETWEEN:
            cell = 256 * (left - first_id) + right - first_id
            tally[cell, 0] += word_counts[cells[place, WORD]]
            tally[cell, 1] += 1


@kernel
def list_pairs(cells: Small, first_id: int, numbers: Small, pairs: Large, pool: Small) -> None:
    """Write where each kept pair of bytes stands; `numbers[256 * left + right]` is its row or `NO_PAIR`."""
    for place in range(1, cells.shape[0] - 1):
        left, right = cells[place, SYMBOL], cells[place + 1, SYMBOL]
        if left == BETWEEN or right == BETWEEN:
            continue
        pair = numbers[256 * (left - first_id) + right - first_id]
        cells[place, PAIR] = pair
        if pair != NO_PAIR:
            pool[pairs[pair, FIRST] + pairs[pair, SIZE]] = place
            pairs[pair, SIZE] += 1
