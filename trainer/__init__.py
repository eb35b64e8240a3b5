"""Pre-tokenization, counts, merges under ban lists, the vocabulary and its export formats."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trainer.training import train
    from trainer.training_result import TrainingResult

__all__ = ["TrainingResult", "train"]


def __getattr__(name: str) -> Any:
    """Import `train` when it is first asked for: it brings numba, which is slow to load."""
    if name not in __all__:
        raise AttributeError(f"module 'trainer' has no attribute {name!r}")
    from trainer import training, training_result

    return getattr(training if name == "train" else training_result, name)
