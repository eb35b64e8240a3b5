"""The compiled choice of a partition for every pretoken, by its bytes alone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trainer.kernels import kernel, signed

_FNV_OFFSET = -3750763034362895579  # FNV-1a's 64-bit offset basis and prime, as signed integers
_FNV_PRIME = 1099511628211
_HIGH = 33  # the high bits are used, because FNV's low bits mix least


@kernel
def choose_partitions(
    keys: npt.NDArray[np.uint8],
    offsets: npt.NDArray[np.int64],
    partitions: int,
    chosen: npt.NDArray[np.int32],
) -> None:
    """Write the partition, 0 to `partitions` - 1, of every key `keys[offsets[i]:offsets[i + 1]]`."""
    for row in range(chosen.size):
        value = _FNV_OFFSET
        for place in range(offsets[row], offsets[row + 1]):
            value = (value ^ signed(keys[place])) * _FNV_PRIME
        chosen[row] = ((value >> _HIGH) & 0x7FFFFFFF) % partitions
