"""Counts split by pretoken into partitions: one file for all of them, so that each can be read alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from corpora.files import atomic_path
from trainer.arrays import key_buffers
from trainer.partition_kernel import choose_partitions
from trainer.pretoken_table import PretokenTable

_ROWS_PER_BATCH = 1 << 16
Batches = list[list[int]]  # for every partition, the numbers of its batches in the file


def write_partitions(path: Path, tables: Iterable[PretokenTable], partitions: int) -> Batches:
    """Write tables' rows (key, group, count) to one Arrow file, every batch of one partition; which they are.

    Which partition a row is in depends on the bytes of its key only.
    """
    batches: Batches = [[] for _ in range(partitions)]
    schema = PretokenTable().to_rows().schema
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    numbers = count()
    with atomic_path(path) as temporary, pa.ipc.new_file(str(temporary), schema, options=options) as writer:
        for table in tables:
            for partition, rows in _split(table.to_rows(), partitions):
                for start in range(0, rows.num_rows, _ROWS_PER_BATCH):
                    writer.write_batch(rows.slice(start, _ROWS_PER_BATCH))
                    batches[partition].append(next(numbers))
    return batches


def read_partition(path: Path, batches: list[int]) -> Iterator[pa.RecordBatch]:
    """Read the batches of one partition."""
    with pa.memory_map(str(path)) as source:
        file = pa.ipc.open_file(source)
        for number in batches:
            yield file.get_batch(number)


def _split(rows: pa.RecordBatch, partitions: int) -> Iterator[tuple[int, pa.RecordBatch]]:
    """The rows of each partition that has some."""
    chosen = partitions_of(rows.column("key"), partitions)
    order = np.argsort(chosen, kind="stable")
    ends = np.cumsum(np.bincount(chosen, minlength=partitions))
    ordered = rows.take(pa.array(order))
    start = 0
    for partition, end in enumerate(ends.tolist()):
        if end > start:
            yield partition, ordered.slice(start, end - start)
        start = end


def partitions_of(keys: pa.Array, partitions: int) -> npt.NDArray[np.int32]:
    """The partition of every key of a large_binary array, shape (keys,): 0 to `partitions` - 1."""
    data, offsets = key_buffers(keys)
    chosen = np.empty(len(keys), dtype=np.int32)
    choose_partitions(data, offsets, partitions, chosen)
    return chosen
