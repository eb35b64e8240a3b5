"""Batches cut into slices: some documents of one shard, the unit that is judged at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from corpora.documents import Problems, Shard

_BATCH_BYTES = 1 << 20  # text per slice: small enough to share out, large enough for the kernels
_BATCH_ROWS = 1_000


@dataclass(frozen=True, slots=True)
class Slice:
    """Some documents of one shard, with cluster sizes if known: the unit of work that a worker judges."""

    shard: int
    batch: pa.RecordBatch
    cluster_sizes: tuple[float, ...] = ()

    @property
    def texts(self) -> pa.Array:
        """The column of texts."""
        return self.batch.column("text")


def read_slices(
    number: int, shard: Shard, problems: Problems, cluster_sizes: Mapping[str, int] | None = None
) -> Iterator[Slice]:
    """Read shard `number` in slices, always the same ones; broken records are told to `problems`.

    `cluster_sizes` are by document id, 1 for those not named; None when unknown.
    """
    for batch in shard.batches(problems):
        yield from (Slice(number, piece, _sizes(piece, cluster_sizes)) for piece in cut(batch))


def cut(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Cut a batch into pieces of about 1 MiB of text and at most 1,000 documents."""
    sizes = pc.binary_length(batch.column("text").cast(pa.large_binary())).to_numpy(zero_copy_only=False)
    first, size = 0, 0
    for row, length in enumerate(sizes):
        size += int(length)
        if size >= _BATCH_BYTES or row + 1 - first >= _BATCH_ROWS:
            yield batch.slice(first, row + 1 - first)
            first, size = row + 1, 0
    if first < batch.num_rows:
        yield batch.slice(first)


def _sizes(piece: pa.RecordBatch, known: Mapping[str, int] | None) -> tuple[float, ...]:
    return () if known is None else tuple(known.get(name, 1) for name in piece.column("id").to_pylist())
