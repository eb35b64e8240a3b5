"""Counting takes the same memory for four times the input: measured on whole commands."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
import pytest

import corpora
from benchmarks.drawn_corpus import DrawnCorpus
from benchmarks.measure import measure

SAMPLE = Path(corpora.__file__).parent / "sample"
SPARE = 100.0  # MB: what peaks differ by from run to run, and what a first full row group takes


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is read from /proc")
def test_the_peak_of_counting_does_not_grow_with_the_input(tmp_path: Path) -> None:
    lines = [line for path in sorted(SAMPLE.glob("*/*.jsonl")) for line in path.read_bytes().splitlines()]
    drawn = DrawnCorpus([msgspec.json.decode(line)["text"] for line in lines])
    peaks = {}
    for size in (20, 80):
        source = tmp_path / f"{size}.jsonl"
        drawn.write(source, size * 10**6)
        for name, more in (("count", ()), ("frequencies", ("--frequencies",))):
            out = tmp_path / f"{name}-{size}.parquet"
            command = ["count", str(source), "-o", str(out), "--memory", "20MB", "--workers", "2", *more]
            usage = measure([sys.executable, "-m", "winnow", *command, "-q"], tmp_path / "log", 600)
            peaks[name, size] = usage.peak_mb
    assert peaks["count", 80] < peaks["count", 20] + SPARE, peaks
    assert peaks["frequencies", 80] < peaks["frequencies", 20] + SPARE, peaks
    assert peaks["frequencies", 80] < peaks["count", 80] + SPARE, peaks
