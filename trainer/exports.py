"""A vocabulary as files and objects of other libraries: tokenizer.json, .tiktoken, vocab.txt."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from corpora.display import show_text
from corpora.errors import WinnowError
from corpora.files import write_bytes, write_json, write_text
from trainer.expressible import require_encoding, require_expressible, require_ranks
from trainer.portable import portable_pattern
from trainer.tiktoken_file import format_tiktoken
from trainer.tokenizer_json import tokenizer_record
from trainer.vocabulary import Vocabulary

if TYPE_CHECKING:
    import tiktoken
    import tokenizers

TOKENIZER_JSON = "tokenizer.json"
TIKTOKEN = "tokenizer.tiktoken"
VOCAB_TXT = "vocab.txt"
TOKENIZER_CONFIG = "tokenizer_config.json"
SPECIAL_TOKENS_MAP = "special_tokens_map.json"
EXPORTS = (TOKENIZER_JSON, TIKTOKEN, VOCAB_TXT, TOKENIZER_CONFIG, SPECIAL_TOKENS_MAP)

_END_OF_TEXT = "<|endoftext|>"


def to_tokenizers(vocabulary: Vocabulary) -> tokenizers.Tokenizer:
    """The vocabulary as a `tokenizers.Tokenizer`. Raises WinnowError when it cannot be expressed."""
    import tokenizers

    text = _tokenizer_json(vocabulary).decode()
    with refusals_of("tokenizers", vocabulary.name):
        return tokenizers.Tokenizer.from_str(text)


def to_tiktoken(vocabulary: Vocabulary) -> tiktoken.Encoding:
    """The vocabulary as a `tiktoken.Encoding`. Raises WinnowError when it cannot be expressed."""
    import tiktoken

    require_ranks(vocabulary)
    pattern = portable_pattern(vocabulary.pattern)
    with refusals_of("tiktoken", vocabulary.name):
        return tiktoken.Encoding(
            vocabulary.name,
            pat_str=pattern,
            mergeable_ranks=dict(vocabulary.ids_of),
            special_tokens=dict(vocabulary.special_tokens),
        )


@contextmanager
def refusals_of(library: str, where: str) -> Iterator[None]:
    """Turn what `library` raises in the block into a WinnowError; tokenizers raises bare exceptions."""
    try:
        yield
    except Exception as error:
        raise WinnowError(
            f"{library} does not open it: {error}", where=where, hint="is the pattern valid in every engine?"
        ) from error


def write_exports(folder: Path, vocabulary: Vocabulary) -> None:
    """Write every file of `EXPORTS` into `folder`.

    Raises WinnowError, before anything is written, when the libraries could not agree on them (see
    `trainer.expressible`).
    """
    require_expressible(vocabulary)
    vocabulary = vocabulary.with_merges()
    write_tokenizer_json(folder / TOKENIZER_JSON, vocabulary)
    write_tiktoken(folder / TIKTOKEN, vocabulary)
    write_vocab_txt(folder / VOCAB_TXT, vocabulary)
    write_transformers_config(folder, vocabulary)


def write_tokenizer_json(path: Path, vocabulary: Vocabulary) -> None:
    """Write Hugging Face's `tokenizer.json`."""
    write_bytes(path, _tokenizer_json(vocabulary))


def write_tiktoken(path: Path, vocabulary: Vocabulary) -> None:
    """Write the `.tiktoken` file, which has no place for the pattern and the special tokens."""
    require_ranks(vocabulary)
    write_bytes(path, format_tiktoken(vocabulary.tokens))


def write_vocab_txt(path: Path, vocabulary: Vocabulary) -> None:
    """Write one line a token for human eyes: id, the token in brackets, and what it is made of."""
    write_text(path, "".join(f"{line}\n" for line in _vocab_lines(vocabulary.with_merges())))


def write_transformers_config(folder: Path, vocabulary: Vocabulary) -> None:
    """Write the two small files that let `transformers.AutoTokenizer` open the folder."""
    ordered = [vocabulary.special_ids[id_] for id_ in sorted(vocabulary.special_ids)]
    named = {"bos_token": _END_OF_TEXT, "eos_token": _END_OF_TEXT} if _END_OF_TEXT in ordered else {}
    others = [text for text in ordered if text != _END_OF_TEXT]
    special: dict[str, object] = {**named, "additional_special_tokens": others}
    config = {"clean_up_tokenization_spaces": False, "tokenizer_class": "PreTrainedTokenizerFast", **special}
    write_json(folder / TOKENIZER_CONFIG, config)
    write_json(folder / SPECIAL_TOKENS_MAP, special)


def _tokenizer_json(vocabulary: Vocabulary) -> bytes:
    require_encoding(vocabulary)
    record = tokenizer_record(vocabulary.with_merges())
    return msgspec.json.format(msgspec.json.encode(record), indent=1) + b"\n"


def _vocab_lines(vocabulary: Vocabulary) -> Iterator[str]:
    parts = {made: (left, right) for left, right, made in vocabulary.rules}
    shown = vocabulary.shown
    for id_ in sorted({*vocabulary.tokens, *vocabulary.special_ids, *vocabulary.tombstones}):
        if id_ in vocabulary.tombstones:
            yield f"{id_}\t\tremoved"
        elif id_ in vocabulary.special_ids:
            yield f"{id_}\t[{show_text(vocabulary.special_ids[id_])}]\tspecial"
        elif id_ in parts:
            left, right = parts[id_]
            yield f"{id_}\t[{shown[id_]}]\t[{shown[left]}] + [{shown[right]}]"
        else:
            alone = "byte" if len(vocabulary.tokens[id_]) == 1 else "whole pieces only"
            yield f"{id_}\t[{shown[id_]}]\t{alone}"
