"""Hugging Face's `tokenizer.json`, written: the record that `tokenizers` opens."""

from __future__ import annotations

from typing import Any

from corpora.errors import WinnowError
from trainer.byte_alphabet import to_mapped
from trainer.portable import portable_pattern
from trainer.vocabulary import Vocabulary


def tombstone(id_: int) -> str:
    """The name that a removed token's id carries in `tokenizer.json`; no text produces it."""
    return f"<|removed_{id_}|>"


def is_tombstone(spelling: str, id_: int) -> bool:
    """Whether a spelling is the name of the removed token `id_`."""
    return spelling.endswith("|>") and spelling == tombstone(id_)


def tokenizer_record(vocabulary: Vocabulary) -> dict[str, Any]:
    """The whole record; the vocabulary's merges must have been derived.

    Special tokens stand in the model's own vocabulary too: `tokenizers` numbers added tokens that
    are not there by itself. Raises WinnowError when a special token's text is a token's spelling.
    """
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [_added_token(id_, text) for id_, text in sorted(vocabulary.special_ids.items())],
        "normalizer": None,
        "pre_tokenizer": _pre_tokenizer(vocabulary.pattern),
        "post_processor": None,
        "decoder": _BYTE_LEVEL,
        "model": _model(vocabulary),
    }


_BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}


def _added_token(id_: int, text: str) -> dict[str, Any]:
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    return {"id": id_, "content": text, **flags}


def _pre_tokenizer(pattern: str) -> dict[str, Any]:
    split = {
        "type": "Split",
        "pattern": {"Regex": portable_pattern(pattern)},
        "behavior": "Isolated",
        "invert": False,
    }
    return {"type": "Sequence", "pretokenizers": [split, _BYTE_LEVEL]}


def _model(vocabulary: Vocabulary) -> dict[str, Any]:
    spelled = {id_: to_mapped(token) for id_, token in vocabulary.tokens.items()}
    names = spelled | dict(vocabulary.special_ids) | {id_: tombstone(id_) for id_ in vocabulary.tombstones}
    if len(set(names.values())) != len(names):
        clash = next(text for text in vocabulary.special_tokens if text in set(spelled.values()))
        raise WinnowError(
            f"special token {clash!r} has the spelling of an ordinary token", where=vocabulary.name
        )
    return {
        "type": "BPE",
        "dropout": None,
        "unk_token": None,
        "continuing_subword_prefix": None,
        "end_of_word_suffix": None,
        "fuse_unk": False,
        "byte_fallback": False,
        "ignore_merges": vocabulary.whole_pieces and bool(vocabulary.orphans),
        "vocab": {names[id_]: id_ for id_ in sorted(names)},
        "merges": [(spelled[left], spelled[right]) for left, right, _ in vocabulary.rules],
    }
