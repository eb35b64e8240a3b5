"""GPT-2's map between the 256 bytes and 256 printable characters, which `tokenizer.json` is written in."""

from __future__ import annotations

import codecs
from functools import cache


@cache
def byte_to_character() -> tuple[str, ...]:
    """The character of every byte, 256 of them; entry b stands for byte b.

    Printable Latin-1 bytes keep their own character; the other 68 take U+0100, U+0101, … in order
    (the rule of GPT-2's `bytes_to_unicode`).
    """
    characters = [chr(byte) if _keeps_its_character(byte) else "" for byte in range(256)]
    moved = [byte for byte, character in enumerate(characters) if not character]
    for place, byte in enumerate(moved):
        characters[byte] = chr(0x100 + place)
    return tuple(characters)


@cache
def mapped_byte_order() -> bytes:
    """The 256 bytes in the order of their mapped characters' code points.

    This is the order in which Hugging Face numbers the byte alphabet, and o200k's too: `!` comes
    first, the space (mapped to U+0120) far behind.
    """
    return bytes(sorted(range(256), key=lambda byte: ord(byte_to_character()[byte])))


def to_mapped(token: bytes) -> str:
    """The token as `tokenizer.json` spells it: one mapped character for each byte."""
    return codecs.charmap_decode(token, "strict", _alphabet())[0]


def from_mapped(text: str) -> bytes:
    """The bytes that a mapped spelling stands for. Raises ValueError for a character outside the map."""
    try:
        return codecs.charmap_encode(text, "strict", _bytes_of_characters())[0]
    except UnicodeEncodeError as error:
        raise ValueError(f"{text[error.start]!r} is not in the byte alphabet") from None


def _keeps_its_character(byte: int) -> bool:
    return 0x21 <= byte <= 0x7E or 0xA1 <= byte <= 0xAC or 0xAE <= byte <= 0xFF


@cache
def _alphabet() -> str:
    return "".join(byte_to_character())


@cache
def _bytes_of_characters() -> dict[int, int]:
    return {ord(character): byte for byte, character in enumerate(byte_to_character())}
