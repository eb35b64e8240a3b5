"""A safetensors file as a header and ranges of bytes, so that a copy with other rows can be streamed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import msgspec
import numpy as np
import numpy.typing as npt

from corpora.errors import WinnowError
from corpora.files import atomic_path
from corpora.json_data import decode_json

Ids = npt.NDArray[np.int64]

METADATA = "__metadata__"
_BROKEN = "broken safetensors file"
_LENGTH_BYTES = 8  # the header's length, little-endian, stands before it
_ALIGNMENT = 8  # the format pads the header with spaces so that values begin at a multiple of this
_BLOCK = 8 << 20  # bytes in memory at once


class Entry(msgspec.Struct, frozen=True):
    """One tensor in a header: its number format, its shape, and its first and last byte after the header."""

    dtype: str
    shape: tuple[int, ...]
    data_offsets: tuple[int, int]

    @property
    def size(self) -> int:
        """Bytes of the whole tensor."""
        return self.data_offsets[1] - self.data_offsets[0]

    @property
    def row_bytes(self) -> int:
        """Bytes of one row, whatever the number format."""
        return self.size // self.shape[0] if self.shape[0] else 0


@dataclass(frozen=True, slots=True)
class Header:
    """What a safetensors file says it holds; `start` is the place of the first value's byte."""

    metadata: Mapping[str, str] | None
    entries: Mapping[str, Entry]
    start: int


@dataclass(frozen=True, slots=True)
class _Range:
    """Bytes of the source that stand in the copy, in the order of the copy."""

    offset: int
    size: int


def read_header(file: Path) -> Header:
    """Read a header. Raises WinnowError when the file has none or it does not fit the file's size."""
    with file.open("rb") as opened:
        length = int.from_bytes(opened.read(_LENGTH_BYTES), "little")
        if length > os.fstat(opened.fileno()).st_size:
            raise WinnowError("broken safetensors file: the header is longer than the file", where=file)
        raw = opened.read(length)
    record = decode_json(raw, dict[str, msgspec.Raw], _BROKEN, where=file)
    stored = record.pop(METADATA, None)
    metadata = None if stored is None else decode_json(bytes(stored), dict[str, str], _BROKEN, where=file)
    entries = {name: decode_json(bytes(entry), Entry, _BROKEN, where=file) for name, entry in record.items()}
    start = _LENGTH_BYTES + length
    _refuse_lies(entries, file.stat().st_size - start, file)
    return Header(metadata, entries, start)


def _refuse_lies(entries: Mapping[str, Entry], size: int, file: Path) -> None:
    """Raise WinnowError unless the tensors have whole rows and follow each other from byte 0 to `size`."""
    end = 0
    for name, entry in sorted(entries.items(), key=lambda item: item[1].data_offsets):
        first, last = entry.data_offsets
        rows = entry.shape[0] if entry.shape else 1
        whole = min(entry.shape, default=1) >= 0 and (not rows or (last - first) % rows == 0)
        if first != end or last < first or not whole:
            raise WinnowError(f"{_BROKEN}: {name!r} lies about its place or size", where=file)
        end = last
    if end != size:
        raise WinnowError(f"{_BROKEN}: its tensors do not fill it", where=file)


def write_with_rows(source: Path, target: Path, rows: Mapping[str, Ids]) -> None:
    """Copy a safetensors file, and give the tensors in `rows` other rows: the old ids in their new order.

    Every number format is copied as bytes. The copy is read back and compared before it gets its name.
    Raises WinnowError when it differs from what was asked.
    """
    header = read_header(source)
    ordered = sorted(header.entries, key=lambda name: header.entries[name].data_offsets)
    ranges = [each for name in ordered for each in _ranges(header, name, rows.get(name))]
    with atomic_path(target) as temporary:
        with source.open("rb") as old, temporary.open("wb") as new:
            new.write(_header_bytes(header, ordered, rows))
            first = new.tell()
            for block in _blocks(old, ranges):
                new.write(block)
        _verify(source, temporary, ranges, first)


def _header_bytes(header: Header, ordered: list[str], rows: Mapping[str, Ids]) -> bytes:
    """The copy's header: names in the source's order, offsets anew."""
    entries: dict[str, Entry] = {}
    place = 0
    for name in ordered:
        entry = header.entries[name]
        kept = rows.get(name)
        shape = entry.shape if kept is None else (len(kept), *entry.shape[1:])
        size = entry.size if kept is None else len(kept) * entry.row_bytes
        entries[name] = Entry(entry.dtype, shape, (place, place + size))
        place += size
    record: dict[str, object] = {} if header.metadata is None else {METADATA: header.metadata}
    raw = msgspec.json.encode({**record, **{name: entries[name] for name in header.entries}})
    raw += b" " * (-len(raw) % _ALIGNMENT)
    return len(raw).to_bytes(_LENGTH_BYTES, "little") + raw


def _ranges(header: Header, name: str, kept: Ids | None) -> Iterator[_Range]:
    """The source's bytes of one tensor; rows that follow each other make one range."""
    entry = header.entries[name]
    first = header.start + entry.data_offsets[0]
    if kept is None:
        yield _Range(first, entry.size)
        return
    breaks = np.flatnonzero(np.diff(kept) != 1) + 1
    for run in np.split(kept, breaks):
        if run.size:
            yield _Range(first + int(run[0]) * entry.row_bytes, run.size * entry.row_bytes)


def _blocks(file: BinaryIO, ranges: list[_Range]) -> Iterator[bytes]:
    for each in ranges:
        file.seek(each.offset)
        left = each.size
        while left:
            block = file.read(min(_BLOCK, left))
            if not block:
                raise WinnowError("ends inside a tensor", where=file.name)
            yield block
            left -= len(block)


def _verify(source: Path, written: Path, ranges: list[_Range], first: int) -> None:
    with source.open("rb") as old, written.open("rb") as new:
        new.seek(first)
        for block in _blocks(old, ranges):
            if new.read(len(block)) != block:
                raise WinnowError("the copy's rows are not the source's", where=written)
        if new.read(1):
            raise WinnowError("the copy has bytes that nobody asked for", where=written)
    read_header(written)
