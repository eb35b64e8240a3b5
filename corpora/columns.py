"""Any record batch → the columns every room relies on: `id`, `text`, `source`, then the input's others."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from corpora.documents import Problems, Shard
from corpora.errors import WinnowError
from corpora.remote import one_line

_TEXT = pa.large_string()
_LANGUAGE = "language"
_STANDARD = ("id", "text", "source")


def standard_batch(
    table: pa.Table | pa.RecordBatch, shard: Shard, first_row: int, problems: Problems
) -> pa.RecordBatch:
    """Order and type the columns; make up ids where none are given; drop rows without text as problems.

    `first_row` is the number, from 1, of the batch's first record in its file. Made-up ids are
    `NAME:ROW`. Raises WinnowError when the text field does not exist or is not text.
    """
    batch = _one_batch(table)
    _refuse_repeated_names(batch, shard)
    text = _text_column(batch, shard)
    ids = _id_column(batch, shard, first_row)
    source = _source_column(batch, shard)
    columns = {"id": ids, "text": text, "source": source, **_other_columns(batch, shard)}
    result = pa.RecordBatch.from_pydict(columns)
    if text.null_count == 0:
        return result
    for row in pc.indices_nonzero(text.is_null()).to_pylist():
        problems.report(
            shard.options,
            f"{shard.where}:{first_row + row}",
            f"no text in field {shard.options.text_field!r}",
        )
    return result.filter(text.is_valid())


def sound(batch: pa.Table | pa.RecordBatch, shard: Shard) -> pa.Table | pa.RecordBatch:
    """The same batch, after a look at every byte: for formats that store Arrow's own; other readers decode.

    Arrow trusts the offsets of a file in memory, and would follow them out of it. Raises WinnowError for
    a column that is not valid.
    """
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        try:
            column.validate(full=True)
        except pa.ArrowInvalid as error:
            raise WinnowError(
                f"{name} is not valid UTF-8, or not whole: {one_line(error)}", where=shard.where
            ) from error
    return batch


def _refuse_repeated_names(batch: pa.RecordBatch, shard: Shard) -> None:
    names = batch.schema.names
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated is not None:
        raise WinnowError(f"two fields are called {repeated!r}", where=shard.where)


def _one_batch(table: pa.Table | pa.RecordBatch) -> pa.RecordBatch:
    if isinstance(table, pa.RecordBatch):
        return table
    batches = table.combine_chunks().to_batches()
    return batches[0] if batches else pa.RecordBatch.from_pylist([], schema=table.schema)


def _text_column(batch: pa.RecordBatch, shard: Shard) -> pa.Array:
    name = shard.options.text_field
    if name not in batch.schema.names:
        fields = ", ".join(batch.schema.names[:8]) or "none"
        raise WinnowError(
            f"no field {name!r}", where=shard.where, hint=f"fields here: {fields}; choose with --text-field"
        )
    column = batch.column(name)
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if not _is_text(column.type) and not pa.types.is_null(column.type):
        raise WinnowError(
            f"field {name!r} is {column.type}, not text",
            where=shard.where,
            hint="choose another --text-field",
        )
    return column.cast(_TEXT)


def _id_column(batch: pa.RecordBatch, shard: Shard, first_row: int) -> pa.Array:
    name = shard.options.id_field
    if name not in batch.schema.names:
        return _made_up_ids(shard, first_row, batch.num_rows)
    column = batch.column(name)
    if pa.types.is_nested(column.type):
        raise WinnowError(
            f"field {name!r} is {column.type}, not an id", where=shard.where, hint="choose another --id-field"
        )
    ids = column.cast(_TEXT)
    return pc.coalesce(ids, _made_up_ids(shard, first_row, len(ids))) if ids.null_count else ids


def _made_up_ids(shard: Shard, first_row: int, size: int) -> pa.Array:
    numbers = np.arange(first_row, first_row + size, dtype=np.int64)
    rows = pa.Array.from_buffers(pa.int64(), size, [None, pa.py_buffer(numbers)]).cast(_TEXT)
    return pc.binary_join_element_wise(_repeat(shard.name, size), rows, _repeat(":", size))


def _repeat(text: str, size: int) -> pa.Array:
    """One text `size` times, from buffers: making it of Python objects would import pandas, 0.3 s."""
    data = text.encode("utf-8")
    offsets = np.arange(size + 1, dtype=np.int64) * len(data)
    return pa.Array.from_buffers(_TEXT, size, [None, pa.py_buffer(offsets), pa.py_buffer(data * size)])


def _source_column(batch: pa.RecordBatch, shard: Shard) -> pa.Array:
    default = _repeat(shard.source, batch.num_rows)
    if "source" in batch.schema.names and _is_text(batch.schema.field("source").type):
        return pc.coalesce(batch.column("source").cast(_TEXT), default)
    return default


def _other_columns(batch: pa.RecordBatch, shard: Shard) -> dict[str, pa.Array]:
    taken = {shard.options.text_field, shard.options.id_field}
    if "source" in batch.schema.names and _is_text(batch.schema.field("source").type):
        taken.add("source")
    names = [name for name in batch.schema.names if name not in taken]
    if shard.options.only_text:
        names = []
    others = {_free_name(name): batch.column(name) for name in names}
    if shard.options.only_text or shard.options.language is not None:
        others[_LANGUAGE] = _language_column(batch, shard)
    return others


def _free_name(name: str) -> str:
    """A column that is neither id nor text here, but is called so, keeps its data under another name."""
    return f"input_{name}" if name in _STANDARD else name


def _language_column(batch: pa.RecordBatch, shard: Shard) -> pa.Array:
    """The documents' own language, else the declared one, else null."""
    declared = shard.options.language
    size = batch.num_rows
    default = pa.nulls(size, _TEXT) if declared is None else _repeat(declared, size)
    if _LANGUAGE in batch.schema.names and not pa.types.is_nested(batch.schema.field(_LANGUAGE).type):
        return pc.coalesce(batch.column(_LANGUAGE).cast(_TEXT), default)
    return default


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))
