"""A training's state on disk, so that a killed run goes on where it stopped and ends the same."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from corpora.errors import WinnowError
from corpora.files import atomic_path
from trainer import merge_kernel as kernel
from trainer.merge_kernel import State

_CALL = "call"


def save_checkpoint(path: Path, call: str, state: State) -> None:
    """Write the used part of every array, atomically; `call` tells whose checkpoint it is."""
    pairs, events = int(state.numbers[kernel.PAIRS]), int(state.numbers[kernel.EVENTS])
    used = {name: pairs for name in ("sides", "pairs", "verdicts")}
    used |= {"pool": int(state.numbers[kernel.POOL_USED]), "events": events}
    used |= {"heap": int(state.numbers[kernel.HEAP_SIZE])}
    arrays = {name: array[: used.get(name)] for name, array in state._asdict().items()}
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        np.savez(file, **arrays, **{_CALL: np.array(call)})


def load_checkpoint(path: Path, call: str) -> State | None:
    """The state saved for the same call, None when there is none.

    Raises WinnowError when the file cannot be read.
    """
    if not path.exists():
        return None
    try:
        with np.load(path, allow_pickle=False) as stored:
            if str(stored[_CALL]) != call:
                return None
            arrays = {name: stored[name] for name in State._fields}
    except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise WinnowError(f"not a checkpoint: {error}", where=path, hint="--force starts over") from error
    rows = len(arrays["sides"])  # the heap has a row for every pair
    heap = np.empty((rows, 3), dtype=np.int64)
    heap[: len(arrays["heap"])] = arrays["heap"]
    return State(**{**arrays, "heap": heap})
