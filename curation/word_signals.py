"""Signals of the published rule families (Gopher, C4, FineWeb) that count words and n-grams of words."""

from __future__ import annotations

import numpy as np

from curation import line_kernel as lines
from curation import word_kernel as words
from curation.counting import Column, Counted
from curation.signal import Signal

_GOPHER_STOP_WORDS = ("the", "be", "to", "of", "and", "that", "have", "with")


def _stop_words(counted: Counted) -> Column:
    """How many of Gopher's eight English words a text has; NaN in scripts without spaces between words."""
    found = counted.of_text(lambda text: len({*text.lower().split()} & {*_GOPHER_STOP_WORDS}))
    return np.where(counted.mostly_solid(), np.nan, found)


def _per_word(name: str, column: int, source: str, meaning: str) -> Signal:
    return Signal(
        name, "per word", source, meaning, lambda c: c.word(column) / np.maximum(1.0, c.word(words.WORDS))
    )


def _word_grams(name: str, column: int, meaning: str) -> Signal:
    return Signal(name, "share of characters", "Gopher", f"characters of {meaning}", lambda c: c.word(column))


OF_PUBLISHED = (
    Signal(
        "words",
        "words",
        "Gopher",
        "words; two letters count as one without spaces",
        lambda c: c.word(words.WORDS),
    ),
    Signal(
        "stop_words",
        "words",
        "Gopher",
        "how many of the, be, to, of, and, that, have, with occur",
        _stop_words,
    ),
    Signal(
        "letters_per_word",
        "letters",
        "Gopher",
        "letters per word, spaces or not",
        lambda c: c.word(words.LETTERS) / np.maximum(1.0, c.word(words.WORDS)),
    ),
    Signal(
        "words_per_line",
        "words",
        "HPLT",
        "words per line; two letters count as one word without spaces",
        lambda c: c.word(words.WORDS) / np.maximum(1.0, c.line(lines.LINES)),
    ),
    _per_word("wordy_share", words.WORDY, "Gopher", "words with a letter"),
    _per_word("hashes", words.HASHES, "Gopher", "# signs"),
    _per_word("ellipses", words.ELLIPSES, "Gopher", "ellipses"),
    _per_word("newlines", words.NEWLINES, "FineWeb", "line breaks"),
    Signal("sentences", "sentences", "C4", "ends of sentences", lambda c: c.word(words.SENTENCES)),
    Signal("curly_brackets", "signs", "C4", "{ signs", lambda c: c.of_text(lambda text: text.count("{"))),
    Signal(
        "lorem_ipsum",
        "phrases",
        "C4",
        "lorem ipsum",
        lambda c: c.of_text(lambda text: text.lower().count("lorem ipsum")),
    ),
    Signal(
        "javascript",
        "words",
        "C4",
        "javascript",
        lambda c: c.of_text(lambda text: text.lower().count("javascript")),
    ),
    *(
        _word_grams(f"top_{size}_gram", words.TOP + index, f"the most frequent {size}-gram of words")
        for index, size in enumerate(words.TOP_SIZES)
    ),
    *(
        _word_grams(f"repeated_{size}_grams", words.REPEATED + index, f"{size}-grams of words seen before")
        for index, size in enumerate(words.REPEATED_SIZES)
    ),
)
