"""Counted pretokens as arrays: what training needs of a corpus, per language, in one order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from corpora.errors import WinnowError
from trainer.arrays import key_buffers
from trainer.pretoken_table import PretokenTable

if TYPE_CHECKING:
    import pyarrow as pa

UNKNOWN_LANGUAGE = "und"  # ISO 639-2: undetermined
_LARGEST_COUNT = 2**63 - 1


@dataclass(frozen=True, slots=True)
class CountTable:
    """Distinct (pretoken, language) rows with their counts.

    Row i is `keys[offsets[i]:offsets[i + 1]]` (uint8), language `languages[language[i]]` (int32)
    and `counts[i]` (int64, positive). `languages` is sorted. Rows are sorted by the pretoken's
    bytes, then by language. `pattern` is the regex that cut the pretokens.
    """

    pattern: str
    languages: tuple[str, ...]
    keys: npt.NDArray[np.uint8]
    offsets: npt.NDArray[np.int64]
    language: npt.NDArray[np.int32]
    counts: npt.NDArray[np.int64]

    @property
    def size(self) -> int:
        """How many rows there are."""
        return self.counts.size

    @property
    def total(self) -> int:
        """How many pretokens were counted."""
        return int(self.counts.sum())

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """The pretokens' lengths in bytes."""
        return np.diff(self.offsets)

    def key(self, row: int) -> bytes:
        """The pretoken of one row."""
        return self.keys[self.offsets[row] : self.offsets[row + 1]].tobytes()

    def where(self, chosen: npt.NDArray[np.bool_]) -> CountTable:
        """The rows for which `chosen` is true."""
        import pyarrow as pa

        keys, offsets = key_buffers(key_array(self).filter(pa.array(chosen)))
        return replace(
            self, keys=keys, offsets=offsets, language=self.language[chosen], counts=self.counts[chosen]
        )

    def with_counts(self, counts: npt.NDArray[np.int64]) -> CountTable:
        """The same rows with other counts."""
        return replace(self, counts=counts)

    def items(self) -> Iterable[tuple[bytes, str, int]]:
        """Every row as (pretoken, language, count), for eyes and tests; slow."""
        for row in range(self.size):
            yield self.key(row), self.languages[self.language[row]], int(self.counts[row])


def from_items(rows: Iterable[tuple[bytes, str, int]], pattern: str) -> CountTable:
    """A table of (pretoken, language, count) rows in any order; rows with the same key are added up.

    Raises WinnowError for a count below 1 or above 2^63 - 1, and for an empty pretoken.
    """
    given = list(rows)
    for pretoken, language, count in given:
        if not pretoken or not 1 <= count <= _LARGEST_COUNT:
            raise WinnowError(f"not a count: {pretoken!r}, {language!r}, {count}")
    names = tuple(sorted({language for _, language, _ in given}))
    places = {name: place for place, name in enumerate(names)}
    keys = np.frombuffer(b"".join(pretoken for pretoken, _, _ in given), dtype=np.uint8)
    lengths = np.array([len(pretoken) for pretoken, _, _ in given], dtype=np.int64)
    table = PretokenTable()
    table.add_counts(
        keys,
        np.concatenate(([0], np.cumsum(lengths))),
        np.array([places[language] for _, language, _ in given], dtype=np.int32),
        np.array([count for _, _, count in given], dtype=np.int64),
    )
    return from_table(table, names, pattern)


def from_table(table: PretokenTable, group_languages: Sequence[str], pattern: str) -> CountTable:
    """Sort what was counted; group g of the table is language `group_languages[g]`."""
    languages = tuple(sorted(set(group_languages)))
    of_group = np.array([languages.index(name) for name in group_languages], dtype=np.int32)
    language = of_group[table.groups()] if table.size else np.empty(0, dtype=np.int32)
    counts = table.counts()
    return sort_rows(CountTable(pattern, languages, table.arena, table.offsets(), language, counts))


def sort_rows(table: CountTable) -> CountTable:
    """The same rows in order of their bytes, then of their language."""
    import pyarrow as pa
    import pyarrow.compute as pc

    columns = pa.table({"key": key_array(table), "language": table.language})
    order = pc.sort_indices(columns, sort_keys=[("key", "ascending"), ("language", "ascending")])
    places = order.to_numpy()
    keys, offsets = key_buffers(columns.column("key").combine_chunks().take(order))
    return CountTable(
        table.pattern, table.languages, keys, offsets, table.language[places], table.counts[places]
    )


def combine(tables: Sequence[CountTable]) -> CountTable:
    """Add up tables counted with the same pattern, for example of parts of a corpus.

    Raises WinnowError when the patterns differ, or a count would pass 2^63 - 1.
    """
    patterns = {table.pattern for table in tables}
    if len(patterns) != 1:
        raise WinnowError("counts made with different patterns cannot be added up")
    if sum(table.total for table in tables) > _LARGEST_COUNT:
        raise WinnowError("the counts add up to more than 2^63")
    names = tuple(sorted({name for table in tables for name in table.languages}))
    added = PretokenTable()
    for table in tables:
        groups = np.array([names.index(name) for name in table.languages], dtype=np.int32)
        added.add_counts(table.keys, table.offsets, groups[table.language], table.counts)
    return from_table(added, names, patterns.pop())


def concatenate(tables: Sequence[CountTable]) -> CountTable:
    """Put tables together whose rows follow each other in order, with the same languages and pattern."""
    if len(tables) == 1:
        return tables[0]
    ends = np.cumsum([0, *(table.offsets[-1] for table in tables)])
    moved = [table.offsets[:-1] + start for table, start in zip(tables, ends, strict=False)]
    return CountTable(
        tables[0].pattern,
        tables[0].languages,
        np.concatenate([table.keys[: table.offsets[-1]] for table in tables]),
        np.append(np.concatenate(moved), ends[-1]),
        np.concatenate([table.language for table in tables]),
        np.concatenate([table.counts for table in tables]),
    )


def key_array(table: CountTable, start: int = 0, stop: int | None = None) -> pa.Array:
    """The pretokens of rows `start` to `stop` as an Arrow large_binary array."""
    import pyarrow as pa

    offsets = table.offsets[start : table.size + 1 if stop is None else stop + 1]
    keys = table.keys[offsets[0] : offsets[-1]]
    buffers = [None, pa.py_buffer(offsets - offsets[0]), pa.py_buffer(keys)]
    return pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(offsets) - 1, buffers)
