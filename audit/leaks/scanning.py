"""Scan files: read each in windows, skip what is no text, and give every leak its line and column."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import BinaryIO

from audit.leaks.detector import REACH, find_clusters, named_reasons
from audit.leaks.phrases import Finder
from audit.leaks.records import Cluster, FileScan, Leak
from audit.leaks.windows import CHUNK_BYTES, OVERLAP, Reader, Resume, Window, encoding_of, windows
from corpora.display import show_text
from corpora.errors import WrongCall

_COMPRESSED = (".gz", ".zst")
_SHOWN = 160  # characters of a leak in reports
STANDARD_INPUT = "-"


def find_files(names: Sequence[str], exclude: Sequence[str]) -> list[Path]:
    """The files to scan: those named, and all below named folders but hidden ones, sorted, each once.

    `exclude` are globs over the path as it is shown, over its parts, and over its folders.
    Raises WrongCall for a name that is not there.
    """
    found: dict[Path, None] = {}
    for name in names:
        path = Path(name)
        if not path.exists():
            raise WrongCall("no such file or folder", where=name)
        for file in _below(path) if path.is_dir() else [path]:
            if not _excluded(file, exclude):
                found[file] = None
    return list(found)


def scan_file(path: Path, phrases: Finder) -> FileScan:
    """Scan one file; .gz and .zst are decompressed. A file that cannot be read is skipped and says why."""
    shown = path.as_posix()
    try:
        with _open(path) as stream:
            return scan_stream(stream, shown, phrases)
    except OSError as error:
        return FileScan(shown, 0, (), error.strerror or "cannot be read")


def scan_stream(stream: Reader, shown: str, phrases: Finder) -> FileScan:
    """Scan an open file; `shown` is its name in the results."""
    counted = _Counting(stream)
    start = counted.read(CHUNK_BYTES)
    encoding = encoding_of(start)
    if encoding is None:
        return FileScan(shown, len(start), (), "binary")
    resume = Resume()
    leaks = [
        leak
        for window in windows(counted, start, encoding, resume)
        for leak in _leaks(window, shown, phrases, resume)
    ]
    return FileScan(shown, counted.bytes, tuple(leaks))


def _leaks(window: Window, shown: str, phrases: Finder, resume: Resume) -> Iterator[Leak]:
    """The leaks that end well inside the window; the next one begins where the first unsettled one does."""
    for cluster in find_clusters(window.text, phrases):
        if cluster.end + REACH > window.settled and window.settled < len(window.text):
            resume.place = min(resume.place, max(cluster.start, window.settled - OVERLAP))
            return
        yield _leak(window, cluster, shown)


def _leak(window: Window, cluster: Cluster, shown: str) -> Leak:
    line, column = window.position(cluster.start)
    end_line, end_column = window.position(cluster.end)
    text = show_text(window.text[cluster.start : cluster.end][:_SHOWN])
    reasons = named_reasons(cluster.evidence)
    return Leak(shown, line, column, end_line, end_column, cluster.points, text, reasons)


def _open(path: Path) -> BinaryIO:
    if path.suffix.lower() not in _COMPRESSED:
        return path.open("rb")
    from corpora.streams import open_bytes

    stream: BinaryIO = open_bytes(path)
    return stream


class _Counting:
    """A stream that counts the bytes read from it."""

    def __init__(self, stream: Reader) -> None:
        self._stream = stream
        self.bytes = 0

    def read(self, size: int, /) -> bytes:
        data = self._stream.read(size)
        self.bytes += len(data)
        return data


def _below(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if path.is_file() and not any(part.startswith(".") for part in inside.parts):
            yield path


def _excluded(path: Path, exclude: Sequence[str]) -> bool:
    shown = path.as_posix()
    parts = [shown, *path.parts, *(parent.as_posix() for parent in path.parents)]
    return any(fnmatchcase(part, pattern.rstrip("/")) for pattern in exclude for part in parts)
