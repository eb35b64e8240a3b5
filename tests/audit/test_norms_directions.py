"""Directions of rows near the largest 32-bit float, against the same formulas in 64 bits: no overflow."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest

from audit.norms.directions import measure_directions
from audit.norms.measures import measure_rows
from tests.audit.norms_checkpoints import INPUT, write_tensors
from trainer.token_matrices import find_embeddings
from trainer.weights import StoredTensor, open_checkpoint

UNUSED = np.array([0, 3, 9])


def stored(path: Path, rows: np.ndarray) -> StoredTensor:
    tensor = find_embeddings(open_checkpoint(write_tensors(path, {INPUT: rows}))).input
    assert tensor is not None
    return tensor


@pytest.mark.parametrize("scale", [1.0, 1e19, 1e38])
@pytest.mark.parametrize("large", [[], [3], [3, 4, 40], list(range(60))])
def test_directions_are_those_of_64_bits(scale: float, large: list[int], tmp_path: Path) -> None:
    rows = np.random.default_rng(1).normal(size=(60, 8)).clip(-3, 3)
    rows[large] *= scale
    rows = rows.astype(np.float32)
    tensor = stored(tmp_path / "model.safetensors", rows)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = measure_directions(tensor, measure_rows(tensor), UNUSED)
    centred = rows.astype(np.float64) - rows.astype(np.float64).mean(axis=0)
    total = centred[UNUSED].sum(axis=0)
    others = total - np.isin(np.arange(60), UNUSED)[:, None] * centred
    lengths = np.linalg.norm(centred, axis=1)
    expected = (centred * others).sum(axis=1) / (lengths * np.linalg.norm(others, axis=1))
    assert found.lengths == pytest.approx(lengths, rel=1e-5)
    assert found.cosine == pytest.approx(expected, abs=1e-5)
    assert np.isfinite(found.own_lengths).all()
