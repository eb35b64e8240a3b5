"""What each row of an embedding matrix stands for: its token's bytes, script and kind, from a vocabulary."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audit.norms.body import Codes
from audit.norms.measures import Ids
from audit.scripts import COMMON
from audit.token_text import read_token
from corpora.display import show_bytes
from corpora.errors import WrongCall
from trainer.vocabulary import Vocabulary

SPECIAL = "Special"  # rows of special tokens
BEYOND = "Beyond"  # rows that no token has
ALPHABET = "Single bytes"
# Bytes that occur in no UTF-8 text (RFC 3629, section 3), so that no text can produce their tokens.
NEVER_BYTES = bytes([0xC0, 0xC1, *range(0xF5, 0x100)])


@dataclass(frozen=True, slots=True)
class Labels:
    """The rows' meaning. Row i has script `scripts[script[i]]`; `vocabulary` is None when none was given.

    `anchors` are rows that no text reaches: tokens of NEVER_BYTES, removed tokens, and rows without a token.
    """

    rows: int
    vocabulary: Vocabulary | None
    scripts: tuple[str, ...]
    script: Codes
    anchors: Ids

    @property
    def beyond(self) -> int:
        """Rows after the last token: padding, or room for later tokens."""
        return 0 if self.vocabulary is None else self.rows - self.vocabulary.rows

    @property
    def single_bytes(self) -> Ids:
        """The byte alphabet, sorted; unlike all other ids, those of single bytes are no ranks."""
        tokens = {} if self.vocabulary is None else self.vocabulary.tokens
        return np.array(sorted(id_ for id_, token in tokens.items() if len(token) == 1), dtype=np.int64)

    @property
    def groups(self) -> tuple[tuple[str, ...], Codes]:
        """What rows are measured among: their scripts, with the byte alphabet as a group of its own."""
        group = self.script.copy()
        group[self.single_bytes] = len(self.scripts)
        return (*self.scripts, ALPHABET), group

    def script_of(self, row: int) -> str:
        """The script of one row."""
        return self.scripts[int(self.script[row])]

    def token(self, row: int) -> bytes:
        """The token's bytes, a special token's text as UTF-8; empty for a row without a token."""
        if self.vocabulary is None:
            return b""
        special = self.vocabulary.special_ids.get(row)
        return self.vocabulary.tokens.get(row, b"") if special is None else special.encode()

    def shown(self, row: int) -> str:
        """The token as safe text."""
        return show_bytes(self.token(row))


def label_rows(rows: int, vocabulary: Vocabulary | None) -> Labels:
    """Label the rows of a matrix.

    Raises WrongCall when the vocabulary has ids that the matrix has no row for.
    """
    if vocabulary is None:
        return Labels(rows, None, (COMMON,), np.zeros(rows, dtype=np.int64), np.empty(0, dtype=np.int64))
    require_rows(rows, vocabulary)
    names = [BEYOND] * rows
    for id_, token in vocabulary.tokens.items():
        names[id_] = read_token(id_, token).script
    for id_ in vocabulary.special_ids:
        names[id_] = SPECIAL
    scripts = tuple(sorted(set(names)))
    places = {name: place for place, name in enumerate(scripts)}
    script = np.array([places[name] for name in names], dtype=np.int64)
    return Labels(rows, vocabulary, scripts, script, _anchors(names, vocabulary))


def require_rows(rows: int, vocabulary: Vocabulary) -> None:
    """Raise WrongCall when the vocabulary has ids that a matrix of so many rows has no row for."""
    if vocabulary.rows > rows:
        raise WrongCall(
            f"the vocabulary needs {vocabulary.rows:,} rows, the matrix has {rows:,}",
            where=vocabulary.name,
            hint="another --tokenizer, or name the tensor",
        )


def _anchors(names: list[str], vocabulary: Vocabulary) -> Ids:
    without_token = {row for row, name in enumerate(names) if name == BEYOND}
    never = {id_ for byte in NEVER_BYTES if (id_ := vocabulary.ids_of.get(bytes([byte]))) is not None}
    return np.array(sorted(without_token | never), dtype=np.int64)
