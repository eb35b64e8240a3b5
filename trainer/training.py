"""Training as a library: counts in, vocabulary and event log out."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from corpora.errors import WinnowError, WrongCall
from trainer.byte_alphabet import mapped_byte_order
from trainer.checkpoint import Checkpoints, save_checkpoint
from trainer.counts import CountTable
from trainer.judge import Bans, check_special_tokens, make_judge
from trainer.merge import events_of, ids_in, merges, new_state
from trainer.merge_kernel import State
from trainer.mix import Mix, apply_mix, parse_mix
from trainer.training_result import TrainingResult
from trainer.words import Words, words_of

BYTES = 256
DEFAULT_MIN_FREQUENCY = 2
_LARGEST_SIZE = 1 << 24  # ids; the arrays that training keeps by id stay small


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """What to learn; see `train` for the meaning of each."""

    vocab_size: int
    special_tokens: tuple[str, ...] = ()
    min_frequency: int = DEFAULT_MIN_FREQUENCY
    max_token_length: int | None = None
    allow_fewer: bool = False

    def check(self, bans: Bans | None, smallest: int | None = None) -> None:
        """Raise WrongCall for options that cannot be; `smallest` is the smallest of several sizes."""
        least = BYTES + len(self.special_tokens)
        for size in (self.vocab_size if smallest is None else smallest, self.vocab_size):
            if not least <= size <= _LARGEST_SIZE:
                raise WrongCall(
                    f"a vocabulary of {size} cannot be",
                    hint=f"{least} (256 bytes and {least - BYTES} special tokens) to {_LARGEST_SIZE}",
                )
        if self.min_frequency < 0:
            raise WrongCall("--min-frequency is below 0")
        if self.max_token_length is not None and self.max_token_length < 1:
            raise WrongCall("--max-token-length is below 1")
        check_special_tokens(self.special_tokens, bans)


def train(
    counts: CountTable,
    *,
    vocab_size: int,
    bans: Bans | None = None,
    min_frequency: int = DEFAULT_MIN_FREQUENCY,
    max_token_length: int | None = None,
    special_tokens: Sequence[str] = (),
    mix: Mix | str | None = None,
    drop_singletons: bool = False,
    allow_fewer: bool = False,
) -> TrainingResult:
    """Learn a byte-level BPE vocabulary of `vocab_size` ids, special tokens and bytes included.

    The pair with the highest count is merged first; ties go to the smaller left id, then to the
    smaller right id. Ids are the special tokens in their order, the 256 bytes in the order of
    GPT-2's byte alphabet, then the merges. So without bans the merges and ids are those of Hugging
    Face's BpeTrainer. A merge that `bans` refuse is never taken; the next best takes its place.

    `min_frequency` is the least count of a pair; `max_token_length` the greatest length of a learned
    token in bytes; `mix` re-weights languages (see `trainer.mix`); `drop_singletons` leaves out
    pretokens seen once, which is faster and not exact.

    Raises WrongCall for options that cannot be, and WinnowError when the corpus gives fewer tokens
    than asked for, unless `allow_fewer`.
    """
    options = TrainingOptions(vocab_size, tuple(special_tokens), min_frequency, max_token_length, allow_fewer)
    options.check(bans)
    words = weigh(counts, parse_mix(mix) if isinstance(mix, str) else mix, drop_singletons=drop_singletons)
    return run_training(first_state(words, options), counts.pattern, options, bans)


def weigh(counts: CountTable, mix: Mix | None, *, drop_singletons: bool) -> Words:
    """The distinct words of a corpus with the counts that training sees.

    Raises WrongCall when the mix does not fit the counts.
    """
    words = words_of(counts if mix is None else apply_mix(counts, mix))
    return words.where(words.counts > 1) if drop_singletons else words


def first_state(words: Words, options: TrainingOptions) -> State:
    """The state before the first merge."""
    return new_state(
        words,
        options.vocab_size,
        specials=len(options.special_tokens),
        min_frequency=options.min_frequency,
        max_token_length=options.max_token_length,
    )


def run_training(
    state: State,
    pattern: str,
    options: TrainingOptions,
    bans: Bans | None,
    *,
    checkpoints: Checkpoints | None = None,
    on_size: Callable[[int], None] = lambda size: None,
) -> TrainingResult:
    """Merge from any state to the end; `on_size` is told the number of ids every few thousand merges.

    Raises WinnowError when the corpus gives fewer tokens than asked for, unless that is allowed.
    """
    specials, judge = options.special_tokens, make_judge(bans, options.special_tokens)
    tokens = [text.encode() for text in specials] + [bytes([byte]) for byte in mapped_byte_order()]
    kept_at = time.monotonic()
    for later in merges(state, options.vocab_size, judge, tokens):
        state = later
        on_size(ids_in(state))
        if checkpoints and time.monotonic() - kept_at > checkpoints.seconds:
            save_checkpoint(checkpoints, state)
            kept_at = time.monotonic()
    if len(tokens) < options.vocab_size and not options.allow_fewer:
        raise WinnowError(
            f"the corpus gives {len(tokens)} tokens, {options.vocab_size} were asked for",
            hint="--allow-fewer takes what there is; --min-frequency 1 or more text gives more",
        )
    return TrainingResult(pattern, specials, tuple(tokens), events_of(state).copy(), judge)
