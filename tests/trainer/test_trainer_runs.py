"""Runs on disk: batches of bounded size, few files open at a time, and nothing lost on the way."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from corpora.errors import WinnowError
from trainer.occurrences import SCHEMA, OccurrenceTable
from trainer.pretoken_table import PretokenTable
from trainer.runs import _BATCH_BYTES, _BYTES_PER_RUN, _FEWEST, _MOST, merge_runs, runs_at_once, write_run
from trainer.scanner import Scanner

Counted = Counter[tuple[bytes, int]]
Run = Callable[..., Any]


def rows_of(counted: Counted) -> pa.RecordBatch:
    keys = pa.array([key for key, _ in counted], pa.large_binary())
    groups = pa.array([group for _, group in counted], pa.int32())
    return pa.record_batch({"key": keys, "group": groups, "count": pa.array(counted.values(), pa.int64())})


def table_of(counted: Counted) -> PretokenTable:
    table = PretokenTable()
    table.add_rows(rows_of(counted))
    return table


def as_counter(rows: pa.RecordBatch) -> Counted:
    columns = (rows.column(name).to_pylist() for name in ("key", "group", "count"))
    return Counter({(key, group): count for key, group, count in zip(*columns, strict=True)})


def random_counts(chooser: random.Random, size: int) -> Counted:
    return Counter(
        {
            (chooser.randbytes(chooser.randint(1, 12)), chooser.randrange(3)): chooser.randrange(1, 9)
            for _ in range(size)
        }
    )


def test_more_memory_merges_more_runs_at_once_up_to_what_may_be_open() -> None:
    assert runs_at_once(1) == _FEWEST
    assert runs_at_once(1 << 60) == _MOST
    for memory in (20_000_000, 100_000_000, 300_000_000):
        assert runs_at_once(memory) * _BYTES_PER_RUN <= memory < (runs_at_once(memory) + 1) * _BYTES_PER_RUN


def test_batches_of_a_run_are_small_and_sorted(tmp_path: Path) -> None:
    counted = random_counts(random.Random(1), 60_000)
    longest = b"\xff" * 13 + b"z" * 3 * _BATCH_BYTES  # the last one
    counted[longest, 0] = 1
    write_run(tmp_path / "run.arrow", [table_of(counted)])
    with pa.ipc.open_file(str(tmp_path / "run.arrow")) as file:
        batches = [file.get_batch(number) for number in range(file.num_record_batches)]
    assert len(batches) > 5
    assert all(batch.nbytes < 1.1 * _BATCH_BYTES for batch in batches[:-1])
    assert batches[-1].column("key").to_pylist() == [longest]
    keys = [key for batch in batches for key in batch.column("key").to_pylist()]
    assert keys == sorted(key for key, _ in counted)


def test_many_runs_are_merged_in_turns_with_few_files_open(tmp_path: Path) -> None:
    chooser, total, paths = random.Random(2), Counted(), []
    for number in range(3 * _FEWEST + 5):
        counted = random_counts(chooser, 200)
        total.update(counted)
        paths.append(tmp_path / f"run-{number:06}.arrow")
        write_run(paths[-1], [table_of(counted)])
    merged, last, most = Counted(), b"", 0
    for table in merge_runs(paths, 1, PretokenTable):
        found = as_counter(table.to_rows())
        assert last < min(key for key, _ in found)
        last = max(key for key, _ in found)
        assert not merged.keys() & found.keys()
        merged.update(found)
        most = max(most, open_files(tmp_path))
    assert merged == total
    assert most <= _FEWEST
    assert sorted(tmp_path.iterdir()) == paths


def open_files(folder: Path) -> int:
    """How many files of a folder this process has open; 0 where the system does not tell."""
    links = Path("/proc/self/fd").glob("*")
    return sum(folder in link.readlink().parents for link in links if link.is_symlink())


def test_a_run_without_rows_is_a_run(tmp_path: Path) -> None:
    write_run(tmp_path / "a.arrow", [PretokenTable()])
    write_run(tmp_path / "b.arrow", [PretokenTable(), table_of(Counter({(b"x", 0): 2}))])
    (table,) = merge_runs([tmp_path / "a.arrow", tmp_path / "b.arrow"], 1, PretokenTable)
    assert as_counter(table.to_rows()) == {(b"x", 0): 2}
    assert list(merge_runs([tmp_path / "a.arrow"], 1, PretokenTable)) == []


def test_occurrences_add_up_in_a_table_that_grows() -> None:
    chooser, table = random.Random(3), OccurrenceTable()
    expected: dict[tuple[bytes, int], list[int]] = {}
    for document in range(40):
        keys = [(str(chooser.randrange(80_000)).encode(), chooser.randrange(2)) for _ in range(2_000)]
        columns = [[key for key, _ in keys], [group for _, group in keys], [2] * len(keys), [1] * len(keys)]
        marks, firsts = [(-1) ** document << 62] * len(keys), [document] * len(keys)
        table.add_rows(
            pa.record_batch([*map(pa.array, (*columns, marks, firsts))], SCHEMA.names).cast(SCHEMA)
        )
        for key in keys:
            count, documents, mark, first = expected.get(key, [0, 0, 0, document])
            wrapped = (mark + marks[0] + 2**63) % 2**64 - 2**63
            expected[key] = [count + 2, documents + 1, wrapped, first]
    names = ("key", "group", "count", "documents", "mark", "first")
    rows = zip(*(table.to_rows().column(name).to_pylist() for name in names), strict=True)
    assert {(key, group): numbers for key, group, *numbers in rows} == expected


def test_what_a_table_will_take_is_known_before_it_takes_it() -> None:
    table, chooser = PretokenTable(), random.Random(4)
    for _ in range(60):
        before = table.memory_soon
        table.add_rows(rows_of(random_counts(chooser, 3_000)))
        assert table.memory <= before  # so few rows at a time never make a table grow unforeseen
    sizes = [table.memory, table.memory_soon]
    table.clear()
    assert (table.size, table.memory) == (0, sizes[0])


def test_groups_of_millions_of_sources_are_kept_apart() -> None:
    groups = [0, 1, 2**23, 2**24 + 1, 2**31 - 1]
    table = table_of(Counter({(b"same", group): 1 for group in groups}))
    assert table.groups().tolist() == groups
    assert table.offsets().tolist() == [0, 4, 8, 12, 16, 20]


def test_a_document_that_a_table_cannot_address_is_refused() -> None:
    offsets, groups = np.array([0, 1 << 32]), np.zeros(1, dtype=np.int32)
    with pytest.raises(WinnowError, match="4 GB"):
        PretokenTable().add_documents(Scanner(0), np.empty(0, dtype=np.uint8), offsets, groups)


def test_keys_of_a_merge_ascend_over_batches(tmp_path: Path) -> None:
    chooser, paths = random.Random(5), []
    for number in range(3):
        paths.append(tmp_path / f"{number}.arrow")
        write_run(paths[-1], [table_of(random_counts(chooser, 30_000))])
    pieces = [as_counter(table.to_rows()) for table in merge_runs(paths, 1, PretokenTable)]
    assert len(pieces) > 3
    for left, right in pairwise(pieces):
        assert max(key for key, _ in left) < min(key for key, _ in right)


def test_what_a_run_killed_at_its_very_end_left_is_removed(tmp_path: Path, winnow: Run) -> None:
    given, out = tmp_path / "in.jsonl", tmp_path / "counts.parquet"
    given.write_text('{"text": "a text"}\n')
    assert winnow("count", given, "-o", out).code == 0
    left = tmp_path / ".counts.parquet.parts"
    left.mkdir()
    write_run(left / "run-000007.arrow", [PretokenTable()])
    again = winnow("count", given, "-o", out)
    assert (again.code, "already finished" in again.stderr) == (0, True)
    assert not left.exists()
