"""What a killed count leaves behind, so that the same call goes on after the last finished shard."""

from __future__ import annotations

import shutil
from fractions import Fraction
from pathlib import Path

import msgspec

from corpora.errors import WinnowError
from corpora.files import write_json
from corpora.json_data import decode_json

_PROGRESS = "progress.json"


class CountProgress(msgspec.Struct):
    """Shards done, the runs that hold their counts, and what was seen on the way.

    `groups` are (language, weight as a fraction) by number; `problems` are broken records skipped,
    with the first few `examples`.
    """

    call: str
    shards: int = 0
    runs: list[str] = msgspec.field(default_factory=list)
    groups: list[tuple[str, str]] = msgspec.field(default_factory=list)
    sources: list[str] = msgspec.field(default_factory=list)
    documents: int = 0
    bytes: int = 0
    pretokens: int = 0
    problems: int = 0
    examples: list[str] = msgspec.field(default_factory=list)

    def members(self) -> list[tuple[str, Fraction]]:
        """The groups with their weights as numbers."""
        return [(language, Fraction(weight)) for language, weight in self.groups]


def read_progress(parts: Path, call: str) -> CountProgress:
    """The progress of the same call in this folder, or none; what other calls left there is removed."""
    progress = _stored(parts / _PROGRESS)
    if progress.call == call and all((parts / name).exists() for name in progress.runs):
        return progress
    if parts.exists():
        shutil.rmtree(parts)
    return CountProgress(call)


def _stored(path: Path) -> CountProgress:
    """What the file says; no progress at all when it is missing or damaged: then the count starts over."""
    try:
        progress = decode_json(path.read_bytes(), CountProgress, "not a count's progress", where=path)
        progress.members()
    except (OSError, WinnowError, ValueError, ZeroDivisionError):
        return CountProgress("")
    return progress


def write_progress(parts: Path, progress: CountProgress) -> None:
    """Record how far a count has come, atomically."""
    write_json(parts / _PROGRESS, progress)
