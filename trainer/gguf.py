"""Which of llama.cpp's named pre-tokenizers a pattern is: a GGUF file states a name, never a regex."""

from __future__ import annotations

from dataclasses import dataclass

from corpora.errors import WinnowError
from trainer.pretokenize import PATTERNS, pattern_name
from trainer.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class GgufPreTokenizer:
    """The value of `tokenizer.ggml.pre`; what llama.cpp does differently under it, empty when nothing.

    `whole_pieces` says whether llama.cpp looks whole pre-tokens up under this name.
    """

    name: str
    caution: str = ""
    whole_pieces: bool = False


_ASCII_CASE = "llama.cpp tells upper from lower case in ASCII only, and reads combining marks as punctuation"

# From llama.cpp, src/llama-vocab.cpp: `tokenizer_pre`, its regex, and `ignore_merges` under that name.
_NAMES = {
    "gpt2": GgufPreTokenizer("gpt-2"),
    "cl100k": GgufPreTokenizer(
        "llama-bpe", "llama.cpp puts the beginning-of-text token first", whole_pieces=True
    ),
    "llama3": GgufPreTokenizer(
        "llama-bpe", "llama.cpp puts the beginning-of-text token first", whole_pieces=True
    ),
    "o200k": GgufPreTokenizer("gpt-4o", _ASCII_CASE),
    "qwen": GgufPreTokenizer("qwen2"),
}


def gguf_pre_tokenizer(pattern: str) -> GgufPreTokenizer:
    """The pre-tokenizer that splits as `pattern` does.

    Raises WinnowError when llama.cpp has none: its converter would refuse the tokenizer too.
    """
    name = pattern_name(pattern)
    if name not in _NAMES:
        known = ", ".join(sorted(set(PATTERNS) & set(_NAMES)))
        raise WinnowError(
            "llama.cpp has no pre-tokenizer for this pattern, so no GGUF file can carry it",
            hint=f"patterns that GGUF can carry: {known}",
        )
    return _NAMES[name]


def gguf_note(vocabulary: Vocabulary) -> str:
    """One line for a manifest: the GGUF pre-tokenizer of a vocabulary, or why there is none."""
    try:
        found = gguf_pre_tokenizer(vocabulary.pattern)
    except WinnowError as refusal:
        return f"GGUF: {refusal.what}"
    cautions = [found.caution] if found.caution else []
    if vocabulary.with_merges().orphans and not found.whole_pieces:
        cautions.append(
            "llama.cpp does not look whole pieces up, so it never emits this vocabulary's orphans"
        )
    return "; ".join([f"GGUF: tokenizer.ggml.pre = {found.name!r}", *cautions])
