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

from corpora.documents import Problems
from corpora.machine import release_free_memory
from trainer.arrays import key_buffers
from trainer.counting import Source
from trainer.occurrences import Occurrences, OccurrenceTable, occurrences
from trainer.runs import merge_runs, write_run
from trainer.source_groups import SourceGroups

_SLICE_BYTES = 1 << 18  # of text counted at a time: the table of its pretokens stays in the cache
_WHOLE = 64 << 20  # bytes of a table that are written in one piece, of which writing makes some copies
_Task = tuple[npt.NDArray[np.int32], "Future[Occurrences]"]


class FrequencyCount:
    """The frequencies of one corpus: `add` the shards, take `pieces`, then `clean`.

    `parts` is a folder for what is put aside when `memory` (bytes) is short; it is made only then.
    """

    def __init__(self, pattern: str, groups: SourceGroups, workers: int, memory: int, parts: Path) -> None:
        self.groups = groups
        self.documents = 0
        self._pattern, self._workers, self._memory, self._parts = pattern, workers, memory, parts
        self._table = OccurrenceTable()
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

    def pieces(self) -> Iterator[pa.RecordBatch]:
        """Yield rows as `occurrences.SCHEMA` has them: keys ascend from one batch to the next, and all rows
        of a key are in one batch.
        """
        if not self._runs and self._table.memory_soon <= _WHOLE:
            yield self._table.to_rows()
            return
        self._spill()
        for table in merge_runs(self._runs, self._memory, OccurrenceTable):
            yield table.to_rows()

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
        self._table.add_rows(found.rows)
        if self._table.memory_soon > self._memory:
            self._spill()

    def _spill(self) -> None:
        """Put the rows added up so far aside, as a run sorted by key."""
        self._runs.append(self._parts / f"run-{len(self._runs):06}.arrow")
        write_run(self._runs[-1], [self._table])
        self._table = OccurrenceTable()
        release_free_memory()


def _slices(texts: pa.Array) -> Iterator[tuple[int, int]]:
    """Rows from–to of slices that begin in successive blocks of 256 KB of text."""
    offsets = key_buffers(texts)[1]
    blocks = (offsets[:-1] - offsets[0]) // _SLICE_BYTES
    starts = np.flatnonzero(np.diff(blocks, prepend=-1)).tolist()
    yield from zip(starts, [*starts[1:], len(texts)], strict=True)


def _text_bytes(batch: pa.RecordBatch) -> int:
    offsets = key_buffers(batch.column("text"))[1]
    return int(offsets[-1] - offsets[0])
