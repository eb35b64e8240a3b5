"""The ground-truth experiment in miniature: it trains, plants, scans and scores."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from benchmarks import norms_ground_truth, norms_model
from benchmarks.norms_model import Text, _batches, _deal
from tests.audit.norms_checkpoints import small_vocabulary


def text_of(rows: int, tokens: int) -> Text:
    ids = np.random.default_rng(0).integers(tokens, size=20_000)
    return Text(small_vocabulary(), ids, rows)


def test_a_control_meets_every_row() -> None:
    text = text_of(rows=120, tokens=100)
    dealt = _deal(text)
    assert dealt[:, 0].tolist() == list(range(120))  # each token keeps its own row, so that ids stay ranks
    assert set(dealt[:100].reshape(-1).tolist()) == set(range(120))
    batches = _batches(text, np.random.default_rng(0), control=True)
    met = {id_ for _, batch in zip(range(9), batches, strict=False) for id_ in batch.reshape(-1).tolist()}
    assert met == set(range(120))


def test_batches_leave_the_text_as_it_is() -> None:
    text = text_of(rows=120, tokens=100)
    batch = next(_batches(text, np.random.default_rng(0), control=False))
    assert batch.shape == (norms_model.BATCH, norms_model.CONTEXT)
    batch[:] = 0
    assert text.ids.any()


@pytest.mark.slow
def test_the_whole_experiment_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch", reason="PyTorch is not installed (extra `torch`)")
    monkeypatch.setenv("WINNOW_BENCH_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(norms_model, "HOT_STEPS", 3)
    arguments = [
        "--seed",
        "3",
        "--steps",
        "3",
        "--vocab",
        "600",
        "--out",
        tmp_path / "R.md",
        "--pictures",
        tmp_path / "p",
    ]
    ran = CliRunner().invoke(norms_ground_truth.main, list(map(str, arguments)))
    assert ran.exit_code == 0, ran.output
    assert (tmp_path / "R.md").read_text(encoding="utf-8").count("| untied, decay |") == 2
    assert {path.name for path in (tmp_path / "p").iterdir()} == {"norms-input.svg", "norms-output.svg"}
