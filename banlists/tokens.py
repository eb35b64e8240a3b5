"""The ways to name a token's bytes on the command line and in tests."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from corpora.errors import WrongCall

if TYPE_CHECKING:
    import splintr


def token_bytes(spec: str, where: str | None = None) -> bytes:
    """The bytes of `hex:e5a4a9`, of `tok:o200k_base:2783` (a bundled vocabulary), or of plain text.

    Raises WrongCall for bad hexadecimal, an unknown vocabulary, or an id it does not have.
    """
    if spec.startswith("hex:"):
        try:
            return bytes.fromhex(spec[4:])
        except ValueError as error:
            raise WrongCall(f"{spec!r}: {error}", where=where) from error
    if spec.startswith("tok:"):
        return _bundled_token(spec, where)
    return spec.encode("utf-8", errors="surrogateescape")


def _bundled_token(spec: str, where: str | None) -> bytes:
    name, _, number = spec[4:].rpartition(":")
    if not name or not number.isdecimal():
        raise WrongCall(f"{spec!r} is not tok:VOCABULARY:ID", where=where, hint="such as tok:o200k_base:2783")
    try:
        return bytes(_tokenizer(name).decode_token_bytes(int(number)))
    except (ValueError, OverflowError) as error:
        raise WrongCall(f"{spec!r}: {error}", where=where) from error


@cache  # building one takes longer than a thousand lookups
def _tokenizer(name: str) -> splintr.AnyTokenizer:
    import splintr

    return splintr.Tokenizer.from_pretrained(name)
