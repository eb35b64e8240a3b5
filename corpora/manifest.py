"""The manifest beside every output: what made it, from which bytes, with which settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from corpora.files import sha256_file, write_json
from corpora.json_data import decode_json

MANIFEST_NAME = "manifest.json"
FILE_MANIFEST_ENDING = f".{MANIFEST_NAME}"  # counts.parquet.manifest.json stands beside counts.parquet
TIMED_SUMMARY = "summary.json"  # holds seconds, so its bytes differ from run to run: never hashed
# What `winnow review` adds to a finished output: a person's work, no part of it, and it outlives --force.
REVIEW_JOURNAL, REVIEWED_LIST = "review.jsonl", "reviewed.toml"
SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class FileHash:
    """One file that went in or came out; `path` as the user named it, `bytes` its size."""

    path: str
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """What made an output.

    `configuration` holds every resolved option; `counts` what was counted on the way; `extra` the
    keys that one command adds at the top level (such as `vocab_size`); `call` the fingerprint that
    recognises the same call (see `corpora.outputs`). Only `seconds`, `call` and
    `command_line` may differ between two runs over the same inputs.
    """

    command: str
    command_line: Sequence[str]
    configuration: Mapping[str, Any]
    inputs: Sequence[FileHash]
    outputs: Sequence[FileHash] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    call: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)


def tool_version() -> str:
    """The installed version of Winnow, or `0+source` when run without being installed."""
    try:
        return version("winnow-bpe")
    except PackageNotFoundError:
        return "0+source"


def hash_file(path: Path, shown_as: str | None = None) -> FileHash:
    """Hash one file; `shown_as` replaces the path in the record."""
    return FileHash(shown_as or str(path), sha256_file(path), path.stat().st_size)


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A file to be hashed, and how the record shows it."""

    path: Path
    shown_as: str


def hash_named(file: NamedFile) -> FileHash:
    """Hash one file, as an engine's task."""
    return hash_file(file.path, file.shown_as)


def write_manifest(path: Path, manifest: Manifest) -> None:
    """Write `manifest` as JSON to `path`, atomically."""
    record: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "tool": "winnow",
        "tool_version": tool_version(),
        "command": manifest.command,
        "command_line": list(manifest.command_line),
        "call": manifest.call,
        "configuration": dict(manifest.configuration),
        **manifest.extra,
        "inputs": list(manifest.inputs),
        "outputs": list(manifest.outputs),
        "counts": dict(manifest.counts),
        "seconds": {name: round(value, 3) for name, value in manifest.seconds.items()},
    }
    write_json(path, record)


def read_manifest(path: Path) -> dict[str, Any]:
    """Read a manifest written by `write_manifest`.

    Raises WinnowError when the file is not a JSON object.
    """
    return decode_json(path.read_bytes(), dict[str, Any], "not a manifest", where=path)
