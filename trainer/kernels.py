"""How this package compiles: two decorators for numba, one for entry points and one for their parts.

numba checks a cached kernel against its own file only, so an entry point and all its parts share a file.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np

# A signed 64-bit number, in compiled code too: there, unsigned and signed together become a float.
signed = cast(Callable[[Any], int], np.int64)
unsigned = cast(Callable[[Any], int], np.uint64)
# An index that is known not to be negative. For others numba looks whether they count from the end, at
# every access: without that, merging takes a third less time and scanning a quarter (numba 0.68).
index = unsigned

F = TypeVar("F", bound=Callable[..., Any])

# `_nrt=False` leaves out reference counting, which here is pure cost: kernels allocate nothing, and
# atomic counts at every call made scanning 2.5 times slower (numba 0.68).
_OPTIONS: dict[str, Any] = {"cache": True, "nogil": True, "_nrt": False}


def kernel(function: F) -> F:
    """Compile an entry point: cached on disk, runs without the interpreter lock, allocates nothing."""
    compiled: F = numba.njit(**_OPTIONS)(function)
    return compiled


def part(function: F) -> F:
    """Compile a piece of an entry point into the code that calls it."""
    compiled: F = numba.njit(**_OPTIONS, forceinline=True)(function)
    return compiled
