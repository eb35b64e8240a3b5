"""Every signal by name, and their values for a batch of documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain

from curation.counting import Column, Counted
from curation.signal import Signal
from curation.text_signals import OF_CHARACTERS, OF_LINES, OF_REPETITION, OF_WORDS
from curation.topic_signals import OF_LISTS, OF_PATTERNS, OF_TOPICS
from curation.word_signals import OF_PUBLISHED

FAMILIES = {
    "characters": OF_CHARACTERS,
    "words": OF_WORDS,
    "lines": OF_LINES,
    "repetition": OF_REPETITION,
    "topics": OF_TOPICS,
    "patterns": OF_PATTERNS,
    "lists and clusters": OF_LISTS,
    "published word families": OF_PUBLISHED,
}
BAN_SHARE = "ban_share"
SIGNALS: Mapping[str, Signal] = {signal.name: signal for signal in chain.from_iterable(FAMILIES.values())}


def measure(counted: Counted, names: Sequence[str]) -> dict[str, Column]:
    """The named signals, each of shape (documents,), float64; NaN where a signal does not apply."""
    return {name: SIGNALS[name].compute(counted) for name in names}
