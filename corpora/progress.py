"""Progress and notes for people: always on stderr, a moving bar only on a terminal, silent with --quiet."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from corpora.display import show_lines


class Progress:
    """Notes and, on a terminal, one progress bar. Everything goes to stderr."""

    def __init__(self, *, quiet: bool = False) -> None:
        self.quiet = quiet

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
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )
        from rich.progress import Progress as RichProgress

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn(unit),
                   TimeElapsedColumn(), TimeRemainingColumn())  # fmt: skip
        with RichProgress(*columns, console=Console(stderr=True), transient=True) as rich_progress:
            task = rich_progress.add_task(title, total=total)
            yield _RichBar(lambda amount: rich_progress.advance(task, amount))


class Bar:
    """A bar that shows nothing."""

    def advance(self, amount: int = 1) -> None:
        """Move forward by `amount` units."""


class _RichBar(Bar):
    def __init__(self, advance: object) -> None:
        self._advance = advance

    def advance(self, amount: int = 1) -> None:
        self._advance(amount)  # type: ignore[operator]
