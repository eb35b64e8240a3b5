"""Documents from packages: which files are text and in which language, deduplicated, written by language."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import msgspec

from benchmarks.extract import catalogue_strings, decode, plain_lines, strip_markup, strip_roff
from benchmarks.packages import Package, PackedFile, files

CODE = "code-"  # how the language of a program begins
DOCUMENT_CHARACTERS = 32_768  # a longer file becomes several documents, cut at a line's end
_SHORTEST = 200  # characters; what deduplication leaves of a page may be next to nothing
_REPEATED = 24  # characters; a line of prose at least so long is kept once in all packages
_LONGEST_LINE = 4_000  # characters; longer lines are generated or minified code, or data
_LANGUAGES_BY_ENDING = {
    "c": "c", "h": "c", "hpp": "cpp", "cpp": "cpp", "cc": "cpp", "ipp": "cpp", "go": "go", "rs": "rust",
    "java": "java", "py": "python", "pyi": "python", "js": "javascript", "mjs": "javascript",
    "cjs": "javascript", "ts": "typescript", "rb": "ruby", "pl": "perl", "pm": "perl", "php": "php",
    "lisp": "lisp", "el": "lisp", "erl": "erlang", "hrl": "erlang", "ex": "elixir", "exs": "elixir",
    "vim": "vim", "sh": "shell", "S": "assembly", "s": "assembly", "css": "css", "scss": "css",
}  # fmt: skip
_CODE_FILES = r"\.(" + "|".join(_LANGUAGES_BY_ENDING) + r"|el\.gz)$|/usr/src/.*\.tar\.xz$|/src\.zip$"
_MARKUP = (".html", ".htm", ".xhtml", ".page", ".xml", ".docbook", "/index.cache")
_PLAIN = (".rst", ".txt")
_MANUAL = re.compile(r"/man/(?:[^/]+/)?man\d[a-z]*/")
_FORTUNES = re.compile(r"/fortunes/(?:[^/]+/)*[^/.]+$")
_TAG = r"([a-z]{2,3}(?:[-_][A-Za-z]{2,4})?(?:@[a-z]+)?|C)"
_LANGUAGE_IN_PATH = re.compile(
    rf"/(?:help|HTML|man|translations|fortunes|installation-guide-[^/]+)/{_TAG}/|/html/([a-z]{{2}}-[A-Z]{{2}})/|"
    rf"/{_TAG}/LC_MESSAGES/|/languages/(?:[a-z-]+-)?([a-z]{{2,3}}(?:_[A-Z]{{2}})?)\.mo$"
)
_SPELLINGS = {"C": "en", "cmn": "zh", "no": "nb", "sp": "es"}
_TRADITIONAL = frozenset({"tw", "hk", "hant"})
_VARIANTS = {"latin": "-latn", "ijekavianlatin": "-latn", "cyrillic": "-cyrl", "shaw": "-shaw"}


class Document(msgspec.Struct, frozen=True):
    """One document as the corpora hold it; `source` is the package it comes from."""

    id: str
    text: str
    lang: str
    source: str


@dataclass(slots=True)
class Deduplicator:
    """Remembers 64-bit hashes of lines and documents seen, in memory."""

    seen: set[int] = field(default_factory=set)

    def is_new(self, text: str) -> bool:
        """Whether this text comes for the first time."""
        key = document_key(text)
        if key in self.seen:
            return False
        self.seen.add(key)
        return True

    def new_lines(self, text: str) -> str:
        """The text without long lines that came before; short ones may repeat."""
        kept = (line for line in text.split("\n") if len(line) < _REPEATED or self.is_new(line.strip()))
        return plain_lines("\n".join(kept))


def document_key(text: str) -> int:
    """A 64-bit hash of the text: the same on every machine and in every run."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def language_tag(spelling: str) -> str:
    """One tag for all spellings of a language: `zh_CN` and `zh-cn` → `zh`; `sr@latin` → `sr-latn`."""
    base, _, variant = spelling.partition("@")
    primary, *rest = re.split("[-_]", base)
    if primary == "zh" and any(part.lower() in _TRADITIONAL for part in rest):
        return "zh-hant"
    return _SPELLINGS.get(primary, primary) + _VARIANTS.get(variant, "")


def language_of(path: str, otherwise: str) -> str:
    """The language that a folder of the path names, else the one that the package was chosen for."""
    match = _LANGUAGE_IN_PATH.search(f"/{path}")
    return language_tag(next(filter(None, match.groups())) if match else otherwise)


def text_of(file: PackedFile) -> str:
    """The text of a documentation file; empty when it is of no known kind or not in UTF-8."""
    if file.path.endswith(".mo"):
        return plain_lines("\n".join(catalogue_strings(file.data)))
    manual = _MANUAL.search(f"/{file.path}")
    if not manual and not file.path.endswith((*_MARKUP, *_PLAIN)) and not _FORTUNES.search(f"/{file.path}"):
        return ""
    text = decode(file.data) or ""
    if manual:
        return strip_roff(text)
    return strip_markup(text) if file.path.endswith(_MARKUP) else plain_lines(text)


def cut(text: str, limit: int = DOCUMENT_CHARACTERS) -> Iterator[str]:
    """The text in pieces of at most `limit` characters that end with a line, or where a line is longer."""
    start = 0
    while len(text) - start > limit:
        end = text.rfind("\n", start, start + limit) + 1
        end = end if end > start else start + limit
        yield text[start:end]
        start = end
    if start < len(text):
        yield text[start:]


def package_documents(package: Package, folder: Path, seen: Deduplicator) -> Iterator[Document]:
    """The documents of one package that no package before it had."""
    program = package.language == "code"
    read = files(folder / package.file, _CODE_FILES if program else package.only)
    size = 0
    for file in sorted(read, key=_limited_order if package.limit else _english_first):
        language, text = _program(file, seen) if program else _prose(file, package.language, seen)
        for number, piece in enumerate(cut(text)):
            if len(piece) >= _SHORTEST:
                yield Document(f"{package.name}:{file.path}#{number}", piece, language, package.name)
        size += len(text)
        if package.limit and size >= package.limit:
            return


def _limited_order(file: PackedFile) -> tuple[int, str]:
    return document_key(file.path), file.path


def _english_first(file: PackedFile) -> tuple[bool, str]:
    return language_of(file.path, "") != "en", file.path


def _program(file: PackedFile, seen: Deduplicator) -> tuple[str, str]:
    language = CODE + _LANGUAGES_BY_ENDING.get(file.path.rpartition(".")[2], "other")
    text = decode(file.data) or ""
    minified = max(map(len, text.split("\n"))) > _LONGEST_LINE
    return language, "" if minified or not seen.is_new(text) else text


def _prose(file: PackedFile, otherwise: str, seen: Deduplicator) -> tuple[str, str]:
    return language_of(file.path, otherwise), seen.new_lines(text_of(file))


def write_by_language(packages: Iterable[Package], source: Path, target: Path) -> None:
    """Write `target/LANGUAGE.jsonl` for every language of the packages' documents; `target` must be new."""
    target.mkdir(parents=True)
    encoder = msgspec.json.Encoder()
    seen = Deduplicator()
    opened: dict[Path, BinaryIO] = {}
    with ExitStack() as stack:
        for package in packages:
            for document in package_documents(package, source, seen):
                path = target / f"{document.lang}.jsonl"
                if path not in opened:
                    opened[path] = stack.enter_context(path.open("wb"))
                opened[path].write(encoder.encode(document) + b"\n")
