"""Documents → frequencies by language and source, in bounded memory, on several threads."""

from __future__ import annotations

import shutil
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from corpora.documents import Problems
from corpora.files import atomic_path
from trainer.counting import Source
from trainer.counts import key_buffers
from trainer.occurrences import SCHEMA, Occurrences, add_up, occurrences
from trainer.runs import Run
from trainer.source_groups import SourceGroups

_SLICE_BYTES = 1 << 18  # of text counted at a time: the table of its pretokens stays in the cache
_ROWS_PER_BATCH = 1 << 14  # what a merge holds in memory of each run
_PARTS_OF_MEMORY = 4  # rows waiting, rows added up, and both again while they are added up
_LEAST_WAITING = 16 << 20  # bytes; adding up less than that at a time costs more than it saves
_Task = tuple[npt.NDArray[np.int32], "Future[Occurrences]"]


class FrequencyCount:
    """The frequencies of one corpus: `add` the shards, take `pieces`, then `clean`.

    `parts` is a folder for what is put aside when `memory` (bytes) is short; it is made only then.
    """

    def __init__(self, pattern: str, groups: SourceGroups, workers: int, memory: int, parts: Path) -> None:
        self.groups = groups
        self.documents = 0
        self._pattern, self._workers, self._parts = pattern, workers, parts
        self._limit = memory // _PARTS_OF_MEMORY
        self._waiting: list[pa.Table] = []
        self._held = SCHEMA.empty_table()
        self._runs: list[Path] = []

    def add(self, shards: Sequence[Source], on_bytes: Callable[[int], None] = lambda size: None) -> None:
        """Count every document; `on_bytes` is told the size of every batch read. Broken records are skipped
        or raise as when counting; see `corpora.documents.Problems`.
        """
        under_way: deque[_Task] = deque()
        with ThreadPoolExecutor(self._workers) as threads:
            for shard in shards:
                for batch in shard.batches(Problems()):
                    for task in self._tasks(batch, threads):
                        under_way.append(task)
                        if len(under_way) > 2 * self._workers:
                            self._take(under_way.popleft())
                    on_bytes(_text_bytes(batch))
            while under_way:
                self._take(under_way.popleft())

    def pieces(self) -> Iterator[pa.Table]:
        """Yield rows as `occurrences.SCHEMA` has them: keys ascend from one table to the next, and all rows
        of a key are in one table.
        """
        self._add_up()
        if not self._runs:
            yield self._held
            return
        self._spill()
        runs = [Run(path) for path in self._runs]
        while unread := [run for run in runs if run.rows is not None]:
            cut = min(run.last_key for run in unread)
            yield add_up([pa.Table.from_batches([rows]) for run in unread for rows in run.take_to(cut)])

    def clean(self) -> None:
        """Remove the folder of parts; to be called when the result is safely written."""
        if self._parts.exists():
            shutil.rmtree(self._parts)

    def _tasks(self, batch: pa.RecordBatch, threads: ThreadPoolExecutor) -> Iterator[_Task]:
        """Have a batch counted, slice by slice."""
        groups, texts = self.groups.of_batch(batch), batch.column("text")
        for start, stop in _slices(texts):
            own = groups[start:stop]
            part = texts.slice(start, stop - start)
            yield own, threads.submit(occurrences, self._pattern, part, own, self.documents + start)
        self.documents += batch.num_rows

    def _take(self, task: _Task) -> None:
        groups, future = task
        found = future.result()
        self.groups.add_sizes(groups, found.sizes)
        self._waiting.append(found.rows)
        waiting = sum(table.nbytes for table in self._waiting)
        if waiting > min(self._limit, max(_LEAST_WAITING, self._held.nbytes)):
            self._add_up()
            if self._held.nbytes > self._limit:
                self._spill()

    def _add_up(self) -> None:
        if self._waiting:
            self._held = add_up([self._held, *self._waiting])
            self._waiting = []

    def _spill(self) -> None:
        """Put the rows added up so far aside, as a run sorted by key."""
        path = self._parts / f"run-{len(self._runs):06}.arrow"
        rows = self._held.take(pc.sort_indices(self._held, sort_keys=[("key", "ascending")]))
        with atomic_path(path) as temporary, pa.ipc.new_file(str(temporary), rows.schema) as writer:
            writer.write_table(rows.combine_chunks(), max_chunksize=_ROWS_PER_BATCH)
        self._runs.append(path)
        self._held = SCHEMA.empty_table()


def _slices(texts: pa.Array) -> Iterator[tuple[int, int]]:
    """Rows from–to of slices that begin in successive blocks of 256 KB of text."""
    offsets = key_buffers(texts)[1]
    blocks = (offsets[:-1] - offsets[0]) // _SLICE_BYTES
    starts = np.flatnonzero(np.diff(blocks, prepend=-1)).tolist()
    yield from zip(starts, [*starts[1:], len(texts)], strict=True)


def _text_bytes(batch: pa.RecordBatch) -> int:
    offsets = key_buffers(batch.column("text"))[1]
    return int(offsets[-1] - offsets[0])
