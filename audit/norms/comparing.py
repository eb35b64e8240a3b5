"""Read a series of checkpoints for their comparison: labels, steps, norms, untrained rows and bodies."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal

from audit.norms.calls import HOT_Z
from audit.norms.comparison import Comparison, Moment, compare_moments
from audit.norms.labels import Labels, label_rows
from audit.norms.scan import Bar, body_of, no_bar, separate
from corpora.errors import WrongCall
from trainer.token_matrices import find_embeddings
from trainer.vocabulary import Vocabulary
from trainer.weights import StoredTensor, open_checkpoint

Matrix = Literal["input", "output"]
_STEP = re.compile(r"(\d+)(?!.*\d)")  # the last number of a name: step1000, checkpoint-500, 0003000


@dataclass(frozen=True, slots=True)
class CompareOptions:
    """Which matrix, its tensor's name when the rule does not find it, how hot is hot, k, ids to follow."""

    matrix: Matrix = "input"
    tensor: str | None = None
    hot_z: float = HOT_Z
    top: int = 50
    tokens: tuple[int, ...] = ()


def compare_checkpoints(
    paths: Sequence[Path], vocabulary: Vocabulary | None, options: CompareOptions, bar: Bar = no_bar
) -> Comparison:
    """Compare checkpoints, oldest first. Raises what opening, measuring and comparing them raise."""
    tensors = [_tensor(path, options) for path in paths]
    labels = label_rows(tensors[0].rows, vocabulary)
    names = [label_of(path) for path in paths]
    steps, unit = steps_of(names)
    moments = [
        _moment(tensor, label_rows(tensor.rows, vocabulary), name, step, bar)
        for tensor, name, step in zip(tensors, names, steps, strict=True)
    ]
    return compare_moments(
        moments, labels, matrix=options.matrix, unit=unit, hot_z=options.hot_z, top=options.top,
        tokens=options.tokens,
    )  # fmt: skip


def label_of(path: Path) -> str:
    """A checkpoint's name: its folder's, or its file's when that tells more than `model`."""
    if path.is_dir() or not path.name.startswith(("model.", "pytorch_model.", "consolidated.")):
        return path.resolve().name
    return path.resolve().parent.name


def steps_of(names: Sequence[str]) -> tuple[list[float], str]:
    """Training steps from the last number in each name when they increase, else 0, 1, 2 …; and their unit."""
    found = [_STEP.search(name) for name in names]
    if all(found):
        steps = [float(match[1]) for match in found if match]
        if all(before < after for before, after in pairwise(steps)):
            return steps, "steps"
    return [float(place) for place in range(len(names))], "checkpoints"


def matrix_file(path: Path, options: CompareOptions) -> Path:
    """The file that holds a checkpoint's chosen matrix."""
    return _tensor(path, options).file


def _tensor(path: Path, options: CompareOptions) -> StoredTensor:
    checkpoint = open_checkpoint(path)
    names = (options.tensor, None) if options.matrix == "input" else (None, options.tensor)
    embeddings = find_embeddings(checkpoint, *names)
    if options.matrix == "input":
        return embeddings.input
    if embeddings.output is None:
        raise WrongCall("has no output matrix", where=path, hint="--matrix input, or --tensor NAME")
    return embeddings.output


def _moment(tensor: StoredTensor, labels: Labels, name: str, step: float, bar: Bar) -> Moment:
    parts = separate(tensor, labels, bar)
    return Moment(name, step, parts.measures, frozenset(parts.untrained.tolist()), body_of(parts, labels))
