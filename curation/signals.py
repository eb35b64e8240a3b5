"""Every signal by name: a number per document, its unit, where it comes from, and how it is computed."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from curation import character_kernel as characters
from curation import gram_kernel as grams
from curation import line_kernel as lines
from curation import word_kernel as words
from curation.counting import TOPICS, Column, Counted
from curation.patterns import board_lines, generated_marks, leak_points, mojibake_count

_COMPRESSED = 4_000  # bytes looked at for the compression ratio
_GOPHER_STOP_WORDS = ("the", "be", "to", "of", "and", "that", "have", "with")


@dataclass(frozen=True, slots=True)
class Signal:
    """One number per document: what it measures, in which unit, and its source."""

    name: str
    unit: str
    source: str
    meaning: str
    compute: Callable[[Counted], Column]


def _compression(text: str) -> float:
    """Compressed size over size, of the first 4,000 bytes, zlib level 1."""
    data = text[:_COMPRESSED].encode("utf-8", "replace")[:_COMPRESSED]
    return len(zlib.compress(data, 1)) / max(1, len(data))


def _mean_word(counted: Counted) -> Column:
    letters = counted.count(characters.LETTERS) + counted.count(characters.MARKS)
    mean = letters / np.maximum(1.0, counted.count(characters.WORDS))
    mean[counted.mostly_solid() | (counted.count(characters.WORDS) < 1)] = np.nan
    return mean


def _contact_numbers(counted: Counted) -> Column:
    markers = counted.different[:, counted.topics["contact"]]
    return np.minimum(markers, counted.count(characters.LONG_DIGIT_RUNS)) / counted.thousands()


def _boards(counted: Counted) -> Column:
    """Only asked where there are lines and digits enough: heads of posts are full of them."""
    total, shares = counted.line(lines.LINES), np.zeros(len(counted.batch.texts))
    for document in np.flatnonzero((total >= 4) & (counted.per_point(characters.DIGITS) > 0.04)):
        shares[document] = board_lines(counted.batch.texts[document], total[document])
    return shares


def _stop_words(counted: Counted) -> Column:
    """How many of Gopher's eight English words a text has; NaN in scripts without spaces between words."""
    found = counted.of_text(lambda text: len({*text.lower().split()} & {*_GOPHER_STOP_WORDS}))
    return np.where(counted.mostly_solid(), np.nan, found)


def _per_word(name: str, column: int, source: str, meaning: str) -> Signal:
    return _signal(
        name, "per word", source, meaning, lambda c: c.word(column) / np.maximum(1.0, c.word(words.WORDS))
    )


def _signal(name: str, unit: str, source: str, meaning: str, compute: Callable[[Counted], Column]) -> Signal:
    return Signal(name, unit, source, meaning, compute)


def _share(name: str, column: int, meaning: str, source: str = "Winnow") -> Signal:
    return _signal(name, "share of characters", source, meaning, lambda c: c.per_point(column))


def _line_share(name: str, column: int, meaning: str, source: str) -> Signal:
    return _signal(name, "share of lines", source, meaning, lambda c: c.per_line(column))


def _topic(name: str, meaning: str) -> Signal:
    return _signal(f"{name}_share", "share of letters", "Winnow", meaning, lambda c: c.topic(name))


_OF_CHARACTERS = (
    _signal("characters", "characters", "common", "length", lambda c: c.count(characters.POINTS)),
    _share("letter_share", characters.LETTERS, "letters", "HPLT, data-juicer"),
    _share("digit_share", characters.DIGITS, "digits and other numbers", "NeMo Curator"),
    _share("punctuation_share", characters.PUNCTUATIONS, "punctuation; keyword lists have little", "HPLT"),
    _share("symbol_share", characters.SYMBOLS, "symbols: currency, arithmetic, pictures"),
    _share("space_share", characters.SPACES, "white space", "NeMo Curator"),
    _share("upper_share", characters.UPPERS, "capital letters"),
    _share("emoji_share", characters.EMOJI, "pictures"),
    _share("invisible_share", characters.INVISIBLES, "format characters but joiners: bidi controls, BOM, zero width"),
    _share("control_share", characters.CONTROLS, "control characters but tab and line breaks"),
    _share("private_share", characters.PRIVATES, "private-use characters"),
    _share("unassigned_share", characters.UNASSIGNEDS, "code points without a character"),
    _share("replacement_share", characters.REPLACEMENTS, "U+FFFD: text that was decoded wrongly"),
    _share("styled_share", characters.STYLED, "letters in costume: mathematical, circled, full-width"),
    _share("spelled_share", characters.SPELLED, "single letters with spaces between, four or more: H o k i 7 7"),
    _share("url_share", characters.URL_POINTS, "characters of addresses", "NeMo Curator"),
    _share("bracket_share", characters.BRACKETS, "{ } ; = : what code has", "C4"),
    _share("glued_share", characters.GLUED, "_ ￣ ＿ ｜ | at a letter of a script without spaces"),
)  # fmt: skip

