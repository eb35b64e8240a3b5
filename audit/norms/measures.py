"""One pass over a matrix: the norm of every row and the mean row, with broken rows found on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from corpora.errors import WinnowError
from trainer.number_formats import Floats
from trainer.weight_rows import row_blocks
from trainer.weights import StoredTensor

Doubles = npt.NDArray[np.float64]
Ids = npt.NDArray[np.int64]
Advance = Callable[[int], None]

_SHOWN = 5  # rows named in an error


@dataclass(frozen=True, slots=True)
class RowMeasures:
    """`norms` has the Euclidean norm of each row, shape (rows,); `mean_row` the mean row, shape (width,)."""

    norms: Doubles
    mean_row: Doubles

    @property
    def mean(self) -> float:
        """Mean of all rows' norms, those of zero rows included."""
        return float(self.norms.mean())

    @property
    def std(self) -> float:
        """Standard deviation of all rows' norms (of the population: divided by the number of rows)."""
        return float(self.norms.std())

    @property
    def zeros(self) -> Ids:
        """Rows that are all zero; they have no logarithm and stand apart in every test."""
        return np.flatnonzero(self.norms == 0)

    @property
    def logs(self) -> Doubles:
        """Natural logarithms of the norms; NaN for zero rows."""
        logs = np.full(self.norms.size, np.nan)
        np.log(self.norms, out=logs, where=self.norms > 0)
        return logs


def measure_rows(tensor: StoredTensor, advance: Advance = lambda rows: None) -> RowMeasures:
    """Measure all rows in blocks; `advance` is told how many rows each block had.

    Raises WinnowError naming the rows that hold NaN or infinity.
    """
    norms = np.empty(tensor.rows)
    total = np.zeros(tensor.width)
    broken: list[int] = []
    for start, rows in row_blocks(tensor):
        stop = start + rows.shape[0]
        norms[start:stop] = row_norms(rows)
        total += rows.sum(axis=0, dtype=np.float64)
        if not np.isfinite(norms[start:stop]).all():
            broken.extend((start + np.flatnonzero(~np.isfinite(rows).all(axis=1))).tolist())
        advance(rows.shape[0])
    _refuse_broken(tensor, broken)
    return RowMeasures(norms, total / tensor.rows)


def row_norms(rows: Floats | Doubles) -> Doubles:
    """Euclidean norms; rows whose squares pass the largest 32-bit float are squared in 64 bits."""
    with np.errstate(over="ignore", invalid="ignore"):
        squares = np.einsum("ij,ij->i", rows, rows).astype(np.float64)
    # Squares of very small values fall to zero in 32 bits, those of very large ones to infinity.
    for row in np.flatnonzero(~((squares > 1e-30) & (squares < 1e36))):
        exact = rows[row].astype(np.float64)
        squares[row] = exact @ exact
    norms: Doubles = np.sqrt(squares)
    return norms


def _refuse_broken(tensor: StoredTensor, rows: list[int]) -> None:
    if rows:
        named = ", ".join(map(str, rows[:_SHOWN])) + (", …" if len(rows) > _SHOWN else "")
        count = "1 row holds" if len(rows) == 1 else f"{len(rows)} rows hold"
        raise WinnowError(
            f"{count} NaN or infinity in {tensor.name!r}: {named}",
            where=tensor.file,
            hint="the checkpoint is damaged, or training diverged",
        )
