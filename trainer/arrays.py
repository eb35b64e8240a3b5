"""Arrays that grow, and arrays that kernels only read."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt

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
