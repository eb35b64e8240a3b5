"""The work of `winnow train`: inputs in, a folder with one tokenizer for every vocabulary size out."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec

from banlists.banlist import BanList
from corpora.errors import WinnowError
from corpora.manifest import MANIFEST_NAME, FileHash, Manifest, write_manifest
from corpora.outputs import OutputFolder, fingerprint, output_folder, refuse_output_inside_inputs
from trainer.checkpoint import Checkpoints, load_checkpoint
from trainer.counting import CountOptions
from trainer.merge_kernel import State
from trainer.mix import Mix
from trainer.train_inputs import TrainInputs, gather_words, sample_texts
from trainer.train_outputs import import_libraries, write_outputs
from trainer.training import TrainingOptions, first_state, run_training
from trainer.training_result import TrainingResult

_CHECKPOINT, _PARTS = ".checkpoint.npz", ".counting"


@dataclass(frozen=True, slots=True)
class TrainJob:
    """One call of `winnow train`. `sizes` ascend; `options.vocab_size` is the largest of them."""

    inputs: TrainInputs
    sizes: tuple[int, ...]
    options: TrainingOptions
    bans: BanList
    count_options: CountOptions
    mix: Mix | None = None
    drop_singletons: bool = False
    checkpoint_seconds: float = 60.0

    @property
    def configuration(self) -> dict[str, Any]:
        """The options that change the result."""
        options, mix = self.options, self.mix
        return {
            "pattern": self.inputs.pattern,
            "vocab_sizes": list(self.sizes),
            "special_tokens": list(options.special_tokens),
            "min_frequency": options.min_frequency,
            "max_token_length": options.max_token_length,
            "allow_fewer": options.allow_fewer,
            "mix": None if mix is None else {"shares": mix.shares, "temperature": mix.temperature},
            "drop_singletons": self.drop_singletons,
            "language_field": self.count_options.language_field if mix else None,
        }


@dataclass(frozen=True, slots=True)
class Watch:
    """What is told while a job runs: bytes of text read, and the number of ids there are."""

    on_bytes: Callable[[int], None] = lambda size: None
    on_size: Callable[[int], None] = lambda size: None


@dataclass(slots=True)
class Record:
    """What goes into the manifest beside the files: what was seen, and how long each part took."""

    counts: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Add the time that the block takes to `seconds[name]`."""
        started = time.perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - started

    def note(self) -> str:
        """The record as text, for a checkpoint."""
        return msgspec.json.encode([self.counts, self.seconds]).decode()

    def recall(self, note: str) -> None:
        """Take over what a killed run had recorded."""
        self.counts, self.seconds = msgspec.json.decode(note, type=tuple[dict[str, int], dict[str, float]])


def train_tokenizers(
    job: TrainJob, out: Path, *, force: bool = False, watch: Watch | None = None
) -> TrainingResult:
    """Train, write every size's files and its manifest; one size goes to `out`, more to `out/SIZE`.

    Raises WrongCall and WinnowError as `run_training` and `output_folder` do; nothing unverified and
    nothing partial is left then, apart from what lets the same call go on after it was killed.
    """
    refuse_output_inside_inputs(out, job.inputs.paths)
    packs = [(pack.id, pack.sha256) for pack in job.bans.packs]
    call = fingerprint("train", job.configuration, [job.inputs.identity, packs])
    record = Record()
    with output_folder(out, call, force=force) as folder, ThreadPoolExecutor(1) as background:
        try:
            state = _first_state(job, folder, record, watch or Watch())
            # Merging keeps one core busy; what else has to be done is done beside it.
            background.submit(import_libraries)
            hashes = background.submit(job.inputs.hashes)
            result = _learn(job, folder, state, record, watch or Watch())
            written = _write_sizes(job, folder, result, record)
        except WinnowError:
            _forget(folder)
            raise
        _write_manifests(job, folder, result, written, hashes.result(), record)
        _forget(folder)
    return result


def _first_state(job: TrainJob, folder: OutputFolder, record: Record, watch: Watch) -> State:
    """Where a killed run had come to, or the state before the first merge."""
    kept = load_checkpoint(folder.path / _CHECKPOINT, folder.fingerprint)
    if kept is None:
        return _prepare(job, folder, record, watch)
    state, note = kept
    record.recall(note)
    return state


def _learn(job: TrainJob, folder: OutputFolder, state: State, record: Record, watch: Watch) -> TrainingResult:
    path = folder.path / _CHECKPOINT
    checkpoints = Checkpoints(path, folder.fingerprint, job.checkpoint_seconds, record.note())
    with record.timed("merge"):
        return run_training(
            state, job.inputs.pattern, job.options, job.bans if job.bans.entries else None,
            checkpoints=checkpoints, on_size=watch.on_size,
        )  # fmt: skip


def _prepare(job: TrainJob, folder: OutputFolder, record: Record, watch: Watch) -> State:
    """Read and count; the words are let go as soon as they are laid out."""
    started = time.perf_counter()
    gathered = gather_words(
        job.inputs, job.mix, job.count_options, folder.path / _PARTS, folder.fingerprint,
        drop_singletons=job.drop_singletons, on_bytes=watch.on_bytes,
    )  # fmt: skip
    spent = time.perf_counter() - started
    read = spent if job.inputs.counts_files else gathered.read_seconds
    record.seconds.update(read=read, count=spent - read)
    record.counts.update(
        documents=gathered.documents,
        bytes=gathered.bytes,
        skipped=gathered.skipped,
        words=gathered.words.size,
    )
    with record.timed("merge"):
        return first_state(gathered.words, job.options)


def _write_sizes(
    job: TrainJob, folder: OutputFolder, result: TrainingResult, record: Record
) -> dict[Path, list[FileHash]]:
    with record.timed("export"):
        texts = sample_texts(job.inputs)
        return {
            place: write_outputs(place, result.first(size), texts)
            for size, place in _places(job.sizes, folder.path).items()
        }


def _places(sizes: tuple[int, ...], out: Path) -> Mapping[int, Path]:
    return {sizes[0]: out} if len(sizes) == 1 else {size: out / str(size) for size in sizes}


def _write_manifests(
    job: TrainJob,
    folder: OutputFolder,
    result: TrainingResult,
    written: Mapping[Path, list[FileHash]],
    hashes: list[FileHash],
    record: Record,
) -> None:
    """One manifest for each size; with several sizes, one more for the folder, last of all."""
    places = _places(job.sizes, folder.path)
    common = Manifest(
        command="train", command_line=sys.argv, configuration=job.configuration, inputs=hashes,
        counts=record.counts, seconds=record.seconds, call=folder.fingerprint,
    )  # fmt: skip
    for size, place in places.items():
        extra = _facts(job, result.first(size))
        write_manifest(place / MANIFEST_NAME, replace(common, outputs=written[place], extra=extra))
    if len(places) > 1:
        extra = {**_facts(job, result), "vocab_sizes": [result.first(size).size for size in job.sizes]}
        write_manifest(folder.path / MANIFEST_NAME, replace(common, extra=extra))


def _facts(job: TrainJob, result: TrainingResult) -> dict[str, Any]:
    return {
        "vocab_size": result.size,
        "refused_merges": result.refused_merges,
        "exact": not job.drop_singletons,
        "ban_lists": list(job.bans.packs),
    }


def _forget(folder: OutputFolder) -> None:
    """Remove what a resumed run would have needed, and nothing else."""
    (folder.path / _CHECKPOINT).unlink(missing_ok=True)
    shutil.rmtree(folder.path / _PARTS, ignore_errors=True)
