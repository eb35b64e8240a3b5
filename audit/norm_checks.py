"""The audit's checks of a checkpoint: what `audit.norms` finds, or why it was not looked at."""

from __future__ import annotations

from pathlib import Path

from audit.norms.calls import check_weights, used_files
from audit.norms.findings import COPY, HOT, LUMP, NEAR, ZERO
from audit.results import CheckResult
from trainer.token_matrices import find_embeddings
from trainer.vocabulary import Vocabulary
from trainer.weights import open_checkpoint

NORM_CHECKS = (
    (LUMP, "No untrained row"),
    (ZERO, "No zero row"),
    (HOT, "No hot row"),
    (NEAR, "No row like the unused ones"),
    (COPY, "No two rows alike"),
)


def check_norms(weights: Path | None, vocabulary: Vocabulary) -> tuple[CheckResult, ...]:
    """The checks on the token matrices of a checkpoint; skipped ones without a checkpoint.

    Raises WrongCall or WinnowError for weights that are missing, broken, or of another vocabulary.
    """
    if weights is None:
        return tuple(CheckResult(check, title, 0, (), "needs --weights") for check, title in NORM_CHECKS)
    return check_weights(weights, vocabulary)


def weight_files(weights: Path) -> list[Path]:
    """The files of a checkpoint that the checks read."""
    checkpoint = open_checkpoint(weights)
    return used_files(checkpoint, find_embeddings(checkpoint))
