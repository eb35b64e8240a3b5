"""Pin lists by hash, so that a build that used them can be checked and repeated."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from banlists.banlist import PackFile
from banlists.lists import LoadedPack
from corpora.errors import WinnowError
from corpora.files import write_json

LOCK_SCHEMA = 1


class LockedPack(msgspec.Struct, frozen=True):
    """One pinned file: id, version, path as named, SHA-256 of its bytes, number of entries used."""

    id: str
    version: str
    path: str
    sha256: str
    entries: int


class Lock(msgspec.Struct, frozen=True):
    """A lock file: the list names as given, and what they stood for."""

    schema_version: int
    lists: list[str]
    packs: list[LockedPack]


def make_lock(names: Sequence[str], packs: Sequence[LoadedPack]) -> Lock:
    """Pin the loaded packs, sorted by id."""
    locked = [_locked(loaded.file, len(loaded.entries)) for loaded in packs]
    return Lock(LOCK_SCHEMA, list(names), sorted(locked, key=lambda pack: pack.id))


def write_lock(path: Path, lock: Lock) -> None:
    """Write a lock file, atomically."""
    write_json(path, lock)


def read_lock(path: Path) -> Lock:
    """Read a lock file. Raises WinnowError when it is missing or not one."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Lock)
    except OSError as error:
        raise WinnowError(error.strerror or "cannot be read", where=path) from error
    except msgspec.MsgspecError as error:
        raise WinnowError(
            f"not a lock file: {error}", where=path, hint="write one with: winnow ban lock"
        ) from error


def differences(lock: Lock, packs: Sequence[LoadedPack]) -> list[str]:
    """How the lists found now differ from the lock, one sentence each; empty when they are the same."""
    now = {pack.id: pack for pack in make_lock(lock.lists, packs).packs}
    then = {pack.id: pack for pack in lock.packs}
    problems = [f"{name} is pinned but not there" for name in sorted(then.keys() - now.keys())]
    problems.extend(f"{name} is there but not pinned" for name in sorted(now.keys() - then.keys()))
    for name in sorted(now.keys() & then.keys()):
        if now[name].sha256 != then[name].sha256:
            problems.append(
                f"{name} changed: version {then[name].version} -> {now[name].version}, "
                f"sha256 {then[name].sha256[:12]} -> {now[name].sha256[:12]}"
            )
        elif now[name].entries != then[name].entries:
            problems.append(f"{name} now gives {now[name].entries} entries, not {then[name].entries}")
    return problems


def _locked(file: PackFile, entries: int) -> LockedPack:
    return LockedPack(file.id, file.version, file.path, file.sha256, entries)
