"""Rows of (pretoken, group) that say how often and in which documents: made of texts, and added up."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import local

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from trainer.count_batch import add_texts
from trainer.occurrence_kernel import DOCUMENTS, FACTS, FIRST, MARK, add_facts
from trainer.pretoken_table import PretokenTable

# key: the pretoken. group: whatever documents were told apart by. count, documents: how often it stands
# in the group, and in how many documents. mark: the sum, modulo 2^64, of those documents' marks; two
# pretokens in the same documents have the same. first: the first document's number times 2^24, plus the
# pretoken's place among the different ones of that document.
SCHEMA = pa.schema(
    [("key", pa.large_binary()), ("group", pa.int32())]
    + [(name, pa.int64()) for name in ("count", "documents", "mark", "first")]
)
_PLACES = 1 << 24  # places told apart in one document; documents are numbered up to 2^39
_FIRST_ROWS = 1 << 15
_KEPT_ROOM = 64 << 20  # bytes of a thread's table that are kept from one call to the next
_of_thread = local()


@dataclass(frozen=True, slots=True)
class Occurrences:
    """The rows of some documents, and the number of pretokens in each, shape (documents,), int64."""

    rows: pa.RecordBatch
    sizes: npt.NDArray[np.int64]


def occurrences(
    pattern: str, texts: pa.Array, groups: npt.NDArray[np.int32], first_document: int
) -> Occurrences:
    """Count a large_string array document by document; text i is number `first_document + i`, in `groups[i]`.

    Raises WinnowError when the pattern leaves part of a text out.
    """
    table = _table_of_thread()
    add_texts(table, pattern, texts, np.arange(len(texts), dtype=np.int32))
    documents, counts = table.groups().astype(np.int64), table.counts()
    starts = np.searchsorted(documents, np.arange(len(texts)))  # entries are in the order of their first use
    places = np.minimum(np.arange(table.size) - starts[documents], _PLACES - 1)
    numbers = documents + first_document
    columns = [
        _keys(table),
        pa.array(groups[documents]),
        pa.array(counts),
        pa.array(np.ones(table.size, dtype=np.int64)),
        pa.array(document_marks(numbers)),
        pa.array(numbers * _PLACES + places),
    ]
    sizes = np.bincount(documents, weights=counts, minlength=len(texts)).astype(np.int64)
    return Occurrences(pa.record_batch(columns, schema=SCHEMA), sizes)


@dataclass(slots=True)
class OccurrenceTable:
    """Rows as `SCHEMA` has them, added up: one for each (key, group)."""

    counts: PretokenTable = field(default_factory=PretokenTable)
    facts: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty((FACTS, _FIRST_ROWS), np.int64))

    @property
    def memory_soon(self) -> int:
        """Bytes that the table takes after the next batch (see `PretokenTable.memory_soon`)."""
        return self.counts.memory_soon + self.facts.nbytes * self.counts.memory_soon // self.counts.memory

    def add_rows(self, rows: pa.RecordBatch) -> None:
        """Add rows, which may be of the same (key, group)."""
        before = self.counts.size
        places = self.counts.add_rows(rows)
        if self.counts.size > self.facts.shape[1]:
            self.facts = _wider(self.facts, before, len(self.counts.entries))
        documents, marks, firsts = (rows.column(name).to_numpy() for name in ("documents", "mark", "first"))
        self.facts[[DOCUMENTS, MARK], before : self.counts.size] = 0
        self.facts[FIRST, before : self.counts.size] = np.iinfo(np.int64).max
        add_facts(places, documents, marks, firsts, self.facts)

    def to_rows(self) -> pa.RecordBatch:
        """The rows, in the order in which they were met."""
        rows, facts = self.counts.to_rows(), self.facts[:, : self.counts.size]
        columns = [
            pa.array(facts[row]) for row in (DOCUMENTS, MARK, FIRST)
        ]  # not copied: each is in one piece
        return pa.record_batch([*rows.columns, *columns], schema=SCHEMA)


def document_marks(numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """A random-looking 64-bit mark for each document's number (Steele et al. 2014, SplitMix64)."""
    mixed = (numbers.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (mixed ^ (mixed >> np.uint64(31))).view(np.int64)


def _table_of_thread() -> PretokenTable:
    """An empty table; each thread has one, for making one anew each time leaves holes in the heap."""
    table: PretokenTable | None = getattr(_of_thread, "table", None)
    if table is None or table.memory > _KEPT_ROOM:
        table = _of_thread.table = PretokenTable()
    table.clear()
    return table


def _wider(facts: npt.NDArray[np.int64], used: int, room: int) -> npt.NDArray[np.int64]:
    """A copy with `room` columns; only the first `used` hold anything."""
    copy = np.empty((len(facts), room), dtype=np.int64)
    copy[:, :used] = facts[:, :used]
    return copy


def _keys(table: PretokenTable) -> pa.Array:
    """A table's keys, in buffers no larger than they are."""
    offsets = table.offsets()
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(table.arena[: offsets[-1]].copy())]
    return pa.LargeBinaryArray.from_buffers(pa.large_binary(), table.size, buffers)
