"""A large file as several shards: ranges of bytes or of row groups, in order, each to be read by itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from corpora.documents import Shard

_BLOCK = 1 << 20  # bytes read at a time
_COUNTED = 64 << 20  # bytes whose lines are counted, and remembered, together


@dataclass(frozen=True, slots=True)
class Range:
    """A part of a file: the lines that begin in bytes `start` to `stop`, or Parquet row groups from–to.

    `size` is about how many bytes of the file that is.
    """

    start: int
    stop: int
    size: int


def split_shards(shards: list[Shard]) -> list[Shard]:
    """The same documents in the same order, large files in ranges of about `options.split_bytes`.

    Plain .jsonl and .parquet files are cut, without reading more than a Parquet file's footer. Compressed
    files, other formats and files with a limit stay whole.
    """
    return [part for shard in shards for part in _split(shard)]


def _split(shard: Shard) -> list[Shard]:
    path, most = shard.origin, shard.options.split_bytes
    if not isinstance(path, Path) or shard.limit is not None or path.stat().st_size <= most:
        return [shard]
    if shard.file_format == "parquet":
        parts = _row_group_ranges(path, most)
    elif shard.file_format == "jsonl" and path.suffix.lower() in (".jsonl", ".ndjson"):
        parts = _byte_ranges(path.stat().st_size, most)
    else:
        return [shard]
    return [replace(shard, part=part) for part in parts] or [shard]


def _byte_ranges(size: int, most: int) -> list[Range]:
    count = -(-size // most)
    bounds = [size * number // count for number in range(count + 1)]
    return [Range(start, stop, stop - start) for start, stop in pairwise(bounds)]


def _row_group_ranges(path: Path, most: int) -> list[Range]:
    """Neighbouring row groups together; none for a file that cannot be read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        metadata = pq.read_metadata(path)
    except (pa.ArrowException, OSError, UnicodeDecodeError):
        return []  # the reader says what is wrong
    # Compressed sizes are those of a group's columns, and asking for these ends the process when they are
    # false (pyarrow 26): the file's size is shared out instead.
    sizes = [max(0, metadata.row_group(group).total_byte_size) for group in range(metadata.num_row_groups)]
    scale = path.stat().st_size / max(1, sum(sizes))
    ranges: list[Range] = []
    for group, size in enumerate(sizes):
        own = round(size * scale)
        if ranges and ranges[-1].size + own <= most:
            ranges[-1] = Range(ranges[-1].start, group + 1, ranges[-1].size + own)
        else:
            ranges.append(Range(group, group + 1, own))
    return ranges


@contextmanager
def open_range(path: Path, part: Range) -> Iterator[Section]:
    """The whole lines that begin in a range, as a stream of bytes."""
    with path.open("rb") as file:
        start = _line_start(file, part.start, part.stop)
        # Where no line begins, the end of the line that runs through is not looked for either: a line as
        # long as the file would be read once for every range.
        stop = start if start >= part.stop else _line_start(file, part.stop)
        file.seek(start)
        yield Section(file, stop - start)


class Section:
    """The next `size` bytes of a file, read as if the file ended there."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file, self._left = file, size

    def read(self, size: int) -> bytes:
        """At most `size` bytes; none at the end."""
        data = self._file.read(min(size, self._left))
        self._left -= len(data)
        return data


def first_line(path: Path, part: Range) -> int:
    """The number, from 1, of the first line that begins in a range.

    The lines before it have to be counted, at a gigabyte a second or more; a process counts each once.
    """
    changed = path.stat().st_mtime_ns
    whole, rest = divmod(part.start, _COUNTED)
    before = sum(_newlines(path, changed, number * _COUNTED, _COUNTED) for number in range(whole))
    before += _newlines(path, changed, whole * _COUNTED, rest)
    with path.open("rb") as file:
        file.seek(max(0, part.start - 1))
        cut_line = part.start > 0 and file.read(1) != b"\n"
    return 1 + before + cut_line


@lru_cache(maxsize=1 << 16)
def _newlines(path: Path, changed: int, start: int, size: int) -> int:
    """Line ends in some bytes of a file that was last changed at `changed`."""
    found = 0
    with path.open("rb") as file:
        file.seek(start)
        section = Section(file, size)
        while block := section.read(_BLOCK):
            found += block.count(b"\n")
    return found


def _line_start(file: BinaryIO, place: int, stop: int | None = None) -> int:
    """Where the first line begins that begins at `place` or later; the file's end when there is none.

    With `stop` the search ends about there: what is returned then is `stop` or more, and perhaps no start.
    """
    if place == 0:
        return 0
    place -= 1  # a line end there means that a line begins at the place itself
    file.seek(place)
    while (stop is None or place < stop) and (block := file.read(_BLOCK)):
        end = block.find(b"\n")
        if end >= 0:
            return place + end + 1
        place += len(block)
    return place
