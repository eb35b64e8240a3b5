"""Show token bytes and untrusted text safely: controls, bidi marks and broken UTF-8 become visible."""

from __future__ import annotations

import re
import unicodedata

# General categories that a terminal or a browser would hide or obey: controls, format characters
# (bidi, zero width), lone surrogates, private use, unassigned, line and paragraph separators.
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# What is in those categories, or may be in a later Unicode; the matches are looked at one by one.
_HIDDEN_IN_JSON = re.compile(
    "[\x7f-\x9f\xad\u0600-\u08ff\u180b-\u180f\u2000-\u206f\ud800-\uf8ff\ufe00-\uffff\U00010000-\U0010ffff]"
)
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def show_text(text: str) -> str:
    """`text` with every hidden or control character written as an escape such as `\\u200b`."""
    if text.isprintable():  # the usual case, and then nothing is hidden
        return text
    return "".join(_show_character(character) for character in text)


def show_lines(text: str) -> str:
    """`show_text`, but line ends stay."""
    return "\n".join(show_text(line) for line in text.split("\n"))


def show_json(text: str) -> str:
    """The same JSON with `\\uXXXX` for every character that a terminal would hide or obey."""
    if text.isascii():  # JSON has escaped the controls among these already, all but DEL
        return text.replace("\x7f", "\\u007f")
    return _HIDDEN_IN_JSON.sub(_json_escape, text)


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


def _json_escape(match: re.Match[str]) -> str:
    character = match[0]
    if unicodedata.category(character) not in _HIDDEN:
        return character
    units = character.encode("utf-16-be", errors="surrogatepass")
    return "".join(f"\\u{units[place]:02x}{units[place + 1]:02x}" for place in range(0, len(units), 2))
