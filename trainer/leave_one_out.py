"""Which tokens a vocabulary would not have without one source: trained again without it, and compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from corpora.errors import unknown_name
from trainer import place_kernel as kernel
from trainer.arrays import frozen
from trainer.judge import Bans
from trainer.source_counts import MOSTLY, SourceCounts
from trainer.training import TrainingOptions, first_state, run_training
from trainer.training_result import TrainingResult
from trainer.words import Words


@dataclass(frozen=True, slots=True)
class LostToken:
    """A token that the corpus gives with a source and not without it; `count` is the merge's with it.

    `share` is the source's part of all the places, inside pretokens, where the token's bytes stand. When
    it is small the source did not bring the token: other merges came first without it, or others took
    the last ids.
    """

    token_id: int
    token: bytes
    count: int
    share: float


@dataclass(frozen=True, slots=True)
class SourceEffect:
    """What one source does to a vocabulary: tokens in order of their ids.

    `pretokens` is its size, `own_pretokens` how many of them are mostly its own.
    """

    source: str
    pretokens: int
    own_pretokens: int
    lost: tuple[LostToken, ...]

    @property
    def brought(self) -> tuple[LostToken, ...]:
        """The lost tokens that stand mostly in the source."""
        return tuple(token for token in self.lost if token.share > MOSTLY)


def choose_sources(counts: SourceCounts, named: Sequence[str], most: int) -> list[str]:
    """The sources named, or else the `most` with the most pretokens that are mostly their own.

    Only those can bring tokens; every one costs a training. Raises WrongCall for an unknown name.
    """
    for name in named:
        if name not in counts.sources:
            raise unknown_name("source", name, counts.sources)
    if named:
        return list(dict.fromkeys(named))
    own = counts.own_pretokens_of().tolist()
    ranked = sorted(range(len(own)), key=lambda place: (-own[place], place))
    return [counts.sources[place] for place in ranked[:most] if own[place]]


def effects(
    counts: SourceCounts, sources: Sequence[str], options: TrainingOptions, bans: Bans | None
) -> Iterator[SourceEffect]:
    """Train on everything, then once without each source; yield what each brings.

    Raises WrongCall and WinnowError as `trainer.training.train` does.
    """
    options.check(bans)
    whole = _train(counts, counts.words, options, bans)
    pretokens, own = counts.pretokens_of(), counts.own_pretokens_of()
    for source in sources:
        number = counts.sources.index(source)
        rest = _train(counts, counts.without(source), options, bans)
        lost = _lost(whole, rest, counts.words, counts.of_source(source))
        yield SourceEffect(source, int(pretokens[number]), int(own[number]), lost)


def shares(words: Words, own: npt.NDArray[np.int64], tokens: Sequence[bytes]) -> npt.NDArray[np.float64]:
    """The part of a source, whose counts by word are `own`, in all places inside words where the bytes of
    each token stand, shape (tokens,). The tokens differ.
    """
    offsets = np.concatenate(([0], np.cumsum([len(token) for token in tokens]))).astype(np.int64)
    data = np.frombuffer(b"".join(tokens), dtype=np.uint8)
    hashes = np.empty(len(tokens), dtype=np.int64)
    slots = np.full(1 << (2 * len(tokens) + 1).bit_length(), kernel.NONE, dtype=np.int64)
    kernel.enter_tokens(frozen(data), frozen(offsets), hashes, slots)
    found = np.zeros((2, len(tokens)), dtype=np.int64)
    longest = int(np.diff(offsets).max(initial=0))
    for counts, places in ((own, found[0]), (words.counts, found[1])):
        kernel.count_places(
            frozen(words.keys), frozen(words.starts), frozen(words.stops), frozen(counts), longest,
            frozen(data), frozen(offsets), hashes, slots, places,
        )  # fmt: skip
    part: npt.NDArray[np.float64] = found[0] / np.maximum(1, found[1])
    return part


def _train(counts: SourceCounts, words: Words, options: TrainingOptions, bans: Bans | None) -> TrainingResult:
    return run_training(first_state(words, options), counts.pattern, options, bans)


def _lost(
    whole: TrainingResult, rest: TrainingResult, words: Words, own: npt.NDArray[np.int64]
) -> tuple[LostToken, ...]:
    kept = set(rest.tokens)
    taken = [event for event in whole.events if event.refused is None]
    events = {token: event for event in taken if (token := event.left + event.right) not in kept}
    found = shares(words, own, list(events)).tolist()
    return tuple(
        LostToken(event.token_id, token, event.count, share)
        for (token, event), share in zip(events.items(), found, strict=True)
    )
