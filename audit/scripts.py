"""Which writing systems a text uses: one table, code point to Unicode script, read from `regex`."""

from __future__ import annotations

from collections import Counter
from functools import cache

import numpy as np
import numpy.typing as npt
import regex

LATIN = "Latin"
COMMON = "Common"  # digits, signs, spaces, emoji: used with every script
BYTES = "Bytes"  # a token without one whole character
_POINTS = 0x110000

# The Script property's values (Unicode 16, UAX 24), without Common, Inherited and Unknown.
_NAMES = """
    Latin Greek Cyrillic Armenian Hebrew Arabic Syriac Thaana Devanagari Bengali Gurmukhi Gujarati Oriya
    Tamil Telugu Kannada Malayalam Sinhala Thai Lao Tibetan Myanmar Georgian Hangul Ethiopic Cherokee
    Canadian_Aboriginal Ogham Runic Khmer Mongolian Hiragana Katakana Bopomofo Han Yi Old_Italic Gothic
    Deseret Tagalog Hanunoo Buhid Tagbanwa Limbu Tai_Le Linear_B Ugaritic Shavian Osmanya Cypriot
    Braille Buginese Coptic New_Tai_Lue Glagolitic Tifinagh Syloti_Nagri Old_Persian Kharoshthi Balinese
    Cuneiform Phoenician Phags_Pa Nko Sundanese Lepcha Ol_Chiki Vai Saurashtra Kayah_Li Rejang Lycian
    Carian Lydian Cham Tai_Tham Tai_Viet Avestan Egyptian_Hieroglyphs Samaritan Lisu Bamum Javanese
    Meetei_Mayek Batak Brahmi Chakma Adlam Newa Osage Tangut Nushu
"""
SCRIPTS: tuple[str, ...] = tuple(_NAMES.split())
JAPANESE = frozenset({"Hiragana", "Katakana"})
# Scripts written together in one language: a token of both is not mixed (UAX 24: Hanb, Jpan, Kore).
_COMPATIBLE = (
    JAPANESE | {"Han"},
    frozenset({"Han", "Hangul"}),
    frozenset({"Han", "Bopomofo"}),
)


@cache
def script_table() -> npt.NDArray[np.uint8]:
    """The table, shape (1,114,112,), uint8: entry c is 0 (Common) or 1 + the place in SCRIPTS."""
    table = np.zeros(_POINTS, dtype=np.uint8)
    text = "".join(chr(point) for point in range(_POINTS) if not 0xD800 <= point < 0xE000)
    for number, script in enumerate(SCRIPTS, start=1):
        for match in regex.finditer(rf"\p{{Script={script}}}+", text):
            table[ord(match[0][0]) : ord(match[0][-1]) + 1] = number
    table.flags.writeable = False
    return table


@cache
def _small_table() -> tuple[int, ...]:
    # Plain integers of the first plane: reading a NumPy scalar costs ten times as much.
    return tuple(script_table()[:0x10000].tolist())


def scripts_of(text: str) -> Counter[str]:
    """How many characters of each script `text` has; `Common` characters are not counted."""
    small = _small_table()
    numbers = Counter(small[ord(c)] if ord(c) < 0x10000 else int(script_table()[ord(c)]) for c in text)
    numbers.pop(0, None)
    return Counter({SCRIPTS[number - 1]: count for number, count in numbers.items()})


def main_script(text: str) -> str:
    """The script with most characters; `Common` when there is none.

    Kana wins over Han (Japanese), and every script wins over Latin, which is written beside all of them.
    """
    if text.isascii():
        return LATIN if any(map(str.isalpha, text)) else COMMON
    counts = scripts_of(text)
    japanese = bool(JAPANESE & counts.keys())
    ordered = sorted(
        counts, key=lambda script: (script == LATIN, script == "Han" and japanese, -counts[script])
    )
    return ordered[0] if ordered else COMMON


def is_mixed(scripts: frozenset[str]) -> bool:
    """Whether these scripts are never written together in one word; Latin beside Han or kana is usual."""
    return len(scripts) > 1 and not any(scripts <= group for group in _COMPATIBLE)
