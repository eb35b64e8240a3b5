"""Where tokens may come from: counts, ban lists, word lists, texts and external hits, as one array each."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from audit.norms.measures import Doubles
from audit.norms.token_counts import counts_from_documents, counts_from_file
from banlists.banlist import BanList
from banlists.entries import SEVERITIES
from banlists.fold import fold
from banlists.lists import builtin_names, load_ban_lists
from corpora.documents import ReadOptions, open_corpus
from corpora.errors import WinnowError, WrongCall
from trainer.vocabulary import Vocabulary

Kind = Literal["counts", "ban", "words", "text", "hits"]
KINDS: tuple[Kind, ...] = get_args(Kind)
_ENDINGS: dict[str, Kind] = {
    ".parquet": "counts",
    ".toml": "ban",
    ".txt": "words",
    ".csv": "hits",
    ".tsv": "hits",
}
# A word inside a longer token counts from this length on; shorter ones must be the whole token.
_LEAST_ASCII, _LEAST_OTHER = 4, 2
_LONGEST_ID = 20  # digits
MEANING: dict[Kind, str] = {
    "counts": "how often the tokenizer emits it on these counts",
    "ban": "1 when the list bans it",
    "words": "how many listed words it is or contains",
    "text": "how often the tokenizer emits it on these texts",
    "hits": "the table's number",
}


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """One source as it was asked for: its name in the results, its kind, and where it is."""

    name: str
    kind: Kind
    place: str


@dataclass(frozen=True, slots=True)
class Source:
    """A source in use: `hits` has a number for every id, NaN where the source says nothing of it."""

    name: str
    kind: Kind
    hits: Doubles


def parse_source(text: str) -> SourceSpec:
    """Read `[NAME=][KIND:]PLACE`; a kind that is not given is told by the ending, text for what is left.

    Raises WrongCall when nothing is named.
    """
    name, equals, rest = text.partition("=")
    rest = rest if equals else text
    kind, colon, place = rest.partition(":")
    if not colon or kind not in KINDS:
        kind, place = _guess(rest), rest
    if not place:
        raise WrongCall(f"not a source: {text!r}", hint=f"[NAME=][KIND:]PLACE, kinds: {', '.join(KINDS)}")
    return SourceSpec(name if equals and name else Path(place).name or place, _as_kind(kind), place)


def load_source(spec: SourceSpec, vocabulary: Vocabulary) -> Source:
    """Read one source. Raises WrongCall or WinnowError for what is missing or broken."""
    readers: dict[Kind, Callable[[], Doubles]] = {
        "counts": lambda: counts_from_file(vocabulary, Path(spec.place)),
        "ban": lambda: ban_hits(load_ban_lists([spec.place]), vocabulary),
        "words": lambda: word_hits(_read_words(Path(spec.place)), vocabulary),
        "text": lambda: counts_from_documents(
            vocabulary, open_corpus([spec.place], ReadOptions(only_text=True))
        ),
        "hits": lambda: table_hits(Path(spec.place), "hits", vocabulary),
    }
    return Source(spec.name, spec.kind, readers[spec.kind]())


def ban_hits(bans: BanList, vocabulary: Vocabulary) -> Doubles:
    """1 for every token that the list bans, else 0."""
    return _per_token(vocabulary, lambda token: float(bans.match(token) is not None))


def word_hits(words: frozenset[str], vocabulary: Vocabulary) -> Doubles:
    """How many of the folded words each token's folded text is or contains (see `banlists.fold`)."""
    lengths = sorted({len(word) for word in words})

    def hits(token: bytes) -> float:
        text = fold(token)
        found = {part for part in _parts(text, lengths) if part in words and _long_enough(part, text)}
        return float(len(found))

    return _per_token(vocabulary, hits)


def table_hits(path: Path, column: str, vocabulary: Vocabulary) -> Doubles:
    """Numbers from a CSV or TSV with a header: `id` or `token`, and `column`. Tokens not in it are NaN.

    Raises WrongCall for a missing file or column, WinnowError with file:line for a row that does not fit.
    """
    values = np.full(vocabulary.rows, np.nan)
    for where, row in _table_rows(path, column):
        id_ = _row_id(row, vocabulary, where)
        values[id_] = _number(row[column], where)
    return values


def _guess(place: str) -> Kind:
    if place in SEVERITIES or place in builtin_names():
        return "ban"
    return _ENDINGS.get(Path(place).suffix.lower(), "text")


def _as_kind(text: str) -> Kind:
    return next(kind for kind in KINDS if kind == text)


def _per_token(vocabulary: Vocabulary, value: Callable[[bytes], float]) -> Doubles:
    hits = np.zeros(vocabulary.rows)
    for id_, token in vocabulary.tokens.items():
        hits[id_] = value(token)
    return hits


def _parts(text: str, lengths: list[int]) -> Iterator[str]:
    for length in lengths:
        if length > len(text):
            return
        yield from (text[start : start + length] for start in range(len(text) - length + 1))


def _long_enough(word: str, text: str) -> bool:
    return word == text or len(word) >= (_LEAST_ASCII if word.isascii() else _LEAST_OTHER)


def _read_words(path: Path) -> frozenset[str]:
    """One word or phrase a line, `#` starts a comment line; folded as tokens are."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise WrongCall(error.strerror or "cannot be read", where=path) from error
    except UnicodeDecodeError as error:
        raise WinnowError("the word list is not UTF-8", where=path) from error
    words = frozenset(fold(line.encode()) for line in lines if not line.startswith("#")) - {""}
    if not words:
        raise WinnowError("the word list is empty", where=path)
    return words


def _table_rows(path: Path, column: str) -> Iterator[tuple[str, Mapping[str, str]]]:
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file, delimiter=delimiter)
            names = rows.fieldnames or ()
            if column not in names or not {"id", "token"} & set(names):
                raise WrongCall(
                    f"its columns are {', '.join(names) or 'none'}",
                    where=path,
                    hint=f"needs id or token, and {column}",
                )
            for row in rows:
                yield f"{path}:{rows.line_num}", row
    except OSError as error:
        raise WrongCall(error.strerror or "cannot be read", where=path) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise WinnowError(f"not a table in UTF-8: {error}", where=path) from error


def _row_id(row: Mapping[str, str], vocabulary: Vocabulary, where: str) -> int:
    number = row.get("id")
    if number:
        digits = number.strip()
        if digits.isdecimal() and len(digits) <= _LONGEST_ID and int(digits) < vocabulary.rows:
            return int(digits)
        raise WinnowError(f"no token has the id {number!r}", where=where)
    token = row.get("token") or ""
    id_ = vocabulary.ids_of.get(token.encode())
    if id_ is None:
        raise WinnowError(f"{token!r} is no token of {vocabulary.name}", where=where, hint="ids are safer")
    return id_


def _number(text: str | None, where: str) -> float:
    try:
        value = float(text or "")
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise WinnowError(f"not a number: {text!r}", where=where)
    return value
