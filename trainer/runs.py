"""Sorted runs on disk: what counting puts aside when memory is short, and how runs become one again."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from corpora.files import atomic_path
from trainer.arrays import key_buffers

_BATCH_BYTES = 1 << 18  # what a merge reads of a run at a time
# A merge holds of each run up to two batches and, at worst, the rows of one in a table (four times their
# bytes, for tables grow by doubling) and sorted for the output (twice).
_BYTES_PER_RUN = 8 * _BATCH_BYTES
_ROWS_AT_ONCE = 1 << 16  # whose lengths are looked at together
_OFFSET = 8  # bytes of a key's place in a batch
_FEWEST, _MOST = 8, 256  # runs in one merge, whatever the memory; a process may open some 1,000 files


class RowTable(Protocol):
    """What runs are made of and become: a table that adds up rows with a column `key` (large_binary)."""

    def add_rows(self, rows: pa.RecordBatch) -> object:
        """Add rows of any order."""

    def to_rows(self) -> pa.RecordBatch:
        """The table's rows, in its own order."""


Table = TypeVar("Table", bound=RowTable)


def runs_at_once(memory: int) -> int:
    """How many runs are merged at a time within `memory` bytes."""
    return min(max(memory // _BYTES_PER_RUN, _FEWEST), _MOST)


def write_run(path: Path, tables: Iterable[RowTable]) -> None:
    """Write tables, at least one, whose keys ascend from one to the next as one run, sorted by key."""
    batches = (batch for table in tables for batch in _sorted_batches(table.to_rows()))
    first = next(batches)
    with atomic_path(path) as temporary, pa.ipc.new_file(str(temporary), first.schema) as writer:
        writer.write_batch(first)
        for batch in batches:
            writer.write_batch(batch)


def _sorted_batches(rows: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """The rows by key, in batches of about `_BATCH_BYTES`; only a batch at a time is copied."""
    order = pc.array_sort_indices(rows.column("key"))
    offsets = key_buffers(rows.column("key"))[1]
    numbers = (field.type.bit_width // 8 for field in rows.schema if field.name != "key")
    width = _OFFSET + sum(numbers)
    for first in range(0, max(1, len(order)), _ROWS_AT_ONCE):
        part = order.slice(first, _ROWS_AT_ONCE)
        places = part.to_numpy()
        ends = np.cumsum(offsets[places + 1] - offsets[places] + width)
        starts = np.flatnonzero(np.diff(ends // _BATCH_BYTES, prepend=-1)).tolist() or [0]
        for start, stop in zip(starts, [*starts[1:], len(part)], strict=True):
            yield rows.take(part.slice(start, stop - start))


def merge_runs(paths: Sequence[Path], memory: int, empty: Callable[[], Table]) -> Iterator[Table]:
    """Yield tables, made by `empty`, whose keys ascend from one to the next; all rows of a key are in one.

    More runs than fit into `memory` bytes are merged in turns, into files beside them that are removed
    again; the given ones stay.
    """
    waiting, given = deque(paths), set(paths)
    most, numbers = runs_at_once(memory), count()
    while len(waiting) > most:
        taken = [waiting.popleft() for _ in range(min(most, len(waiting) - most + 1))]
        waiting.append(taken[0].with_name(f"merged-{next(numbers):06}.arrow"))
        write_run(waiting[-1], _merge(taken, empty))
        _remove({*taken} - given)
    yield from _merge(list(waiting), empty)
    _remove({*waiting} - given)


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        path.unlink()


def _merge(paths: Sequence[Path], empty: Callable[[], Table]) -> Iterator[Table]:
    runs = [_Run(path) for path in paths]
    while unread := [run for run in runs if run.rows is not None]:
        cut = min(run.last_key for run in unread)
        table = empty()
        taken = [rows for run in unread for rows in run.take_to(cut)]
        table.add_rows(pa.Table.from_batches(taken).combine_chunks().to_batches()[0])
        yield table


class _Run:
    """One run, read batch by batch."""

    def __init__(self, path: Path) -> None:
        self._source = pa.OSFile(str(path))  # a mapped file would count as memory in use
        self._file = pa.ipc.open_file(self._source)
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
        while self._next < self._file.num_record_batches and not self.rows:
            self.rows = self._file.get_batch(self._next)
            self._next += 1
        if not self.rows:
            self.rows = None
            self._source.close()
