"""Commands killed at random moments end with the same bytes; see `python -m benchmarks.kills` for more."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.kill_runs import run_trials
from benchmarks.kills import subjects


@pytest.mark.slow
def test_ten_kills_change_nothing(tmp_path: Path) -> None:
    known = subjects(tmp_path)
    plan = [(known["filter"], 3), (known["count"], 3), (known["train"], 3), (known["run"], 1)]
    tallies = list(run_trials(plan, tmp_path, seed=20_261_122, kills_in_a_row=3))
    assert sum(tally.kills for tally in tallies) == 10
    assert [(tally.differences, tally.failures) for tally in tallies] == [([], [])] * 4
