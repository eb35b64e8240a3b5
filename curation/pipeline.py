"""The whole filter: shards → judged slices → duplicates found in order → parts; resumable at any shard."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from corpora.documents import Corpus, Problems
from corpora.engine import Engine
from corpora.errors import WinnowError
from corpora.local_engine import LocalEngine
from curation.caps import CapCounter, CapSettings
from curation.judging import Judgement, JudgeSettings
from curation.parts import DECISIONS, DOCUMENTS, DROPPED, PartPaths, PartWriter, remove_leftovers
from curation.repetitions import Repetitions
from curation.sharded import (
    JudgedSlice,
    SettledShard,
    ShardJudge,
    ShardTask,
    ShardWriter,
)
from curation.slices import Slice, read_slices
from curation.tally import Tally
from curation.workers import judge_in_order

Advance = Callable[[int, int], None]
FULL_NOTE = "the table of n-grams is full: near-duplicates of the last documents were not looked for"


def no_advance(documents: int, size: int) -> None:
    """Nobody is told."""


@dataclass(frozen=True, slots=True)
class FilterSettings:
    """How to filter: what decides, and how to run and write.

    `cluster_sizes`: by document id, 1 for those not named; None when unknown.
    """

    judge: JudgeSettings
    engine: Engine = field(default_factory=LocalEngine)
    keep_dropped: bool = False
    cluster_sizes: Mapping[str, int] | None = None
    caps: CapSettings = field(default_factory=CapSettings)


@dataclass(frozen=True, slots=True)
class FilterResult:
    """What came of a run: counts, the parts in order, broken records met now, and notes for people."""

    tally: Tally
    parts: tuple[Path, ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...]


def filter_corpus(
    corpus: Corpus, settings: FilterSettings, folder: Path, advance: Advance = no_advance
) -> FilterResult:
    """Filter every shard of `corpus` into `folder`; `advance` is told how many documents each batch had,
    and the bytes of their text.

    Shards whose parts exist are not read again. Raises WinnowError for input that cannot be read and for a
    corpus without documents; nothing is left of a shard that failed.
    """
    run = _Run(corpus, settings, folder, advance)
    try:
        run.resume()
        run.write_shards()
        if run.tally.documents_in == 0:
            raise WinnowError("no documents in the input", where=corpus.where)
    except WinnowError:
        run.remove_when_empty()
        raise
    return run.result()


class _Run:
    """One run's state: the tally, the duplicates seen, and which shard comes next."""

    def __init__(self, corpus: Corpus, settings: FilterSettings, folder: Path, advance: Advance) -> None:
        self.tally = Tally()
        self._shards = corpus.on(settings.engine).shards
        self._settings, self._folder, self._advance = settings, folder, advance
        self._caps = CapCounter(settings.caps)
        self._repetitions = Repetitions(settings.judge.rules.duplicates, self._caps)
        self._problems = [Problems() for _ in corpus.shards]
        self._next = 0

    def resume(self) -> None:
        """Count the shards that an earlier run finished, and remember what they kept."""
        remove_leftovers(self._folder)
        while self._next < len(self._shards) and self._paths(self._next).finished:
            paths = self._paths(self._next)
            self.tally.add(paths.read_tally())
            for ids, sources, texts in paths.kept_documents():
                self._repetitions.remember(ids, sources, texts)
            for batch in paths.kept_batches() if self._caps.active else ():
                self._caps.remember(batch)
            self._next += 1

    def write_shards(self) -> None:
        """Judge and write the shards that are left, in order."""
        if self._settings.engine.by_shard:
            self._write_elsewhere()
        else:
            self._write_here()

    def _write_here(self) -> None:
        """Read and write in this process; only slices of texts go to the tasks."""
        settings = self._settings
        judged = judge_in_order(self._slices(), settings.judge, settings.engine)
        pending = next(judged, None)
        for number in range(self._next, len(self._shards)):
            full, keep_dropped = settings.judge.full, settings.keep_dropped
            with PartWriter(self._paths(number), keep_dropped=keep_dropped, full=full) as writer:
                while pending is not None and pending[0].shard == number:
                    writer.append(pending[0].batch, self._settled(*pending))
                    self._advance(len(pending[1]), pending[0].texts.nbytes)
                    pending = next(judged, None)
                writer.tally.problems = self._problems[number].count
                writer.finish()
            self.tally.add(writer.tally)

    def _write_elsewhere(self) -> None:
        """One task judges a shard, one writes it; between them it is settled here, in order."""
        settings = self._settings
        left = (ShardTask(number, self._shards[number]) for number in range(self._next, len(self._shards)))
        judge = ShardJudge(settings.judge, settings.cluster_sizes, every_column=self._caps.by_source)
        judged = settings.engine.run_tasks(judge, left)
        settled = (self._settled_shard(number, shard) for number, shard in enumerate(judged, self._next))
        writer = ShardWriter(
            self._folder.absolute(), keep_dropped=settings.keep_dropped, full=settings.judge.full
        )
        for number, written in enumerate(settings.engine.run_tasks(writer, settled), self._next):
            self.tally.add(written.tally)
            self._problems[number] = written.problems
            self._advance(written.tally.documents_in, written.tally.bytes_in)

    def _settled_shard(self, number: int, shard: Sequence[JudgedSlice]) -> SettledShard:
        settled = [[each.without_fingerprint() for each in self._settled(*piece)] for piece in shard]
        return SettledShard(ShardTask(number, self._shards[number]), settled)

    def result(self) -> FilterResult:
        """The result of a finished run."""
        kinds = [DOCUMENTS, DECISIONS, *([DROPPED] if self._settings.keep_dropped else [])]
        parts = tuple(self._paths(number).path(kind) for kind in kinds for number in range(len(self._shards)))
        examples = tuple(example for problems in self._problems for example in problems.examples)
        return FilterResult(self.tally, parts, examples, (FULL_NOTE,) if self._repetitions.is_full else ())

    def remove_when_empty(self) -> None:
        """Remove the folders of parts when no document came through."""
        if self.tally.documents_in == 0:
            for kind in (DOCUMENTS, DECISIONS, DROPPED):
                shutil.rmtree(self._folder / kind, ignore_errors=True)

    def _paths(self, number: int) -> PartPaths:
        return PartPaths(self._folder, number)

    def _slices(self) -> Iterator[Slice]:
        for number in range(self._next, len(self._shards)):
            problems, sizes = self._problems[number], self._settings.cluster_sizes
            yield from read_slices(number, self._shards[number], problems, sizes)

    def _settled(self, piece: Slice, judgements: Sequence[Judgement]) -> list[Judgement]:
        """The judgements after a look at the documents before: repetitions dropped, boilerplate cut out."""
        ids, sources, texts = (piece.batch.column(name) for name in ("id", "source", "text"))
        owners = self._caps.owners(piece.batch)
        return [
            judged
            if judged.rule is not None
            else self._repetitions.settle(
                judged, ids[row].as_py(), sources[row].as_py(), owners[row], texts[row]
            )
            for row, judged in enumerate(judgements)
        ]
