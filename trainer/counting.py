"""Documents → counts, in bounded memory, with progress kept for a run that is killed."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from corpora.documents import Problems
from corpora.machine import release_free_memory
from trainer.arrays import key_buffers
from trainer.count_progress import read_progress, write_progress
from trainer.counts import CountTable, concatenate
from trainer.groups import Groups
from trainer.joined_words import joined_words
from trainer.pretoken_table import PretokenTable
from trainer.runs import merge_runs, write_run
from trainer.table_pool import TablePool
from trainer.words import Words, words_of

if TYPE_CHECKING:
    import pyarrow as pa

DEFAULT_MEMORY = 2 << 30  # bytes
_KEEP_EVERY = 60.0  # seconds of counting that a killed run may lose, when shards are short


class Source(Protocol):
    """What counting needs of `corpora.documents.Shard`."""

    def batches(self, problems: Problems) -> Iterator[pa.RecordBatch]:
        """Record batches with columns `text` (large_string, no nulls) and `source`."""


@dataclass(frozen=True, slots=True)
class CountOptions:
    """How to count: `pattern` is a regex, `weights` are by source, `memory` is in bytes.

    Counts are kept apart by the column `language_field`; None makes one count of all documents.
    `keep_every` is in seconds.
    """

    pattern: str
    language_field: str | None = "language"
    weights: Mapping[str, Fraction] = field(default_factory=dict)
    workers: int = 1
    memory: int = DEFAULT_MEMORY
    keep_every: float = _KEEP_EVERY


class Count:
    """The count of one corpus: `add` the shards, take `pieces`, `table` or `words`, then `clean`.

    `parts` is a folder for what is put aside, made only when needed. A later Count with the same
    `call` (see `corpora.outputs.fingerprint`) goes on from what it finds there.
    """

    def __init__(self, options: CountOptions, parts: Path, call: str) -> None:
        self.options = options
        self.progress = read_progress(parts, call)
        self.read_seconds = 0.0
        self._parts = parts
        self.groups = Groups(
            options.language_field, options.weights, self.progress.members(), set(self.progress.sources)
        )
        self._tables = TablePool(options.pattern, options.workers)
        self._pretokens_before = self.progress.pretokens

    def add(
        self,
        shards: Sequence[Source],
        problems: Problems,
        on_bytes: Callable[[int], None] = lambda size: None,
    ) -> None:
        """Count every shard that is not done yet; `on_bytes` is told the size of every batch read.

        Raises WinnowError for what the shards cannot read, and for text that the pattern leaves out.
        """
        problems.count, problems.examples = self.progress.problems, self.progress.examples
        kept_at = time.monotonic()
        with self._tables:
            for number in range(self.progress.shards, len(shards)):
                for batch in self._timed(shards[number].batches(problems)):
                    on_bytes(self._add_batch(batch))
                self._tables.drain()
                self.progress.shards, self.progress.problems = number + 1, problems.count
                if number + 1 < len(shards) and time.monotonic() - kept_at > self.options.keep_every:
                    self._spill()
                    kept_at = self._keep()
            if self._tables.memory > self.options.memory // 2:  # sorting and writing need the other half
                self._spill()
        self.progress.pretokens = self._pretokens_before + self._tables.pretokens

    def pieces(self) -> Iterator[CountTable]:
        """Yield the counts in order, in several tables when they did not fit into memory."""
        for table in self.by_group():
            yield self.groups.to_counts(table, self.options.pattern)

    def by_group(self) -> Iterator[PretokenTable]:
        """Yield what was counted in `groups`, not weighted yet; in order when in several tables."""
        if not self.progress.runs:
            yield self._whole()
            return
        self._spill()
        runs = [self._parts / name for name in self.progress.runs]
        yield from merge_runs(runs, self.options.memory, PretokenTable)

    def table(self) -> CountTable:
        """The counts as one table in memory."""
        return concatenate(list(self.pieces()))

    def words(self) -> Words:
        """The distinct pretokens with their counts; unsorted where that saves sorting them."""
        if self.progress.runs or len(self.groups.members) > 1 or self.options.weights:
            return words_of(self.table())
        return joined_words(self._tables.take_tables(), self.options.workers)

    def _whole(self) -> PretokenTable:
        """What all threads have counted."""
        whole, *others = sorted(self._tables.take_tables(), key=lambda table: -table.size)
        for other in others:
            whole.add_table(other)
        return whole

    def unseen_sources(self) -> list[str]:
        """Sources that were given a weight and of which no document came."""
        return sorted(set(self.options.weights) - self.groups.sources)

    def clean(self) -> None:
        """Remove the folder of parts; to be called when the result is safely written."""
        if self._parts.exists():
            shutil.rmtree(self._parts)
        release_free_memory()

    def _add_batch(self, batch: pa.RecordBatch) -> int:
        """Hand one batch to the threads; return how many bytes of text it holds."""
        texts = batch.column("text")
        size = int(key_buffers(texts)[1][-1] - key_buffers(texts)[1][0])
        self._tables.add(texts, self.groups.of_batch(batch))
        self.progress.documents += batch.num_rows
        self.progress.bytes += size
        if self._tables.memory_soon > self.options.memory:
            self._spill()
        return size

    def _spill(self) -> None:
        """Put what the tables hold aside, as sorted runs."""
        tables = self._tables.take_tables()
        while tables:
            self._put_aside(tables.pop())  # which is forgotten then
        release_free_memory()

    def _put_aside(self, table: PretokenTable) -> None:
        if table.size:
            name = f"run-{len(self.progress.runs):06}.arrow"
            write_run(self._parts / name, [table])
            self.progress.runs.append(name)

    def _keep(self) -> float:
        """Record what has been put aside; return the time."""
        self.progress.pretokens = self._pretokens_before + self._tables.pretokens
        self.progress.groups = [(language, str(weight)) for language, weight in self.groups.members]
        self.progress.sources = sorted(self.groups.sources)
        write_progress(self._parts, self.progress)
        return time.monotonic()

    def _timed(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The same batches; the time spent waiting for them is added up."""
        while True:
            started = time.perf_counter()
            batch = next(batches, None)
            self.read_seconds += time.perf_counter() - started
            if batch is None:
                return
            yield batch
