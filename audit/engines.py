"""One vocabulary in every library that can encode with it, behind one small interface."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from audit.token_text import TokenText, Utf8Class
from trainer.exports import to_tiktoken, to_tokenizers
from trainer.reference_encoder import decode_bytes
from trainer.reference_encoder import encode as reference_encode
from trainer.vocabulary import Encoding, Vocabulary


@dataclass(frozen=True, slots=True)
class Engine:
    """A library with the vocabulary loaded: `encode` many texts to ids, `decode` ids to bytes."""

    name: str
    encode: Callable[[Sequence[str]], list[list[int]]]
    decode: Callable[[list[int]], bytes]


def make_engines(vocabulary: Vocabulary) -> tuple[Engine, ...]:
    """The libraries that can express this vocabulary and the reference; none when it cannot encode."""
    if vocabulary.encoding is Encoding.UNKNOWN or vocabulary.missing_bytes:
        return ()
    engines = (_tokenizers_engine(vocabulary), _reference_engine(vocabulary))
    return (_tiktoken_engine(vocabulary), *engines) if vocabulary.encoding is Encoding.RANKS else engines


@dataclass(frozen=True, slots=True)
class EncodedTokens:
    """The tokens that are text, and their ids under each engine, in the engines' order."""

    tokens: tuple[TokenText, ...]
    ids: tuple[list[list[int]], ...]


def encode_tokens(texts: Sequence[TokenText], engines: Sequence[Engine]) -> EncodedTokens:
    """Encode the text of every token that is whole characters, once with every engine."""
    whole = tuple(text for text in texts if text.utf8 is Utf8Class.WHOLE)
    strings = [text.text for text in whole]
    return EncodedTokens(whole, tuple(engine.encode(strings) for engine in engines))


def text_engine(vocabulary: Vocabulary) -> Engine | None:
    """The one library to count tokens with: tiktoken where it can, else tokenizers, else None."""
    if vocabulary.encoding is Encoding.UNKNOWN or vocabulary.missing_bytes:
        return None
    return (
        _tiktoken_engine(vocabulary)
        if vocabulary.encoding is Encoding.RANKS
        else _tokenizers_engine(vocabulary)
    )


def _tiktoken_engine(vocabulary: Vocabulary) -> Engine:
    encoding = to_tiktoken(vocabulary)

    def encode(texts: Sequence[str]) -> list[list[int]]:
        return [encoding.encode_ordinary(text) for text in texts]

    return Engine("tiktoken", encode, encoding.decode_bytes)


def _tokenizers_engine(vocabulary: Vocabulary) -> Engine:
    tokenizer = to_tokenizers(vocabulary)

    def encode(texts: Sequence[str]) -> list[list[int]]:
        return [encoded.ids for encoded in tokenizer.encode_batch(list(texts), add_special_tokens=False)]

    def decode(ids: list[int]) -> bytes:
        return str(tokenizer.decode(ids, skip_special_tokens=False)).encode()

    return Engine("tokenizers", encode, decode)


def _reference_engine(vocabulary: Vocabulary) -> Engine:
    def encode(texts: Sequence[str]) -> list[list[int]]:
        return [reference_encode(vocabulary, text) for text in texts]

    def decode(ids: list[int]) -> bytes:
        return decode_bytes(vocabulary, ids)

    return Engine("reference", encode, decode)
