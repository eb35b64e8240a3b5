"""The GGUF note names a pre-tokenizer that llama.cpp has, or says that there is none."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from corpora.errors import WinnowError
from trainer.gguf import gguf_note, gguf_pre_tokenizer
from trainer.load import load_tokenizer
from trainer.pretokenize import PATTERNS
from trainer.vocabulary import Vocabulary


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("gpt2", "gpt-2"),
        ("o200k", "gpt-4o"),
        ("cl100k", "llama-bpe"),
        ("llama3", "llama-bpe"),
        ("qwen", "qwen2"),
    ],
)
def test_known_patterns(pattern: str, name: str) -> None:
    assert gguf_pre_tokenizer(PATTERNS[pattern]).name == name


@pytest.mark.parametrize(
    ("name", "pre"), [("o200k_base", "gpt-4o"), ("llama3", "llama-bpe"), ("qwen3", "qwen2")]
)
def test_bundled_vocabularies(name: str, pre: str) -> None:
    assert gguf_pre_tokenizer(load_tokenizer(name).pattern).name == pre


def test_an_unknown_pattern_is_refused() -> None:
    with pytest.raises(WinnowError, match=r"llama\.cpp has no pre-tokenizer"):
        gguf_pre_tokenizer(r"\w+|\W+")


def test_the_note_is_one_line(make_vocabulary: Callable[..., Vocabulary]) -> None:
    assert gguf_note(make_vocabulary()) == (
        "GGUF: llama.cpp has no pre-tokenizer for this pattern, so no GGUF file can carry it"
    )
    orphaned = gguf_note(make_vocabulary(b"ab", b"abcd", pattern=PATTERNS["gpt2"]))
    assert orphaned.startswith("GGUF: tokenizer.ggml.pre = 'gpt-2'; ")
    assert "orphans" in orphaned
    assert "\n" not in orphaned
