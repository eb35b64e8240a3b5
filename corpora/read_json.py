"""JSON readers: lines through Arrow's parser, block by block, and line by line where a block is broken."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
from pyarrow import json as arrow_json

from corpora.background import in_order
from corpora.columns import standard_batch
from corpora.documents import Problems, Shard, shard_blocks
from corpora.errors import WinnowError
from corpora.json_data import decode_json
from corpora.json_guard import crashes_arrow, is_lax, starts_with_null
from corpora.json_tables import table_of
from corpora.remote import RemoteFile
from corpora.streams import LineBlock, line_feeds, open_bytes

_CARRIAGE_RETURN, _OPEN, _CLOSE = b"\r{}"
_ARRAY_ROWS = 4096
_DEEP = 200  # brackets of a line that may nest too deep for msgspec
_ARRAY_LINES = 16  # a JSON array may be so many times as long as a line


def read_json_lines(
    shard: Shard, path: Path | RemoteFile, problems: Problems, block_bytes: int
) -> Iterator[pa.RecordBatch]:
    """Yield standard batches from a file with one JSON object per line."""
    schema = None if shard.options.only_text else _merged_schema(shard, path, block_bytes)
    blocks = _numbered_blocks(shard, block_bytes)
    for found in in_order(partial(_read_block, schema, shard), blocks, shard.options.threads):
        problems.add(found.problems.count, found.problems.examples)
        yield from found.batches


def read_json_array(
    shard: Shard, path: Path | RemoteFile, problems: Problems, block_bytes: int
) -> Iterator[pa.RecordBatch]:
    """Yield standard batches from a .json file: an array of objects (read whole), or JSON lines."""
    with open_bytes(path) as stream:
        start = stream.read(64).removeprefix(b"\xef\xbb\xbf").lstrip()
        if start[:1] != b"[":
            yield from read_json_lines(shard, path, problems, block_bytes)
            return
    with open_bytes(path) as stream:
        data = _whole(stream, shard).removeprefix(b"\xef\xbb\xbf")
    records = decode_json(data, list[dict[str, Any]], "not an array of JSON objects", where=shard.where)
    for first in range(0, len(records), _ARRAY_ROWS):
        table = table_of(records[first : first + _ARRAY_ROWS], None, shard)
        yield standard_batch(table, shard, first + 1, problems)


def _whole(stream: Any, shard: Shard) -> bytes:
    """All of a stream that is not too long: the records of an array take some times as much memory."""
    most = _ARRAY_LINES * shard.options.max_line_bytes
    data: bytes = stream.read(most + 1)
    if len(data) > most:
        raise WinnowError(
            f"a JSON array of more than {most:,} bytes, which would have to be read whole",
            where=shard.where,
            hint="make it JSON lines (jq -c '.[]'), or raise --max-line-bytes",
        )
    return data


@dataclass(frozen=True, slots=True)
class _Block:
    """Whole lines of a file, the number of the first in the file, and what was wrong with finding them."""

    lines: LineBlock
    first_line: int
    problems: Problems


@dataclass(frozen=True, slots=True)
class _Rows:
    """Consecutive rows and the line of the first."""

    rows: pa.Table
    first_line: int


@dataclass(frozen=True, slots=True)
class _Found:
    """What a block holds."""

    batches: list[pa.RecordBatch]
    problems: Problems


def _numbered_blocks(shard: Shard, block_bytes: int) -> Iterator[_Block]:
    lines_before, problems = shard.first_line - 1, Problems()
    for block in shard_blocks(shard, block_bytes, problems):
        yield _Block(block, lines_before + block.first_line, problems.taken())


def _read_block(schema: pa.Schema | None, shard: Shard, block: _Block) -> _Found:
    """Parse one block; may run in any thread."""
    problems = block.problems
    tables = _block_tables(block.lines, block.first_line, schema, shard, problems)
    return _Found([standard_batch(each.rows, shard, each.first_line, problems) for each in tables], problems)


def _merged_schema(shard: Shard, path: Path | RemoteFile, block_bytes: int) -> pa.Schema:
    """One schema for the whole file: types are widened where blocks differ, and text where they clash."""
    tolerant = replace(shard, options=replace(shard.options, on_error="skip"))
    merged = pa.schema([])
    for block in shard_blocks(shard, block_bytes, Problems()):
        for table in _block_tables(block, 1, None, tolerant, Problems()):
            merged = _unify(merged, table.rows.schema)
    return merged


def _unify(left: pa.Schema, right: pa.Schema) -> pa.Schema:
    try:
        return pa.unify_schemas([left, right], promote_options="permissive")
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        clashing = {
            field.name
            for field in right
            if field.name in left.names and left.field(field.name).type != field.type
        }
        return pa.unify_schemas(
            [_as_text(left, clashing), _as_text(right, clashing)], promote_options="permissive"
        )


def _as_text(schema: pa.Schema, names: set[str]) -> pa.Schema:
    return pa.schema(
        [pa.field(field.name, pa.string()) if field.name in names else field for field in schema]
    )


def _parse(block: bytes, options: arrow_json.ParseOptions) -> pa.Table | None:
    """Parse a block with Arrow; None when any line of it is broken or does not fit the options' schema."""
    try:
        return arrow_json.read_json(
            pa.BufferReader(block),
            read_options=arrow_json.ReadOptions(block_size=len(block) + 1, use_threads=False),
            parse_options=options,
        )
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None


