"""Frequencies as Parquet files beside the counts: by pretoken and language, and by source as well."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from corpora.errors import WinnowError
from corpora.files import atomic_path
from corpora.json_data import decode_json
from trainer.source_groups import SourceGroups
from trainer.spread import LanguageSpread

FREQUENCIES = pa.schema(
    [
        ("pretoken", pa.binary()),
        ("language", pa.string()),
        ("count", pa.uint64()),
        ("documents", pa.uint64()),
        ("sources", pa.uint64()),
        ("largest_source", pa.string()),
        ("largest_share", pa.float64()),
        ("document_set", pa.uint64()),
        ("first", pa.uint64()),
    ]
)
BY_SOURCE = pa.schema(
    [
        ("pretoken", pa.binary()),
        ("language", pa.string()),
        ("source", pa.string()),
        ("count", pa.uint64()),
        ("documents", pa.uint64()),
    ]
)
_PATTERN_KEY, _SPREAD_KEY = b"winnow.pattern", b"winnow.spread"
_ROWS_PER_GROUP = 1 << 17  # the same whatever the pieces that come in, so that the bytes are the same


class FrequencyWriter:
    """Writes one or both files, piece by piece; use it in a `with` block, at whose end they appear.

    `frequencies` or `by_source` None leaves that file out. Every piece holds rows of
    `trainer.occurrences`; all rows of a key are in one piece, and keys ascend from piece to piece.
    """

    def __init__(
        self, frequencies: Path | None, by_source: Path | None, groups: SourceGroups, pattern: str
    ) -> None:
        self.rows: dict[Path, int] = {}
        self._stack = ExitStack()
        self._ranks = _Ranks(groups)
        spread = msgspec.json.encode(groups.spread())
        about = {_PATTERN_KEY: pattern.encode(), _SPREAD_KEY: spread}
        self._targets = [
            (path, schema.with_metadata(about), make)
            for path, schema, make in (
                (frequencies, FREQUENCIES, self._ranks.by_language),
                (by_source, BY_SOURCE, self._ranks.by_source),
            )
            if path is not None
        ]
        self._tables: list[_RowGroups] = []

    def __enter__(self) -> FrequencyWriter:
        for path, schema, _ in self._targets:
            temporary = self._stack.enter_context(atomic_path(path))
            self._tables.append(self._stack.enter_context(_RowGroups(temporary, schema)))
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.__exit__(*exception)  # type: ignore[arg-type]

    def append(self, rows: pa.RecordBatch) -> None:
        """Write a piece."""
        ordered = self._ranks.ordered(pa.Table.from_batches([rows]))
        for (path, schema, make), table in zip(self._targets, self._tables, strict=True):
            made = make(ordered).cast(schema)
            self.rows[path] = self.rows.get(path, 0) + made.num_rows
            table.append(made)


def read_spread(path: Path) -> list[LanguageSpread]:
    """How documents and sources share each language's pretokens, as a file tells.

    Raises WinnowError when `winnow count` did not write it.
    """
    about = _metadata(path)[_SPREAD_KEY]
    return decode_json(about, list[LanguageSpread], "not a file of frequencies", where=path)


def read_pattern(path: Path) -> str:
    """The regex that cut the pretokens of either file. Raises WinnowError as `read_spread` does."""
    try:
        return _metadata(path)[_PATTERN_KEY].decode()
    except UnicodeDecodeError as error:
        raise WinnowError(f"not a file of frequencies: {error}", where=path) from error


def is_frequency_file(path: Path) -> bool:
    """Whether a file is Parquet with the columns of frequencies by language."""
    return _has_columns(path, FREQUENCIES)


def is_by_source_file(path: Path) -> bool:
    """Whether a file is Parquet with the columns of counts by source."""
    return _has_columns(path, BY_SOURCE)


def read_batches(path: Path, columns: Sequence[str]) -> Iterator[pa.Table]:
    """The named columns, a row group at a time. Raises WinnowError for a file that cannot be read."""
    try:
        with pq.ParquetFile(path) as file:
            for number in range(file.num_row_groups):
                yield file.read_row_group(number, columns=list(columns))
    except (pa.ArrowException, OSError, KeyError, UnicodeDecodeError) as error:
        raise WinnowError(f"not a file of frequencies: {error}", where=path) from error


def _metadata(path: Path) -> dict[bytes, bytes]:
    try:
        metadata: dict[bytes, bytes] = pq.read_schema(path).metadata or {}
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise WinnowError(f"not a file of frequencies: {error}", where=path) from error
    if not {_PATTERN_KEY, _SPREAD_KEY} <= metadata.keys():
        raise WinnowError(
            "not a file of frequencies", where=path, hint="winnow count --frequencies makes one"
        )
    return metadata


def _has_columns(path: Path, schema: pa.Schema) -> bool:
    try:
        return path.is_file() and set(schema.names) <= set(pq.read_schema(path).names)
    except (pa.ArrowException, OSError, UnicodeDecodeError):
        return False


class _Ranks:
    """Groups as places in sorted lists of languages and sources, so that rows have one order."""

    def __init__(self, groups: SourceGroups) -> None:
        self.languages, self._language = _sorted_places(groups.languages)
        self.sources, self._source = _sorted_places(groups.sources)

    def ordered(self, rows: pa.Table) -> pa.Table:
        """Rows with `language` and `source` as places in the lists, by key, language and source."""
        groups = rows.column("group").to_numpy()
        rows = rows.append_column("language", pa.array(self._language[groups]))
        rows = rows.append_column("source", pa.array(self._source[groups]))
        order = [(name, "ascending") for name in ("key", "language", "source")]
        return rows.take(pc.sort_indices(rows, sort_keys=order)).combine_chunks()

    def by_source(self, rows: pa.Table) -> pa.Table:
        """Ordered rows as `BY_SOURCE` has them."""
        names = [self.languages.take(rows["language"]), self.sources.take(rows["source"])]
        return pa.table([rows["key"], *names, rows["count"], rows["documents"]], names=BY_SOURCE.names)

    def by_language(self, rows: pa.Table) -> pa.Table:
        """Ordered rows added up over their sources, as `FREQUENCIES` has them."""
        starts = _starts(rows)
        counts, marks, firsts = (rows.column(name).to_numpy() for name in ("count", "mark", "first"))
        count = _sums(counts, starts)
        largest = _largest(counts, starts)
        return pa.table(
            {
                "pretoken": rows["key"].take(pa.array(starts)),
                "language": self.languages.take(rows["language"].take(pa.array(starts))),
                "count": count,
                "documents": _sums(rows["documents"].to_numpy(), starts),
                "sources": np.diff(np.append(starts, rows.num_rows)),
                "largest_source": self.sources.take(rows["source"].take(pa.array(largest))),
                "largest_share": counts[largest] / count,
                "document_set": _sums(marks, starts).view(np.uint64),
                "first": np.minimum.reduceat(firsts, starts) if starts.size else firsts,
            }
        )


def _sorted_places(names: Sequence[str]) -> tuple[pa.Array, npt.NDArray[np.int32]]:
    """The distinct names, sorted, and the place of each given one."""
    distinct = sorted(set(names))
    places = {name: place for place, name in enumerate(distinct)}
    return pa.array(distinct, pa.string()), np.array([places[name] for name in names], dtype=np.int32)


def _starts(rows: pa.Table) -> npt.NDArray[np.int64]:
    """Where the rows of each (key, language) begin."""
    if not rows.num_rows:
        return np.empty(0, dtype=np.int64)
    keys, language = rows.column("key"), rows.column("language").to_numpy()
    other_key = pc.not_equal(keys.slice(1), keys.slice(0, rows.num_rows - 1)).to_numpy()
    fresh = other_key | (language[1:] != language[:-1])
    return np.flatnonzero(np.concatenate(([True], fresh)))


def _sums(values: npt.NDArray[np.int64], starts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return np.add.reduceat(values, starts) if starts.size else values


def _largest(counts: npt.NDArray[np.int64], starts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The first row with the largest count of every (key, language)."""
    if not starts.size:
        return starts
    owner = np.repeat(np.arange(starts.size), np.diff(np.append(starts, counts.size)))
    places = np.flatnonzero(counts == np.maximum.reduceat(counts, starts)[owner])
    return places[np.unique(owner[places], return_index=True)[1]]


class _RowGroups:
    """A Parquet file whose row groups have the same size, however its rows come in."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._writer = pq.ParquetWriter(path, schema, compression="zstd")
        self._waiting = schema.empty_table()

    def __enter__(self) -> _RowGroups:
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if kind is None:
            self._writer.write_table(self._waiting.combine_chunks())
        self._writer.close()

    def append(self, table: pa.Table) -> None:
        self._waiting = pa.concat_tables([self._waiting, table])
        while self._waiting.num_rows > _ROWS_PER_GROUP:
            self._writer.write_table(self._waiting.slice(0, _ROWS_PER_GROUP).combine_chunks())
            self._waiting = self._waiting.slice(_ROWS_PER_GROUP)
