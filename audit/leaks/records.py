"""The records of a scan for leaks: one piece of evidence, one leak with its place, one file's outcome."""

from __future__ import annotations

from dataclasses import dataclass

from audit.results import Severity

LEAK_POINTS, SUSPICION_POINTS = 3, 2  # points from which a place is an error, and a warning


def severity_of(points: int) -> Severity:
    """How sure the points make us: `error` is a leak, `warning` probably one, `note` worth a look."""
    if points >= LEAK_POINTS:
        return "error"
    return "warning" if points >= SUSPICION_POINTS else "note"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Characters `start` to `end` (exclusive) of a text that speak for a leak, and for how much."""

    name: str
    start: int
    end: int
    points: int
    reason: str


@dataclass(frozen=True, slots=True)
class Cluster:
    """Evidence that stands together; `points` counts every name once."""

    start: int
    end: int
    points: int
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Leak:
    """One place in one file. Lines and columns count from 1, columns in code points, ends exclusive.

    `text` is the place as safe text, `evidence` the names that speak for it with their reasons.
    """

    path: str
    line: int
    column: int
    end_line: int
    end_column: int
    points: int
    text: str
    evidence: tuple[tuple[str, str], ...]

    @property
    def severity(self) -> Severity:
        """`error`, `warning` or `note`, by points."""
        return severity_of(self.points)


@dataclass(frozen=True, slots=True)
class FileScan:
    """One file: the bytes read and the leaks; `skipped` says why it was not read, None when it was."""

    path: str
    bytes: int
    leaks: tuple[Leak, ...]
    skipped: str | None = None
