"""Tables that take a moment to build, kept on disk between processes (`$XDG_CACHE_HOME/winnow`)."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from corpora.files import atomic_path

Table = npt.NDArray[Any]


def stored_table(name: str, kind: type[np.generic], size: int, build: Callable[[], Table]) -> Table:
    """The table of shape (size,) that `build` makes, from disk where it lies there; read-only.

    `name` must say everything that the content depends on. A copy that is damaged is made anew, and one
    that cannot be written is done without.
    """
    path = _cache_folder() / f"{name}.bin"
    stored = _read(path, np.dtype(kind), size)
    if stored is not None:
        return stored
    table = build().astype(kind)
    _keep(path, table.tobytes())
    table.flags.writeable = False
    return table


def _read(path: Path, kind: np.dtype[Any], size: int) -> Table | None:
    try:
        data = path.read_bytes()
    except OSError:
        return None
    content, check = data[:-4], data[-4:]
    if len(content) != size * kind.itemsize or check != _check(content):
        return None
    return np.frombuffer(content, dtype=kind)


def _keep(path: Path, content: bytes) -> None:
    try:
        with atomic_path(path) as temporary:
            temporary.write_bytes(content + _check(content))
    except OSError:
        return  # a read-only home: the table is built again next time


def _check(content: bytes) -> bytes:
    return zlib.crc32(content).to_bytes(4, "little")


def _cache_folder() -> Path:
    root = os.environ.get("XDG_CACHE_HOME")
    return (Path(root) if root else Path.home() / ".cache") / "winnow"
