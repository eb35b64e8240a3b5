"""Commands killed at random moments end with the same bytes; see `python -m benchmarks.kills` for more."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.kill_runs import run_trials
from benchmarks.kills import subjects


@pytest.mark.slow
def test_twelve_kills_change_nothing(tmp_path: Path) -> None:
    known = subjects(tmp_path)
    kills = {"filter": 2, "count": 2, "train": 3, "ranges": 2, "count-ranges": 2, "run": 1}
    plan = [(known[name], number) for name, number in kills.items()]
    tallies = list(run_trials(plan, tmp_path, seed=20_261_122, kills_in_a_row=3))
    assert sum(tally.kills for tally in tallies) == 12
    assert [(tally.differences, tally.failures) for tally in tallies] == [([], [])] * len(kills)
