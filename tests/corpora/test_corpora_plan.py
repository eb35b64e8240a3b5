"""`winnow plan`: the arithmetic on made-up measurements, the sample, and the verb on a small corpus."""

from __future__ import annotations

import gzip
import json
import math
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from corpora.capacity_model import CountPoint, Measured, Model, Usage, fit_heaps, rate
from corpora.capacity_sample import draw_sample
from corpora.documents import ReadOptions
from corpora.errors import WinnowError

MB = 1_000_000


def points(k: float, beta: float) -> list[CountPoint]:
    sizes = [MB, 2 * MB, 4 * MB, 8 * MB]
    return [CountPoint(size, round(k * size**beta), 6 * round(k * size**beta)) for size in sizes]


@pytest.fixture
def model() -> Model:
    """8 MB: judged at 1 MB/s, counted at 7 MB/s, half of it kept."""
    found = points(10, 0.6)
    measured = Measured(
        8 * MB, 1000, 0.5, 0.125,
        Usage(3, 300 * MB), Usage(10, 400 * MB, 2 * MB), Usage(1, 200 * MB), Usage(2, 300 * MB, MB),
        Usage(1, 200 * MB), Usage(2, 300 * MB, 3 * MB), found,
    )  # fmt: skip
    return Model(measured, fit_heaps(found), cores=4)


def test_the_law_that_made_the_points_is_found() -> None:
    law = fit_heaps(points(10, 0.6))
    assert law.beta == pytest.approx(0.6, abs=0.001)
    assert law.distinct(10**12) == pytest.approx(10 * 10**7.2, rel=0.02)


def test_rates_leave_starting_up_out(model: Model) -> None:
    assert model.filter_rate == pytest.approx(MB)
    assert model.count_rate == pytest.approx(7 * MB)
    assert rate(Usage(5, 0), Usage(5.1, 0), 100) == pytest.approx(100 / 5.1)  # noise: a lower bound


def test_machines_follow_from_rates(model: Model) -> None:
    day = model.on_machines(10**12, 24)
    assert day.filter_machines == math.ceil(10**12 / (4 * MB) / 86_400) == 3
    assert day.count_machines == math.ceil(5 * 10**11 / (28 * MB) / 86_400) == 1
    assert day.settle_hours == pytest.approx(10**12 / 29e6 / 3600)
    assert model.on_machines(10**13, 24).filter_machines is None
    assert model.on_machines(10**13, 100).filter_machines is not None


def test_one_machine_needs_more_for_more(model: Model) -> None:
    small, large = model.on_this_machine(10**9, 10**8), model.on_this_machine(10**10, 10**8)
    assert [row.verb for row in small] == ["filter", "count", "train"]
    assert all(
        a.seconds < b.seconds and a.disk_bytes < b.disk_bytes for a, b in zip(small, large, strict=True)
    )
    assert small[0].seconds == pytest.approx(250)
    assert small[1].memory_bytes == large[1].memory_bytes == 300 * MB + 10**8  # --memory bounds the table


def test_little_memory_writes_the_same_rows_again_and_again(model: Model) -> None:
    disk = [model.on_this_machine(10**11, memory)[1].disk_bytes for memory in (10**8, 10**9, 10**12)]
    assert disk[0] > 2 * disk[1] > 4 * disk[2]
    assert model.heaps.text_bytes(model.heaps.distinct(10**9)) == pytest.approx(10**9)


def write_corpus(folder: Path, documents: int) -> Path:
    rng = random.Random(7)
    words = ["".join(rng.choices("abcdefghij", k=rng.randint(2, 9))) for _ in range(3_000)]
    rows = [{"text": " ".join(rng.choices(words, k=80)), "note": "x" * 100} for _ in range(documents)]
    path = folder / "in.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_a_sample_stands_for_the_input(tmp_path: Path) -> None:
    path = write_corpus(tmp_path, 4_000)
    rows = [json.loads(line) for line in path.open()]
    text_bytes = sum(len(row["text"]) for row in rows)
    (tmp_path / "in.jsonl.gz").write_bytes(gzip.compress(path.read_bytes()))
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "in.parquet", row_group_size=200)
    for name, tolerance in (("in.jsonl", 0.02), ("in.jsonl.gz", 0.35), ("in.parquet", 0.05)):
        options = ReadOptions(split_bytes=200_000)
        sample = draw_sample([str(tmp_path / name)], options, 300_000, (0.25, 1.0), tmp_path)
        assert not sample.exact
        assert sample.total_text == pytest.approx(text_bytes, rel=tolerance), name
    whole = draw_sample([str(path)], ReadOptions(), 100 * MB, (1.0,), tmp_path)
    assert whole.exact
    assert (whole.total_text, whole.documents) == (text_bytes, 4_000)


def test_nothing_to_measure_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(WinnowError, match="hub stream"):
        draw_sample(["hub:some/name"], ReadOptions(), MB, (1.0,), tmp_path)
    with pytest.raises(WinnowError, match="3 documents are too few"):
        draw_sample([str(write_corpus(tmp_path, 3))], ReadOptions(), MB, (1.0,), tmp_path)


@pytest.mark.slow
def test_the_verb_tells_numbers_and_assumptions(tmp_path: Path, winnow) -> None:
    path = write_corpus(tmp_path, 1_500)
    outcome = winnow("plan", path, "--vocab-size", 600, "--sample", "1MB", "--format", "json", "-q")
    assert outcome.code == 0, outcome.stderr
    record = json.loads(outcome.stdout)
    assert record["schema_version"] == 1
    assert [row["verb"] for row in record["here"]] == ["filter", "count", "train"]
    assert all(row["seconds"] > 0 and row["memory_bytes"] > 50 * MB for row in record["here"])
    assert [row["text_bytes"] for row in record["clusters"]] == [10**11, 10**12, 10**13]
    assert 0 <= record["heaps"]["beta"] < 1
    assert record["assumptions"]
