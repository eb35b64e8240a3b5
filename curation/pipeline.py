"""The whole filter: shards → judged slices → duplicates found in order → parts; resumable at any shard."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from corpora.documents import Corpus, Problems
from corpora.errors import WinnowError
from curation.duplicates import DuplicateFinder, fingerprints, remember_all
from curation.judging import Judgement, JudgeSettings
from curation.language_id import UNKNOWN
from curation.measuring import pack
from curation.parts import DECISIONS, DOCUMENTS, DROPPED, PartPaths, PartWriter, remove_leftovers
from curation.tally import Tally
from curation.workers import Slice, judge_in_order

_BATCH_BYTES = 1 << 20  # text per batch: small enough to share out, large enough for the kernels
_BATCH_ROWS = 1_000
FULL_NOTE = "the table of n-grams is full: near-duplicates of the last documents were not looked for"


@dataclass(frozen=True, slots=True)
class FilterSettings:
    """How to filter: what decides (`judge`), and how to run and write."""

    judge: JudgeSettings
    workers: int = 1
    keep_dropped: bool = False


@dataclass(frozen=True, slots=True)
class FilterResult:
    """What came of a run: counts, the parts in order, broken records met now, and notes for people."""

    tally: Tally
    parts: tuple[Path, ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...]


def filter_corpus(
    corpus: Corpus, settings: FilterSettings, folder: Path, advance: Callable[[int], None] = lambda _: None
) -> FilterResult:
    """Filter every shard of `corpus` into `folder`; `advance` is told how many documents each batch had.

    Shards whose parts exist are not read again. Raises WinnowError for input that cannot be read and for a
    corpus without documents; nothing is left of a shard that failed.
    """
    run = _Run(corpus, settings, folder, advance)
    try:
        run.resume()
        run.write_shards()
        if run.tally.documents_in == 0:
            raise WinnowError(
                "no documents in the input", where=", ".join(shard.where for shard in corpus.shards[:3])
            )
    except WinnowError:
        run.remove_when_empty()
        raise
    return run.result()


class _Run:
    """One run's state: the tally, the duplicates seen, and which shard comes next."""

    def __init__(
        self, corpus: Corpus, settings: FilterSettings, folder: Path, advance: Callable[[int], None]
    ) -> None:
        self.tally = Tally()
        self._shards = corpus.shards
        self._settings, self._folder, self._advance = settings, folder, advance
        self._finder = DuplicateFinder(settings.judge.rules.duplicates)
        self._problems = [Problems() for _ in corpus.shards]
        self._next = 0

    def resume(self) -> None:
        """Count the shards that an earlier run finished, and remember what they kept."""
        remove_leftovers(self._folder)
        while self._next < len(self._shards) and self._paths(self._next).finished:
            paths = self._paths(self._next)
            self.tally.add(paths.read_tally())
            for texts in paths.kept_texts():
                remember_all(self._finder, fingerprints(pack(texts, [UNKNOWN] * len(texts))))
            self._next += 1

    def write_shards(self) -> None:
        """Judge and write the shards that are left, in order."""
        settings = self._settings
        judged = judge_in_order(self._slices(), settings.judge, settings.workers)
        pending = next(judged, None)
        for number in range(self._next, len(self._shards)):
            full, keep_dropped = settings.judge.full, settings.keep_dropped
            with PartWriter(self._paths(number), keep_dropped=keep_dropped, full=full) as writer:
                while pending is not None and pending[0].shard == number:
                    writer.append(pending[0].batch, self._without_repetitions(pending[1]))
                    self._advance(len(pending[1]))
                    pending = next(judged, None)
                writer.tally.problems = self._problems[number].count
                writer.finish()
            self.tally.add(writer.tally)

    def result(self) -> FilterResult:
        """The result of a finished run."""
        kinds = [DOCUMENTS, DECISIONS, *([DROPPED] if self._settings.keep_dropped else [])]
        parts = tuple(self._paths(number).path(kind) for kind in kinds for number in range(len(self._shards)))
        examples = tuple(example for problems in self._problems for example in problems.examples)
        return FilterResult(self.tally, parts, examples, (FULL_NOTE,) if self._finder.is_full else ())

    def remove_when_empty(self) -> None:
        """Remove the folders of parts when no document came through."""
        if self.tally.documents_in == 0:
            for kind in (DOCUMENTS, DECISIONS, DROPPED):
                shutil.rmtree(self._folder / kind, ignore_errors=True)

    def _paths(self, number: int) -> PartPaths:
        return PartPaths(self._folder, number)

    def _slices(self) -> Iterator[Slice]:
        for number in range(self._next, len(self._shards)):
            for batch in self._shards[number].batches(self._problems[number]):
                yield from (Slice(number, piece) for piece in cut(batch))

    def _without_repetitions(self, judgements: Sequence[Judgement]) -> list[Judgement]:
        """Drop kept documents that repeat earlier ones; remember the others."""
        return [judged if judged.rule is not None else self._compared(judged) for judged in judgements]

    def _compared(self, judged: Judgement) -> Judgement:
        found = self._finder.check(judged.fingerprint)
        if found.rule is None:
            self._finder.remember(judged.fingerprint)
            return judged
        return replace(judged, rule=found.rule, value=found.value, threshold=found.threshold)


def cut(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """Cut a batch into pieces of about 1 MiB of text and at most 1,000 documents."""
    sizes = pc.binary_length(batch.column("text").cast(pa.large_binary())).to_numpy(zero_copy_only=False)
    first, size = 0, 0
    for row, length in enumerate(sizes):
        size += int(length)
        if size >= _BATCH_BYTES or row + 1 - first >= _BATCH_ROWS:
            yield batch.slice(first, row + 1 - first)
            first, size = row + 1, 0
    if first < batch.num_rows:
        yield batch.slice(first)
