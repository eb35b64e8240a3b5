"""Carry a checkpoint's token rows to new ids, bit for bit, and copy everything else."""

from __future__ import annotations

import re
import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from corpora.errors import WinnowError, WrongCall
from corpora.files import atomic_path, write_bytes, write_json
from trainer.carried_config import CONFIGS, IdMap, carried_config
from trainer.carried_optimizer import carry_optimizer
from trainer.shard_files import Entry, Ids, read_header, write_with_rows
from trainer.token_matrices import SCALES, is_token_tensor, token_matrices
from trainer.weights import Checkpoint, open_checkpoint

# Files that describe the old vocabulary, or hold its rows in another format: a copy would contradict the new.
_OLD_TOKENIZER = {
    "tokenizer.json", "tokenizer.model", "tokenizer_config.json", "special_tokens_map.json", "vocab.json",
    "merges.txt", "added_tokens.json", "manifest.json",
}  # fmt: skip
_OTHER_WEIGHTS = re.compile(r"(optimizer.*|.*\.(bin|pt|pth|gguf|ckpt|h5|msgpack|onnx))$")


@dataclass(frozen=True, slots=True)
class CarryRequest:
    """A folder of weights to carry, and the optimiser's state, if any."""

    folder: Path
    optimizer: Path | None = None

    @property
    def configuration(self) -> dict[str, object]:
        """The options, for manifests."""
        return {
            "weights": str(self.folder),
            "optimizer": None if self.optimizer is None else str(self.optimizer),
        }


@dataclass(frozen=True, slots=True)
class CarryPlan:
    """What will be carried: for each tensor the old row of every new one, and what the files are.

    `notes` say what a reader has to know: what was left out, what was left as it was.
    """

    request: CarryRequest
    checkpoint: Checkpoint
    shapes: Mapping[str, tuple[int, ...]]
    rows: Mapping[str, Ids]
    ids: IdMap
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Carried:
    """What was written: names of the files, and for each carried tensor its rows before and after."""

    files: tuple[str, ...]
    tensors: Mapping[str, tuple[int, int]]
    notes: tuple[str, ...]

    @property
    def lines(self) -> list[str]:
        """What to tell people."""
        rows = [f"{name}: {old:,} rows before, {new:,} after" for name, (old, new) in self.tensors.items()]
        return [*rows, *(f"note: {note}" for note in self.notes)]


def carry_request(folder: Path | None, optimizer: Path | None) -> CarryRequest | None:
    """The request that two options make. Raises WrongCall for a state without its weights."""
    if folder is None and optimizer is not None:
        raise WrongCall("an optimiser's state goes with its weights", hint="--weights FOLDER")
    return None if folder is None else CarryRequest(folder, optimizer)


def plan_carry(request: CarryRequest, id_remap: Mapping[int, int], vocabulary_rows: int) -> CarryPlan:
    """Decide what to carry; `id_remap` maps each surviving id to its new one, 0, 1, 2, … each once.

    Rows beyond `vocabulary_rows`, the old vocabulary's, are padding: all of them follow the last new id.

    Raises WrongCall when the folder has no token matrices that fit the vocabulary, WinnowError when a file
    is broken or rows are scaled in blocks, so that one row cannot be moved alone.
    """
    if not request.folder.is_dir():
        raise WrongCall(
            "is not a folder", where=request.folder, hint="--weights FOLDER, as transformers has it"
        )
    checkpoint = open_checkpoint(request.folder)
    matrices = token_matrices(checkpoint)
    entries = {name: entry for file in checkpoint.shards for name, entry in read_header(file).entries.items()}
    counts = {entries[name].shape[0] for name in matrices}
    for name in matrices:
        _require_rows(checkpoint, name, entries[name].shape[0], vocabulary_rows)
    carried = _carried_names(entries, matrices, counts)
    _refuse_block_scales(checkpoint, entries, carried)
    rows = {name: old_rows(id_remap, vocabulary_rows, entries[name].shape[0]) for name in carried}
    ids = IdMap(id_remap, vocabulary_rows, max(counts))
    shapes = {name: entries[name].shape for name in carried}
    return CarryPlan(request, checkpoint, shapes, rows, ids, _notes(entries, carried, counts))


def old_rows(id_remap: Mapping[int, int], vocabulary_rows: int, matrix_rows: int) -> Ids:
    """The old row of every new row, shape (new rows,): survivors by their new ids, then all padding rows.

    Raises WinnowError when the new ids are not 0, 1, 2, … each once.
    """
    kept = np.full(len(id_remap), -1, dtype=np.int64)
    for old, new in id_remap.items():
        if not 0 <= new < kept.size or kept[new] >= 0 or not 0 <= old < vocabulary_rows:
            raise WinnowError(f"the id map is broken at {old} → {new}")
        kept[new] = old
    return np.concatenate([kept, np.arange(vocabulary_rows, matrix_rows, dtype=np.int64)])


