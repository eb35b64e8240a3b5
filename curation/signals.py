"""Every signal by name: a number per document, its unit, where it comes from, and how it is computed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt

from corpora.unicode_classes import class_table
from curation import character_kernel as characters
from curation import gram_kernel as grams
from curation import line_kernel as lines
from curation.patterns import board_lines, generated_marks, leak_points, mojibake_count
from curation.phrase_kernel import PhraseTrie, build_trie, count_phrases
from curation.points import decode, fold_table, kind_table, styled_table
from curation.scripts import script_table

Column = npt.NDArray[np.float64]

GRAM_LIMIT = 8_000  # letters and digits looked at for repetition; bounds the hash table
TOPICS = ("gambling", "adult", "pharmacy", "goods", "servers", "money", "seo")
_SMALL = 30.0  # letters: shares of shorter texts are taken of so many, or one word decides


@dataclass(frozen=True, slots=True)
class Signal:
    """One number per document: what it measures, in which unit, and its source."""

    name: str
    unit: str
    source: str
    meaning: str
    compute: Callable[[Counted], Column]


@dataclass(frozen=True, slots=True)
class Batch:
    """Texts of a batch as `str` and as one UTF-8 buffer (document d is `data[offsets[d]:offsets[d+1]]`),
    and the share of function words per document (NaN where the language has no profile).
    """

    texts: Sequence[str]
    data: npt.NDArray[np.uint8]
    offsets: npt.NDArray[np.int64]
    function_share: Column
    language_score: Column


@dataclass(frozen=True, slots=True)
class Counted:
    """What the kernels counted: one row per document."""

    batch: Batch
    characters: Column
    lines: Column
    grams: Column
    covered: Column
    different: Column
    topics: Mapping[str, int]

    def count(self, column: int) -> Column:
        """One column of the character counts."""
        return self.characters[:, column]

    def line(self, column: int) -> Column:
        """One column of the line counts."""
        return self.lines[:, column]

    def per_point(self, column: int) -> Column:
        """A character count as a share of all characters."""
        return self.count(column) / np.maximum(1.0, self.count(characters.POINTS))

    def per_line(self, column: int) -> Column:
        """A line count as a share of the lines."""
        return self.line(column) / np.maximum(1.0, self.line(lines.LINES))

    def per_word(self, column: int) -> Column:
        """A count as a share of the words of scripts with spaces."""
        return self.count(column) / (self.count(characters.WORDS) + 1.0)

    def topic(self, name: str) -> Column:
        """The share of the letters inside phrases of a topic."""
        letters = self.count(characters.LETTERS) + self.count(characters.MARKS)
        return np.minimum(1.0, self.covered[:, self.topics[name]] / np.maximum(_SMALL, letters))

    def all_topics(self) -> Column:
        """The share of the letters inside phrases of any spam topic."""
        return np.minimum(1.0, np.sum([self.topic(name) for name in TOPICS], axis=0))

    def phrases_per_1000(self, name: str) -> Column:
        """Different phrases of a topic per 1,000 characters (shorter texts count as 1,000)."""
        return self.different[:, self.topics[name]] / self.thousands()

    def thousands(self) -> Column:
        """Length in 1,000 characters, at least 1."""
        return np.maximum(1.0, self.count(characters.POINTS) / 1_000)

    def of_text(self, function: Callable[[str], float]) -> Column:
        """A function of the text, document by document."""
        return np.array([function(text) for text in self.batch.texts], dtype=np.float64)

    def mostly_solid(self) -> npt.NDArray[np.bool_]:
        """Whether most letters belong to scripts without spaces between words."""
        return 2 * self.count(characters.SOLIDS) > self.count(characters.LETTERS)


@cache
def lexicon_trie() -> PhraseTrie:
    """The trie of data/lexicon.toml, all languages of a topic together."""
    import tomllib

    table = tomllib.loads(files("curation").joinpath("data", "lexicon.toml").read_text(encoding="utf-8"))
    return build_trie({topic: sum(languages.values(), []) for topic, languages in table.items()})


def count(batch: Batch) -> Counted:
    """Run the kernels over a batch."""
    points, starts = decode(batch.data, batch.offsets)
    documents, trie = len(starts) - 1, lexicon_trie()
    classes, kinds, fold = class_table(), kind_table(), fold_table()
    character_counts = np.zeros((documents, len(characters.COUNT_NAMES)))
    characters.count_classes(points, starts, classes, kinds, styled_table(), character_counts)
    characters.count_runs(points, starts, fold, kinds, script_table(), character_counts)
    line_counts = np.zeros((documents, len(lines.LINE_NAMES)))
    lines.measure_lines(points, starts, classes, kinds, lines.ENDS, lines.BULLET, line_counts)
    gram_values = np.zeros((documents, len(grams.GRAM_NAMES)))
    grams.measure_grams(points, starts, fold, kinds, GRAM_LIMIT, gram_values)
    covered, different = count_phrases(points, starts, trie)
    topics = {name: index for index, name in enumerate(trie.topics)}
    return Counted(batch, character_counts, line_counts, gram_values, covered, different, topics)


def _compression(text: str) -> float:
    """Compressed size over size, of the first 8,000 bytes, zlib level 1."""
    import zlib

    data = text.encode("utf-8", "replace")[:8_000]
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
    total = counted.line(lines.LINES)
    return np.array([board_lines(text, n) for text, n in zip(counted.batch.texts, total, strict=True)])


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
    _signal("compression_ratio", "compressed / plain bytes", "HPLT", "zlib level 1 on the first 8,000 bytes",
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

SIGNALS: Mapping[str, Signal] = {
    signal.name: signal
    for group in (
        _OF_CHARACTERS,
        _OF_WORDS,
        _OF_LINES,
        _OF_REPETITION,
        _OF_TOPICS,
        _OF_PATTERNS,
    )
    for signal in group
}


def measure(counted: Counted, names: Sequence[str]) -> dict[str, Column]:
    """The named signals, each of shape (documents,), float64; NaN where a signal does not apply."""
    return {name: SIGNALS[name].compute(counted) for name in names}
