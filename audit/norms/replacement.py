"""New rows for a matrix: re-initialised from trained rows, clipped to what is usual, or made equally long."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from audit.norms.constituents import constituents
from audit.norms.labels import Labels
from audit.norms.measures import Doubles, Ids
from audit.norms.records import MatrixScan
from corpora.errors import WrongCall
from trainer.weight_rows import read_rows, row_blocks

Method = Literal["mean", "subtokens", "sample", "clip", "equalise"]
METHODS: tuple[Method, ...] = get_args(Method)
_BLOCK = 1_024  # rows in memory at once


@dataclass(frozen=True, slots=True)
class RepairOptions:
    """How to repair: `spread` scales the deviations of `sample`; `low`, `high` are percentiles for `clip`."""

    method: Method
    spread: float = 1.0
    low: float = 1.0
    high: float = 99.0
    seed: int = 0


def new_rows(
    scan: MatrixScan, labels: Labels, ids: Ids, options: RepairOptions
) -> Iterator[tuple[Ids, Doubles]]:
    """Yield blocks of ids and the rows that replace them, shape (ids, width), not yet rounded for storage.

    `ids` are sorted. Rows that `clip` finds inside their bounds are left out. Trained rows, to learn from,
    are those that take part in the body and have a token; those to be re-initialised do not count.
    Raises WrongCall when there are none, and where a method cannot be used on a row.
    """
    if options.method in ("clip", "equalise"):
        trained = trained_rows(scan, labels, ids[:0])
        wanted = _wanted_norms(scan, labels, ids, trained, options)
        changed = wanted != scan.measures.norms[ids]
        for block in _blocks(ids[changed]):
            rows = read_rows(scan.tensor, block).astype(np.float64)
            yield block, _scaled_to(rows, wanted[np.searchsorted(ids, block)], block)
        return
    trained = trained_rows(scan, labels, ids)
    for number, block in enumerate(_blocks(ids)):
        yield block, _initial_rows(scan, labels, block, trained, options, number)


def trained_rows(scan: MatrixScan, labels: Labels, without: Ids) -> Ids:
    """The rows to learn from, without those in `without`."""
    takes_part = np.isfinite(scan.body.z)
    takes_part[labels.anchors] = False
    takes_part[without] = False
    trained = np.flatnonzero(takes_part)
    if not trained.size:
        raise WrongCall("no trained row would be left to learn from", hint="choose fewer rows")
    return trained


def _blocks(ids: Ids) -> Iterator[Ids]:
    for start in range(0, ids.size, _BLOCK):
        yield ids[start : start + _BLOCK]


def _initial_rows(
    scan: MatrixScan, labels: Labels, ids: Ids, trained: Ids, options: RepairOptions, block: int
) -> Doubles:
    if options.method == "subtokens":
        return _from_parts(scan, labels, ids, trained)
    mean = _mean(scan, trained)
    if options.method == "mean":
        return np.tile(mean, (ids.size, 1))
    return mean + options.spread * _deviations(scan, trained, mean, ids.size, (options.seed, block))


def _wanted_norms(
    scan: MatrixScan, labels: Labels, ids: Ids, trained: Ids, options: RepairOptions
) -> Doubles:
    """The norm that each row gets: clipped to percentiles, or the median, of rows like it.

    Rows like it are those of its cell; for a row without one (of the lump) those of its script, else all.
    """
    wanted = scan.measures.norms[ids].copy()
    cells, scripts = scan.body.cell[ids], labels.script[ids]
    for cell, script in sorted(set(zip(cells.tolist(), scripts.tolist(), strict=True))):
        members = (cells == cell) & (scripts == script)
        usual = scan.measures.norms[_alike(scan, labels, trained, cell, script)]
        if options.method == "equalise":
            wanted[members] = np.median(usual)
        else:
            wanted[members] = np.clip(wanted[members], *np.percentile(usual, [options.low, options.high]))
    return wanted


def _alike(scan: MatrixScan, labels: Labels, trained: Ids, cell: int, script: int) -> Ids:
    for same in (scan.body.cell[trained] == cell, labels.script[trained] == script):
        if same.any():
            alike: Ids = trained[same]
            return alike
    return trained


def _mean(scan: MatrixScan, trained: Ids) -> Doubles:
    """The mean trained row, from one pass over the matrix."""
    total = np.zeros(scan.tensor.width)
    is_trained = _flags(scan, trained)
    for start, rows in row_blocks(scan.tensor):
        total += rows[is_trained[start : start + len(rows)]].sum(axis=0, dtype=np.float64)
    return total / trained.size


def _deviations(scan: MatrixScan, trained: Ids, mean: Doubles, count: int, seed: tuple[int, int]) -> Doubles:
    """Draws from N(0, covariance of the trained rows), without forming the covariance.

    Σ gᵢ (xᵢ - mean) / √n with independent standard normal gᵢ has exactly that distribution.
    """
    is_trained = _flags(scan, trained)
    random = np.random.default_rng(seed)
    drawn = np.zeros((count, scan.tensor.width))
    for start, rows in row_blocks(scan.tensor):
        used = rows[is_trained[start : start + len(rows)]] - mean.astype(np.float32)
        drawn += random.standard_normal((count, len(used)), dtype=np.float32) @ used
    deviations: Doubles = drawn / np.sqrt(trained.size)
    return deviations


def _flags(scan: MatrixScan, ids: Ids) -> npt.NDArray[np.bool_]:
    flags = np.zeros(scan.tensor.rows, dtype=np.bool_)
    flags[ids] = True
    return flags


def _from_parts(scan: MatrixScan, labels: Labels, ids: Ids, trained: Ids) -> Doubles:
    """The mean row of each token's parts, brought to the median norm of its script.

    For rows without such parts (padding, bytes that no text has) the mean trained row stands in.
    """
    if labels.vocabulary is None:
        raise WrongCall("parts are those of tokens", hint="--tokenizer TOKENIZER")
    refused = set(range(scan.tensor.rows)) - set(trained.tolist())
    stand_in = _mean(scan, trained)
    rows = np.empty((ids.size, scan.tensor.width))
    for place, id_ in enumerate(ids.tolist()):
        parts = constituents(labels.vocabulary, id_, refused)
        rows[place] = read_rows(scan.tensor, parts).mean(axis=0, dtype=np.float64) if parts else stand_in
    alike = [trained[labels.script[trained] == labels.script[id_]] for id_ in ids]
    wanted = [float(np.median(scan.measures.norms[same if same.size else trained])) for same in alike]
    return _scaled_to(rows, np.array(wanted), ids)


def _scaled_to(rows: Doubles, norms: Doubles, ids: Ids) -> Doubles:
    lengths = np.linalg.norm(rows, axis=1)
    zero = np.flatnonzero(lengths == 0)
    if zero.size:
        raise WrongCall(
            f"row {ids[zero[0]]} is zero and cannot be made longer", hint="--method mean, sample or subtokens"
        )
    scaled: Doubles = rows * (norms / lengths)[:, None]
    return scaled
