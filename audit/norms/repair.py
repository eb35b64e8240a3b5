"""Write a repaired checkpoint beside the old one, and turn a repaired one back, each verified bit for bit."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from audit.norms.patches import Patch, write_patched
from audit.norms.records import MatrixScan, NormScan
from audit.norms.replacement import RepairOptions, new_rows
from audit.norms.row_choice import chosen_rows
from corpora.errors import WinnowError, WrongCall
from corpora.files import atomic_path, sha256_file
from corpora.manifest import MANIFEST_NAME, FileHash, hash_file, read_manifest
from trainer.number_formats import Bytes, decode, encode
from trainer.weight_rows import read_raw_rows
from trainer.weights import Checkpoint, StoredTensor, find_tensor, open_checkpoint

REVERSE = "reverse/rows.safetensors"  # in a folder of its own, so that nobody takes it for weights
CHANGES = "changes.jsonl"
_IDS = "#ids"  # after a tensor's name: the ids of the kept rows


@dataclass(frozen=True, slots=True)
class RowChange:
    """One changed row: its norm before and after, as stored."""

    tensor: str
    id: int
    token: str
    norm_before: float
    norm_after: float


@dataclass(frozen=True, slots=True)
class Repair:
    """What is to change: one patch for each stored tensor, and the changes for people."""

    patches: tuple[Patch, ...]
    changes: tuple[RowChange, ...]


def plan_repair(
    scan: NormScan, choices: Sequence[str], options: RepairOptions, matrices: Sequence[str]
) -> Repair:
    """Work out new rows for the chosen matrices (`input`, `output`); a tied pair gets the same rows.

    Raises WrongCall when nothing would change or a new row cannot be made or stored.
    """
    patches: list[Patch] = []
    changes: list[RowChange] = []
    for matrix in _matrices(scan, matrices):
        patch = _patch(scan, matrix, chosen_rows(choices, matrix, scan.labels), options)
        patches.append(patch)
        changes += _changes(scan, matrix, patch)
    copy = scan.embeddings.output
    if scan.embeddings.tied and copy is not None and patches:
        patches.append(replace(patches[0], tensor=copy))
    if not changes:
        raise WrongCall("nothing would change", hint="no row was chosen, or all are as asked already")
    return Repair(tuple(patches), tuple(changes))


def write_repair(checkpoint: Checkpoint, repair: Repair, folder: Path) -> list[FileHash]:
    """Write the repaired checkpoint, `REVERSE` and `CHANGES` into `folder`; the files' hashes come back."""
    names = _copy(checkpoint, repair.patches, folder)
    _write_reverse(folder / REVERSE, repair.patches)
    with atomic_path(folder / CHANGES) as temporary:
        temporary.write_bytes(b"".join(msgspec.json.encode(each) + b"\n" for each in repair.changes))
    return [hash_file(folder / name, shown_as=name) for name in (*names, CHANGES, REVERSE)]


def reverse_repair(manifest_path: Path, folder: Path) -> list[FileHash]:
    """Write the checkpoint as it was before the repair that `manifest_path` tells of.

    Raises WinnowError when the repaired files are no longer those of the manifest, or when what comes out is
    not, byte for byte, what went in (by SHA-256).
    """
    manifest = read_manifest(manifest_path)
    if manifest.get("command") != "norms repair" or "weights" not in manifest:
        raise WrongCall("not the manifest of a repair", where=manifest_path)
    home = manifest_path.parent
    before = {each["path"]: each["sha256"] for each in manifest["inputs"]}
    after = {each["path"]: each["sha256"] for each in manifest["outputs"]}
    for name, expected in after.items():
        if not (home / name).is_file() or sha256_file(home / name) != expected:
            raise WinnowError("is missing or has changed since the repair", where=home / name)
    checkpoint = open_checkpoint(home / str(manifest["weights"]))
    names = _copy(checkpoint, _read_reverse(home / REVERSE, checkpoint), folder)
    for name in names:
        if name in before and sha256_file(folder / name) != before[name]:
            raise WinnowError("is not what it was before the repair", where=folder / name)
    return [hash_file(folder / name, shown_as=name) for name in names]


