"""The second pass over a matrix: how rows point towards the unused ones, and hashes of their direction."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from audit.norms.measures import Advance, Doubles, Ids, RowMeasures, row_norms
from trainer.number_formats import Floats
from trainer.weight_rows import read_rows, row_blocks
from trainer.weights import StoredTensor

HASH_BITS = 64
BAND_BITS = 16
BANDS = HASH_BITS // BAND_BITS
_SEED = 20_220_607  # any fixed number: the hash planes must be the same in every run
_MEAN_BLOCK = 1_024  # rows read at once for the unused rows' mean

Hashes = npt.NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class Directions:
    """`cosine` of each row to the mean of the unused rows (itself left out), NaN without unused rows.

    `lengths` are the rows' norms after the mean row was subtracted.
    `hashes`, shape (rows, BANDS) uint16, say on which side of 64 random planes through the mean row
    each row lies (Charikar 2002): rows that are nearly the same have nearly the same bits.
    """

    cosine: Doubles
    lengths: Doubles
    hashes: Hashes

    @property
    def own_lengths(self) -> Doubles:
        """`lengths` without what points towards the unused rows: how far a row went by its own training.

        A softmax pushes rows that are seldom a target the same way as the unused ones. What points away
        from those is kept: frequent targets go there.
        """
        drift = np.maximum(np.nan_to_num(self.cosine), 0)
        own: Doubles = self.lengths * np.sqrt(1 - drift**2)
        return own


def measure_directions(
    tensor: StoredTensor, measures: RowMeasures, unused: Ids, advance: Advance = lambda rows: None
) -> Directions:
    """Read the matrix once more. Cosines are of rows minus the mean row, as magikarp's indicators are.

    Land & Bartolo 2024 (arXiv:2405.05417) rank tokens by this distance; unlike the norm it also works
    where one matrix serves both ends of the model.
    """
    planes = np.random.default_rng(_SEED).standard_normal((tensor.width, HASH_BITS)).astype(np.float32)
    unused_sum = _centred_sum(tensor, unused, measures.mean_row)
    is_unused = np.isin(np.arange(tensor.rows), unused)
    cosine, lengths = np.full(tensor.rows, np.nan), np.empty(tensor.rows)
    hashes = np.empty((tensor.rows, BANDS), dtype=np.uint16)
    for start, stored in row_blocks(tensor):
        rows = _centred(stored, measures.mean_row)
        stop = start + rows.shape[0]
        lengths[start:stop] = row_norms(rows)
        hashes[start:stop] = np.packbits(_products(rows, planes) > 0, axis=1).view(np.uint16)
        if unused.size:
            block = lengths[start:stop], is_unused[start:stop]
            cosine[start:stop] = _cosines(rows, unused_sum, unused.size, *block)
        advance(rows.shape[0])
    return Directions(cosine, lengths, hashes)


def _centred(stored: Floats, mean_row: Doubles) -> Floats | Doubles:
    """The rows minus the mean row; in 64 bits where a difference passes the largest 32-bit float."""
    with np.errstate(over="ignore"):
        rows: Floats = stored - mean_row.astype(np.float32)
    return rows if np.isfinite(rows).all() else stored.astype(np.float64) - mean_row


def _products(rows: Floats | Doubles, columns: npt.NDArray[np.floating]) -> Doubles:
    """`rows @ columns`, shape (rows, …); what passes the largest 32-bit float is multiplied in 64 bits."""
    with np.errstate(over="ignore", invalid="ignore"):
        products: Doubles = (rows @ columns.astype(rows.dtype)).astype(np.float64)
    too_large = ~np.isfinite(products).reshape(len(rows), -1).all(axis=1)
    if too_large.any():
        products[too_large] = rows[too_large].astype(np.float64) @ columns
    return products


def _cosines(
    rows: Floats | Doubles,
    unused_sum: Doubles,
    count: int,
    lengths: Doubles,
    is_unused: npt.NDArray[np.bool_],
) -> Doubles:
    """Cosine to the mean of the unused rows; an unused row is compared with the mean of the others."""
    squares = lengths**2
    dots = _products(rows, unused_sum)
    whole = float(unused_sum @ unused_sum)
    dot = np.where(is_unused, dots - squares, dots)
    length = np.where(is_unused, whole - 2 * dots + squares, whole)
    if count == 1:
        dot = np.where(is_unused, np.nan, dot)
    with np.errstate(invalid="ignore", divide="ignore"):
        cosine: Doubles = dot / np.sqrt(squares * np.maximum(length, 0))
    return np.where(np.isfinite(cosine), np.clip(cosine, -1, 1), np.nan)


def _centred_sum(tensor: StoredTensor, unused: Ids, mean_row: Doubles) -> Doubles:
    total = np.zeros(tensor.width)
    for ids in _batches(unused):
        total += (read_rows(tensor, ids) - mean_row).sum(axis=0)
    return total


def _batches(ids: Ids) -> Iterator[Ids]:
    for start in range(0, ids.size, _MEAN_BLOCK):
        yield ids[start : start + _MEAN_BLOCK]
