"""Verification passes good exports quickly and stops at every kind of damage."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from corpora.errors import WinnowError
from trainer.exports import write_exports
from trainer.unicode_drift import drifting_characters
from trainer.verify import adversarial_texts, verify_exports
from trainer.vocabulary import Vocabulary

Maker = Callable[..., Vocabulary]
Edit = Callable[[dict[str, Any]], object]


def test_ten_thousand_adversarial_texts_in_seconds(toy: Vocabulary, texts: list[str], tmp_path: Path) -> None:
    write_exports(tmp_path, toy)
    started = time.process_time()
    found = verify_exports(tmp_path, toy, texts)
    assert time.process_time() - started < 20
    assert found.texts == 10_000 + len(texts)
    assert found.reference_texts > 500
    assert found.ids > 100_000


def test_o200k_as_tiktoken_has_it(o200k: Vocabulary, texts: list[str], tmp_path: Path) -> None:
    write_exports(tmp_path, o200k)
    assert verify_exports(tmp_path, o200k, texts, adversarial=500).texts == 500 + len(texts)


def test_special_tokens_that_are_words(make_vocabulary: Maker, tmp_path: Path) -> None:
    vocabulary = make_vocabulary(b"ab", b"abcd", special=("stop", "<s>"))
    write_exports(tmp_path, vocabulary)
    verify_exports(tmp_path, vocabulary, ["stop", "a stop b", "nonstop<s>", "abcd"], adversarial=500)


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (lambda model: model["merges"].pop(), "encoding|merges"),
        (lambda model: model["merges"].reverse(), "merges"),
        (lambda model: model["vocab"].update({"zzzzz": 9999}), "tokens"),
        (lambda model: model["vocab"].pop("<|pad|>"), None),
    ],
)
def test_a_damaged_tokenizer_json_is_noticed(
    toy: Vocabulary, edit: Edit, says: str | None, tmp_path: Path
) -> None:
    write_exports(tmp_path, toy)
    path = tmp_path / "tokenizer.json"
    file = json.loads(path.read_bytes())
    edit(file["model"])
    path.write_text(json.dumps(file), encoding="utf-8")
    with pytest.raises(WinnowError, match=says):
        verify_exports(tmp_path, toy, adversarial=500)


def test_a_damaged_pattern_is_noticed(toy: Vocabulary, tmp_path: Path) -> None:
    write_exports(tmp_path, replace(toy, pattern=r"\S+|\s+"))
    with pytest.raises(WinnowError, match="pattern"):
        verify_exports(tmp_path, toy, adversarial=10)


def test_damaged_ranks_are_noticed(toy: Vocabulary, tmp_path: Path) -> None:
    write_exports(tmp_path, toy)
    path = tmp_path / "tokenizer.tiktoken"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    with pytest.raises(WinnowError, match=r"tokenizer\.tiktoken: the file's tokens"):
        verify_exports(tmp_path, toy, adversarial=10)


def test_a_difference_names_the_text_and_the_ids(make_vocabulary: Maker, tmp_path: Path) -> None:
    """A pattern that the engines read differently: in Oniguruma, `(?m)` lets `.` match a line end."""
    vocabulary = make_vocabulary(b"a\n", pattern=r"(?m)a.|[\s\S]")
    write_exports(tmp_path, vocabulary)
    with pytest.raises(WinnowError, match=r"tokenizers and tiktoken differ on 'a\\\\nb': \[\d+, .*\] and \["):
        verify_exports(tmp_path, vocabulary, ["xyz", "a\nb"], adversarial=0)


def test_one_piece_of_any_length_does_not_stop_the_check(make_vocabulary: Maker, tmp_path: Path) -> None:
    """The reference encoder is quadratic in a piece; the libraries compare such texts alone."""
    vocabulary = make_vocabulary(b"ab", b"abab", pattern=r"[\s\S]+")
    write_exports(tmp_path, vocabulary)
    started = time.process_time()
    found = verify_exports(tmp_path, vocabulary, ["ab" * 20_000, "ab" * 50], adversarial=100)
    assert found.reference_texts == 101
    assert time.process_time() - started < 20


def test_adversarial_texts_are_reproducible_and_varied(toy: Vocabulary) -> None:
    made = adversarial_texts(toy, 2000, seed=3)
    assert made == adversarial_texts(toy, 2000, seed=3)
    assert made != adversarial_texts(toy, 2000, seed=4)
    assert sum("<|endoftext|>" in text for text in made) > 50


def test_drifting_characters_are_those_of_a_newer_unicode() -> None:
    assert drifting_characters(r"\p{L}|\s", ["plain", "漢字 é"]) == frozenset()
    every = ["".join(map(chr, (*range(0xD800), *range(0xE000, 0x30000))))]
    for character in drifting_characters(r"\p{L}", every):
        assert ord(character) > 0x24F
