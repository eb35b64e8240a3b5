"""What this process may use of the machine, and what it gives back."""

from __future__ import annotations

import atexit
import gc
import os
import signal
import sys
import threading
from importlib import import_module
from importlib.util import find_spec

_NEW_OBJECTS = 100_000  # before Python looks for cycles among them; 700 by itself


def available_cores() -> int:
    """The number of processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def release_free_memory() -> None:
    """Give the system back what was freed: Arrow and the C library keep it, in pieces that later needs may
    not fit. Does what it can: the C library's part is glibc's (`malloc_trim`).
    """
    import ctypes

    import pyarrow as pa

    pa.default_memory_pool().release_unused()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if os.name == "posix" else None
    if trim is not None:
        trim(0)


def search_for_cycles_less() -> None:
    """Spare a process that ends with its command most of Python's looking for cycles of objects.

    Importing numba and Arrow alone makes it look through hundreds of thousands of objects, several times
    (0.05 s), and once more as it ends (0.15 s), when all memory is given back anyway.
    """
    gc.set_threshold(_NEW_OBJECTS)
    atexit.register(gc.freeze)


def import_pandas_whole() -> None:
    """Import pandas where it is installed; a Ctrl-C waits for that, and is raised then.

    Arrow imports pandas by itself, as soon as it makes an array of Python's objects, and passes over whatever
    the import raises: a Ctrl-C at that moment would be lost, and pandas left half imported.
    """
    if "pandas" in sys.modules or find_spec("pandas") is None:
        return
    if threading.current_thread() is not threading.main_thread():  # Ctrl-C is raised in the main thread only
        import_module("pandas")
        return
    pressed: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: pressed.append(number))
    try:
        import_module("pandas")
    finally:
        signal.signal(signal.SIGINT, before or signal.SIG_DFL)  # None: another language's handler
    if pressed:
        raise KeyboardInterrupt
