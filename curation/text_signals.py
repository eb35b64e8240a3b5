"""Signals of characters, words, lines and repetition: how a text is made, whatever it says."""

from __future__ import annotations

import zlib

import numpy as np

from curation import character_kernel as characters
from curation import gram_kernel as grams
from curation import line_kernel as lines
from curation.counting import Column, Counted
from curation.signal import Signal, line_share, share

_COMPRESSED = 4_000  # bytes looked at for the compression ratio


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


OF_CHARACTERS = (
    Signal("characters", "characters", "common", "length", lambda c: c.count(characters.POINTS)),
    share("letter_share", characters.LETTERS, "letters", "HPLT, data-juicer"),
    share("digit_share", characters.DIGITS, "digits and other numbers", "NeMo Curator"),
    share("punctuation_share", characters.PUNCTUATIONS, "punctuation; keyword lists have little", "HPLT"),
    share("symbol_share", characters.SYMBOLS, "symbols: currency, arithmetic, pictures"),
    share("space_share", characters.SPACES, "white space", "NeMo Curator"),
    share("upper_share", characters.UPPERS, "capital letters"),
    share("emoji_share", characters.EMOJI, "pictures"),
    share(
        "invisible_share",
        characters.INVISIBLES,
        "format characters but joiners: bidi controls, BOM, zero width",
    ),
    share("control_share", characters.CONTROLS, "control characters but tab and line breaks"),
    share("private_share", characters.PRIVATES, "private-use characters"),
    share("unassigned_share", characters.UNASSIGNEDS, "code points without a character"),
    share("replacement_share", characters.REPLACEMENTS, "U+FFFD: text that was decoded wrongly"),
    share("styled_share", characters.STYLED, "letters in costume: mathematical, circled, full-width"),
    share(
        "spelled_share", characters.SPELLED, "single letters with spaces between, four or more: H o k i 7 7"
    ),
    share("url_share", characters.URL_POINTS, "characters of addresses", "NeMo Curator"),
    share("bracket_share", characters.BRACKETS, "{ } ; = : what code has", "C4"),
    share("glued_share", characters.GLUED, "_ ￣ ＿ ｜ | at a letter of a script without spaces"),
)

OF_WORDS = (
    Signal("mean_word_length", "letters", "Gopher", "letters per word, scripts with spaces only", _mean_word),
    Signal(
        "mixed_word_share",
        "share of words",
        "Winnow",
        "words that mix Latin, Greek and Cyrillic letters",
        lambda c: c.per_word(characters.MIXED_WORDS),
    ),
    Signal(
        "lucky_name_share",
        "share of words",
        "Winnow",
        "names of betting brands: hoki777, ton4d",
        lambda c: c.per_word(characters.LUCKY_NAMES),
    ),
    Signal(
        "urls",
        "per 1,000 characters",
        "Winnow",
        "addresses",
        lambda c: c.count(characters.URLS) / c.thousands(),
    ),
    Signal(
        "contact_numbers",
        "per 1,000 characters",
        "Winnow",
        "numbers of 5 to 12 digits with QQ, 微信, Line, TG …",
        _contact_numbers,
    ),
    Signal(
        "function_share",
        "share of words (letters, without spaces)",
        "Winnow",
        "function words of the document's language; keyword lists have hardly any",
        lambda c: c.batch.function_share,
    ),
    Signal(
        "language_score",
        "evidence, 0 to 1",
        "Winnow",
        "evidence for the language",
        lambda c: c.batch.language_score,
    ),
    Signal(
        "language_probability",
        "probability, 0 to 1",
        "CCNet, FineWeb-2",
        "the language model's own, where it was asked",
        lambda c: c.batch.language_probability,
    ),
)

OF_LINES = (
    Signal("lines", "lines", "common", "lines that are not blank", lambda c: c.line(lines.LINES)),
    Signal("longest_line", "characters", "StarCoder", "the longest line", lambda c: c.line(lines.LONGEST)),
    line_share("short_line_share", lines.SHORT, "lines of at most 30 characters", "FineWeb"),
    line_share(
        "ended_line_share", lines.ENDED, "lines that end with a sentence's mark, in any script", "C4, FineWeb"
    ),
    line_share("bullet_line_share", lines.BULLETS, "lines that begin with a bullet", "Gopher"),
    line_share("ellipsis_line_share", lines.ELLIPSES, "lines that end with an ellipsis", "Gopher"),
    line_share("repeated_line_share", lines.REPEATED, "lines seen before in the document", "Gopher"),
    Signal(
        "repeated_line_characters",
        "share of characters",
        "Gopher",
        "characters of repeated lines",
        lambda c: c.line(lines.REPEATED_POINTS) / np.maximum(1.0, c.line(lines.LINE_POINTS)),
    ),
    line_share(
        "template_line_share", lines.TEMPLATES, "third and later lines alike but for their digits", "Winnow"
    ),
    Signal(
        "repeated_paragraph_share",
        "share of paragraphs",
        "Gopher",
        "paragraphs seen before in the document",
        lambda c: c.line(lines.REPEATED_PARAGRAPHS) / np.maximum(1.0, c.line(lines.PARAGRAPHS)),
    ),
    Signal(
        "repeated_paragraph_characters",
        "share of characters",
        "Gopher",
        "characters of repeated paragraphs",
        lambda c: c.line(lines.REPEATED_PARAGRAPH_POINTS) / np.maximum(1.0, c.line(lines.LINE_POINTS)),
    ),
)

OF_REPETITION = (
    Signal(
        "repeated_grams",
        "share of n-grams",
        "BigScience",
        "12-grams of characters (5 without spaces) seen before",
        lambda c: c.grams[:, grams.REPEATED_GRAMS],
    ),
    Signal(
        "top_stem_share",
        "share of characters",
        "Winnow",
        "characters in the most frequent stem of 8 (4)",
        lambda c: c.grams[:, grams.TOP_STEM_SHARE],
    ),
    Signal(
        "stem_tails",
        "per 1,000 characters",
        "Winnow",
        "different tails after one stem: 天天中彩票 + 怎么, 官网, app …",
        lambda c: c.grams[:, grams.STEM_TAILS] / c.thousands(),
    ),
    Signal(
        "compression_ratio",
        "compressed / plain bytes",
        "HPLT",
        "zlib level 1 on the first 4,000 bytes",
        lambda c: c.of_text(_compression, "compression_ratio"),
    ),
)
