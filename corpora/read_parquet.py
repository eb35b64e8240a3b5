"""The Parquet reader: row groups in batches whose size is that of the text, not of the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from corpora.columns import sound, standard_batch
from corpora.decoded_pieces import decoded_pieces
from corpora.documents import Problems, Shard
from corpora.remote import RemoteFile

_MAX_ROWS = 4096


def read_parquet(
    shard: Shard,
    origin: Path | RemoteFile,
    choose: Callable[[list[str]], list[str] | None],
    problems: Problems,
    batch_bytes: int,
) -> Iterator[pa.RecordBatch]:
    """Yield standard batches of the shard's row groups.

    `choose` is given the names of all columns, and says which to read; None for all.
    """
    with _opened(origin) as file:
        wanted = choose(file.schema_arrow.names)
        groups, row = _row_groups(file, shard)
        schema = _plain_schema(file.metadata, wanted)
        rows = _rows_per_batch(file.metadata, batch_bytes)
        for batch in file.iter_batches(batch_size=rows, row_groups=groups, columns=wanted):
            for piece in decoded_pieces(sound(batch, shard), schema):
                yield standard_batch(piece, shard, row, problems)
                row += piece.num_rows


def _opened(origin: Path | RemoteFile) -> Any:
    """The file; text is read as a dictionary and its indices, for a value may repeat without end."""
    import pyarrow.parquet as pq

    source = origin.open() if isinstance(origin, RemoteFile) else origin
    metadata = pq.read_metadata(source)
    return pq.ParquetFile(source, metadata=metadata, read_dictionary=_text_columns(metadata))


def _text_columns(metadata: Any) -> list[str]:
    """The columns of text or bytes, but for views inside of others: Arrow casts no dictionary to those.

    The schema says so; to ask a column's chunks, as for its dictionary, ends the process when they are false
    (pyarrow 26).
    """
    views = {field.name for field in metadata.schema.to_arrow_schema()
             if pa.types.is_nested(field.type) and "view" in str(field.type)}  # fmt: skip
    columns = (metadata.schema.column(place) for place in range(metadata.num_columns))
    return [column.path for column in columns
            if column.physical_type == "BYTE_ARRAY" and column.path.split(".")[0] not in views]  # fmt: skip


def _plain_schema(metadata: Any, wanted: list[str] | None) -> pa.Schema:
    """The columns' types as they would be without `read_dictionary`, in the file's order."""
    schema = metadata.schema.to_arrow_schema()
    return schema if wanted is None else pa.schema([field for field in schema if field.name in set(wanted)])


def _row_groups(file: Any, shard: Shard) -> tuple[list[int], int]:
    """The row groups that are the shard's, and the number, from 1, of its first row in the file."""
    first, end = (0, file.num_row_groups) if shard.part is None else (shard.part.start, shard.part.stop)
    before = sum(file.metadata.row_group(group).num_rows for group in range(first))
    return list(range(first, end)), before + 1


def _rows_per_batch(metadata: Any, batch_bytes: int) -> int:
    size: int = sum(metadata.row_group(group).total_byte_size for group in range(metadata.num_row_groups))
    rows: int = metadata.num_rows
    return max(1, min(_MAX_ROWS, batch_bytes * rows // max(size, 1)))
