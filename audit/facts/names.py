"""The ways to name a token on the command line: id, text, bytes, and the escapes that reports print."""

from __future__ import annotations

import re

from corpora.display import show_bytes, show_text
from corpora.errors import WrongCall
from trainer.vocabulary import Encoding, Vocabulary

_NAMED = {"n": b"\n", "r": b"\r", "t": b"\t", "\\": b"\\"}
_ESCAPE = re.compile(
    r"<0x(?P<shown>[0-9A-Fa-f]{2})>|\\x(?P<byte>[0-9A-Fa-f]{2})|\\u(?P<short>[0-9A-Fa-f]{4})"
    r"|\\U(?P<long>[0-9A-Fa-f]{8})|\\(?P<named>[nrt\\])"
)


def find_token(vocabulary: Vocabulary, name: str) -> int:
    """The id of the token that `name` means.

    `id:N`, `hex:E5A4A9` and `text:…` say what they are. Bare digits are an id; anything else is the text of
    a token, as written, or, when no token is so, with the escapes of the reports read (`\\n`, `\\u200b`,
    `\\xe5`, `<0xE5>`).

    Raises WrongCall when no token answers; the hint shows how the vocabulary cuts such a text.
    """
    kind, found, rest = name.partition(":")
    if found and kind == "id":
        return _by_id(vocabulary, rest)
    if found and kind == "hex":
        return _by_bytes(vocabulary, _hexadecimal(rest), name)
    if found and kind == "text":
        return _by_bytes(vocabulary, _utf8(rest), name)
    if name.isascii() and name.isdigit():
        return _by_id(vocabulary, name)
    exact = _known(vocabulary, _utf8(name))
    return exact if exact is not None else _by_bytes(vocabulary, read_escapes(name), name)


def read_escapes(text: str) -> bytes:
    """The bytes of a text in which hidden characters and bytes may be written as the reports write them."""
    parts, end = [], 0
    for match in _ESCAPE.finditer(text):
        parts += [_utf8(text[end : match.start()]), _unescaped(match)]
        end = match.end()
    return b"".join([*parts, _utf8(text[end:])])


def other_reading(vocabulary: Vocabulary, name: str) -> int | None:
    """The id of the token whose text is the number `name`, when a bare number was taken as an id."""
    return _known(vocabulary, name.encode()) if name.isascii() and name.isdigit() else None


def _unescaped(match: re.Match[str]) -> bytes:
    if match["named"]:
        return _NAMED[match["named"]]
    byte, point = match["shown"] or match["byte"], match["short"] or match["long"]
    if byte:
        return bytes([int(byte, 16)])
    try:
        return chr(int(point, 16)).encode()
    except (ValueError, OverflowError) as error:
        raise WrongCall(f"{match[0]} is no character") from error


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", errors="surrogateescape")


def _hexadecimal(digits: str) -> bytes:
    try:
        return bytes.fromhex(digits)
    except ValueError as error:
        raise WrongCall(f"not hexadecimal: {digits!r}", hint="such as hex:e5a4a9") from error


def _by_id(vocabulary: Vocabulary, digits: str) -> int:
    if not digits.isdecimal():
        raise WrongCall(f"not an id: {digits!r}", hint="such as id:2783")
    id_ = int(digits)
    if id_ in vocabulary.tokens or id_ in vocabulary.special_ids:
        return id_
    named = f"; text:{digits} is the token with this text" if _known(vocabulary, digits.encode()) else ""
    raise WrongCall(
        f"no token has the id {id_}", where=vocabulary.name, hint=f"ids go up to {vocabulary.rows - 1}{named}"
    )


def _by_bytes(vocabulary: Vocabulary, token: bytes, name: str) -> int:
    found = _known(vocabulary, token)
    if found is not None:
        return found
    hint = _how_it_is_cut(vocabulary, token)
    raise WrongCall(f"no token is {show_text(name)!r}", where=vocabulary.name, hint=hint)


def _known(vocabulary: Vocabulary, token: bytes) -> int | None:
    learned = vocabulary.ids_of.get(token)
    if learned is not None:
        return learned
    text = token.decode("utf-8", errors="replace")
    return vocabulary.special_tokens.get(text)


def _how_it_is_cut(vocabulary: Vocabulary, token: bytes) -> str | None:
    from trainer.reference_encoder import encode_bytes

    spaced = b" " + token
    if spaced in vocabulary.ids_of:
        return f"' {show_bytes(token)}' with a space before it is a token"
    if vocabulary.encoding is Encoding.UNKNOWN or vocabulary.missing_bytes or not token:
        return None
    pieces = [show_bytes(vocabulary.bytes_of(id_)) for id_ in encode_bytes(vocabulary.with_merges(), token)]
    return "it is cut into " + " | ".join(pieces)
