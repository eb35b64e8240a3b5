"""The slow, obvious trainer: recount every pair, take the best, merge it everywhere, start again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from trainer.byte_alphabet import mapped_byte_order

Pair = tuple[int, int]
Refuse = Callable[[bytes, bytes], object]


@dataclass(frozen=True, slots=True)
class ReferenceEvent:
    """A merge taken, or refused when `reason` is not None; `token_id` is the id it has or would have had."""

    left: int
    right: int
    token_id: int
    count: int
    reason: object = None


def train_reference(
    words: Mapping[bytes, int],
    vocab_size: int,
    *,
    special_tokens: Sequence[str] = (),
    min_frequency: int = 0,
    max_token_length: int | None = None,
    refuse: Refuse = lambda left, right: None,
) -> list[ReferenceEvent]:
    """Learn merges from counted pretokens, in the order in which they are taken or refused.

    Ids: special tokens, then bytes in the mapped alphabet's order, then merges. The best pair has
    the highest count, then the smaller left id, then the smaller right id. A pair is out for good
    once `refuse` gives a reason. A merge that spells an existing token again takes its id.
    """
    tokens = [special.encode() for special in special_tokens]
    tokens += [bytes([byte]) for byte in mapped_byte_order()]
    ids = {token: place for place, token in enumerate(tokens) if place >= len(special_tokens)}
    segmented = [([ids[bytes([byte])] for byte in word], count) for word, count in words.items()]
    events: list[ReferenceEvent] = []
    refused: set[Pair] = set()
    while len(tokens) < vocab_size:
        pairs = count_pairs(segmented)
        allowed = [
            pair for pair, count in pairs.items()
            if pair not in refused
            and count >= max(1, min_frequency)
            and (max_token_length is None or len(tokens[pair[0]] + tokens[pair[1]]) <= max_token_length)
        ]  # fmt: skip
        if not allowed:
            break
        pair = min(allowed, key=lambda pair: (-pairs[pair], pair))
        left, right = pair
        reason = refuse(tokens[left], tokens[right])
        token = tokens[left] + tokens[right]
        new = ids.get(token, len(tokens))
        events.append(ReferenceEvent(left, right, new, pairs[pair], reason))
        if reason is not None:
            refused.add(pair)
            continue
        if new == len(tokens):
            tokens.append(token)
            ids[token] = new
        segmented = [(merge(symbols, pair, new), count) for symbols, count in segmented]
    return events


def count_pairs(segmented: Sequence[tuple[list[int], int]]) -> Counter[Pair]:
    """How often each two neighbours occur."""
    pairs: Counter[Pair] = Counter()
    for symbols, count in segmented:
        for pair in pairwise(symbols):
            pairs[pair] += count
    return pairs


def merge(symbols: list[int], pair: Pair, new: int) -> list[int]:
    """Replace the pair by `new`, from left to right."""
    merged: list[int] = []
    place = 0
    while place < len(symbols):
        if tuple(symbols[place : place + 2]) == pair:
            merged.append(new)
            place += 2
        else:
            merged.append(symbols[place])
            place += 1
    return merged
