"""How much of a text is function words of a language: evidence for it, and against keyword lists."""

from __future__ import annotations

import math
import tomllib
from collections import Counter
from functools import cache
from importlib.resources import files
from typing import Any

import regex

# Words of letters and combining marks, with inner apostrophes and hyphens, and Afrikaans 'n.
_WORD = regex.compile(r"[\p{L}\p{M}]+(?:['-][\p{L}\p{M}]+)*|'n\b")


@cache
def _profiles() -> dict[str, dict[str, str]]:
    text = files("curation").joinpath("data", "function_words.toml").read_text(encoding="utf-8")
    table: dict[str, Any] = tomllib.loads(text)
    return {"words": table["words"], "strings": table["strings"]}


@cache
def profiled_languages() -> frozenset[str]:
    """The languages that have a profile of whole function words."""
    return frozenset(_profiles()["words"])


@cache
def languages_of_word() -> dict[str, tuple[str, ...]]:
    """Function word → the languages that use it."""
    inverse: dict[str, list[str]] = {}
    for language, words in _profiles()["words"].items():
        for word in words.split():
            inverse.setdefault(word, []).append(language)
    return {word: tuple(dict.fromkeys(languages)) for word, languages in inverse.items()}


@cache
def strings_of(language: str) -> tuple[str, ...]:
    """The function strings of a language written without spaces; empty for others."""
    return tuple(_profiles()["strings"].get(language, "").split())


def split_words(text: str) -> list[str]:
    """The words of lower-case `text`, typographic apostrophes made plain."""
    found: list[str] = _WORD.findall(text.replace("’", "'").replace("ʼ", "'"))
    return found


def word_shares(text: str) -> tuple[dict[str, float], int]:
    """For every profiled language the share of `text`'s words that are its function words (0..1), and the
    number of words. `text` must be lower case and NFC.
    """
    words = Counter(split_words(text))
    inverse = languages_of_word()
    hits: dict[str, int] = {}
    for word, times in words.items():
        for language in inverse.get(word, ()):
            hits[language] = hits.get(language, 0) + times
    total = words.total()
    return {language: count / total for language, count in hits.items()}, total


def string_share(text: str, language: str) -> float:
    """The share of `text`'s letters inside function strings of a language written without spaces; NaN when
    the language has no such profile or the text no letters.
    """
    strings = strings_of(language)
    letters = sum(map(str.isalpha, text)) if strings else 0
    if not letters:
        return math.nan
    return min(1.0, sum(text.count(string) * len(string) for string in strings) / letters)
