"""Arrays that grow, arrays that kernels only read, and the arrays behind Arrow's."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pyarrow as pa

Scalar = TypeVar("Scalar", bound=np.generic)


def longer(array: npt.NDArray[Scalar], used: int, length: int) -> npt.NDArray[Scalar]:
    """A copy with room for `length` rows; only the first `used` rows hold anything."""
    copy = np.empty((length, *array.shape[1:]), dtype=array.dtype)
    copy[:used] = array[:used]
    return copy


def frozen(array: npt.NDArray[Scalar]) -> npt.NDArray[Scalar]:
    """A read-only view.

    A kernel is compiled once for writable and once for read-only arguments; this makes them one kind.
    """
    view = array.view()
    view.flags.writeable = False
    return view


def key_buffers(array: pa.Array) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """The bytes and the offsets (int64, one more than rows) behind a large_binary or large_string array."""
    _, offsets, data = array.buffers()
    length, first = len(array), array.offset
    places = np.frombuffer(offsets, dtype=np.int64)[first : first + length + 1]
    return np.frombuffer(data if data is not None else b"", dtype=np.uint8), places