def carry(plan: CarryPlan, target: Path, taken: Collection[str]) -> Carried:
    """Write the carried checkpoint into `target`; files named in `taken` are the new vocabulary's own.

    Raises WinnowError when a written file is not, byte for byte, what was asked.
    """
    notes = list(plan.notes)
    written = [_carry_shard(plan, file, target) for file in plan.checkpoint.shards]
    if plan.checkpoint.index is not None:
        written.append(_carry_index(plan, target))
    for path in _other_files(plan):
        if path.name in CONFIGS:
            data, said = carried_config(path, plan.ids)
            write_bytes(target / path.name, data)
            notes += said
        elif path.name in taken or path.name in _OLD_TOKENIZER:
            continue
        elif _OTHER_WEIGHTS.match(path.name):
            notes.append(f"{path.name} is left out: it holds rows under the old ids")
            continue
        else:
            _copy(path, target / path.name)
        written.append(path.name)
    optimizer = plan.request.optimizer
    if optimizer is not None:
        written.append(carry_optimizer(optimizer, target / optimizer.name, plan.shapes, plan.rows))
    tensors = {name: (plan.shapes[name][0], rows.size) for name, rows in sorted(plan.rows.items())}
    return Carried(tuple(sorted(written)), tensors, tuple(notes))


def carry_inputs(plan: CarryPlan) -> list[Path]:
    """The files that the result depends on: weights, index, configuration, optimiser state."""
    configs = [path for path in _other_files(plan) if path.name in CONFIGS]
    extra = [path for path in (plan.checkpoint.index, plan.request.optimizer) if path is not None]
    return [*plan.checkpoint.shards, *configs, *extra]


def _require_rows(checkpoint: Checkpoint, name: str, rows: int, vocabulary_rows: int) -> None:
    if rows < vocabulary_rows:
        raise WrongCall(
            f"{name!r} has {rows:,} rows, the vocabulary needs {vocabulary_rows:,}",
            where=checkpoint.path,
            hint="weights of another vocabulary, or name the tensor",
        )


def _carried_names(entries: Mapping[str, Entry], matrices: Collection[str], counts: set[int]) -> list[str]:
    """The token matrices, their copies in other places (draft heads), their biases and row scales."""
    copies = {name for name, entry in entries.items() if is_token_tensor(name) and entry.shape[:1] in
              {(count,) for count in counts}}  # fmt: skip
    chosen = {*matrices, *copies}
    beside = {other for name in chosen for other in _beside(name) if other in entries}
    return sorted(chosen | {name for name in beside if entries[name].shape[:1] in {(c,) for c in counts}})


def _beside(name: str) -> list[str]:
    return [name.removesuffix("weight") + "bias", *(name + ending for ending in SCALES)]


def _refuse_block_scales(checkpoint: Checkpoint, entries: Mapping[str, Entry], carried: list[str]) -> None:
    for name in carried:
        for scale in (name + ending for ending in SCALES):
            if scale in entries and scale not in carried and np.prod(entries[scale].shape) > 1:
                raise WinnowError(
                    f"{scale!r} scales blocks of rows of {name!r}, so that a row cannot be moved alone",
                    where=checkpoint.path,
                    hint="convert the matrix to 16 bits first",
                )


def _notes(entries: Mapping[str, Entry], carried: list[str], counts: set[int]) -> tuple[str, ...]:
    alike = [name for name in sorted(entries) if name not in carried and counts & set(entries[name].shape)]
    return tuple(f"{name} also has a dimension of the vocabulary's size; copied as it is" for name in alike)


def _carry_shard(plan: CarryPlan, source: Path, target: Path) -> str:
    own = {name: rows for name, rows in plan.rows.items() if plan.checkpoint.files[name] == source}
    if own:
        write_with_rows(source, target / source.name, own)
    else:
        _copy(source, target / source.name)
    return source.name


def _carry_index(plan: CarryPlan, target: Path) -> str:
    """The index, its total size brought up to date."""
    index = plan.checkpoint.index
    if index is None:
        raise WinnowError("there is no index", where=plan.checkpoint.path)
    record = msgspec.json.decode(index.read_bytes(), type=dict[str, object])
    metadata = record.get("metadata")
    if isinstance(metadata, dict) and "total_size" in metadata:
        headers = [read_header(target / file.name) for file in plan.checkpoint.shards]
        metadata["total_size"] = sum(entry.size for header in headers for entry in header.entries.values())
    write_json(target / index.name, record)
    return index.name


def _other_files(plan: CarryPlan) -> list[Path]:
    checkpoint = plan.checkpoint
    known = {*checkpoint.shards, checkpoint.index, plan.request.optimizer}
    files = sorted(path for path in checkpoint.folder.iterdir() if path.is_file())
    return [path for path in files if path not in known and not path.name.startswith(".")]


def _copy(source: Path, target: Path) -> None:
    with atomic_path(target) as temporary:
        shutil.copyfile(source, temporary)
