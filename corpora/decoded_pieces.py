"""Batches of dictionaries and views cut so that what they stand for, written out, stays in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

DECODED_BYTES = 16 << 20  # of one piece, unless a single row has more


def decoded_pieces(batch: pa.RecordBatch, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    """Yield the batch in pieces of `schema`, which has plain types in place of some dictionaries.

    A value is stored once and may stand in every row: a file of 300 bytes can be gigabytes of text. The
    batch must be valid (`validate(full=True)`), for its offsets and indices are followed.
    """
    if batch.num_rows > 1 and sum(map(_decoded_bytes, batch.columns)) > DECODED_BYTES:
        half = batch.num_rows // 2
        yield from decoded_pieces(batch.slice(0, half), schema)
        yield from decoded_pieces(batch.slice(half), schema)
    else:
        columns = [_as(column, field.type) for column, field in zip(batch.columns, schema, strict=True)]
        yield pa.RecordBatch.from_arrays(columns, schema=schema)


def _as(column: pa.Array, kind: pa.DataType) -> pa.Array:
    if column.type == kind:
        return column
    if pa.types.is_dictionary(column.type):  # Arrow casts no dictionary to views, but text to views
        return column.dictionary_decode().cast(kind)
    # Casting a slice of lists would cast all values of the whole array.
    return pa.concat_arrays([column]).cast(kind)


def _decoded_bytes(column: pa.Array) -> int:
    """Bytes of the values that are shared by rows, each as often as it stands in a row; 0 for other types."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _dictionary_bytes(column)
    if pa.types.is_string_view(kind) or pa.types.is_binary_view(kind):
        return _view_bytes(column)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return _decoded_bytes(column.flatten())
    if pa.types.is_map(kind):
        return _decoded_bytes(column.cast(_entries(kind)))
    if pa.types.is_struct(kind):
        return sum(map(_decoded_bytes, column.flatten()))
    return 0


def _entries(kind: pa.MapType) -> pa.ListType:
    """A map's type as the list of pairs that it is."""
    return pa.list_(pa.struct([("key", kind.key_type), ("value", kind.item_type)]))


def _dictionary_bytes(column: pa.DictionaryArray) -> int:
    values = column.dictionary
    if not (pa.types.is_string(values.type) or pa.types.is_large_string(values.type)
            or pa.types.is_binary(values.type) or pa.types.is_large_binary(values.type)):  # fmt: skip
        return 0
    lengths = pc.binary_length(values).take(column.indices)
    return int(pc.sum(lengths, min_count=0).as_py())


def _view_bytes(column: pa.Array) -> int:
    """A view is 16 bytes, the first four of which are the length of the text."""
    views = np.frombuffer(column.buffers()[1], dtype="<i4").reshape(-1, 4)
    lengths = views[column.offset : column.offset + len(column), 0]
    return int(lengths.sum(dtype=np.int64))
