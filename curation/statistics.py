"""What a finished filter run decided, counted again from its decisions: by rule, language and source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from corpora.errors import WrongCall
from curation.parts import DECISIONS

EXAMPLES = 3  # documents named per rule


@dataclass(slots=True)
class RuleCount:
    """How many documents one rule dropped, and the first few: (id, value)."""

    documents: int = 0
    examples: list[tuple[str, float | None]] = field(default_factory=list)


@dataclass(slots=True)
class Group:
    """Documents in and kept of one language or source, and the drops by rule."""

    documents_in: int = 0
    kept: int = 0
    dropped_by: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Statistics:
    """Counts over all decisions of a run."""

    documents_in: int = 0
    kept: int = 0
    rules: dict[str, RuleCount] = field(default_factory=dict)
    languages: dict[str, Group] = field(default_factory=dict)
    sources: dict[str, Group] = field(default_factory=dict)


def read_statistics(folder: Path) -> Statistics:
    """Count the decisions under `folder`. Raises WrongCall when `winnow filter` did not write it."""
    parts = sorted((folder / DECISIONS).glob("part-*.parquet"))
    if not parts:
        raise WrongCall("no decisions here", where=folder, hint="name a folder that `winnow filter` wrote")
    statistics = Statistics()
    for part in parts:
        for batch in _batches(part):
            _add(statistics, batch)
    return statistics


def _batches(part: Path) -> Iterator[pa.RecordBatch]:
    with pq.ParquetFile(part) as file:
        yield from file.iter_batches(columns=["id", "source", "kept", "rule", "value", "language"])


def _add(statistics: Statistics, batch: pa.RecordBatch) -> None:
    for row in batch.to_pylist():
        language = statistics.languages.setdefault(row["language"], Group())
        source = statistics.sources.setdefault(row["source"], Group())
        statistics.documents_in += 1
        statistics.kept += row["kept"]
        for group in (language, source):
            group.documents_in += 1
            group.kept += row["kept"]
        if row["kept"]:
            continue
        for group in (language, source):
            group.dropped_by[row["rule"]] += 1
        counted = statistics.rules.setdefault(row["rule"], RuleCount())
        counted.documents += 1
        if len(counted.examples) < EXAMPLES:
            counted.examples.append((row["id"], row["value"]))