def _parse_all(block: bytes, schema: pa.Schema | None) -> pa.Table | None:
    """Parse every field."""
    return None if crashes_arrow(block) else _parse(block, arrow_json.ParseOptions(explicit_schema=schema))


def _parse_needed(block: bytes, shard: Shard) -> pa.Table | None:
    """Parse the id, the text, the source and the language only; None when one is of an unusual type.

    Arrow passes over other fields without building them, however deep they are.
    """
    if starts_with_null(block):
        return None
    for kind in (pa.string(), pa.int64()):
        fields = {"source": pa.string(), "language": pa.string(), shard.options.id_field: kind}
        schema = pa.schema(fields | {shard.options.text_field: pa.string()})
        options = arrow_json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore")
        table = _parse(block, options)
        if table is not None:
            return table
    return None


def _parse_whole(block: bytes, schema: pa.Schema | None, shard: Shard) -> pa.Table | None:
    """Parse what the options ask for; None where that says nothing of the lines one by one.

    Whether a line is broken must not depend on its neighbours, nor on where blocks begin.
    """
    if is_lax(block):
        return None
    table = _parse_needed(block, shard) if shard.options.only_text else None
    return _parse_all(block, schema) if table is None else table


def _block_tables(
    block: LineBlock, line: int, schema: pa.Schema | None, shard: Shard, problems: Problems
) -> Iterator[_Rows]:
    """Parse one block: at once when it is whole, else in runs between its broken lines."""
    table = _parse_whole(block.data, schema, shard) if _whole_lines(block) else None
    if table is not None and table.num_rows == block.lines and _plain(table, shard, schema):
        yield _Rows(table if schema is None else table.select(schema.names), line)
        return
    for first, records in _good_runs(block.data, line, shard, problems):
        yield _Rows(table_of(records, schema, shard), first)


def _whole_lines(block: LineBlock) -> bool:
    """Whether every line begins and ends as an object does. Only then do as many rows as lines mean one row
    for each: Arrow takes several objects in a line, and one in several lines.
    """
    if not block.data.startswith(b"{"):
        return False
    text = np.frombuffer(block.data, dtype=np.uint8)
    between = np.flatnonzero(line_feeds(block.data))[: block.lines - 1]
    returns = text[between - 1] == _CARRIAGE_RETURN
    return bool(np.all(text[between + 1] == _OPEN) and np.all(text[between - 1 - returns] == _CLOSE))


def _plain(table: pa.Table, shard: Shard, schema: pa.Schema | None) -> bool:
    """Whether Arrow's reading is whole: text in every row, ids as they came.

    It is valid UTF-8, for the block is, and Arrow refuses escapes of half a character; but of lists that hold
    nothing but nulls it makes arrays that are too short (pyarrow 26).
    """
    names = table.schema.names
    if schema is not None and set(names) != set(schema.names):
        return False
    text_field, id_field = shard.options.text_field, shard.options.id_field
    if text_field not in names or not pa.types.is_string(table[text_field].type):
        return False  # no text; or, as Arrow guesses, the time that it spells
    if table[text_field].null_count or not _fits_together(table):
        return False
    return id_field not in names or _is_id(table.schema.field(id_field).type)


def _fits_together(table: pa.Table) -> bool:
    """Whether the columns' buffers are as long as they have to be; their bytes are not looked at."""
    try:
        table.validate()
    except pa.ArrowInvalid:
        return False
    return True


def _is_id(kind: pa.DataType) -> bool:
    """Whether values of this type are spelled as they came: Arrow rewrites fractions, and text like dates."""
    types = pa.types
    plain = types.is_string(kind) or types.is_integer(kind) or types.is_boolean(kind) or types.is_null(kind)
    return bool(plain)


def _good_runs(
    block: bytes, line: int, shard: Shard, problems: Problems
) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    decode = msgspec.json.Decoder(dict[str, Any]).decode
    first, records = line, list[dict[str, Any]]()
    for number, text in enumerate(block.split(b"\n"), start=line):
        record = _decode_line(decode, text, f"{shard.where}:{number}", shard, problems)
        if record is not None:
            first = first if records else number
            records.append(record)
        elif records:
            yield first, records
            records = []
    if records:
        yield first, records


def _decode_line(
    decode: Any, text: bytes, where: str, shard: Shard, problems: Problems
) -> dict[str, Any] | None:
    if not text.strip():
        return None
    try:
        record: dict[str, Any] = decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        alone = _as_arrow_reads(text, shard)
        if alone is None:
            problems.report(shard.options, where, f"not a JSON object: {error}")
        return alone
    value = record.get(shard.options.text_field)
    if isinstance(value, str):
        return record
    missing = shard.options.text_field not in record
    what = (
        f"no field {shard.options.text_field!r}"
        if missing
        else f"field {shard.options.text_field!r} is not text"
    )
    fields = ", ".join(list(record)[:8]) or "none"
    problems.report(shard.options, where, what, hint=f"fields here: {fields}; choose with --text-field")
    return None


def _as_arrow_reads(text: bytes, shard: Shard) -> dict[str, Any] | None:
    """A line that only Arrow takes, for what it takes in a block it must take beside a broken line too: NaN
    and infinities, and fields that it passes over, however deep they are.
    """
    if not (b"NaN" in text or b"Inf" in text or text.count(b"[") + text.count(b"{") > _DEEP):
        return None
    table = _parse_whole(text, None, shard)
    if table is None or table.num_rows != 1 or not _plain(table, shard, None):
        return None
    record: dict[str, Any] = table.to_pylist()[0]
    return record
