"""A count spread over an engine's tasks: parts counted, partitions added up, their runs merged here."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

from corpora.documents import Corpus, Problems, Shard
from corpora.engine import Engine
from trainer.count_progress import CountProgress, read_progress, write_progress
from trainer.counting import CountOptions
from trainer.counts import CountTable
from trainer.groups import Groups
from trainer.pretoken_table import PretokenTable
from trainer.runs import merge_runs
from trainer.shard_counts import (
    CountedPart,
    CountTask,
    Member,
    PartitionPiece,
    PartitionReducer,
    PartitionTask,
    ShardCounter,
)

# Parts and partitions depend on the input alone, so that a resumed run finds the same ones.
_LEAST_PART, _LARGEST_PART = 32 << 20, 1 << 30  # bytes of input files in a part
_PARTS = 512  # parts below the largest size: enough for a few hundred processors
_PARTITION = 256 << 20  # bytes of input files for each partition
_FEWEST_PARTITIONS, _MOST_PARTITIONS = 4, 256


class ShardedCount:
    """The count of one corpus, as `trainer.counting.Count`: `add` the shards, take `pieces`, then `clean`.

    `parts` is a folder that every task sees. A later count with the same `call` goes on from what it
    finds there.
    """

    read_seconds = 0.0  # reading is a part of counting, elsewhere

    def __init__(self, options: CountOptions, parts: Path, call: str, engine: Engine) -> None:
        self.options = options
        self.progress = CountProgress(call)
        self._parts, self._engine = parts.absolute(), engine
        self._counted: list[CountedPart] = []
        self._partitions = _FEWEST_PARTITIONS
        read_progress(parts, call)  # removes what other calls left
        write_progress(parts, self.progress)

    def add(
        self,
        shards: Sequence[Shard],
        problems: Problems,
        on_bytes: Callable[[int], None] = lambda size: None,
    ) -> None:
        """Count every shard; `on_bytes` is told the text in every part.

        Raises WinnowError for what the shards cannot read, for text that the pattern leaves out, and when
        the engine gives up.
        """
        self._engine.check_folder(self._parts)
        shards = Corpus(tuple(shards)).on(self._engine).shards
        sizes = [_size(shard) for shard in shards]
        self._partitions = partitions_for(sum(sizes))
        counter = ShardCounter(self._parts, self.options, self._partitions)
        tasks = [CountTask(number, part) for number, part in enumerate(parts_of(shards, sizes))]
        for part in self._engine.run_tasks(counter, tasks):
            self._counted.append(part)
            problems.add(part.problems, part.examples)
            on_bytes(part.bytes)
        seen = self.progress
        seen.documents = sum(part.documents for part in self._counted)
        seen.bytes = sum(part.bytes for part in self._counted)
        seen.pretokens = sum(part.pretokens for part in self._counted)

    def pieces(self) -> Iterator[CountTable]:
        """Add up the partitions elsewhere, and yield the counts in order, in several tables."""
        members = sorted({member for part in self._counted for member in part.groups})
        reducer = PartitionReducer(self._parts, self.options.memory)
        runs = list(self._engine.run_tasks(reducer, self._partition_tasks(members)))
        groups = Groups(self.options.language_field, self.options.weights, _as_numbers(members))
        paths = [self._parts / name for name in runs]
        for table in merge_runs(paths, self.options.memory, PretokenTable):
            yield groups.to_counts(table, self.options.pattern)

    def unseen_sources(self) -> list[str]:
        """Sources that were given a weight and of which no document came."""
        seen = {source for part in self._counted for source in part.sources}
        return sorted(set(self.options.weights) - seen)

    def clean(self) -> None:
        """Remove the folder of parts; to be called when the result is safely written."""
        shutil.rmtree(self._parts, ignore_errors=True)

    def _partition_tasks(self, members: Sequence[Member]) -> Iterator[PartitionTask]:
        places = {member: place for place, member in enumerate(members)}
        groups = [[places[member] for member in part.groups] for part in self._counted]
        for number in range(self._partitions):
            pieces = [
                PartitionPiece(part.file, part.batches[number], own)
                for part, own in zip(self._counted, groups, strict=True)
                if part.batches[number]
            ]
            yield PartitionTask(number, pieces)


def parts_of(shards: Sequence[Shard], sizes: Sequence[int]) -> Iterator[tuple[Shard, ...]]:
    """Neighbours put together until they are worth a task; a shard of unknown size (0 bytes) stays alone."""
    wanted = min(max(sum(sizes) // _PARTS, _LEAST_PART), _LARGEST_PART)
    part: list[Shard] = []
    gathered = 0
    for shard, size in zip(shards, sizes, strict=True):
        if part and (gathered + size > wanted or not size):
            yield tuple(part)
            part, gathered = [], 0
        part.append(shard)
        gathered += size or wanted
    if part:
        yield tuple(part)


def partitions_for(size: int) -> int:
    """How many partitions keep each one small, of `size` bytes of input files."""
    return min(max(size // _PARTITION, _FEWEST_PARTITIONS), _MOST_PARTITIONS)


def _size(shard: Shard) -> int:
    """Bytes of the shard's file; 0 when not known."""
    return shard.identity[2] if shard.file_format != "hub" else 0


def _as_numbers(members: Sequence[Member]) -> list[tuple[str, Fraction]]:
    return [(language, Fraction(weight)) for language, weight in members]
