"""The work of `winnow count --frequencies` and `--by-source`: a corpus into files beside its counts."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from corpora.background import in_background
from corpora.documents import Corpus
from corpora.manifest import Manifest, hash_file, write_manifest
from corpora.output_file import check_parquet_output, claim_output, manifest_beside, replacing_output
from corpora.outputs import AlreadyFinished, fingerprint, writing_file
from trainer.counting import CountOptions
from trainer.frequency_count import FrequencyCount
from trainer.frequency_file import FrequencyWriter
from trainer.source_groups import SourceGroups


@dataclass(frozen=True, slots=True)
class FrequencyJob:
    """Which files to write beside the counts `counts`, and what a source is (see `corpora.sources`)."""

    counts: Path
    frequencies: bool
    by_source: bool
    source_field: str | None = None

    @property
    def frequencies_path(self) -> Path | None:
        """COUNTS.frequencies.parquet, when wanted."""
        return frequencies_beside(self.counts) if self.frequencies else None

    @property
    def by_source_path(self) -> Path | None:
        """COUNTS.sources.parquet, when wanted."""
        return sources_beside(self.counts) if self.by_source else None

    @property
    def paths(self) -> list[Path]:
        """The files to write."""
        return [path for path in (self.frequencies_path, self.by_source_path) if path is not None]


def frequencies_beside(counts: Path) -> Path:
    """Where the frequencies of a counts file are: `counts.frequencies.parquet` beside `counts.parquet`."""
    return counts.with_name(f"{counts.stem}.frequencies.parquet")


def sources_beside(counts: Path) -> Path:
    """Where the counts by source of a counts file are: `counts.sources.parquet` beside `counts.parquet`."""
    return counts.with_name(f"{counts.stem}.sources.parquet")


def write_frequencies(
    corpus: Corpus,
    options: CountOptions,
    job: FrequencyJob,
    *,
    force: bool = False,
    on_bytes: Callable[[int], None] = lambda size: None,
) -> dict[Path, int]:
    """Write the files, and a manifest beside each; return the rows in each.

    `options.weights` are not used: frequencies are of the documents as they are. Raises AlreadyFinished
    when the same call has done so, WrongCall and WinnowError as `trainer.count_job.count_corpus` does.
    """
    for path in job.paths:
        check_parquet_output(path, corpus)
    configuration = {
        "pattern": options.pattern,
        "language_field": options.language_field,
        "source_field": job.source_field,
    }
    call = fingerprint("count --frequencies", configuration, corpus.identity)
    with ExitStack() as locks:
        for path in (job.counts, *job.paths):
            locks.enter_context(writing_file(path))
        return _write(_unfinished(job, call, force=force), corpus, options, configuration, call, on_bytes)


def _write(
    job: FrequencyJob, corpus: Corpus, options: CountOptions, configuration: Mapping[str, object], call: str,
    on_bytes: Callable[[int], None],
) -> dict[Path, int]:  # fmt: skip
    started = time.perf_counter()
    groups = SourceGroups(options.language_field, job.source_field)
    parts = job.counts.with_name(f".{job.counts.name}.frequencies")
    count = FrequencyCount(options.pattern, groups, options.workers, options.memory, parts)
    hashes = in_background(corpus.hashes)
    with ExitStack() as replaced:
        try:
            count.add(corpus.shards, on_bytes)
            for path in job.paths:
                replaced.enter_context(replacing_output(path, call))
            with FrequencyWriter(job.frequencies_path, job.by_source_path, groups, options.pattern) as writer:
                for piece in count.pieces():
                    writer.append(piece)
        finally:
            count.clean()
        for path in job.paths:
            manifest = Manifest(
                command="count", command_line=sys.argv, configuration=configuration, inputs=hashes.result(),
                outputs=[hash_file(path, shown_as=path.name)], call=call,
                counts={"documents": count.documents, "rows": writer.rows[path]},
                seconds={"total": time.perf_counter() - started},
            )  # fmt: skip
            write_manifest(manifest_beside(path), manifest)
    return writer.rows


def _unfinished(job: FrequencyJob, call: str, *, force: bool) -> FrequencyJob:
    """The job without the files that the same call has written; raises AlreadyFinished when none is left."""
    finished: list[AlreadyFinished] = []
    missing: list[Path] = []
    for path in job.paths:
        try:
            claim_output(path, call, force=force)
            missing.append(path)
        except AlreadyFinished as note:
            finished.append(note)
    if finished and not missing:
        raise finished[0]
    return replace(
        job,
        frequencies=job.frequencies_path in missing,
        by_source=job.by_source_path in missing,
    )
