"""The `.tiktoken` format: one token a line, base64 of its bytes and its rank."""

from __future__ import annotations

import binascii
from collections.abc import Mapping

from corpora.errors import WinnowError

_LONGEST_RANK = 20  # digits


def format_tiktoken(tokens: Mapping[int, bytes]) -> bytes:
    """The file's bytes, tokens in rank order; the same bytes that OpenAI publishes for the same ranks."""
    return b"".join(
        b"%b %d\n" % (binascii.b2a_base64(tokens[rank], newline=False), rank) for rank in sorted(tokens)
    )


def parse_tiktoken(data: bytes, where: str) -> dict[int, bytes]:
    """Rank → bytes. `where` names the file in errors.

    Raises WinnowError, with the line, for bad base64, a bad rank, an empty token, a rank or a token
    that comes twice; and for a file without tokens.
    """
    tokens: dict[int, bytes] = {}
    for number, line in enumerate(data.splitlines(), start=1):
        fields = line.split()
        if not fields:
            continue
        try:
            token, rank = _parse_fields(fields)
        except WinnowError as error:
            raise WinnowError(error.what, where=f"{where}:{number}", hint=error.hint) from error
        if rank in tokens:
            raise WinnowError(f"rank {rank} comes twice", where=f"{where}:{number}")
        tokens[rank] = token
    if not tokens:
        raise WinnowError("holds no tokens", where=where, hint="a .tiktoken file has lines 'base64 rank'")
    if len(set(tokens.values())) != len(tokens):
        raise WinnowError("a token comes twice, under two ranks", where=where)
    return tokens


def _parse_fields(fields: list[bytes]) -> tuple[bytes, int]:
    if len(fields) != 2 or not fields[1].isdigit() or len(fields[1]) > _LONGEST_RANK:
        raise WinnowError("not a .tiktoken line", hint="expected: base64, a space, a rank")
    try:
        token = binascii.a2b_base64(fields[0], strict_mode=True)
    except binascii.Error as error:
        raise WinnowError(f"not base64: {error}") from error
    if not token:
        raise WinnowError("an empty token")
    return token, int(fields[1])
