"""Counts as a Parquet file that anyone can open: `pretoken: binary, language: string, count: uint64`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from corpora.errors import WinnowError
from corpora.files import atomic_path
from trainer.arrays import key_buffers
from trainer.counts import CountTable, combine, key_array

SCHEMA = pa.schema([("pretoken", pa.binary()), ("language", pa.string()), ("count", pa.uint64())])
_PATTERN_KEY = b"winnow.pattern"  # in the file's metadata: the regex that cut the pretokens
_ROWS_PER_GROUP = 1 << 17  # the same whatever the pieces that come in, so that the bytes are the same
_LARGEST_COUNT = 2**63 - 1


def write_counts(path: Path, pieces: Iterable[CountTable], pattern: str) -> int:
    """Write tables whose rows follow each other in order; return how many rows there are."""
    schema = SCHEMA.with_metadata({_PATTERN_KEY: pattern.encode()})
    pending, rows = schema.empty_table(), 0
    with atomic_path(path) as temporary, pq.ParquetWriter(temporary, schema, compression="zstd") as writer:
        for piece in pieces:
            rows += piece.size
            pending = pa.concat_tables([pending, _to_arrow(piece, schema)])
            while pending.num_rows >= _ROWS_PER_GROUP:
                writer.write_table(pending.slice(0, _ROWS_PER_GROUP).combine_chunks())
                pending = pending.slice(_ROWS_PER_GROUP)
        if pending.num_rows or not rows:
            writer.write_table(pending.combine_chunks())
    return rows


def is_counts_file(path: Path) -> bool:
    """Whether a file is Parquet with the three columns of counts."""
    if path.suffix != ".parquet" or not path.is_file():
        return False
    try:
        return set(SCHEMA.names) <= set(pq.read_schema(path).names)
    except (pa.ArrowException, OSError, UnicodeDecodeError):
        return False


def read_pattern(path: Path) -> str:
    """The regex that cut a counts file's pretokens. Raises WinnowError when the file does not say."""
    try:
        pattern: str = (pq.read_schema(path).metadata or {}).get(_PATTERN_KEY, b"").decode()
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise WinnowError(f"not a counts file: {error}", where=path) from error
    if not pattern:
        raise WinnowError(
            "the counts do not say which pattern cut them", where=path, hint="make them with winnow count"
        )
    return pattern


def read_counts(paths: Sequence[Path]) -> CountTable:
    """Read counts files; several are added up.

    Raises WinnowError when a column is missing or holds what is no count, or the patterns differ.
    """
    tables = [_read(path) for path in paths]
    if len(tables) == 1:
        return tables[0]
    try:
        return combine(tables)
    except WinnowError as error:
        raise WinnowError(
            error.what, where=f"{paths[0]} and {len(paths) - 1} more", hint=error.hint
        ) from error


def _read(path: Path) -> CountTable:
    try:
        stored = pq.read_table(path, columns=SCHEMA.names)
        keys, offsets = key_buffers(_whole(stored, "pretoken", pa.large_binary()))
        counts = _whole(stored, "count", pa.uint64()).to_numpy()
        names = _whole(stored, "language", pa.large_string()).dictionary_encode()
    except (pa.ArrowException, OSError, KeyError, UnicodeDecodeError) as error:
        raise WinnowError(f"not a counts file: {error}", where=path) from error
    if counts.size and not 0 < counts.min() <= counts.max() <= _LARGEST_COUNT:
        raise WinnowError("a count is 0 or above 2^63 - 1", where=path)
    languages, language = _sorted_languages(names)
    return CountTable(read_pattern(path), languages, keys, offsets, language, counts.astype(np.int64))


def _whole(stored: pa.Table, name: str, kind: pa.DataType) -> pa.Array:
    column = stored.column(name).cast(kind).combine_chunks()
    if column.null_count:
        raise pa.ArrowInvalid(f"column {name!r} has nulls")
    return column


def _sorted_languages(names: pa.DictionaryArray) -> tuple[tuple[str, ...], np.ndarray]:
    met = names.dictionary.to_pylist()
    languages = tuple(sorted(met))
    places = np.array([languages.index(name) for name in met], dtype=np.int32)
    return languages, places[names.indices.to_numpy()] if met else np.empty(0, dtype=np.int32)


def _to_arrow(table: CountTable, schema: pa.Schema) -> pa.Table:
    names = pa.array(table.languages, pa.string())
    language = names.take(pa.array(table.language)) if table.size else pa.array([], pa.string())
    counts = pc.cast(pa.array(table.counts), pa.uint64())
    return pa.table([_binary(table), language, counts], schema=schema)


def _binary(table: CountTable) -> pa.ChunkedArray:
    """The pretokens as `binary`, whose offsets are 32-bit, in pieces that fit."""
    starts = range(0, table.size, _ROWS_PER_GROUP)
    pieces = [key_array(table, start, start + _ROWS_PER_GROUP).cast(pa.binary()) for start in starts]
    return pa.chunked_array(pieces, pa.binary())