_OF_WORDS = (
    _signal("mean_word_length", "letters", "Gopher", "letters per word, scripts with spaces only", _mean_word),
    _signal("mixed_word_share", "share of words", "Winnow", "words that mix Latin, Greek and Cyrillic letters",
            lambda c: c.per_word(characters.MIXED_WORDS)),
    _signal("lucky_name_share", "share of words", "Winnow", "names of betting brands: hoki777, ton4d",
            lambda c: c.per_word(characters.LUCKY_NAMES)),
    _signal("urls", "per 1,000 characters", "Winnow", "addresses", lambda c: c.count(characters.URLS) / c.thousands()),
    _signal("contact_numbers", "per 1,000 characters", "Winnow", "numbers of 5 to 12 digits with QQ, 微信, Line, TG …",
            _contact_numbers),
    _signal("function_share", "share of words (letters, without spaces)", "Winnow",
            "function words of the document's language; keyword lists have hardly any",
            lambda c: c.batch.function_share),
    _signal("language_score", "evidence, 0 to 1", "Winnow", "evidence for the language", lambda c: c.batch.language_score),
)  # fmt: skip

_OF_LINES = (
    _signal("lines", "lines", "common", "lines that are not blank", lambda c: c.line(lines.LINES)),
    _signal("longest_line", "characters", "StarCoder", "the longest line", lambda c: c.line(lines.LONGEST)),
    _line_share("short_line_share", lines.SHORT, "lines of at most 30 characters", "FineWeb"),
    _line_share("ended_line_share", lines.ENDED, "lines that end with a sentence's mark, in any script", "C4, FineWeb"),
    _line_share("bullet_line_share", lines.BULLETS, "lines that begin with a bullet", "Gopher"),
    _line_share("ellipsis_line_share", lines.ELLIPSES, "lines that end with an ellipsis", "Gopher"),
    _line_share("repeated_line_share", lines.REPEATED, "lines seen before in the document", "Gopher"),
    _signal("repeated_line_characters", "share of characters", "Gopher", "characters of repeated lines",
            lambda c: c.line(lines.REPEATED_POINTS) / np.maximum(1.0, c.line(lines.LINE_POINTS))),
    _line_share("template_line_share", lines.TEMPLATES, "third and later lines alike but for their digits", "Winnow"),
    _signal("repeated_paragraph_share", "share of paragraphs", "Gopher", "paragraphs seen before in the document",
            lambda c: c.line(lines.REPEATED_PARAGRAPHS) / np.maximum(1.0, c.line(lines.PARAGRAPHS))),
    _signal("repeated_paragraph_characters", "share of characters", "Gopher", "characters of repeated paragraphs",
            lambda c: c.line(lines.REPEATED_PARAGRAPH_POINTS) / np.maximum(1.0, c.line(lines.LINE_POINTS))),
)  # fmt: skip

_OF_REPETITION = (
    _signal("repeated_grams", "share of n-grams", "BigScience", "12-grams of characters (5 without spaces) seen before",
            lambda c: c.grams[:, grams.REPEATED_GRAMS]),
    _signal("top_stem_share", "share of characters", "Winnow", "characters in the most frequent stem of 8 (4)",
            lambda c: c.grams[:, grams.TOP_STEM_SHARE]),
    _signal("stem_tails", "per 1,000 characters", "Winnow", "different tails after one stem: 天天中彩票 + 怎么, 官网, app …",
            lambda c: c.grams[:, grams.STEM_TAILS] / c.thousands()),
    _signal("compression_ratio", "compressed / plain bytes", "HPLT", "zlib level 1 on the first 4,000 bytes",
            lambda c: c.of_text(_compression)),
)  # fmt: skip

