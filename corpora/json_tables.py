"""Decoded JSON records → an Arrow table: what Arrow's own parser cannot make of lines that differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pyarrow as pa

from corpora.documents import Shard


def table_of(records: Sequence[dict[str, Any]], schema: pa.Schema | None, shard: Shard) -> pa.Table:
    """One row for each record, in the columns of `schema`, or in all that the records have, or may have."""
    names = (
        list(schema.names)
        if schema is not None
        else list(dict.fromkeys(name for record in records for name in record))
    )
    if schema is None and shard.options.only_text:
        names = [
            name
            for name in names
            if name in {shard.options.text_field, shard.options.id_field, "source", "language"}
        ]
    columns = {
        name: _column([record.get(name) for record in records], _type_of(schema, name, shard))
        for name in names
    }
    return pa.table(columns)


def _type_of(schema: pa.Schema | None, name: str, shard: Shard) -> pa.DataType | None:
    """The column's type where it is known; an id is text, whatever its neighbours are."""
    if schema is not None:
        return schema.field(name).type
    return pa.string() if name == shard.options.id_field else None


def _column(values: list[Any], kind: pa.DataType | None) -> pa.Array:
    """Values as the given type, or as Arrow infers it; as JSON text where they fit neither."""
    try:
        return pa.array(values, type=kind)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError):
        texts = [
            value if isinstance(value, str | None) else msgspec.json.encode(value).decode()
            for value in values
        ]
        return pa.array(texts, type=pa.string())
