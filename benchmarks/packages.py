"""Debian packages, chosen by `packages.toml`, downloaded without installing, and read as streams of files."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import subprocess
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import msgspec

from corpora.errors import WinnowError

_TABLE = Path(__file__).with_name("packages.toml")
_TAG = re.compile(r"[a-z]{2,3}(-[a-z]{2,4})?")  # a language, perhaps with a region or Debian's `-dev`
_PACKED = {".gz": gzip.decompress, ".bz2": bz2.decompress, ".xz": lzma.decompress}
_LARGEST = 512 << 20  # bytes of one file; src.zip of a JDK is the largest that is wanted


class Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Packages that are read alike; the fields are explained in packages.toml."""

    names: tuple[str, ...]
    language: str
    only: str = ""
    skip: tuple[str, ...] = ()
    newest: bool = False
    limit_mb: int = 0


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    group: tuple[Group, ...]


@dataclass(frozen=True, slots=True)
class Package:
    """One package that apt knows: `language` is a tag or `code`, `file` the name that apt-get gives it."""

    name: str
    version: str
    file: str
    sha256: str
    language: str
    only: str
    limit: int  # bytes of text; 0: no limit


@dataclass(frozen=True, slots=True)
class PackedFile:
    """One file of a package: its path without the leading `./`, and its unpacked bytes."""

    path: str
    data: bytes


def read_groups(table: Path = _TABLE) -> tuple[Group, ...]:
    """The groups of packages.toml, in order."""
    return msgspec.convert(tomllib.loads(table.read_text(encoding="utf-8")), _Table).group


def choose(groups: Sequence[Group], known: Sequence[str]) -> tuple[dict[str, tuple[Group, str]], list[str]]:
    """The names that the groups want, each with its group and language; and the patterns that find none."""
    chosen: dict[str, tuple[Group, str]] = {}
    missing: list[str] = []
    for group in groups:
        for pattern in group.names:
            names = sorted(
                (n for n in known if fnmatchcase(n, pattern) and n not in group.skip), key=_by_version
            )
            if not names:
                missing.append(pattern)
            for name in names[-1:] if group.newest else names:
                language = _language(group.language, pattern, name)
                if language and name not in chosen:
                    chosen[name] = (group, language)
    return chosen, missing


def resolve(groups: Sequence[Group]) -> tuple[list[Package], list[str]]:
    """The packages that apt knows, in reading order, and the patterns that it does not know.

    Raises WinnowError where there is no apt, or where its package lists are empty.
    """
    known = _run(["apt-cache", "pkgnames"]).split()
    chosen, missing = choose(groups, known)
    records = _records(list(chosen)) if chosen else {}
    packages = [_package(name, *chosen[name], records[name]) for name in chosen if name in records]
    missing.extend(name for name in chosen if name not in records)
    if not packages:
        raise WinnowError("apt knows none of the packages", hint="fill its lists first: apt-get update")
    return packages, missing


def download(packages: Sequence[Package], folder: Path) -> None:
    """Fetch what `folder` does not hold yet; apt-get checks every file's hash. Nothing is installed."""
    folder.mkdir(parents=True, exist_ok=True)
    absent = [p for p in packages if not (folder / p.file).is_file()]
    if absent:
        _run(["apt-get", "download", "-qq", *(f"{p.name}={p.version}" for p in absent)], folder)
    for package in absent:
        if not (folder / package.file).is_file():
            raise WinnowError("apt-get did not deliver a package", where=package.file)


def files(package: Path, only: str) -> Iterator[PackedFile]:
    """The regular files of a .deb whose path `only` matches, archives inside it included, in stored order.

    Raises WinnowError when the package cannot be unpacked.
    """
    command = ["dpkg-deb", "--fsys-tarfile", str(package)]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE) as process,
        tarfile.open(fileobj=process.stdout, mode="r|") as archive,
    ):
        yield from _members(archive, re.compile(only))
    if process.returncode:
        raise WinnowError(f"dpkg-deb failed with {process.returncode}", where=package.name)


def _members(archive: tarfile.TarFile, wanted: re.Pattern[str]) -> Iterator[PackedFile]:
    for member in archive:
        stream = archive.extractfile(member) if member.isreg() and member.size <= _LARGEST else None
        if stream is None or not wanted.search(member.name):
            continue
        data = stream.read()
        if member.name.endswith((".tar.xz", ".tar.gz")):
            with tarfile.open(fileobj=io.BytesIO(data)) as inner:
                yield from _members(inner, wanted)
        elif member.name.endswith(".zip"):
            yield from _zip_members(data, wanted)
        else:
            yield _unpacked(member.name.removeprefix("./"), data)


def _zip_members(data: bytes, wanted: re.Pattern[str]) -> Iterator[PackedFile]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for entry in archive.infolist():
            if not entry.is_dir() and wanted.search(entry.filename):
                yield PackedFile(entry.filename, archive.read(entry))


def _unpacked(path: str, data: bytes) -> PackedFile:
    ending = Path(path).suffix
    if ending not in _PACKED:
        return PackedFile(path, data)
    return PackedFile(path.removesuffix(ending), _PACKED[ending](data))


def _language(language: str, pattern: str, name: str) -> str:
    if language != "*":
        return language
    tag = name.removeprefix(re.split(r"[*?\[]", pattern)[0])
    return tag if _TAG.fullmatch(tag) else ""


def _by_version(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name)]


def _records(names: Sequence[str]) -> dict[str, dict[str, str]]:
    shown = _run(["apt-cache", "show", "--no-all-versions", *names])
    records = [
        dict(
            line.split(": ", 1)
            for line in block.splitlines()
            if re.match(r"(Pack|Vers|Arch|SHA256)\w*: ", line)
        )
        for block in shown.split("\n\n")
    ]
    return {record["Package"]: record for record in records if "SHA256" in record}


def _package(name: str, group: Group, language: str, record: dict[str, str]) -> Package:
    version = record["Version"]
    file = f"{name}_{version.replace(':', '%3a')}_{record['Architecture']}.deb"
    return Package(name, version, file, record["SHA256"], language, group.only, group.limit_mb * 1_000_000)


def _run(command: list[str], folder: Path | None = None) -> str:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        hint = "the corpora are built on Debian or Ubuntu; copy the data folder from one"
        raise WinnowError(f"there is no {command[0]} here", hint=hint) from error
    if done.returncode:
        raise WinnowError(f"{' '.join(command[:2])} failed: {done.stderr.strip()[-500:]}")
    return done.stdout
