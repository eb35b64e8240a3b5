"""The body of the norms: what is usual for rows of one script and rank, and how far each row is from it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from audit.norms.measures import Doubles
from audit.norms.robust import LEAST_SPREAD, upper_spread

RANK_BINS = 10  # deciles of the ids, which are ranks in a byte-level vocabulary
LEAST_ROWS = 100  # in a cell; the MAD of 100 normal values is within 25 % of σ nineteen times in twenty
PRIOR_ROWS = 200  # weight of all cells' common spread against a cell's own
# A cell may be clearly unlike the body for good reason; this far off, the cell itself is the anomaly.
FARTHEST_CELL = 3.0  # spreads of the whole body
# A cell's estimate starts from this share of its rows from below and grows until no more rows lie within
# CLIP spreads, so that hot rows never take part in it, whatever their number up to the other 40 %.
START_SHARE = 0.6
CLIP = 3.0
_GROW_ROUNDS = 40
_COUNT_BINS = 20

ALL = "all"

Codes = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Cell:
    """Rows that are measured against each other: a script (or `all`) and a range of ids.

    `median` and `spread` are of the log-norms, after hot rows were set aside; `unusual` says that the
    cell as a whole is so far from the body that its rows are measured against the body instead.
    """

    script: str
    first_id: int
    last_id: int
    rows: int
    median: float
    spread: float
    unusual: bool


@dataclass(frozen=True, slots=True)
class Body:
    """For every row its robust z, NaN where it takes no part, and the place of its cell in `cells`, or -1.

    `expected` rows are those whose usual length is known, so that a high z says something.
    """

    z: Doubles
    cell: Codes
    expected: Flags
    cells: tuple[Cell, ...]
    median: float
    spread: float


def measure_body(
    logs: Doubles,
    scripts: Sequence[str],
    script: Codes,
    counts: Doubles | None = None,
    unranked: Sequence[int] = (),
) -> Body:
    """Robust z of log-norms, shape (rows,), NaN for rows that take no part (zero rows, the lump).

    z = (log-norm - median of its cell) / spread, where the spread is that of the cell's upper side, shrunk a
    little towards that of all cells. `script` has each row's place in `scripts`. Cells are script × tenth
    of the ids; where a cell has less than LEAST_ROWS rows its script is taken, then the tenth of all
    scripts, then all that is left (which, when too small itself, is measured against the whole body). With
    `counts` (of each token in a corpus) the log-norms are first freed of what the log count explains (see
    `count_residuals`); without them nothing is expected of rows in `unranked`, whose ids are no ranks.
    """
    expected = np.ones(logs.size, dtype=np.bool_)
    if counts is None:
        expected[list(unranked)] = False
    values = logs if counts is None else count_residuals(logs, counts)
    used = np.isfinite(values)
    if not used.any():
        return Body(np.full(logs.size, np.nan), np.full(logs.size, -1), expected, (), 0.0, LEAST_SPREAD)
    median, spread = _centre_and_spread(values[used])
    groups = [
        (code, members, *_centre_and_spread(values[members])) for code, members in _groups(used, script)
    ]
    pooled = _pooled_spread(values, groups)
    z, cell = np.full(logs.size, np.nan), np.full(logs.size, -1)
    cells: list[Cell] = []
    for code, members, centre, width in groups:
        unusual = abs(centre - median) > FARTHEST_CELL * spread
        of_body = unusual or members.size < LEAST_ROWS
        base, scale = (median, spread) if of_body else (centre, _shrunk(width, members.size, pooled))
        z[members] = (values[members] - base) / scale
        cell[members] = len(cells)
        name = ALL if code < 0 else scripts[code]
        ends = int(members[0]), int(members[-1])
        cells.append(Cell(name, *ends, members.size, centre, width, unusual))
    return Body(z, cell, expected, tuple(cells), median, spread)


def count_residuals(logs: Doubles, counts: Doubles) -> Doubles:
    """Log-norms minus their usual value at the same log count.

    Norms grow with the logarithm of a word's frequency (Herold 2018). The usual value is the median
    in each of 20 bins with equally many rows, with straight lines between the bins' medians: no shape is
    assumed and no outlier pulls it.
    """
    used = np.flatnonzero(np.isfinite(logs))
    level = np.log1p(counts[used])
    edges = np.unique(np.quantile(level, np.linspace(0, 1, _COUNT_BINS + 1)))
    bins = np.clip(np.searchsorted(edges, level, side="right") - 1, 0, max(edges.size - 2, 0))
    present = np.unique(bins)
    centres = np.array([np.median(level[bins == place]) for place in present])
    usual = np.array([np.median(logs[used][bins == place]) for place in present])
    residuals = np.full(logs.size, np.nan)
    residuals[used] = logs[used] - np.interp(level, centres, usual)
    return residuals


def _groups(used: npt.NDArray[np.bool_], script: Codes) -> Iterator[tuple[int, Codes]]:
    """Disjoint cells, finest first, as (script or -1, rows in order); only the last may be small."""
    rank_bin = np.arange(used.size) * RANK_BINS // max(used.size, 1)
    rest = used.copy()
    for key, bins in ((script * RANK_BINS + rank_bin, RANK_BINS), (script, 1), (rank_bin, 0)):
        for value, rows in _large_groups(np.flatnonzero(rest), key):
            yield (value // bins if bins else -1), rows
            rest[rows] = False
    if rest.any():
        yield -1, np.flatnonzero(rest)


def _pooled_spread(values: Doubles, groups: Sequence[tuple[int, Codes, float, float]]) -> float:
    """The spread of all rows around their own cells' medians."""
    return _centre_and_spread(np.concatenate([values[rows] - centre for _, rows, centre, _ in groups]))[1]


def _shrunk(width: float, rows: int, pooled: float) -> float:
    """A cell's spread, drawn towards the pooled one as if PRIOR_ROWS more rows had that.

    The spread of a hundred rows is off by a quarter often enough that four spreads would not be four.
    """
    return math.sqrt((rows * width**2 + PRIOR_ROWS * pooled**2) / (rows + PRIOR_ROWS))


def _large_groups(rows: Codes, key: Codes) -> list[tuple[int, Codes]]:
    ordered = rows[np.argsort(key[rows], kind="stable")]
    values, starts = np.unique(key[ordered], return_index=True)
    parts = np.split(ordered, starts[1:]) if ordered.size else []
    return [(int(value), part) for value, part in zip(values, parts, strict=True) if part.size >= LEAST_ROWS]


def _centre_and_spread(values: Doubles) -> tuple[float, float]:
    """Median and upper spread of the rows that belong together, grown from the lower ones (a forward search).

    Estimates from all rows, with outliers then taken away, would start too wide where hot rows are many:
    six in a hundred already decide the 95th percentile.
    """
    limit = float(np.quantile(values, START_SHARE))
    rows = 0
    for _ in range(_GROW_ROUNDS):
        kept = values[values <= limit]
        centre, spread = upper_spread(kept)
        if kept.size == rows:
            break
        rows, limit = kept.size, centre + CLIP * spread
    return centre, spread