def _matrices(scan: NormScan, wanted: Sequence[str]) -> list[MatrixScan]:
    found = {"input": scan.input, **({"output": scan.output} if scan.output is not None else {})}
    return [found[name] for name in wanted if name in found]


def _patch(scan: NormScan, matrix: MatrixScan, ids: np.ndarray, options: RepairOptions) -> Patch:
    number_format = matrix.tensor.number_format
    kept_ids, kept = [ids[:0]], [np.empty((0, matrix.tensor.row_bytes), dtype=np.uint8)]
    for block, rows in new_rows(matrix, scan.labels, ids, options):
        flat = np.ascontiguousarray(rows, dtype=np.float32).reshape(-1)
        raw = encode(flat, number_format)
        if not np.isfinite(decode(raw, number_format)).all():
            raise WrongCall(f"a new row does not fit into {number_format}", where=matrix.tensor.name)
        kept_ids.append(block)
        kept.append(raw.reshape(block.size, matrix.tensor.row_bytes))
    return Patch(matrix.tensor, np.concatenate(kept_ids), np.concatenate(kept))


def _changes(scan: NormScan, matrix: MatrixScan, patch: Patch) -> list[RowChange]:
    return [
        RowChange(
            tensor=patch.tensor.name,
            id=id_,
            token=scan.labels.shown(id_) if id_ < scan.labels.rows else "",
            norm_before=float(matrix.measures.norms[id_]),
            norm_after=float(np.linalg.norm(decode(row, patch.tensor.number_format).astype(np.float64))),
        )
        for id_, row in zip(patch.ids.tolist(), patch.rows, strict=True)
    ]


def _copy(checkpoint: Checkpoint, patches: Sequence[Patch], folder: Path) -> list[str]:
    """Copy the checkpoint's files, shards with patches patched; their names, sorted."""
    names = []
    for source in source_files(checkpoint):
        own = [patch for patch in patches if patch.tensor.file == source]
        if own:
            write_patched(source, folder / source.name, own)
        else:
            with atomic_path(folder / source.name) as temporary:
                shutil.copyfile(source, temporary)
        names.append(source.name)
    return sorted(names)


def source_files(checkpoint: Checkpoint) -> list[Path]:
    """The files that make the checkpoint: of a folder all its files, else the weights and their index.

    Sub-folders, hidden files, and what an earlier repair added are left out.
    """
    if checkpoint.path.is_dir():
        ours = {MANIFEST_NAME, CHANGES}
        found = sorted(path for path in checkpoint.folder.iterdir() if path.is_file())
        return [path for path in found if path.name not in ours and not path.name.startswith(".")]
    return [*checkpoint.shards, *([checkpoint.index] if checkpoint.index is not None else [])]


def _write_reverse(path: Path, patches: Sequence[Patch]) -> None:
    """Keep the rows as they were, as raw bytes, with the library's own writer."""
    tensors: dict[str, Bytes | np.ndarray] = {}
    for patch in patches:
        tensors[patch.tensor.name] = read_raw_rows(patch.tensor, patch.ids)
        tensors[patch.tensor.name + _IDS] = patch.ids
    with atomic_path(path) as temporary:
        save_file(tensors, temporary)


def _read_reverse(path: Path, checkpoint: Checkpoint) -> list[Patch]:
    try:
        kept: Mapping[str, np.ndarray] = load_file(path)
    except (OSError, SafetensorError) as error:
        raise WinnowError(f"the rows before the repair cannot be read: {error}", where=path) from error
    names = [name for name in sorted(kept) if not name.endswith(_IDS)]
    return [_kept_patch(find_tensor(checkpoint, name), kept[name + _IDS], kept[name]) for name in names]


def _kept_patch(tensor: StoredTensor, ids: np.ndarray, rows: np.ndarray) -> Patch:
    return Patch(tensor, ids.astype(np.int64), rows.astype(np.uint8))
