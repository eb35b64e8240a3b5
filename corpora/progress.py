"""Progress and notes for people: always on stderr, a moving bar only on a terminal, silent with --quiet."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from corpora.display import show_lines
from corpora.read_position import Position, ReadPosition

_INTERVAL = 0.25  # seconds between two looks at how far the files are read


class Progress:
    """Notes and, on a terminal, progress bars. Everything goes to stderr."""

    def __init__(self, *, quiet: bool = False) -> None:
        self.quiet = quiet
        self._shown: Any = None

    def say(self, message: str) -> None:
        """Print one line, unless quiet."""
        if not self.quiet:
            click.echo(show_lines(message), err=True)

    @contextmanager
    def bar(self, title: str, total: int | None = None, unit: str = "") -> Iterator[Bar]:
        """Show a bar while the block runs; `total` in `unit`s, None when unknown."""
        if self.quiet or not sys.stderr.isatty():
            yield Bar()
            return
        with self._live() as shown:
            yield _RichBar(shown, title, total, unit)

    @contextmanager
    def reading(self, title: str, paths: Sequence[Path]) -> Iterator[Reading]:
        """Show how far the files are read while the block runs: rate, and the time left where it is known."""
        if self.quiet or not sys.stderr.isatty():
            yield Reading()
            return
        with self._live() as shown:
            yield _RichReading(shown, title, paths)

    @contextmanager
    def _live(self) -> Iterator[Any]:
        """The display; a bar inside another one's block stands below it."""
        if self._shown is not None:
            yield self._shown
            return
        with _rich_progress() as shown:
            self._shown = shown
            try:
                yield shown
            finally:
                self._shown = None


class Bar:
    """A bar that shows nothing."""

    def advance(self, amount: int = 1) -> None:
        """Move forward by `amount` units."""


class Reading:
    """Progress of reading that shows nothing."""

    def advance(self, documents: int, size: int) -> None:
        """Tell of documents that were read, and the bytes of their text."""

    def advance_bytes(self, size: int) -> None:
        """Tell of bytes of text where documents are not counted."""
        self.advance(0, size)


class _RichBar(Bar):
    def __init__(self, shown: Any, title: str, total: int | None, unit: str) -> None:
        self._shown, self._total, self._unit, self._done = shown, total, unit, 0
        self._started = time.monotonic()
        self._task = shown.add_task(title, total=total, state="")

    def advance(self, amount: int = 1) -> None:
        self._done += amount
        seconds = time.monotonic() - self._started
        state = " of ".join(f"{number:,}" for number in (self._done, self._total) if number is not None)
        left = time_left(seconds, self._done, self._total)
        text = " · ".join(part for part in (f"{state} {self._unit}", left) if part)
        self._shown.update(self._task, completed=self._done, state=text)


class _RichReading(Reading):
    def __init__(self, shown: Any, title: str, paths: Sequence[Path]) -> None:
        self._shown, self._documents, self._size = shown, 0, 0
        self._started = self._updated = time.monotonic()
        self._position = ReadPosition(paths)
        self._task = shown.add_task(title, total=None, state="")

    def advance(self, documents: int, size: int) -> None:
        self._documents += documents
        self._size += size
        now = time.monotonic()
        if now - self._updated >= _INTERVAL:
            self._updated = now
            self._show(now - self._started)

    def _show(self, seconds: float) -> None:
        position = self._position.now()
        text = reading_line(self._documents, self._size, seconds, position)
        if position is None:
            self._shown.update(self._task, state=text)
        else:
            self._shown.update(self._task, completed=position.done, total=position.total, state=text)


def reading_line(documents: int, size: int, seconds: float, position: Position | None) -> str:
    """`12,345 documents · 50.1 MB · 5.8 MB/s · 0:00:42 left`; what is not known is left out."""
    parts = [f"{documents:,} documents"] if documents else []
    parts += [f"{size / 1e6:,.1f} MB", f"{size / 1e6 / max(seconds, 1e-3):.1f} MB/s"]
    left = time_left(seconds, position.done, position.total) if position else ""
    return " · ".join([*parts, left] if left else parts)


def time_left(seconds: float, done: int, total: int | None) -> str:
    """`0:00:42 left`, as if the rest went as fast as what is done; empty when that cannot be said."""
    if not total or done <= 0:
        return ""
    return f"{timedelta(seconds=round(seconds * (total - done) / done))} left"


def _rich_progress() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as RichProgress

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[state]}"),
               TimeElapsedColumn())  # fmt: skip
    return RichProgress(*columns, console=Console(stderr=True), transient=True)
