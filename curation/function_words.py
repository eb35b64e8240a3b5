"""How much of a text is function words of a language: evidence for it, and against keyword lists."""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt

from corpora.unicode_classes import LETTER, MARK, NUMBER, class_table
from curation import language_kernel as kernel
from curation.scripts import code_points


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


@dataclass(frozen=True, slots=True)
class _WordTable:
    """The function words by their hashes (see `kernel.count_function_words`); languages by number."""

    names: tuple[str, ...]
    keys: npt.NDArray[np.uint64]
    firsts: npt.NDArray[np.int64]
    languages: npt.NDArray[np.int64]


@cache
def _word_table() -> _WordTable:
    inverse, names = languages_of_word(), tuple(sorted(profiled_languages()))
    number = {name: index for index, name in enumerate(names)}
    keys = np.zeros(1 << (2 * len(inverse)).bit_length(), dtype=np.uint64)
    of_slot: dict[int, list[int]] = {}
    for word, languages in inverse.items():
        key = kernel.hash_word(code_points(word))
        slot = int(kernel.slot_of(key, keys))
        keys[slot], of_slot[slot] = key, [number[language] for language in languages]
    counts = [len(of_slot.get(slot, ())) for slot in range(len(keys))]
    flat = [index for slot in sorted(of_slot) for index in of_slot[slot]]
    firsts = np.cumsum([0, *counts], dtype=np.int64)
    return _WordTable(names, keys, firsts, np.array(flat, dtype=np.int64))


@cache
def _signs() -> npt.NDArray[np.uint8]:
    """What a code point is in words, shape (1,114,112,): bits of `curation.language_kernel`."""
    classes = class_table()
    signs = np.where((classes & (LETTER | MARK)) != 0, kernel.LETTER, np.uint8(0))
    in_word = (classes & (LETTER | MARK | NUMBER)) != 0
    in_word[ord("_")] = True
    signs[in_word] |= kernel.WORD_SIGN
    return signs


def word_shares(text: str) -> tuple[dict[str, float], int]:
    """For every profiled language the share of `text`'s words that are its function words (0..1), and the
    number of words. `text` must be lower case and NFC; typographic apostrophes are as good as plain ones.
    """
    table = _word_table()
    points = code_points(text.replace("’", "'").replace("ʼ", "'"))
    hits = np.zeros(len(table.names), dtype=np.int64)
    total = kernel.count_function_words(points, _signs(), table.keys, table.firsts, table.languages, hits)
    counts = zip(table.names, hits.tolist(), strict=True)
    return {name: count / total for name, count in counts if count}, total


def string_share(text: str, language: str) -> float:
    """The share of `text`'s letters inside function strings of a language written without spaces; NaN when
    the language has no such profile or the text no letters.
    """
    strings = strings_of(language)
    letters = sum(map(str.isalpha, text)) if strings else 0
    if not letters:
        return math.nan
    return min(1.0, sum(text.count(string) * len(string) for string in strings) / letters)
