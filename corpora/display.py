"""Show token bytes and untrusted text safely: controls, bidi marks and broken UTF-8 become visible."""

from __future__ import annotations

import unicodedata

# General categories that a terminal or a browser would hide or obey: controls, format characters
# (bidi, zero width), lone surrogates, private use, unassigned, line and paragraph separators.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def show_text(text: str) -> str:
    """`text` with every hidden or control character written as an escape such as `\\u200b`."""
    if text.isprintable():  # the usual case, and then nothing is hidden
        return text
    return "".join(_show_character(character) for character in text)


def show_bytes(token: bytes) -> str:
    """Token bytes for human eyes: valid UTF-8 as text (see `show_text`), other bytes as `<0xE2>`."""
    try:
        return show_text(token.decode("utf-8"))
    except UnicodeDecodeError:
        return _show_broken(token)


def _show_broken(token: bytes) -> str:
    pieces: list[str] = []
    rest = token
    while rest:
        try:
            pieces.append(show_text(rest.decode("utf-8")))
            break
        except UnicodeDecodeError as error:
            pieces.append(show_text(rest[: error.start].decode("utf-8")))
            pieces.extend(f"<0x{byte:02X}>" for byte in rest[error.start : error.end])
            rest = rest[error.end :]
    return "".join(pieces)


def _show_character(character: str) -> str:
    if character in _NAMED:
        return _NAMED[character]
    if unicodedata.category(character) not in _HIDDEN:
        return character
    point = ord(character)
    return f"\\u{point:04x}" if point <= 0xFFFF else f"\\U{point:08x}"
