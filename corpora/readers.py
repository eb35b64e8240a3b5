"""Readers, one per format, all streaming: shard → standard record batches."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from corpora.columns import sound, standard_batch
from corpora.decoded_pieces import decoded_pieces
from corpora.documents import HubStream, Problems, Shard
from corpora.errors import WinnowError
from corpora.read_json import read_json_array, read_json_lines
from corpora.remote import RemoteFile, one_line
from corpora.streams import open_bytes

BATCH_BYTES = 4 << 20  # of input per batch: large enough for Arrow, small enough for any machine
_HUB_ROWS = 256
_MAX_ROWS = 4096


def read_shard(shard: Shard, problems: Problems) -> Iterator[pa.RecordBatch]:
    """Yield a shard's batches (see `Shard.batches`); stop at its limit; name the file in every error."""
    left = shard.limit
    try:
        for batch in _READERS[shard.file_format](shard, problems):
            kept = batch if left is None else batch.slice(0, left)
            if left is not None:
                left -= kept.num_rows
            if kept.num_rows:
                yield kept
            if left == 0:
                return
    except (pa.ArrowException, OSError, EOFError, UnicodeDecodeError) as error:
        raise WinnowError(
            one_line(error), where=shard.where, hint="the file is damaged or not what its name says"
        ) from error
    except WinnowError:
        raise
    except Exception as error:
        if not isinstance(shard.origin, RemoteFile):
            raise
        # every file system has errors of its own
        raise WinnowError(f"cannot be read: {one_line(error)}", where=shard.where) from error


def _read_parquet(shard: Shard, problems: Problems) -> Iterator[pa.RecordBatch]:
    from corpora.read_parquet import read_parquet

    return read_parquet(shard, _path(shard), lambda names: _wanted(names, shard), problems, BATCH_BYTES)


def _read_arrow(shard: Shard, problems: Problems) -> Iterator[pa.RecordBatch]:
    """Read an Arrow IPC file or stream (`datasets` writes streams)."""
    row = 1
    with _mapped(_path(shard)) as source:
        for batch in _ipc_batches(source):
            sound(batch, shard)
            for start in range(0, batch.num_rows, _MAX_ROWS):
                for piece in decoded_pieces(batch.slice(start, _MAX_ROWS), batch.schema):
                    yield standard_batch(piece, shard, row, problems)
                    row += piece.num_rows


def _mapped(origin: Path | RemoteFile) -> Any:
    if isinstance(origin, RemoteFile):
        return pa.PythonFile(origin.open(), mode="r")
    return pa.memory_map(str(origin))


def _ipc_batches(source: Any) -> Iterator[pa.RecordBatch]:
    try:
        reader = pa.ipc.open_file(source)
    except pa.ArrowInvalid:
        source.seek(0)
        yield from pa.ipc.open_stream(source)
        return
    for index in range(reader.num_record_batches):
        yield reader.get_batch(index)


def _read_csv(shard: Shard, problems: Problems) -> Iterator[pa.RecordBatch]:
    """Read CSV with a header; every column as text, so that nothing is lost to a guessed type."""
    from pyarrow import csv

    with open_bytes(_path(shard)) as stream:
        header = csv.read_csv(io.BytesIO(_first_line(stream))).schema.names
    row = 2
    with open_bytes(_path(shard)) as stream:
        reader = csv.open_csv(
            stream,
            read_options=csv.ReadOptions(
                block_size=BATCH_BYTES, use_threads=False, encoding=_csv_encoding(shard)
            ),
            parse_options=csv.ParseOptions(newlines_in_values=True, **_broken_row_handler(shard, problems)),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(header, pa.string()), strings_can_be_null=False
            ),
        )
        for batch in reader:
            yield standard_batch(batch, shard, row, problems)
            row += batch.num_rows


def _first_line(stream: Any) -> bytes:
    start: bytes = stream.read(1 << 16).removeprefix(b"\xef\xbb\xbf")
    return start.split(b"\n", 1)[0] + b"\n"


def _csv_encoding(shard: Shard) -> str:
    """Arrow decodes a broken row for the handler, and fails unheard where it is not UTF-8; under this name
    of UTF-8 it decodes the whole file first, and says so.
    """
    return "utf8" if shard.options.on_error == "stop" else "utf-8-sig"


def _broken_row_handler(shard: Shard, problems: Problems) -> dict[str, Any]:
    """Arrow's own error stops at a broken row; only passing over one needs a handler."""
    if shard.options.on_error == "stop":
        return {}

    def skip(row: Any) -> str:
        what = f"{row.actual_columns} columns, {row.expected_columns} expected"
        problems.report(shard.options, f"{shard.where}:{row.number or '?'}", what)
        return "skip"

    return {"invalid_row_handler": skip}


def _read_text(shard: Shard, problems: Problems) -> Iterator[pa.RecordBatch]:
    from corpora.read_text import read_texts

    yield from read_texts(shard, problems, BATCH_BYTES)


def _read_hub(shard: Shard, problems: Problems) -> Iterator[pa.RecordBatch]:
    """Stream a hub data set through `datasets`; nothing is downloaded beyond what is read."""
    import datasets

    stream = shard.origin
    if not isinstance(stream, HubStream):
        raise TypeError(f"a hub stream was expected, not {stream!r}")
    try:
        rows = datasets.load_dataset(stream.name, stream.config, split=stream.split, streaming=True)
        columns = _wanted(list(rows.features or {}), shard)
        rows = rows.select_columns(columns) if columns else rows
        row = 1
        for table in rows.with_format("arrow").iter(batch_size=_HUB_ROWS):
            yield standard_batch(sound(table, shard), shard, row, problems)
            row += table.num_rows
    except WinnowError:
        raise
    except Exception as error:  # the hub's client raises many kinds: network, missing name, bad data
        raise WinnowError(
            f"cannot stream: {one_line(error)}",
            where=shard.where,
            hint="is the name right, and the network there?",
        ) from error


def _wanted(names: list[str], shard: Shard) -> list[str] | None:
    """The columns to read; None for all. A missing text field is left to `standard_batch` to report."""
    options = shard.options
    if not options.only_text or options.text_field not in names:
        return None
    return [name for name in names if name in {options.text_field, options.id_field, "source", "language"}]


def _path(shard: Shard) -> Path | RemoteFile:
    if not isinstance(shard.origin, Path | RemoteFile):
        raise TypeError(f"a file was expected, not {shard.origin!r}")
    return shard.origin


_READERS: dict[str, Callable[[Shard, Problems], Iterator[pa.RecordBatch]]] = {
    "jsonl": lambda shard, problems: read_json_lines(shard, _path(shard), problems, BATCH_BYTES),
    "json": lambda shard, problems: read_json_array(shard, _path(shard), problems, BATCH_BYTES),
    "parquet": _read_parquet,
    "arrow": _read_arrow,
    "csv": _read_csv,
    "text": _read_text,
    "hub": _read_hub,
}
