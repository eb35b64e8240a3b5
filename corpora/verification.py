"""Finished outputs checked against their manifests: which files are the same, changed, missing or extra."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePath
from typing import Literal

import msgspec

from corpora.errors import WinnowError, WrongCall
from corpora.files import sha256_file
from corpora.json_data import decode_json
from corpora.manifest import (
    FILE_MANIFEST_ENDING,
    MANIFEST_NAME,
    REVIEW_JOURNAL,
    REVIEWED_LIST,
    TIMED_SUMMARY,
    FileHash,
)  # fmt: skip

Role = Literal["output", "input"]
# `outside`: the manifest names a place that is not below its own folder, which is not looked at.
# `unchecked`: an input that was not looked for, or one without a hash (a hub stream).
Status = Literal["same", "changed", "missing", "extra", "outside", "unchecked"]
_FINE = frozenset({"same", "unchecked"})
_Hasher = Callable[[Path], str]


@dataclass(frozen=True, slots=True)
class FileCheck:
    """One file that a manifest names (or, when extra, does not): the SHA-256 it says, and the one found."""

    role: Role
    path: str
    status: Status
    expected: str = ""
    found: str = ""

    @property
    def fine(self) -> bool:
        """Whether nothing speaks against this file."""
        return self.status in _FINE


@dataclass(frozen=True, slots=True)
class ManifestCheck:
    """One manifest, its own SHA-256 (to be compared with one told elsewhere), and the files it names."""

    path: str
    sha256: str
    command: str
    tool_version: str
    files: tuple[FileCheck, ...]


@dataclass(frozen=True, slots=True)
class Verification:
    """Every manifest that was found, in order of their paths."""

    manifests: tuple[ManifestCheck, ...]

    @property
    def files(self) -> Iterator[FileCheck]:
        """Every check, in order."""
        return (file for manifest in self.manifests for file in manifest.files)

    @property
    def clean(self) -> bool:
        """Whether every output is as recorded, nothing is extra, and no input that was found differs."""
        return all(file.fine for file in self.files)


class _Record(msgspec.Struct):
    """What is checked of a manifest."""

    command: str
    tool_version: str
    inputs: list[FileHash]
    outputs: list[FileHash]


def verify(target: Path, inputs: Sequence[Path] = ()) -> Verification:
    """Check `target`: a folder (every manifest below it), a manifest, or a file with a manifest beside it.

    `inputs` are files and folders where inputs are now. They are recognised by their bytes, whatever
    their names; one whose bytes are not found is missing, or changed where a file has its name.
    Without `inputs`, only those are checked that another manifest below `target` made.

    Raises WrongCall when there is nothing at `target` or `inputs`, WinnowError when there is no manifest
    or one cannot be read.
    """
    paths = _manifests(target)
    records = [_read(path) for path in paths]
    sha256 = cache(sha256_file)  # a job's manifest names the same files as those of its parts
    places = _InputPlaces(inputs, sha256) if inputs else None
    made = {file.sha256 for record in records for file in record.outputs}
    root = target if target.is_dir() else target.parent
    checks = []
    for path, record in zip(paths, records, strict=True):
        files = [
            *_outputs(path.parent, record, sha256),
            *(_input(file, made, places) for file in record.inputs),
            *(_extras(path.parent, paths, records) if target.is_dir() and path.name == MANIFEST_NAME else ()),
        ]
        name = path.relative_to(root).as_posix()
        checks.append(ManifestCheck(name, sha256(path), record.command, record.tool_version, tuple(files)))
    return Verification(tuple(checks))


def _manifests(target: Path) -> list[Path]:
    if target.is_dir():
        found = sorted(path for path in target.rglob(f"*{MANIFEST_NAME}") if _is_manifest(path))
        if not found:
            raise WinnowError(
                "no manifest in this folder", where=target, hint="an unfinished output has none yet"
            )
        return found
    if not target.exists():
        raise WrongCall("no such file or folder", where=target)
    if _is_manifest(target):
        return [target]
    beside = target.with_name(target.name + FILE_MANIFEST_ENDING)
    if not beside.is_file():
        raise WrongCall(
            "no manifest beside this file", where=target, hint="name its folder, or its manifest.json"
        )
    return [beside]


def _is_manifest(path: Path) -> bool:
    named = path.name == MANIFEST_NAME or path.name.endswith(FILE_MANIFEST_ENDING)
    return named and path.is_file()


def _read(path: Path) -> _Record:
    return decode_json(path.read_bytes(), _Record, "not a manifest", where=path)


def _outputs(folder: Path, record: _Record, sha256: _Hasher) -> Iterator[FileCheck]:
    for file in record.outputs:
        path = _inside(folder, file.path)
        if path is None:
            yield FileCheck("output", file.path, "outside", file.sha256)
        elif not path.is_file():
            yield FileCheck("output", file.path, "missing", file.sha256)
        else:
            found = sha256(path)
            status: Status = "same" if found == file.sha256 else "changed"
            yield FileCheck("output", file.path, status, file.sha256, found)


def _inside(folder: Path, name: str) -> Path | None:
    """The file of that name in the folder; None when the name (or a link) leads elsewhere."""
    try:
        path = (folder / name).resolve()
        path.is_file()
    except (OSError, ValueError):  # a loop of links, a NUL in the name, a name that is too long
        return None
    return path if folder.resolve() in path.parents else None


def _extras(folder: Path, paths: Sequence[Path], records: Sequence[_Record]) -> Iterator[FileCheck]:
    """Files below a finished folder that neither its manifest nor one below it names."""
    named = {path for path in paths if path.is_relative_to(folder)}
    for path, record in zip(paths, records, strict=True):
        named.update(path.parent / file.path for file in record.outputs)
    inner = [path.parent for path in paths if path.name == MANIFEST_NAME and folder in path.parent.parents]
    for path in sorted(folder.rglob("*")):
        # A folder with a manifest of its own answers for itself; a summary holds timings, so no manifest
        # has its hash; a review is somebody's work on the output, not a part of it.
        elsewhere = any(path.is_relative_to(each) for each in inner)
        apart = path in (folder / name for name in (TIMED_SUMMARY, REVIEW_JOURNAL, REVIEWED_LIST))
        if path.is_dir() or path in named or elsewhere or apart:
            continue
        yield FileCheck("output", path.relative_to(folder).as_posix(), "extra")


def _input(file: FileHash, made: set[str], places: _InputPlaces | None) -> FileCheck:
    if not file.sha256:
        return FileCheck("input", file.path, "unchecked")
    if file.sha256 in made:
        return FileCheck("input", file.path, "same", file.sha256, file.sha256)
    if places is None:
        return FileCheck("input", file.path, "unchecked", file.sha256)
    return places.check(file)


class _InputPlaces:
    """The files where inputs are looked for, by size and by name."""

    def __init__(self, places: Iterable[Path], sha256: _Hasher) -> None:
        self._sha256 = sha256
        self._by_size: dict[int, list[Path]] = {}
        self._by_name: dict[str, list[Path]] = {}
        for path in (path for place in places for path in _files_at(place)):
            self._by_size.setdefault(path.stat().st_size, []).append(path)
            self._by_name.setdefault(path.name, []).append(path)

    def check(self, file: FileHash) -> FileCheck:
        """Look for the file's bytes; then, for what has its name."""
        if any(self._sha256(path) == file.sha256 for path in self._by_size.get(file.bytes, ())):
            return FileCheck("input", file.path, "same", file.sha256, file.sha256)
        wanted = PurePath(file.path).parts or ("",)  # a name of nothing is no file's
        alike = [path for path in self._by_name.get(wanted[-1], ()) if path.parts[-len(wanted) :] == wanted]
        if not alike:
            return FileCheck("input", file.path, "missing", file.sha256)
        return FileCheck("input", file.path, "changed", file.sha256, self._sha256(alike[0]))


def _files_at(place: Path) -> list[Path]:
    if place.is_dir():
        return sorted(path for path in place.rglob("*") if path.is_file())
    if not place.is_file():
        raise WrongCall("no such file or folder", where=place)
    return [place]
