"""What a finished filter run decided, counted again from its decisions: by rule, language and source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from corpora.errors import WrongCall
from curation.clusters import CLUSTERS
from curation.examples import EXAMPLES, Example
from curation.parts import DECISIONS, PartPaths
from curation.tally import Tally

_CLUSTERS_SHOWN = 10


@dataclass(slots=True)
class RuleCount:
    """How many documents one rule dropped, and the first few."""

    documents: int = 0
    examples: list[Example] = field(default_factory=list)


@dataclass(slots=True)
class Group:
    """Documents in and kept of one language or source, the drops by rule, and the first few: (id, rule)."""

    documents_in: int = 0
    kept: int = 0
    dropped_by: Counter[str] = field(default_factory=Counter)
    examples: list[tuple[str, str]] = field(default_factory=list)


@dataclass(slots=True)
class Statistics:
    """Counts over all decisions of a run; kept documents by the rule that cut something out of them; the
    largest clusters of copies: (id of the kept document, documents).
    """

    documents_in: int = 0
    kept: int = 0
    rules: dict[str, RuleCount] = field(default_factory=dict)
    languages: dict[str, Group] = field(default_factory=dict)
    sources: dict[str, Group] = field(default_factory=dict)
    cut_by: Counter[str] = field(default_factory=Counter)
    clusters: list[tuple[str, int]] = field(default_factory=list)


def read_statistics(folder: Path) -> Statistics:
    """Count the decisions under `folder`. Raises WrongCall when `winnow filter` did not write it."""
    parts = sorted((folder / DECISIONS).glob("part-*.parquet"))
    if not parts:
        raise WrongCall("no decisions here", where=folder, hint="name a folder that `winnow filter` wrote")
    statistics = Statistics()
    tally = Tally()
    for number, part in enumerate(parts):
        for batch in _batches(part):
            _add(statistics, batch)
        tally.add(PartPaths(folder, number).read_tally())
    for rule, counted in statistics.rules.items():
        counted.examples = tally.examples.get(rule, [])
    statistics.cut_by = tally.cut_by
    statistics.clusters = _largest_clusters(folder / CLUSTERS)
    return statistics


def _largest_clusters(path: Path) -> list[tuple[str, int]]:
    if not path.exists():
        return []
    table = pq.read_table(path, columns=["id", "documents"]).slice(0, _CLUSTERS_SHOWN)
    return list(zip(table.column(0).to_pylist(), table.column(1).to_pylist(), strict=True))


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
            if len(group.examples) < EXAMPLES:
                group.examples.append((row["id"], row["rule"]))
        counted = statistics.rules.setdefault(row["rule"], RuleCount())
        counted.documents += 1
