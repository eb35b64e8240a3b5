"""A training's state on disk, so that a killed run goes on where it stopped and ends the same."""

from __future__ import annotations

import tokenize
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from corpora.errors import WinnowError
from corpora.files import atomic_path
from trainer import merge_kernel as kernel
from trainer.merge_kernel import State

_CALL, _NOTE = "call", "note"
# What NumPy and zipfile raise for damaged files; NotImplementedError for a compression they do not know,
# MemoryError for a shape that the file cannot hold.
_BROKEN = (
    OSError, KeyError, ValueError, TypeError, EOFError, SyntaxError, MemoryError, OverflowError,
    NotImplementedError, RuntimeError, zipfile.BadZipFile, zlib.error, tokenize.TokenError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """Where a training keeps its state, for which call, and after how many seconds it is kept again.

    `note` is any text that whoever resumes the training wants back.
    """

    path: Path
    call: str
    seconds: float = 60.0
    note: str = ""


def save_checkpoint(checkpoints: Checkpoints, state: State) -> None:
    """Write the used part of every array, atomically."""
    pairs, events = int(state.numbers[kernel.PAIRS]), int(state.numbers[kernel.EVENTS])
    pool, heap = int(state.numbers[kernel.POOL_USED]), int(state.numbers[kernel.HEAP_SIZE])
    used = {"sides": pairs, "pairs": pairs, "verdicts": pairs, "pool": pool, "heap": heap, "events": events}
    arrays: dict[str, Any] = {name: array[: used.get(name)] for name, array in state._asdict().items()}
    arrays |= {_CALL: np.array(checkpoints.call), _NOTE: np.array(checkpoints.note)}
    with atomic_path(checkpoints.path) as temporary, temporary.open("wb") as file:
        np.savez(file, **arrays)


def load_checkpoint(path: Path, call: str) -> tuple[State, str] | None:
    """The state saved for the same call, with its note; None when there is none.

    Raises WinnowError when the file cannot be read.
    """
    if not path.exists():
        return None
    try:
        with np.load(path, allow_pickle=False) as stored:
            if str(stored[_CALL]) != call:
                return None
            arrays, note = {name: stored[name] for name in State._fields}, str(stored[_NOTE])
            rows = len(arrays["sides"])  # the heap has a row for every pair
            heap = np.empty((rows, 3), dtype=np.int64)
            heap[: len(arrays["heap"])] = arrays["heap"]
    except _BROKEN as error:
        raise WinnowError(f"not a checkpoint: {error}", where=path, hint="--force starts over") from error
    return State(**{**arrays, "heap": heap}), note
