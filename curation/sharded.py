"""A shard as the unit of work: one task judges it where it is read, another writes it when it is settled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path

import pyarrow as pa

from corpora.documents import Problems, Shard
from corpora.errors import WinnowError
from curation.judging import Judgement, JudgeSettings
from curation.parts import PartPaths, PartWriter
from curation.slices import Slice, read_slices
from curation.tally import Tally
from curation.workers import SliceJudge

JudgedSlice = tuple[Slice, list[Judgement]]
_SETTLED_BY = ["id", "source", "text"]


@dataclass(frozen=True, slots=True)
class ShardTask:
    """A shard and its number among the run's."""

    number: int
    shard: Shard


@dataclass(frozen=True, slots=True)
class SettledShard:
    """A shard with the last word on every document, slice by slice."""

    task: ShardTask
    judgements: Sequence[Sequence[Judgement]]


@dataclass(frozen=True, slots=True)
class WrittenShard:
    """What was counted of a shard whose parts are written, and the broken records met."""

    tally: Tally
    problems: Problems


class ShardJudge:
    """The first task: reads a shard and judges every document by itself.

    What it gives back has the columns that all settling needs, or `every_column`, for caps on sources.
    """

    def __init__(
        self, settings: JudgeSettings, cluster_sizes: Mapping[str, int] | None, *, every_column: bool
    ) -> None:
        self._every_column = every_column
        model = settings.lid_model
        self._judge = SliceJudge(replace(settings, lid_model=model.absolute() if model else None))
        self._cluster_sizes = cluster_sizes

    def __call__(self, task: ShardTask) -> list[JudgedSlice]:
        """The shard's slices with their judgements."""
        slices = read_slices(task.number, task.shard, Problems(), self._cluster_sizes)
        return [(_alone(piece, every_column=self._every_column), self._judged(piece)) for piece in slices]

    def _judged(self, piece: Slice) -> list[Judgement]:
        return [_handed_over(each) for each in self._judge((piece.texts, piece.cluster_sizes))]


class ShardWriter:
    """The second task: reads the shard again and writes its parts, whole or not at all.

    A task that is run twice writes the same bytes under the same names.
    """

    def __init__(self, folder: Path, *, keep_dropped: bool, full: bool) -> None:
        self._folder, self._keep_dropped, self._full = folder, keep_dropped, full

    def __call__(self, settled: SettledShard) -> WrittenShard:
        """Write one shard. Raises WinnowError when it is not what it was when it was judged."""
        task, problems = settled.task, Problems()
        paths = PartPaths(self._folder, task.number)
        slices = read_slices(task.number, task.shard, problems)
        with PartWriter(paths, keep_dropped=self._keep_dropped, full=self._full) as writer:
            for piece, judgements in zip_longest(slices, settled.judgements):
                if piece is None or judgements is None or piece.batch.num_rows != len(judgements):
                    raise WinnowError("changed while it was filtered", where=task.shard.where)
                writer.append(piece.batch, judgements)
            writer.tally.problems = problems.count
            writer.finish()
        return WrittenShard(writer.tally, problems)


def _handed_over(judgement: Judgement) -> Judgement:
    """What settling needs: nobody compares a document that is dropped already."""
    return judgement if judgement.rule is None else judgement.without_fingerprint()


def _alone(piece: Slice, *, every_column: bool) -> Slice:
    """The slice with its own rows only: a view would travel with the whole batch that it was cut from."""
    batch = piece.batch if every_column else piece.batch.select(_SETTLED_BY)
    return replace(piece, batch=pa.concat_batches([batch]))
