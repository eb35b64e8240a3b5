"""Progress: what a person is told while files are read, and that nobody else is told anything."""

from __future__ import annotations

import gzip
import io
import random
import sys
from pathlib import Path

import pytest

from corpora.progress import Progress, reading_line, time_left
from corpora.read_position import Position, ReadPosition
from corpora.streams import open_bytes


class Terminal(io.StringIO):
    """A text stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_the_line_says_rate_and_time_left_where_they_are_known() -> None:
    half = reading_line(12_345, 50_000_000, 10.0, Position(25_000_000, 100_000_000))
    assert half == "12,345 documents · 50.0 MB · 5.0 MB/s · 0:00:30 left"
    assert reading_line(3, 2_000_000, 1.0, None) == "3 documents · 2.0 MB · 2.0 MB/s"
    assert reading_line(0, 0, 0.0, Position(0, 9)) == "0.0 MB · 0.0 MB/s"
    assert time_left(10.0, 5, None) == ""


@pytest.mark.skipif(not Path("/proc/self/fdinfo").is_dir(), reason="the system does not tell positions")
def test_the_position_is_of_the_compressed_file_and_counts_finished_files(tmp_path: Path) -> None:
    first, second = tmp_path / "a.jsonl", tmp_path / "b.jsonl.gz"
    first.write_bytes(b"x" * 5_000)
    noise = random.Random(3).randbytes(3_000_000)  # cannot be compressed: positions move
    second.write_bytes(gzip.compress(noise))
    total = 5_000 + second.stat().st_size
    position = ReadPosition([first, second])
    assert position.now() is None
    with first.open("rb", buffering=0) as stream:
        stream.read(1_000)
        assert position.now() == Position(1_000, total)
    with open_bytes(second) as stream:
        stream.read(1_000_000)
        now = position.now()
    assert now is not None
    assert 900_000 < now.done < total - 900_000
    assert position.now() is None


@pytest.mark.parametrize("quiet", [True, False])
def test_only_a_terminal_is_shown_progress(
    quiet: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "a").write_bytes(b"x" * 10)
    for stream in (io.StringIO(), Terminal()):
        monkeypatch.setattr(sys, "stderr", stream)
        monkeypatch.setattr("corpora.progress._INTERVAL", 0.0)
        progress = Progress(quiet=quiet)
        with (
            progress.reading("reading", [tmp_path / "a"]) as reading,
            progress.bar("training", 5, "ids") as bar,
        ):
            reading.advance(2, 1_000_000)
            bar.advance(3)
        shown = stream.getvalue()
        if stream.isatty() and not quiet:
            assert "2 documents · 1.0 MB" in shown
            assert "3 of 5 ids" in shown
        else:
            assert shown == ""
