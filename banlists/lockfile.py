"""Pin lists by hash, so that a build that used them can be checked and repeated."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import msgspec

from banlists.banlist import BanList, PackFile
from banlists.entries import Entry
from banlists.lists import LoadedPack, make_ban_list
from corpora.errors import WinnowError
from corpora.files import write_json
from corpora.json_data import decode_json

LOCK_SCHEMA = 1


class LockedPack(msgspec.Struct, frozen=True):
    """One pinned file: id, version, path as named, SHA-256 of its bytes, number of entries used."""

    id: str
    version: str
    path: str
    sha256: str
    entries: int


class Lock(msgspec.Struct, frozen=True):
    """A lock file: the list names as given, what they stood for, and a hash of what is matched in the end.

    `compiled` is the SHA-256 of the entries and allow rules that are in force; empty in a lock of a
    version that did not write it.
    """

    schema_version: int
    lists: list[str]
    packs: list[LockedPack]
    compiled: str = ""


def make_lock(names: Sequence[str], packs: Sequence[LoadedPack]) -> Lock:
    """Pin the loaded packs, sorted by id."""
    locked = [_locked(loaded.file, len(loaded.entries)) for loaded in packs]
    in_order = sorted(locked, key=lambda pack: pack.id)
    return Lock(LOCK_SCHEMA, list(names), in_order, compiled_hash(make_ban_list(packs)))


def compiled_hash(bans: BanList) -> str:
    """The SHA-256 of everything that decides a match, whatever the order of files; in hex."""
    rows = [_deciding(entry) for entry in bans.entries] + [_deciding(allow) for allow in bans.allows]
    return hashlib.sha256(msgspec.json.encode(sorted(rows))).hexdigest()


def write_lock(path: Path, lock: Lock) -> None:
    """Write a lock file, atomically."""
    write_json(path, lock)


def read_lock(path: Path) -> Lock:
    """Read a lock file. Raises WinnowError when it is missing or not one."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise WinnowError(error.strerror or "cannot be read", where=path) from error
    return decode_json(data, Lock, "not a lock file", where=path, hint="write one with: winnow ban lock")


def differences(lock: Lock, packs: Sequence[LoadedPack]) -> list[str]:
    """How the lists found now differ from the lock, one sentence each; empty when they are the same."""
    found = make_lock(lock.lists, packs)
    now = {pack.id: pack for pack in found.packs}
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
    if not problems and lock.compiled and lock.compiled != found.compiled:
        problems.append("the files are the same, but this version makes other rules of them")
    return problems


def _deciding(entry: Entry) -> tuple[str, ...]:
    variants = " ".join(sorted(entry.variants))
    options = f"{entry.boundary} {entry.min_bytes} {entry.force}"
    return entry.name, entry.kind, entry.pattern, entry.right, variants, options


def _locked(file: PackFile, entries: int) -> LockedPack:
    return LockedPack(file.id, file.version, file.path, file.sha256, entries)
