"""Atomic writes and hashes: a file is either whole under its own name, or not there."""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

_BLOCK = 1 << 20  # bytes read at a time when hashing
_NO_FLUSH = (errno.EINVAL, errno.ENOTSUP)  # some network file systems keep no folders to flush
_MARK = ".tmp-"  # in the names of temporary files, so that those of a killed run are known


@contextmanager
def atomic_path(target: Path) -> Iterator[Path]:
    """Yield a temporary path in the target's folder; rename it to `target` when the block succeeds.

    The temporary file keeps the target's ending, for writers that choose a format by it. It is
    removed when the block raises. The data is flushed to disk before the rename, and the folder after it:
    a file that was finished before another is there after a power loss when the other is.
    """
    make_folder(target.parent)
    handle, name = tempfile.mkstemp(prefix=f".{target.name}{_MARK}", suffix=target.suffix, dir=target.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(target)
        flush_folder(target.parent)
    finally:
        temporary.unlink(missing_ok=True)


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it, so that they are there after a power loss."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for each in reversed(missing):
        flush_folder(each.parent)


def flush_folder(folder: Path) -> None:
    """Have the disk hold the names in a folder; nothing where a file system cannot do that."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_FLUSH:
            raise
    finally:
        os.close(descriptor)


def remove_temporaries(folder: Path, of: str = "") -> None:
    """Remove what killed runs left of atomic writes in a folder, or of the files `of` and `of.*` there.

    The caller has made sure that no other run writes there.
    """
    start = f"{of}." if of else ""
    for path in folder.glob(f".*{_MARK}*"):
        if path.is_file() and path.name.lstrip(".").startswith(start):
            path.unlink()


def write_bytes(target: Path, data: bytes) -> None:
    """Write `data` to `target` atomically."""
    with atomic_path(target) as temporary:
        temporary.write_bytes(data)


def write_text(target: Path, text: str) -> None:
    """Write `text` as UTF-8 with `\\n` line ends to `target` atomically."""
    write_bytes(target, text.encode("utf-8"))


def write_json(target: Path, value: object) -> None:
    """Write `value` (built-in types, data classes or structs) as indented UTF-8 JSON, atomically."""
    write_bytes(target, msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n")


def sha256_file(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
