"""What a verb that writes a list tells: a line for people, or the same facts as a record."""

from __future__ import annotations

from collections.abc import Mapping

from corpora.cli import TableView, emit
from corpora.progress import Progress

SCHEMA_VERSION = 1


def report(facts: Mapping[str, object], message: str, output_format: str, *, quiet: bool) -> None:
    """Say `message` on stderr; in another format than the table, print the facts on stdout instead."""
    if output_format == "table":
        Progress(quiet=quiet).say(message)
        return
    record = {"schema_version": SCHEMA_VERSION, **facts}
    rows = [(name, str(value)) for name, value in facts.items()]
    emit(record, [record], [TableView(message, ("what", "value"), rows)], output_format)
