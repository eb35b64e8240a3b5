"""The scanners' table of character classes, kept on disk because building it costs a third of a second."""

from __future__ import annotations

import os
from functools import cache
from importlib.metadata import version
from pathlib import Path

import numpy as np
import numpy.typing as npt

from corpora.files import atomic_path
from corpora.unicode_classes import CODE_POINTS, LETTER, MARK, NEWLINE, NUMBER, SPACE, class_table

_SCANNED = LETTER | MARK | NUMBER | SPACE | NEWLINE  # the low seven bits


@cache
def scanner_classes() -> npt.NDArray[np.uint8]:
    """The low seven class bits of every code point, shape (1,114,112,), read-only and shared.

    The copy on disk (`$XDG_CACHE_HOME/winnow`) is named after the version of `regex` that the
    classes come from; a copy of the wrong size is made anew, and one that cannot be written is
    done without.
    """
    path = _cache_folder() / f"classes-regex-{version('regex')}.bin"
    stored = _read(path)
    if stored is not None:
        return stored
    table = (class_table() & _SCANNED).astype(np.uint8)
    _keep(path, table.tobytes())
    table.flags.writeable = False
    return table


def _read(path: Path) -> npt.NDArray[np.uint8] | None:
    try:
        data = path.read_bytes()
    except OSError:
        return None
    return np.frombuffer(data, dtype=np.uint8) if len(data) == CODE_POINTS else None


def _keep(path: Path, data: bytes) -> None:
    try:
        with atomic_path(path) as temporary:
            temporary.write_bytes(data)
    except OSError:
        return  # a read-only home: the table is built again next time


def _cache_folder() -> Path:
    root = os.environ.get("XDG_CACHE_HOME")
    return (Path(root) if root else Path.home() / ".cache") / "winnow"
