"""Sorted runs on disk: what counting puts aside when memory is short, and how runs become one again."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from corpora.files import atomic_path
from trainer.counts import key_buffers
from trainer.pretoken_table import PretokenTable

_ROWS_PER_BATCH = 1 << 14  # what a merge holds in memory of each run


def write_run(path: Path, table: PretokenTable) -> None:
    """Write a table's rows (key, group, count) to an Arrow file, sorted by key."""
    write_sorted(path, [table])


def write_sorted(path: Path, tables: Iterable[PretokenTable]) -> None:
    """Write tables whose keys ascend from one to the next as one run."""
    schema = table_rows(PretokenTable()).schema
    with atomic_path(path) as temporary, pa.ipc.new_file(str(temporary), schema) as writer:
        for table in tables:
            rows = table_rows(table)
            rows = rows.take(pc.sort_indices(rows, sort_keys=[("key", "ascending")]))
            writer.write_table(pa.Table.from_batches([rows]), max_chunksize=_ROWS_PER_BATCH)


def table_rows(table: PretokenTable) -> pa.RecordBatch:
    """A table's rows (key, group, count), in its own order."""
    buffers = [None, pa.py_buffer(table.offsets()), pa.py_buffer(table.arena)]
    keys = pa.LargeBinaryArray.from_buffers(pa.large_binary(), table.size, buffers)
    columns = {"key": keys, "group": pa.array(table.groups()), "count": pa.array(table.counts())}
    return pa.RecordBatch.from_pydict(columns)


def merge_runs(paths: Sequence[Path]) -> Iterator[PretokenTable]:
    """Yield tables whose keys ascend from one to the next; all rows of a key are in one table."""
    runs = [Run(path) for path in paths]
    while unread := [run for run in runs if run.rows is not None]:
        cut = min(run.last_key for run in unread)
        table = PretokenTable()
        for run in unread:
            for rows in run.take_to(cut):
                add_rows(table, rows)
        yield table


def add_rows(table: PretokenTable, rows: pa.RecordBatch) -> None:
    """Add rows (key, group, count) to a table."""
    keys, offsets = key_buffers(rows.column("key"))
    groups, counts = (rows.column(name).to_numpy() for name in ("group", "count"))
    table.add_counts(keys, offsets, groups, counts)


class Run:
    """One run, read batch by batch."""

    def __init__(self, path: Path) -> None:
        self._file = pa.ipc.open_file(pa.OSFile(str(path)))  # a mapped file would count as memory in use
        self._next = 0
        self.rows: pa.RecordBatch | None = None
        self._read()

    @property
    def last_key(self) -> bytes:
        """The largest key in memory."""
        rows: Any = self.rows
        last: bytes = rows.column("key")[-1].as_py()
        return last

    def take_to(self, cut: bytes) -> Iterator[pa.RecordBatch]:
        """Take the rows whose key is at most `cut`."""
        while self.rows is not None:
            keys = self.rows.column("key")
            taken = bisect_right(range(len(keys)), cut, key=lambda row: keys[row].as_py())
            yield self.rows.slice(0, taken)
            if taken < len(keys):
                self.rows = self.rows.slice(taken)
                return
            self._read()

    def _read(self) -> None:
        self.rows = None
        if self._next < self._file.num_record_batches:
            self.rows = self._file.get_batch(self._next)
            self._next += 1
