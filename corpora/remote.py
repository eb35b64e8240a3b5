"""Files behind URLs (s3://, https://, …), through fsspec: found, told apart, and read as streams."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from corpora.errors import WinnowError, WrongCall

_URL = re.compile(r"[a-z][a-z0-9+.-]+://")
_BLOCK = 1 << 20  # bytes read at a time when hashing


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """One file behind a URL. Picklable; every use opens it anew."""

    url: str

    @property
    def suffix(self) -> str:
        """The ending of its name, such as `.gz`."""
        return url_path(self.url).suffix

    def open(self) -> Any:
        """A file object for reading bytes, which can seek. Raises what the file system raises."""
        system, path = _system(self.url)
        return system.open(path, "rb")

    def version(self) -> tuple[str, int]:
        """What changes when the content does, as far as the file system tells (an ETag, a time), and the
        size in bytes (0 when it is not told). Raises WinnowError when the file cannot be reached.
        """
        system, path = _system(self.url)
        try:
            told = system.info(path)
            return str(told.get("ETag") or system.ukey(path)), int(told.get("size") or 0)
        except Exception as error:  # every file system has errors of its own
            raise WinnowError(f"cannot be reached: {one_line(error)}", where=self.url) from error

    def sha256(self) -> tuple[str, int]:
        """The SHA-256 of its bytes, in hex, and how many there are. Raises WinnowError."""
        digest, size = hashlib.sha256(), 0
        try:
            with self.open() as file:
                while block := file.read(_BLOCK):
                    digest.update(block)
                    size += len(block)
        except Exception as error:  # every file system has errors of its own
            raise WinnowError(f"cannot be read: {one_line(error)}", where=self.url) from error
        return digest.hexdigest(), size


@dataclass(frozen=True, slots=True)
class Found:
    """A file that a URL named: its name below that URL, and where it is."""

    name: str
    file: RemoteFile


def is_url(name: str) -> bool:
    """Whether an input's name is a URL with a scheme."""
    return _URL.match(name) is not None


def local_path(url: str) -> str | None:
    """The path behind a `file://` URL; None for any other."""
    system, path = _system(url)
    protocols = [system.protocol] if isinstance(system.protocol, str) else system.protocol
    return path if "file" in protocols else None


def url_path(url: str) -> PurePosixPath:
    """The path of a URL, without its query."""
    return PurePosixPath(url.split("://", 1)[1].split("?", 1)[0].split("#", 1)[0])


def find_files(url: str) -> Iterator[Found]:
    """The files that a URL names: one, all below a folder, or those that match a pattern; by name.

    Raises WrongCall where there is none, WinnowError when the place cannot be reached.
    """
    system, path = _system(url)
    try:
        found = sorted(_expand(system, path))
    except Exception as error:  # every file system has errors of its own
        raise WinnowError(f"cannot be reached: {one_line(error)}", where=url) from error
    if not found:
        raise WrongCall("no such file or folder", where=url)
    for each in found:
        inside = each.removeprefix(path.rstrip("/") + "/")
        name = PurePosixPath(each.split("?", 1)[0]).name if inside == each else inside
        yield Found(name, RemoteFile(system.unstrip_protocol(each)))


def one_line(error: Exception) -> str:
    """The first line of an error's message, or its type."""
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__


def _expand(system: Any, path: str) -> list[str]:
    if "*" in path or "[" in path:
        return [each for each in system.glob(path) if system.isfile(each)]
    return [path] if system.isfile(path) else list(system.find(path))


def _system(url: str) -> tuple[Any, str]:
    from fsspec.core import url_to_fs

    try:
        system, path = url_to_fs(url)
    except ImportError as error:
        raise WrongCall(f"this kind of URL needs another package: {one_line(error)}", where=url) from error
    except ValueError as error:
        raise WrongCall(f"unknown kind of URL: {one_line(error)}", where=url) from error
    return system, str(path)