_OF_TOPICS = (
    *(_topic(name, f"phrases about {name}; frequent in honest texts on the topic too") for name in TOPICS),
    _signal("topic_share", "share of letters", "Winnow", "phrases of all spam topics", lambda c: c.all_topics()),
    _topic("promotion", "phrases of advertising"),
    _topic("contact", "names of messengers, calls to call"),
    _topic("sober", "phrases of laws, news, research and code"),
    _signal("promotion_phrases", "different, per 1,000 characters", "Winnow", "phrases of advertising",
            lambda c: c.phrases_per_1000("promotion")),
)  # fmt: skip

_OF_PATTERNS = (
    _signal("leak_points", "points", "Winnow", "marks of a leaked tool call (curation/patterns.py)",
            lambda c: c.of_text(leak_points)),
    _signal("board_line_share", "share of lines", "Winnow", "heads of posts and signatures of message boards", _boards),
    _signal("generated_marks", "marks", "StarCoder", "marks of files that programs write", lambda c: c.of_text(generated_marks)),
    _signal("mojibake_share", "share of characters", "ftfy", "UTF-8 that was read as Windows-1252",
            lambda c: c.of_text(mojibake_count) / np.maximum(1.0, c.count(characters.POINTS))),
    _signal("furniture_phrases", "different, per 1,000 characters", "C4", "phrases of cookie banners and page footers",
            lambda c: c.phrases_per_1000("furniture")),
)  # fmt: skip

_OF_GOPHER = (
    _signal("words", "words", "Gopher", "words; two letters count as one without spaces", lambda c: c.word(words.WORDS)),
    _signal("stop_words", "words", "Gopher", "how many of the, be, to, of, and, that, have, with occur", _stop_words),
    _signal("letters_per_word", "letters", "Gopher", "letters per word, spaces or not",
            lambda c: c.word(words.LETTERS) / np.maximum(1.0, c.word(words.WORDS))),
    _per_word("wordy_share", words.WORDY, "Gopher", "words with a letter"),
    _per_word("hashes", words.HASHES, "Gopher", "# signs"),
    _per_word("ellipses", words.ELLIPSES, "Gopher", "ellipses"),
    _per_word("newlines", words.NEWLINES, "FineWeb", "line breaks"),
    _signal("sentences", "sentences", "C4", "ends of sentences", lambda c: c.word(words.SENTENCES)),
    _signal("curly_brackets", "signs", "C4", "{ signs", lambda c: c.of_text(lambda text: text.count("{"))),
    _signal("lorem_ipsum", "phrases", "C4", "lorem ipsum", lambda c: c.of_text(lambda text: text.lower().count("lorem ipsum"))),
    _signal("javascript", "words", "C4", "javascript", lambda c: c.of_text(lambda text: text.lower().count("javascript"))),
    *(_signal(f"top_{size}_gram", "share of characters", "Gopher", f"characters of the most frequent {size}-gram of words",
              lambda c, column=words.TOP + index: c.word(column)) for index, size in enumerate(words.TOP_SIZES)),
    *(_signal(f"repeated_{size}_grams", "share of characters", "Gopher", f"characters of {size}-grams of words seen before",
              lambda c, column=words.REPEATED + index: c.word(column)) for index, size in enumerate(words.REPEATED_SIZES)),
)  # fmt: skip

SIGNALS: Mapping[str, Signal] = {
    signal.name: signal
    for group in (
        _OF_CHARACTERS,
        _OF_WORDS,
        _OF_LINES,
        _OF_REPETITION,
        _OF_TOPICS,
        _OF_PATTERNS,
        _OF_GOPHER,
    )
    for signal in group
}


def measure(counted: Counted, names: Sequence[str]) -> dict[str, Column]:
    """The named signals, each of shape (documents,), float64; NaN where a signal does not apply."""
    return {name: SIGNALS[name].compute(counted) for name in names}
