"""The work of `winnow train`: inputs in, a folder with one tokenizer for every vocabulary size out."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec

from banlists.banlist import BanList
from corpora.background import in_background
from corpora.errors import WinnowError
from corpora.manifest import MANIFEST_NAME, FileHash, Manifest, hash_file, write_manifest
from corpora.outputs import OutputFolder, fingerprint, output_folder, refuse_output_inside_inputs
from trainer.ban_extension import EXTENSION, LOG, write_extension
from trainer.ban_rounds import BanRounds, PhraseScanner
from trainer.checkpoint import Checkpoints, load_checkpoint
from trainer.counting import CountOptions
from trainer.merge_kernel import State
from trainer.mix import Mix
from trainer.round_job import RoundsResult, read_rounds, run_rounds
from trainer.train_inputs import TrainInputs, gather_words, sample_texts
from trainer.train_outputs import import_libraries, write_outputs
from trainer.training import TrainingOptions, first_state, run_training
from trainer.training_result import TrainingResult
from trainer.words import Words

_CHECKPOINT, _PARTS, _ROUNDS = ".checkpoint.npz", ".counting", ".ban_rounds.json"


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
    rounds: BanRounds | None = None

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
            "ban_rounds": self.rounds,
        }


@dataclass(frozen=True, slots=True)
class Watch:
    """What is told while a job runs: bytes of text read, the number of ids there are, and what each
    ban round added (its number, how many tokens)."""

    on_bytes: Callable[[int], None] = lambda size: None
    on_size: Callable[[int], None] = lambda size: None
    on_round: Callable[[int, int], None] = lambda number, added: None


@dataclass(frozen=True, slots=True)
class Learned:
    """What a job learned; `rounds` says what ban rounds did, when there were any."""

    result: TrainingResult
    rounds: RoundsResult | None = None


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
    with output_folder(out, call, force=force) as folder:
        try:
            learn = _prepare(job, folder, record, watch or Watch())
            # Merging keeps one core busy; what else has to be done is done beside it.
            hashes = in_background(_import_and_hash, job.inputs)
            learned = learn()
            written = _write_sizes(job, folder, learned, record)
        except WinnowError:
            _forget(folder)
            raise
        _write_manifests(job, folder, learned, written, hashes.result(), record)
        _forget(folder)
    return learned.result


def _import_and_hash(inputs: TrainInputs) -> list[FileHash]:
    import_libraries()
    return inputs.hashes()


def _prepare(job: TrainJob, folder: OutputFolder, record: Record, watch: Watch) -> Callable[[], Learned]:
    """Read and count; what is returned does the rest: the merging."""
    if job.rounds is not None:
        words = _gather(job, folder, record, watch)
        return lambda: _learn_in_rounds(job, folder, words, record, watch)
    state = _first_state(job, folder, record, watch)
    return lambda: Learned(_merge(job, folder, folder.fingerprint, job.bans, state, record, watch))


def _learn_in_rounds(
    job: TrainJob, folder: OutputFolder, words: Words, record: Record, watch: Watch
) -> Learned:
    if job.rounds is None:
        raise ValueError("the job has no ban rounds")
    with record.timed("scan"):
        scanner = PhraseScanner(words, job.bans, job.rounds)

    def train(bans: BanList, number: int) -> TrainingResult:
        call = f"{folder.fingerprint}/{number}"
        kept = load_checkpoint(folder.path / _CHECKPOINT, call)
        state = first_state(words, job.options) if kept is None else kept[0]
        return _merge(job, folder, call, bans, state, record, watch)

    progress = folder.path / _ROUNDS
    done = read_rounds(progress, folder.fingerprint)
    outcome = run_rounds(job.bans, job.rounds, scanner, train, done, progress, watch.on_round)
    return Learned(outcome.result, outcome)


def _first_state(job: TrainJob, folder: OutputFolder, record: Record, watch: Watch) -> State:
    """Where a killed run had come to, or the state before the first merge."""
    kept = load_checkpoint(folder.path / _CHECKPOINT, folder.fingerprint)
    if kept is None:
        words = _gather(job, folder, record, watch)
        with record.timed("merge"):
            return first_state(words, job.options)
    state, note = kept
    record.recall(note)
    return state


def _merge(
    job: TrainJob, folder: OutputFolder, call: str, bans: BanList, state: State, record: Record, watch: Watch
) -> TrainingResult:
    """Merge to the end; `call` tells this training's checkpoints from others'."""
    checkpoints = Checkpoints(folder.path / _CHECKPOINT, call, job.checkpoint_seconds, record.note())
    with record.timed("merge"):
        return run_training(
            state, job.inputs.pattern, job.options, bans if bans.entries else None,
            checkpoints=checkpoints, on_size=watch.on_size,
        )  # fmt: skip


def _gather(job: TrainJob, folder: OutputFolder, record: Record, watch: Watch) -> Words:
    """The distinct words of the inputs; what was seen goes into the record."""
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
    return gathered.words


def _write_sizes(
    job: TrainJob, folder: OutputFolder, learned: Learned, record: Record
) -> dict[Path, list[FileHash]]:
    written: dict[Path, list[FileHash]] = {}
    with record.timed("export"):
        texts = sample_texts(job.inputs)
        for size, place in _places(job.sizes, folder.path).items():
            written[place] = write_outputs(place, learned.result.first(size), texts)
            if learned.rounds is not None:
                write_extension(place, learned.rounds.extension, learned.rounds.additions)
                written[place] += [hash_file(place / name, shown_as=name) for name in (EXTENSION, LOG)]
    return written


def _places(sizes: tuple[int, ...], out: Path) -> Mapping[int, Path]:
    return {sizes[0]: out} if len(sizes) == 1 else {size: out / str(size) for size in sizes}


def _write_manifests(
    job: TrainJob,
    folder: OutputFolder,
    learned: Learned,
    written: Mapping[Path, list[FileHash]],
    hashes: list[FileHash],
    record: Record,
) -> None:
    """One manifest for each size; with several sizes, one more for the folder, last of all."""
    places, result = _places(job.sizes, folder.path), learned.result
    common = Manifest(
        command="train", command_line=sys.argv, configuration=job.configuration, inputs=hashes,
        counts=record.counts, seconds=record.seconds, call=folder.fingerprint,
    )  # fmt: skip
    for size, place in places.items():
        extra = _facts(job, learned, result.first(size))
        write_manifest(place / MANIFEST_NAME, replace(common, outputs=written[place], extra=extra))
    if len(places) > 1:
        extra = {
            **_facts(job, learned, result),
            "vocab_sizes": [result.first(size).size for size in job.sizes],
        }
        write_manifest(folder.path / MANIFEST_NAME, replace(common, extra=extra))


def _facts(job: TrainJob, learned: Learned, result: TrainingResult) -> dict[str, Any]:
    return {
        "vocab_size": result.size,
        "refused_merges": result.refused_merges,
        "exact": not job.drop_singletons,
        "ban_lists": list(job.bans.packs),
        "ban_rounds": None if learned.rounds is None else _rounds_record(learned.rounds),
    }


def _rounds_record(rounds: RoundsResult) -> dict[str, Any]:
    """`closed` says that the last training learned nothing more to ban."""
    return {
        "run": rounds.rounds,
        "added": len(rounds.additions),
        "left": rounds.left,
        "closed": rounds.left == 0,
        "extension": EXTENSION,
        "log": LOG,
    }


def _forget(folder: OutputFolder) -> None:
    """Remove what a resumed run would have needed, and nothing else."""
    for name in (_CHECKPOINT, _ROUNDS):
        (folder.path / name).unlink(missing_ok=True)
    shutil.rmtree(folder.path / _PARTS, ignore_errors=True)
