"""What a training learned: tokens, vocabulary, and the log of merges taken and refused."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from trainer import merge_kernel as kernel
from trainer.judge import Judge, Reason
from trainer.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class MergeEvent:
    """A merge taken, or refused when `refused` is set.

    `token_id` is the token's id, or the id that a refused one would have had; `count` is how often
    the pair stood side by side at that moment.
    """

    left: bytes
    right: bytes
    token_id: int
    count: int
    refused: Reason | None = None


@dataclass(frozen=True)
class TrainingResult:
    """What a training learned.

    `tokens` maps id to bytes: special tokens, the 256 bytes, then merges. `log` has one row for each
    event, int64: left id, right id, token id, count, refused (0 or 1).
    """

    pattern: str
    special_tokens: tuple[str, ...]
    tokens: tuple[bytes, ...]
    log: npt.NDArray[np.int64]
    judge: Judge | None = None

    @property
    def size(self) -> int:
        """How many ids there are, special tokens included."""
        return len(self.tokens)

    @property
    def refused_merges(self) -> int:
        """How many merges were refused."""
        return int(self.log[:, kernel.REFUSED].sum())

    @cached_property
    def events(self) -> tuple[MergeEvent, ...]:
        """The log with tokens as bytes, and with the reason of every refusal."""
        return tuple(self.event(*row) for row in self.log.tolist())

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The vocabulary with its merges; `name` is `trained`."""
        specials = len(self.special_tokens)
        taken = self.log[self.log[:, kernel.REFUSED] == 0][:, : kernel.TOKEN + 1]
        return Vocabulary(
            name="trained",
            tokens=dict(enumerate(self.tokens[specials:], start=specials)),
            special_tokens={text: place for place, text in enumerate(self.special_tokens)},
            pattern=self.pattern,
            merges=tuple(map(tuple, taken.tolist())),
        )

    def first(self, size: int) -> TrainingResult:
        """What a training for `size` ids would have given: vocabularies of one corpus are prefixes."""
        rows = self.log[:, kernel.TOKEN] < size
        return TrainingResult(
            self.pattern, self.special_tokens, self.tokens[:size], self.log[rows], self.judge
        )

    def event(self, left: int, right: int, token_id: int, count: int, refused: int) -> MergeEvent:
        """A row of the log with tokens as bytes, and with the reason of a refusal."""
        sides = self.tokens[left], self.tokens[right]
        reason = self.judge(*sides) if refused and self.judge else None
        return MergeEvent(*sides, token_id, count, reason)
