"""Threads that count batches of text, each in a table of its own while it works."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from queue import SimpleQueue
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from trainer.count_batch import add_texts
from trainer.pretoken_table import PretokenTable

if TYPE_CHECKING:
    import pyarrow as pa


class TablePool:
    """`workers` threads and as many tables; use it in a `with` block."""

    def __init__(self, pattern: str, workers: int) -> None:
        self.pattern = pattern
        self.pretokens = 0
        self._workers = workers
        self._threads = ThreadPoolExecutor(workers)
        self._running: set[Future[int]] = set()
        self._tables: list[PretokenTable] = []
        self._free: SimpleQueue[PretokenTable] = SimpleQueue()
        self.take_tables()

    def __enter__(self) -> TablePool:
        return self

    def __exit__(self, *exception: object) -> None:
        self._threads.shutdown(cancel_futures=True)

    @property
    def memory(self) -> int:
        """Bytes that the tables take."""
        return sum(table.memory for table in self._tables)

    @property
    def memory_soon(self) -> int:
        """Bytes that the tables may take after the next batches."""
        return sum(table.memory_soon for table in self._tables)

    def add(self, texts: pa.Array, groups: npt.NDArray[np.int32]) -> None:
        """Have a batch counted; waits when the threads are a few batches behind."""
        self._running.add(self._threads.submit(self._count, texts, groups))
        if len(self._running) > 2 * self._workers:
            done, self._running = wait(self._running, return_when=FIRST_COMPLETED)
            self._collect(done)

    def drain(self) -> None:
        """Wait until every batch is counted. Raises what a thread raised."""
        running, self._running = self._running, set()
        self._collect(running)

    def take_tables(self) -> list[PretokenTable]:
        """Everything counted so far, as one table for each thread; counting goes on with empty ones."""
        self.drain()
        taken = self._tables
        self._tables = [PretokenTable() for _ in range(self._workers)]
        self._free = SimpleQueue()
        for table in self._tables:
            self._free.put(table)
        return taken

    def _collect(self, done: set[Future[int]]) -> None:
        for future in done:
            self.pretokens += future.result()

    def _count(self, texts: pa.Array, groups: npt.NDArray[np.int32]) -> int:
        table = self._free.get()
        try:
            return add_texts(table, self.pattern, texts, groups)
        finally:
            self._free.put(table)
