"""Pretokens that few documents or sources repeat often, and pretokens that always come together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from trainer.frequency_file import read_batches, read_spread
from trainer.spread import LanguageSpread, expected_members

_COLUMNS = ("pretoken", "language", "count", "documents", "sources", "largest_source", "largest_share")
_SET_COLUMNS = ("document_set", "documents", "count")


@dataclass(frozen=True, slots=True)
class Concentrated:
    """A pretoken of one language, and in how many documents and sources chance would put it."""

    pretoken: bytes
    language: str
    count: int
    documents: int
    expected_documents: float
    sources: int
    expected_sources: float
    largest_source: str
    largest_share: float

    @property
    def concentration(self) -> float:
        """How many times fewer documents than chance would give; 1 for what is spread evenly."""
        return self.expected_documents / self.documents

    @property
    def missing(self) -> float:
        """How many more documents chance would give: large for what is frequent as well as concentrated."""
        return self.expected_documents - self.documents


@dataclass(frozen=True, slots=True)
class Plateau:
    """Pretokens that occur equally often and in the same documents; in the order of the first of these."""

    pretokens: tuple[bytes, ...]
    language: str
    count: int
    documents: int
    sources: int
    largest_source: str
    largest_share: float

    @property
    def size(self) -> int:
        """How many pretokens of the corpus it fills."""
        return len(self.pretokens) * self.count


def concentrated(path: Path, *, min_count: int, least: float, most: int) -> tuple[list[Concentrated], int]:
    """The `most` pretokens with the most missing documents, of those with a letter that occur at least
    `min_count` times and in `least` times fewer documents than chance would give; and how many there are.

    Chance is a document's share of its language: what one language has alone is not concentrated.
    """
    spreads = {spread.language: spread for spread in read_spread(path)}
    best: list[Concentrated] = []
    found = 0
    for table in read_batches(path, _COLUMNS):
        rows = table.filter(pc.greater_equal(table["count"], pa.scalar(min_count, pa.uint64())))
        chosen = _concentrated_rows(rows, spreads, least)
        found += len(chosen)
        best = sorted([*best, *chosen], key=lambda row: (-row.missing, row.pretoken))[:most]
    return best, found


def plateaus(path: Path, *, min_documents: int, least_pretokens: int, most: int) -> tuple[list[Plateau], int]:
    """The `most` largest plateaus of at least `least_pretokens` pretokens in at least `min_documents`
    documents; and how many such plateaus there are. Takes about 100 bytes for every pretoken that frequent.
    """
    groups = pa.concat_tables(list(_frequent(path, _SET_COLUMNS, min_documents))).group_by(list(_SET_COLUMNS))
    sizes = groups.aggregate([([], "count_all")])
    large = sizes.filter(pc.greater_equal(sizes["count_all"], least_pretokens))
    filled = pc.multiply(large["count_all"].cast(pa.uint64()), large["count"])
    order = pc.sort_indices(
        large.append_column("filled", filled), [("filled", "descending"), ("document_set", "ascending")]
    )
    largest = large.take(order.slice(0, most)).select(_SET_COLUMNS)
    members = [
        table.join(largest, list(_SET_COLUMNS), join_type="inner")
        for table in _frequent(path, (*_COLUMNS, "document_set", "first"), min_documents)
    ]
    rows = pa.concat_tables(members).to_pylist()
    made = _as_plateaus(rows)
    return sorted(made, key=lambda plateau: (-plateau.size, plateau.pretokens)), large.num_rows


def _frequent(path: Path, columns: Sequence[str], min_documents: int) -> list[pa.Table]:
    least = pa.scalar(min_documents, pa.uint64())
    return [
        table.filter(pc.greater_equal(table["documents"], least)) for table in read_batches(path, columns)
    ]


def _as_plateaus(rows: Sequence[Mapping[str, Any]]) -> list[Plateau]:
    sets: dict[tuple[int, int, int], list[Mapping[str, Any]]] = {}
    for row in sorted(rows, key=itemgetter("first")):
        sets.setdefault((row["document_set"], row["documents"], row["count"]), []).append(row)
    shared = ("language", "count", "documents", "sources", "largest_source", "largest_share")
    return [
        Plateau(tuple(row["pretoken"] for row in members), **{name: members[0][name] for name in shared})
        for members in sets.values()
    ]


def _concentrated_rows(
    rows: pa.Table, spreads: Mapping[str, LanguageSpread], least: float
) -> list[Concentrated]:
    """The rows that stand in `least` times fewer documents than expected."""
    documents = rows["documents"].to_numpy()
    expected = _expected(rows, {name: spread.documents for name, spread in spreads.items()})
    chosen = np.flatnonzero(expected >= least * documents)
    rows = rows.take(pa.array(chosen))
    sources = _expected(rows, {name: spread.sources for name, spread in spreads.items()})
    return [
        Concentrated(**row, expected_documents=float(in_documents), expected_sources=float(in_sources))
        for row, in_documents, in_sources in zip(rows.to_pylist(), expected[chosen], sources, strict=True)
        if _has_letter(row["pretoken"])
    ]


def _has_letter(pretoken: bytes) -> bool:
    """Digits and signs are concentrated by formats (tables, code), and every vocabulary has them anyway."""
    return any(character.isalpha() for character in pretoken.decode("utf-8", "replace"))


def _expected(rows: pa.Table, buckets: Mapping[str, Sequence[tuple[int, int]]]) -> npt.NDArray[np.float64]:
    """What chance would give each row among the documents or sources of its language, shape (rows,)."""
    counts = rows["count"].to_numpy().astype(np.int64)
    encoded = rows["language"].combine_chunks().dictionary_encode()
    places = encoded.indices.to_numpy()
    expected = np.zeros(counts.size)
    for place, language in enumerate(encoded.dictionary.to_pylist()):
        own = places == place
        expected[own] = expected_members(buckets[language], counts[own])
    return expected
