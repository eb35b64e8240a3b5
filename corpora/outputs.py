"""An output folder's life: refused when occupied, locked while written, resumed, finished, left alone."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from corpora.errors import WinnowError, WrongCall
from corpora.files import make_folder, remove_temporaries, write_json
from corpora.manifest import MANIFEST_NAME, REVIEW_JOURNAL, REVIEWED_LIST

MARKER_NAME = ".winnow-unfinished.json"
_LOCK_NAME = ".winnow-lock"


class AlreadyFinished(Exception):
    """The same command has already finished this output; there is nothing to do."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is already finished; nothing to do (--force starts over)")


@dataclass(frozen=True, slots=True)
class OutputFolder:
    """A folder that this run may write. `resumed` says that an unfinished run of the same call was found."""

    path: Path
    fingerprint: str
    resumed: bool


def fingerprint(command: str, configuration: Mapping[str, Any], inputs: object) -> str:
    """One hash for a call: the command, its resolved options and its inputs' identities."""
    record = [command, sorted(configuration.items()), inputs]
    return hashlib.sha256(msgspec.json.encode(record, enc_hook=str)).hexdigest()


def refuse_output_inside_inputs(output: Path, inputs: list[Path]) -> None:
    """Raise WrongCall when the output is one of the inputs, or a folder that holds one."""
    resolved = output.resolve()
    for path in inputs:
        source = path.resolve()
        if source == resolved or resolved in source.parents:
            raise WrongCall(
                f"the output {output} would overwrite the input {path}", hint="choose another --out"
            )


@contextmanager
def output_folder(path: Path, call: str, *, force: bool = False) -> Iterator[OutputFolder]:
    """Claim `path` for the call with fingerprint `call`.

    The caller writes a manifest (`MANIFEST_NAME`) as its last file; leaving the block with the
    manifest there makes the output finished. On an error the unfinished files stay for a resume
    when some were made, and an empty folder is removed.

    Raises AlreadyFinished for a finished output of the same call, WrongCall for a folder that holds
    anything else, WinnowError when another run is writing it.
    """
    existed = path.exists()
    _check_folder(path)
    make_folder(path)
    with _lock(path / _LOCK_NAME, path):
        try:
            claimed = _claim(path, call, force=force)
            _remove_temporaries(path)
            yield claimed
        finally:
            _settle(path, existed=existed)


def _remove_temporaries(path: Path) -> None:
    """Remove what a killed run left half written here, and in folders below that nobody has locked."""
    inner = [each for each in path.iterdir() if each.is_dir() and not (each / _LOCK_NAME).exists()]
    for folder in (path, *inner):
        remove_temporaries(folder)


def _check_folder(path: Path) -> None:
    if path.exists() and not path.is_dir():
        raise WrongCall("is a file; a folder is needed", where=path, hint="choose another --out")


def _claim(path: Path, call: str, *, force: bool) -> OutputFolder:
    marker, manifest = path / MARKER_NAME, path / MANIFEST_NAME
    names = {entry.name for entry in path.iterdir()} - {_LOCK_NAME}
    ours = marker.exists() or _finished_call(manifest) is not None
    if names and not ours:
        raise WrongCall("the output folder is not empty", where=path, hint="choose another --out or empty it")
    if force:
        _empty(path)
    elif _finished_call(manifest) == call:
        raise AlreadyFinished(path)
    elif manifest.exists():
        raise WrongCall(
            "holds the output of a different call",
            where=path,
            hint="--force starts over, or choose another --out",
        )
    resumed = marker.exists() and _read_call(marker) == call
    if marker.exists() and not resumed:
        raise WrongCall(
            "holds an unfinished output of a different call",
            where=path,
            hint="--force starts over, or choose another --out",
        )
    write_json(marker, {"call": call})
    return OutputFolder(path, call, resumed)


def _settle(path: Path, *, existed: bool) -> None:
    marker = path / MARKER_NAME
    if (path / MANIFEST_NAME).exists():
        marker.unlink(missing_ok=True)
    rest = {entry.name for entry in path.iterdir()} - {_LOCK_NAME, MARKER_NAME}
    if not rest:
        marker.unlink(missing_ok=True)
        (path / _LOCK_NAME).unlink(missing_ok=True)
        if not existed:
            path.rmdir()


def _finished_call(manifest: Path) -> str | None:
    return _read_call(manifest) if manifest.exists() else None


def _read_call(path: Path) -> str | None:
    try:
        record = msgspec.json.decode(path.read_bytes())
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    call = record.get("call") if isinstance(record, dict) else None
    return call if isinstance(call, str) else None


def _empty(path: Path) -> None:
    for entry in path.iterdir():
        if entry.name in (_LOCK_NAME, REVIEW_JOURNAL, REVIEWED_LIST):
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


@contextmanager
def writing_file(path: Path) -> Iterator[None]:
    """Keep other runs from writing the file `path`. Raises WinnowError when one does."""
    make_folder(path.parent)
    with _lock(path.with_name(f".{path.name}.lock"), path):
        remove_temporaries(path.parent, of=path.name)
        yield


@contextmanager
def _lock(lock: Path, output: Path) -> Iterator[None]:
    descriptor = _locked(lock)
    if descriptor is None:
        raise WinnowError(
            "another winnow run is writing this", where=output, hint="wait for it, or choose another --out"
        )
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)
        os.close(descriptor)


def _locked(lock: Path) -> int | None:
    """Lock a file, made when needed; its descriptor, or None when another process holds the lock.

    A file that was removed before it could be locked is no lock: others would make a new one.
    """
    while True:
        descriptor = os.open(lock, os.O_CREAT | os.O_RDWR, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(descriptor).st_nlink:
                return descriptor
        except BlockingIOError:
            os.close(descriptor)
            return None
        os.close(descriptor)
