"""Plain text from the formats of documentation: HTML and other markup, manual pages, catalogues."""

from __future__ import annotations

import html
import re
import struct
import unicodedata
from collections.abc import Iterator

_UNSHOWN = re.compile(
    r"<!--.*?-->|<(script|style|head|nav|header|footer|aside)\b[^>]*>.*?</\1\s*>|<[!?][^>]*>",
    re.DOTALL | re.IGNORECASE,
)
_BLOCK = re.compile(
    r"</?(?:p|div|br|hr|h[1-6]|li|ul|ol|dl|dt|dd|tr|td|th|table|pre|title|section|sect\d|para|item|listitem|"
    r"entry|row|note|steps|page|desc|info|screen|programlisting|example|figure|blockquote)\b[^>]*>",
    re.IGNORECASE,
)
_PREFORMATTED = re.compile(r"(<(pre|screen|programlisting)\b[^>]*>.*?</\2\s*>)", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_MANY_BLANKS = re.compile(r"\n{3,}")

_CATALOGUE_MAGIC = {b"\xde\x12\x04\x95": "<", b"\x95\x04\x12\xde": ">"}  # GNU gettext manual, "MO Files"

# Requests and macros of man(7) and mdoc(7) whose arguments are text; every other request is layout.
_TEXT_MACROS = frozenset({
    "B", "I", "R", "BI", "BR", "IB", "IR", "RB", "RI", "SB", "SM", "SH", "SS", "TH", "TP", "IP", "UR", "MT",
    "Sh", "Ss", "Nm", "Nd", "Fl", "Ar", "Cm", "Pa", "Dl", "D1", "Li", "Sy", "Em", "Ic", "Va", "Vt", "Fa",
    "Fn", "Ev", "Xr", "It", "Dq", "Sq", "Pq", "Qq", "Op",
})  # fmt: skip
_TITLES = frozenset({"SH", "SS", "TH", "Sh", "Ss"})
_ROFF_FONT = re.compile(
    r"\\[fF](?:\[[^]]*\]|\(..|.)|\\s[+-]?\d|\\[&|^/,:%)]|\\[hvwlLk]'[^']*'|\\\*(?:\[[^]]*\]|\(..|.)"
)
_ROFF_NAMED = re.compile(r"\\\((..)|\\\[([^]]+)\]")
_ROFF_CHARACTERS = {
    "aq": "'", "dq": '"', "lq": "“", "rq": "”", "oq": "‘", "cq": "’", "em": "—", "en": "–", "hy": "-",
    "bu": "•", "co": "©", "rg": "®", "tm": "™", "ga": "`", "ha": "^", "ti": "~", "rs": "\\", "bv": "|",
    "mu": "×", "->": "→", "<-": "←", "la": "⟨", "ra": "⟩", "Fo": "«", "Fc": "»", "ss": "ß", "de": "°",
    "+-": "±", "<=": "≤", ">=": "≥", "at": "@", "sh": "#", "Do": "$", "sl": "/", "lB": "[", "rB": "]",
    "lC": "{", "rC": "}", "mc": "µ", "12": "½",
}  # fmt: skip
_ROFF_UNICODE = re.compile(r"u([0-9A-F]{4,6})")
_ARGUMENT = re.compile(r'"((?:[^"]|"")*)"|(\S+)')


def decode(data: bytes) -> str | None:
    """The text of UTF-8 bytes with `\\n` line ends; None when they are something else."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text.replace("\r\n", "\n").replace("\r", "\n")


def plain_lines(text: str) -> str:
    """The text without terminal colours, trailing spaces and runs of empty lines, NFC-normalized."""
    lines = (line.rstrip() for line in _COLOUR.sub("", text).split("\n"))
    return unicodedata.normalize("NFC", _MANY_BLANKS.sub("\n\n", "\n".join(lines)).strip("\n"))


def strip_markup(source: str) -> str:
    """The text of an HTML, DocBook or Mallard page: blocks become lines, other tags vanish.

    Line breaks count only in preformatted blocks, as in a browser.
    """
    parts = _PREFORMATTED.split(_UNSHOWN.sub("", source))
    return plain_lines("".join(_markup_text(part, place % 3 == 1) for place, part in _without_names(parts)))


def _without_names(parts: list[str]) -> Iterator[tuple[int, str]]:
    # `split` returns, after each preformatted block, the name of its tag as a part of its own.
    return ((place, part) for place, part in enumerate(parts) if place % 3 != 2)


def _markup_text(part: str, preformatted: bool) -> str:
    if not preformatted:
        part = re.sub(r"\s+", " ", part)
    text = html.unescape(_TAG.sub("", _BLOCK.sub("\n", part)))
    return text if preformatted else re.sub(r" *\n *", "\n", text)


def catalogue_strings(data: bytes) -> list[str]:
    """The translations of a compiled gettext catalogue (.mo), in stored order, those left untranslated not.

    Plural forms come one by one. Returns nothing for a file that is not such a catalogue in UTF-8.
    """
    order = _CATALOGUE_MAGIC.get(data[:4])
    if order is None:
        return []
    count, originals, translations = struct.unpack_from(f"{order}3I", data, 8)
    found: list[str] = []
    for number in range(count):
        original = _catalogue_string(data, order, originals + 8 * number)
        translation = decode(_catalogue_string(data, order, translations + 8 * number).replace(b"\0", b"\n"))
        if original and translation and translation.encode() not in original:
            found.append(translation)
    return found


def _catalogue_string(data: bytes, order: str, entry: int) -> bytes:
    length, start = struct.unpack_from(f"{order}2I", data, entry)
    return data[start : start + length]


def strip_roff(source: str) -> str:
    """The text of a manual page: requests dropped or replaced by their arguments, escapes resolved."""
    return plain_lines("\n".join(_roff_lines(source)))


def _roff_lines(source: str) -> Iterator[str]:
    for line in source.split("\n"):
        if not line.startswith((".", "'")):
            yield _roff_text(line)
            continue
        name, _, rest = line[1:].strip().partition(" ")
        if name in _TEXT_MACROS:
            words = [quoted.replace('""', '"') or bare for quoted, bare in _ARGUMENT.findall(rest)]
            joined = ("" if len(name) == 2 and set(name) <= set("BIR") else " ").join(words)
            yield ("\n" if name in _TITLES else "") + _roff_text(joined)
        elif name in ("PP", "P", "LP", "Pp"):
            yield ""


def _roff_text(line: str) -> str:
    line = _ROFF_FONT.sub("", line.split('\\"')[0])
    line = _ROFF_NAMED.sub(_roff_character, line)
    return (
        line.replace("\\-", "-")
        .replace("\\ ", " ")
        .replace("\\~", " ")
        .replace("\\e", "\\")
        .replace("\\.", ".")
    )


def _roff_character(match: re.Match[str]) -> str:
    name = match[1] or match[2]
    point = _ROFF_UNICODE.fullmatch(name)
    return chr(int(point[1], 16)) if point else _ROFF_CHARACTERS.get(name, "")
