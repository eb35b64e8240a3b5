"""Reading rows of a stored tensor in blocks, so that memory does not grow with the matrix."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from corpora.errors import WinnowError
from trainer.number_formats import Bytes, Floats, decode
from trainer.weights import StoredTensor

BLOCK_BYTES = 8 << 20  # stored bytes of one block; decoded it takes up to four times as much


def row_blocks(tensor: StoredTensor, block_bytes: int = BLOCK_BYTES) -> Iterator[tuple[int, Floats]]:
    """Yield (first row, rows as float32 of shape (block, width)) from top to bottom.

    Raises WinnowError when the file ends before the tensor does.
    """
    for start, raw in raw_blocks(tensor, block_bytes):
        yield start, decode(raw.reshape(-1), tensor.number_format).reshape(raw.shape[0], tensor.width)


def raw_blocks(tensor: StoredTensor, block_bytes: int = BLOCK_BYTES) -> Iterator[tuple[int, Bytes]]:
    """Yield (first row, rows as stored, uint8 of shape (block, row_bytes)); see `row_blocks`."""
    step = max(1, block_bytes // tensor.row_bytes)
    with tensor.file.open("rb") as file:
        file.seek(tensor.offset)
        for start in range(0, tensor.rows, step):
            yield start, _read(file, tensor, min(step, tensor.rows - start))


def read_rows(tensor: StoredTensor, ids: Sequence[int] | npt.NDArray[np.int64]) -> Floats:
    """Some rows as float32 of shape (ids, width), in the order of `ids`."""
    raw = read_raw_rows(tensor, ids)
    return decode(raw.reshape(-1), tensor.number_format).reshape(len(ids), tensor.width)


def read_raw_rows(tensor: StoredTensor, ids: Sequence[int] | npt.NDArray[np.int64]) -> Bytes:
    """Some rows as stored, uint8 of shape (ids, row_bytes), in the order of `ids`."""
    rows = np.empty((len(ids), tensor.row_bytes), dtype=np.uint8)
    with tensor.file.open("rb") as file:
        for place, row in enumerate(ids):
            file.seek(tensor.offset + int(row) * tensor.row_bytes)
            rows[place] = _read(file, tensor, 1)[0]
    return rows


def _read(file: BinaryIO, tensor: StoredTensor, rows: int) -> Bytes:
    block = np.empty((rows, tensor.row_bytes), dtype=np.uint8)
    if file.readinto(block.reshape(-1).data) != block.size:  # type: ignore[attr-defined]
        raise WinnowError(f"ends inside the tensor {tensor.name!r}", where=tensor.file)
    return block
