"""Match a token's bytes, or a text, against compiled entries: a pure function of the bytes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from banlists.entries import Entry
from banlists.fold import fold
from banlists.patterns import leading_literals

# Scripts written without spaces between words: a phrase in them has no word boundary to respect.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u0f00-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3130-\u318f\u3400-\u9fff"
    "\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]"
)

# What a fragment sheds at its ends: ASCII signs only, for its own ends may be half characters.
_ASCII_EDGES = bytes(byte for byte in range(128) if not chr(byte).isalnum())


@dataclass(frozen=True, slots=True)
class Hit:
    """One entry that hit, at characters `start` to `end` of the folded text.

    `whole` marks the kinds that judge a token as a whole; their span says nothing.
    """

    entry: Entry
    start: int
    end: int
    whole: bool = False

    def hidden_by(self, allow: Hit) -> bool:
        """Whether an allow rule's hit in the same token or text makes this one not count."""
        if allow.whole or self.whole:
            return allow.whole
        same_text = allow.entry.variants == self.entry.variants
        return same_text and allow.start <= self.start and self.end <= allow.end


class Layer:
    """The entries that see through the same variants, indexed for one pass over a folded text."""

    def __init__(self, variants: frozenset[str], entries: Sequence[Entry]) -> None:
        self.variants = variants
        self._texts: dict[str, list[Entry]] = {}
        self._edges: list[tuple[str, Entry]] = []
        self._contains = _Index()
        self._literals = _Index()
        self._regexes: list[tuple[re.Pattern[str], Entry]] = []
        self._regex_starts: frozenset[str] = frozenset()
        self.always_searched = False  # a regex that may begin with anything
        for entry in entries:
            self._add(entry)
        self._any_regex = _any_of(compiled for compiled, _ in self._regexes)

    def _add(self, entry: Entry) -> None:
        if entry.kind == "regex":
            self._regexes.append((re.compile(entry.pattern), entry))
            starts = leading_literals(entry.pattern)
            self.always_searched |= starts is None
            self._regex_starts |= starts or frozenset()
            return
        folded = fold(entry.pattern.encode(), self.variants)
        self._literals.add(folded, entry)
        if entry.kind == "text":
            self._texts.setdefault(folded, []).append(entry)
        elif entry.kind == "contains":
            self._contains.add(folded, entry)
        else:
            self._edges.append((folded, entry))

    def token_hits(self, folded: str) -> Iterator[Hit]:
        """Hits of a whole folded token."""
        size = len(folded)
        for entry in self._texts.get(folded, ()):
            yield Hit(entry, 0, size, whole=True)
        for literal, edge in self._edges:
            if folded.startswith(literal) if edge.kind == "prefix" else folded.endswith(literal):
                yield Hit(edge, 0, size, whole=True)
        for hit in self._contains.find(folded):
            if _respects_words(folded, hit):
                yield hit
        yield from self.regex_hits(folded)

    def text_hits(self, folded: str) -> Iterator[Hit]:
        """Hits inside a longer text.

        `text` entries must stand alone there, `prefix` and `suffix` at a word's start or end.
        """
        for hit in self._literals.find(folded):
            if _respects_words(folded, hit) if hit.entry.kind == "contains" else _stands_free(folded, hit):
                yield hit
        yield from self.regex_hits(folded)

    def literals(self) -> Iterator[str]:
        """Of these a folded text holds one when this layer hits, unless it is `always_searched`."""
        yield from self._literals.literals()
        yield from self._regex_starts

    def regex_hits(self, folded: str) -> Iterator[Hit]:
        """Hits of the regexes alone."""
        if self._any_regex is None or not self._any_regex.search(folded):
            return
        for compiled, entry in self._regexes:
            for found in compiled.finditer(folded):
                yield Hit(entry, found.start(), found.end())


def _any_of(patterns: Iterable[re.Pattern[str]]) -> re.Pattern[str] | None:
    alternatives = "|".join(f"(?:{pattern.pattern})" for pattern in patterns)
    return re.compile(alternatives) if alternatives else None


class _Index:
    """Literals by their first two characters, so that one pass over a text tries only a few."""

    def __init__(self) -> None:
        self._by_start: dict[str, list[tuple[str, Entry]]] = {}
        self._singles: dict[str, list[Entry]] = {}  # forced single characters

    def add(self, literal: str, entry: Entry) -> None:
        if len(literal) == 1:
            self._singles.setdefault(literal, []).append(entry)
        else:
            self._by_start.setdefault(literal[:2], []).append((literal, entry))

    def literals(self) -> Iterator[str]:
        """Every literal."""
        yield from self._singles
        for entries in self._by_start.values():
            yield from (literal for literal, _ in entries)

    def find(self, text: str) -> Iterator[Hit]:
        by_start = self._by_start
        for start in range(len(text) - 1):
            for literal, entry in by_start.get(text[start : start + 2], ()):
                if text.startswith(literal, start):
                    yield Hit(entry, start, start + len(literal))
        if self._singles:
            for start, character in enumerate(text):
                for entry in self._singles.get(character, ()):
                    yield Hit(entry, start, start + 1)


class BytesLayer:
    """The entries that look at bytes as they are: exact tokens and fragments of banned phrases."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._exact = {bytes.fromhex(e.pattern): e for e in entries if e.kind == "bytes"}
        self._fragments: dict[bytes, Entry] = {}
        for entry in entries:
            if entry.kind == "fragment_of":
                for piece in fragments(entry):
                    self._fragments.setdefault(piece, entry)

    def token_hits(self, token: bytes) -> list[Hit]:
        """Hits of a token."""
        found = (self._exact.get(token), self._fragments.get(token.strip(_ASCII_EDGES)))
        return [Hit(entry, 0, 0, whole=True) for entry in found if entry is not None]

    def known(self, tokens: Sequence[bytes]) -> set[int]:
        """The places of the tokens that are hit."""
        exact, pieces = self._exact, self._fragments
        return {
            place
            for place, token in enumerate(tokens)
            if token in exact or token.strip(_ASCII_EDGES) in pieces
        }


def fragments(entry: Entry) -> Iterator[bytes]:
    """Every byte string of at least `min_bytes` inside a `fragment_of` phrase, half characters too."""
    phrase = entry.pattern.encode()
    for start in range(len(phrase) - entry.min_bytes + 1):
        for end in range(start + entry.min_bytes, len(phrase) + 1):
            yield phrase[start:end]


def is_single_character(token: bytes) -> bool:
    """Whether a token is at most one character, or pieces of one, beside white space."""
    return len(token.decode("utf-8", errors="replace").strip()) <= 1


def _respects_words(text: str, hit: Hit) -> bool:
    """Whether a phrase is not a part of a longer word (Scunthorpe)."""
    if hit.entry.boundary == "none":
        return True
    left_cut = hit.start > 0 and _is_word(text[hit.start - 1]) and _is_word(text[hit.start])
    right_cut = hit.end < len(text) and _is_word(text[hit.end - 1]) and _is_word(text[hit.end])
    return not left_cut and not right_cut


def _is_word(character: str) -> bool:
    if _UNSPACED.match(character):
        return False
    return character.isalnum() or unicodedata.category(character).startswith("M")


def _stands_free(text: str, hit: Hit) -> bool:
    """Whether nothing that reads on touches the phrase, on the sides where its kind says so."""
    left = hit.entry.kind == "suffix" or hit.start == 0 or not text[hit.start - 1].isalnum()
    right = hit.entry.kind == "prefix" or hit.end == len(text) or not text[hit.end].isalnum()
    return left and right
