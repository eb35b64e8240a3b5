"""New rows for a matrix: re-initialised from trained rows, clipped to what is usual, or made equally long."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from audit.norms.constituents import constituents
from audit.norms.labels import Labels
from audit.norms.measures import Doubles, Ids
from audit.norms.records import MatrixScan
from audit.norms.rows import read_rows, row_blocks
from corpora.errors import WrongCall

Method = Literal["mean", "subtokens", "sample", "clip", "equalise"]
METHODS: tuple[Method, ...] = get_args(Method)


@dataclass(frozen=True, slots=True)
class RepairOptions:
    """How to repair: `spread` scales the deviations of `sample`, `low` and `high` are percentiles for `clip`."""

    method: Method
    spread: float = 1.0
    low: float = 1.0
    high: float = 99.0
    seed: int = 0


def new_rows(scan: MatrixScan, labels: Labels, ids: Ids, options: RepairOptions) -> Doubles:
    """The rows that replace `ids` (sorted), shape (ids, width), before rounding to the stored format.

    Trained rows are those that take part in the body, have a token and are not to be replaced.
    Raises WrongCall when there are none, and where a method cannot be used on a row.
    """
    trained = trained_rows(scan, labels, ids)
    makers: dict[Method, Callable[[], Doubles]] = {
        "mean": lambda: np.tile(_mean(scan, trained), (ids.size, 1)),
        "sample": lambda: _sample(scan, trained, ids.size, options),
        "subtokens": lambda: _from_parts(scan, labels, ids, trained),
        "clip": lambda: _rescaled(scan, labels, ids, trained, options),
        "equalise": lambda: _rescaled(scan, labels, ids, trained, options),
    }
    return makers[options.method]()


def trained_rows(scan: MatrixScan, labels: Labels, ids: Ids) -> Ids:
    """The rows to learn from."""
    takes_part = np.isfinite(scan.body.z)
    takes_part[labels.anchors] = False
    takes_part[ids] = False
    trained = np.flatnonzero(takes_part)
    if not trained.size:
        raise WrongCall("no trained row would be left to repair from", hint="choose fewer rows")
    return trained


def reference_norms(scan: MatrixScan, labels: Labels, row: int, trained: Ids) -> Doubles:
    """Norms of the trained rows that a row is compared with: its cell's, else its script's, else all."""
    cell, script = scan.body.cell, labels.script
    for alike in (cell[trained] == cell[row], script[trained] == script[row]):
        if alike.any() and not (cell[row] < 0 and alike is None):
            return scan.measures.norms[trained[alike]]
    return scan.measures.norms[trained]


def _mean(scan: MatrixScan, trained: Ids) -> Doubles:
    """The mean trained row, from one pass over the matrix."""
    total = np.zeros(scan.tensor.width)
    is_trained = np.zeros(scan.tensor.rows, dtype=bool)
    is_trained[trained] = True
    for start, rows in row_blocks(scan.tensor):
        total += rows[is_trained[start : start + len(rows)]].sum(axis=0, dtype=np.float64)
    return total / trained.size


def _sample(scan: MatrixScan, trained: Ids, count: int, options: RepairOptions) -> Doubles:
    """Draws from N(mean, spread² · covariance) of the trained rows, without forming the covariance.

    mean + spread · Σ gᵢ (xᵢ - mean) / √n with independent standard normal gᵢ has exactly that distribution.
    """
    mean = _mean(scan, trained)
    is_trained = np.zeros(scan.tensor.rows, dtype=bool)
    is_trained[trained] = True
    random = np.random.default_rng(options.seed)
    drawn = np.zeros((count, scan.tensor.width))
    for start, rows in row_blocks(scan.tensor):
        used = rows[is_trained[start : start + len(rows)]] - mean.astype(np.float32)
        weights = random.standard_normal((count, len(used)), dtype=np.float32)
        drawn += weights @ used
    return mean + options.spread * drawn / np.sqrt(trained.size)


def _from_parts(scan: MatrixScan, labels: Labels, ids: Ids, trained: Ids) -> Doubles:
    """The mean row of each token's parts, brought to the median norm of its script."""
    if labels.vocabulary is None:
        raise WrongCall("parts are those of tokens", hint="--tokenizer TOKENIZER")
    refused = set(range(scan.tensor.rows)) - set(trained.tolist())
    rows = np.empty((ids.size, scan.tensor.width))
    for place, id_ in enumerate(ids.tolist()):
        parts = constituents(labels.vocabulary, id_, refused)
        rows[place] = read_rows(scan.tensor, parts).mean(axis=0, dtype=np.float64)
    alike = [trained[labels.script[trained] == labels.script[id_]] for id_ in ids]
    wanted = [float(np.median(scan.measures.norms[same if same.size else trained])) for same in alike]
    return _scaled_to(rows, np.array(wanted), ids)


def _rescaled(
    scan: MatrixScan, labels: Labels, ids: Ids, trained: Ids, options: RepairOptions
) -> Doubles:
    rows = read_rows(scan.tensor, ids).astype(np.float64)
    wanted = scan.measures.norms[ids].copy()
    for place, id_ in enumerate(ids.tolist()):
        usual = reference_norms(scan, labels, id_, trained)
        if options.method == "equalise":
            wanted[place] = np.median(usual)
        else:
            wanted[place] = np.clip(wanted[place], *np.percentile(usual, [options.low, options.high]))
    return _scaled_to(rows, wanted, ids)


def _scaled_to(rows: Doubles, norms: Doubles, ids: Ids) -> Doubles:
    lengths = np.linalg.norm(rows, axis=1)
    zero = np.flatnonzero(lengths == 0)
    if zero.size:
        raise WrongCall(
            f"row {ids[zero[0]]} is zero and cannot be made longer", hint="--method mean, sample or subtokens"
        )
    return rows * (norms / lengths)[:, None]
