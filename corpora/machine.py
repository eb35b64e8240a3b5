"""What this process may use of the machine, and what it gives back."""

from __future__ import annotations

import ctypes
import os


def available_cores() -> int:
    """The number of processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def release_free_memory() -> None:
    """Give the system back what was freed: Arrow and the C library keep it, in pieces that later needs may
    not fit. Does what it can: the C library's part is glibc's (`malloc_trim`).
    """
    import pyarrow as pa

    pa.default_memory_pool().release_unused()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if os.name == "posix" else None
    if trim is not None:
        trim(0)
