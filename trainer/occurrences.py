"""Rows of (pretoken, group) that say how often and in which documents: made of texts, and added up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from trainer.count_batch import add_texts
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
_SUMS = [("count", "sum"), ("documents", "sum"), ("mark", "sum"), ("first", "min")]


@dataclass(frozen=True, slots=True)
class Occurrences:
    """The rows of some documents, and the number of pretokens in each, shape (documents,), int64."""

    rows: pa.Table
    sizes: npt.NDArray[np.int64]


def occurrences(
    pattern: str, texts: pa.Array, groups: npt.NDArray[np.int32], first_document: int
) -> Occurrences:
    """Count a large_string array document by document; text i is number `first_document + i`, in `groups[i]`.

    Raises WinnowError when the pattern leaves part of a text out.
    """
    table = PretokenTable()
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
    return Occurrences(pa.table(columns, schema=SCHEMA), sizes)


def add_up(tables: Sequence[pa.Table]) -> pa.Table:
    """One row for each (key, group), in any order."""
    summed = pa.concat_tables(tables).group_by(["key", "group"]).aggregate(_SUMS)
    names = [f"{name}_{how}" for name, how in _SUMS]
    return pa.table([summed.column(name) for name in ("key", "group", *names)], schema=SCHEMA)


def document_marks(numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """A random-looking 64-bit mark for each document's number (Steele et al. 2014, SplitMix64)."""
    mixed = (numbers.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (mixed ^ (mixed >> np.uint64(31))).view(np.int64)


def _keys(table: PretokenTable) -> pa.Array:
    """A table's keys, in buffers no larger than they are."""
    offsets = table.offsets()
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(table.arena[: offsets[-1]].copy())]
    return pa.LargeBinaryArray.from_buffers(pa.large_binary(), table.size, buffers)
