"""The kernels run over a batch of documents: every count that signals are made of."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from itertools import chain

import numpy as np
import numpy.typing as npt

from corpora.unicode_classes import class_table
from curation import character_kernel as characters
from curation import gram_kernel as grams
from curation import line_kernel as lines
from curation import word_kernel as words
from curation.phrase_kernel import PhraseTrie, build_trie, count_phrases
from curation.points import Text, kind_table, read_text
from curation.scripts import script_table

Column = npt.NDArray[np.float64]

GRAM_LIMIT = 8_000  # letters and digits looked at for repetition; bounds the hash table
TOPICS = ("gambling", "adult", "pharmacy", "goods", "servers", "money", "seo")
_SMALL = 30.0  # letters: shares of shorter texts are taken of so many, or one word decides


@dataclass(frozen=True, slots=True)
class Batch:
    """Texts of a batch as `str` and as one UTF-8 buffer (document d is `data[offsets[d]:offsets[d+1]]`),
    the share of function words per document (NaN where the language has no profile), the evidence for the
    language, the model's own probability of it, and what is known from elsewhere: `given` signals by name.
    """

    texts: Sequence[str]
    data: npt.NDArray[np.uint8]
    offsets: npt.NDArray[np.int64]
    function_share: Column
    language_score: Column
    language_probability: Column
    given: Mapping[str, Column] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Counted:
    """What the kernels counted: one row per document. `later` holds what only some rule sets ask for,
    `wanted` the documents for which a slow signal is asked for, where that is not all.
    """

    batch: Batch
    text: Text
    characters: Column
    lines: Column
    grams: Column
    covered: Column
    different: Column
    topics: Mapping[str, int]
    later: dict[str, Column] = field(default_factory=dict)
    wanted: dict[str, npt.NDArray[np.bool_]] = field(default_factory=dict)

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
        total: Column = np.sum([self.topic(name) for name in TOPICS], axis=0)
        return np.minimum(1.0, total)

    def phrases_per_1000(self, name: str) -> Column:
        """Different phrases of a topic per 1,000 characters (shorter texts count as 1,000)."""
        return self.different[:, self.topics[name]] / self.thousands()

    def thousands(self) -> Column:
        """Length in 1,000 characters, at least 1."""
        return np.maximum(1.0, self.count(characters.POINTS) / 1_000)

    def given(self, name: str) -> Column:
        """A signal that is known from elsewhere; NaN where it is not."""
        unknown = np.full(len(self.batch.texts), np.nan)
        return self.batch.given.get(name, unknown)

    def of_text(self, function: Callable[[str], float], name: str = "") -> Column:
        """A function of the text, document by document; NaN where the signal `name` is not wanted."""
        wanted = self.wanted.get(name)
        if wanted is None:
            return np.array([function(text) for text in self.batch.texts], dtype=np.float64)
        values = np.full(len(self.batch.texts), np.nan)
        for document in np.flatnonzero(wanted).tolist():
            values[document] = function(self.batch.texts[document])
        return values

    def word(self, column: int) -> Column:
        """One column of the word counts, which are made when first asked for."""
        if "words" not in self.later:
            text = self.text
            table = np.zeros((len(text.starts) - 1, len(words.WORD_NAMES)))
            words.measure_words(text.points, text.starts, text.folded, text.kinds, lines.ENDS, table)
            self.later["words"] = table
        values: Column = self.later["words"][:, column]
        return values

    def mostly_solid(self) -> npt.NDArray[np.bool_]:
        """Whether most letters belong to scripts without spaces between words."""
        mask: npt.NDArray[np.bool_] = 2 * self.count(characters.SOLIDS) > self.count(characters.LETTERS)
        return mask


@cache
def lexicon_trie() -> PhraseTrie:
    """The trie of data/lexicon.toml, all languages of a topic together."""
    table = tomllib.loads(files("curation").joinpath("data", "lexicon.toml").read_text(encoding="utf-8"))
    return build_trie(
        {topic: [*chain.from_iterable(languages.values())] for topic, languages in table.items()}
    )


def count(batch: Batch) -> Counted:
    """Run the kernels over a batch."""
    text = read_text(batch.data, batch.offsets)
    points, starts, folded, kinds = text.points, text.starts, text.folded, text.kinds
    documents, trie = len(starts) - 1, lexicon_trie()
    character_counts = characters.count_classes(points, starts)
    characters.count_runs(points, starts, folded, kinds, script_table(), character_counts)
    line_counts = np.zeros((documents, len(lines.LINE_NAMES)))
    line_tables = (class_table(), kind_table(), lines.ENDS, lines.BULLET)
    lines.measure_lines(points, starts, *line_tables, line_counts)
    gram_values = np.zeros((documents, len(grams.GRAM_NAMES)))
    grams.measure_grams(starts, folded, kinds, GRAM_LIMIT, gram_values)
    covered, different = count_phrases(text, trie)
    topics = {name: index for index, name in enumerate(trie.topics)}
    return Counted(batch, text, character_counts, line_counts, gram_values, covered, different, topics)
