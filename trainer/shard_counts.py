"""The two tasks of a distributed count: shards counted into partitions, and one partition added up."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa

from corpora.documents import Problems, Shard
from corpora.files import write_json
from corpora.json_data import decode_json
from trainer.count_progress import CountProgress
from trainer.counting import Count, CountOptions
from trainer.partitions import Batches, read_partition, write_partitions
from trainer.pretoken_table import PretokenTable
from trainer.runs import merge_runs, write_run

Member = tuple[str, str]  # a language, and a weight as a fraction


@dataclass(frozen=True, slots=True)
class CountTask:
    """Some shards that are counted together, and their number among all such parts."""

    number: int
    shards: tuple[Shard, ...]


class CountedPart(msgspec.Struct):
    """What one task counted: a file of partitions, and what was seen on the way (see CountProgress)."""

    file: str
    batches: Batches
    groups: list[Member]
    sources: list[str]
    documents: int
    bytes: int
    pretokens: int
    problems: int
    examples: list[str]


def read_part(record: Path) -> CountedPart:
    """The record of a part that is done. Raises WinnowError when it is damaged."""
    hint = "--force starts over"
    return decode_json(record.read_bytes(), CountedPart, "not a counted part", where=record, hint=hint)


@dataclass(frozen=True, slots=True)
class PartitionPiece:
    """One partition's rows in one part's file; local group g is group `groups[g]` of the whole count."""

    file: str
    batches: list[int]
    groups: list[int]


@dataclass(frozen=True, slots=True)
class PartitionTask:
    """One partition of the whole count."""

    number: int
    pieces: Sequence[PartitionPiece]


@dataclass(frozen=True, slots=True)
class ShardCounter:
    """The first task: counts shards, in bounded memory, into a file of partitions in `folder`.

    The record beside the file is written last and names it: where there is one, the part is done, and is
    not counted again. A task that is run twice leaves a file that nothing names.
    """

    folder: Path
    options: CountOptions
    partitions: int

    def __call__(self, task: CountTask) -> CountedPart:
        """Count one part. Raises WinnowError as `Count.add` does."""
        record = self.folder / f"part-{task.number:06}.json"
        if record.exists():
            return read_part(record)
        problems = Problems()
        with tempfile.TemporaryDirectory(prefix="winnow-count-") as scratch:
            count = Count(replace(self.options, keep_every=float("inf")), Path(scratch) / "runs", "")
            count.add(task.shards, problems)
            file = f"part-{task.number:06}-{uuid.uuid4().hex}.arrow"
            batches = write_partitions(self.folder / file, count.by_group(), self.partitions)
        part = _counted(count.progress, count, file, batches, problems)
        write_json(record, part)
        return part


@dataclass(frozen=True, slots=True)
class PartitionReducer:
    """The second task: adds up one partition of all parts, within `memory` bytes, into a sorted run."""

    folder: Path
    memory: int

    def __call__(self, task: PartitionTask) -> str:
        """The name of the run, which is there already when the task was done before."""
        name = f"reduced-{task.number:06}.arrow"
        if not (self.folder / name).exists():
            with tempfile.TemporaryDirectory(prefix="winnow-reduce-") as scratch:
                write_run(self.folder / name, self._added(task, Path(scratch)))
        return name

    def _added(self, task: PartitionTask, scratch: Path) -> Iterator[PretokenTable]:
        """The partition in tables that ascend; rows go to disk in between when memory is short."""
        table, runs = PretokenTable(), list[Path]()
        for rows in self._rows(task):
            table.add_rows(rows)
            if table.memory_soon > self.memory:
                runs.append(scratch / f"run-{len(runs):06}.arrow")
                write_run(runs[-1], [table])
                table = PretokenTable()
        if not runs:
            yield table
            return
        runs.append(scratch / f"run-{len(runs):06}.arrow")
        write_run(runs[-1], [table])
        yield from merge_runs(runs, self.memory, PretokenTable)

    def _rows(self, task: PartitionTask) -> Iterator[pa.RecordBatch]:
        for piece in task.pieces:
            groups = np.array(piece.groups, dtype=np.int32)
            for rows in read_partition(self.folder / piece.file, piece.batches):
                renumbered = pa.array(groups[rows.column("group").to_numpy()])
                yield rows.set_column(1, "group", renumbered)


def _counted(
    seen: CountProgress, count: Count, file: str, batches: Batches, problems: Problems
) -> CountedPart:
    groups = [(language, str(weight)) for language, weight in count.groups.members]
    return CountedPart(
        file, batches, groups, sorted(count.groups.sources),
        seen.documents, seen.bytes, seen.pretokens, problems.count, problems.examples,
    )  # fmt: skip
