"""The thresholds of language identification, and how a rule file sets them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from corpora.errors import WrongCall, unknown_name


@dataclass(frozen=True, slots=True)
class LanguageOptions:
    """The thresholds, fitted on 32,000 sentences of 67 languages (benchmarks/language_id.py).

    `characters`: only the first so many are looked at (docs/curation.md: agreement with the whole text).
    `window`: when so many at both ends of them agree, each with a lead of `window_margin`, the rest is not
    looked at; else `sample` of them are (beginning, middle and end), and paragraphs one by one.
    `function_word_weight`: evidence = probability + weight × share of function words. `margin`: the best
    language must lead the second by so much evidence. `minimum`: and have at least so much
    (`minimum_without_words` when a text has none of the language's function words: menus, lists of names);
    `minimums` overrides it for single languages. `letters`: fewer letters (`ideographs` in scripts without
    spaces) are `und`. A document is `mixed` when no language has `mixed_share` of the letters of its
    paragraphs (`paragraphs` of those with at least `paragraph_letters`, their first `paragraph_characters`),
    and the second has at least 1 - `mixed_share`, halved.
    """

    characters: int = 2_000
    window: int = 150
    window_margin: float = 0.4
    sample: int = 900
    function_word_weight: float = 3.0
    margin: float = 0.1
    minimum: float = 0.2
    minimum_without_words: float = 0.5
    minimums: Mapping[str, float] = field(default_factory=dict)
    letters: int = 6
    ideographs: int = 2
    mixed_share: float = 0.7
    paragraph_letters: int = 40
    paragraph_characters: int = 200
    paragraphs: int = 8


def parse_language_options(table: Mapping[str, Any], where: str) -> LanguageOptions:
    """The options of a rule file's `[language]` table; what it does not name keeps its default.

    Raises WrongCall for an unknown key or a value of the wrong type or sign.
    """
    kinds = {each.name: type(each.default) for each in fields(LanguageOptions) if each.name != "minimums"}
    for key, value in table.items():
        if key not in (*kinds, "minimums"):
            error = unknown_name("key", key, [*kinds, "minimums"])
            raise WrongCall(error.what, where=where, hint=error.hint)
        numbers = value.items() if key == "minimums" and isinstance(value, Mapping) else [(key, value)]
        for name, number in numbers:
            _check_number(name, number, kinds.get(key, float), where)
    return LanguageOptions(**table)


def _check_number(name: str, value: Any, kind: type, where: str) -> None:
    wanted = int if kind is int else int | float
    if isinstance(value, bool) or not isinstance(value, wanted) or value < 0:
        noun = "whole number" if kind is int else "number"
        raise WrongCall(f"{name} must be a {noun} of at least 0, not {value!r}", where=where)
