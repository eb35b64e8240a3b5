"""Which writing system a text is in, and which ones a language uses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from curation.language_kernel import count_scripts_of

# The main Unicode blocks of each script that a web corpus holds (Unicode 16, Blocks.txt), as hexadecimal
# first-last pairs. ISO 15924 codes. Kana stands for Hiragana and Katakana together.
_BLOCKS = {
    "Latn": "41-5A 61-7A AA-AA BA-BA C0-D6 D8-F6 F8-2AF 1E00-1EFF 2C60-2C7F A720-A7FF AB30-AB6F FB00-FB06 "
    "FF21-FF3A FF41-FF5A",
    "Grek": "370-3FF 1F00-1FFF",
    "Cyrl": "400-52F 1C80-1C8F 2DE0-2DFF A640-A69F",
    "Armn": "530-58F FB13-FB17",
    "Hebr": "590-5FF FB1D-FB4F",
    "Arab": "600-6FF 750-77F 8A0-8FF FB50-FDFF FE70-FEFC",
    "Syrc": "700-74F",
    "Thaa": "780-7BF",
    "Nkoo": "7C0-7FF",
    "Deva": "900-97F A8E0-A8FF",
    "Beng": "980-9FF",
    "Guru": "A00-A7F",
    "Gujr": "A80-AFF",
    "Orya": "B00-B7F",
    "Taml": "B80-BFF",
    "Telu": "C00-C7F",
    "Knda": "C80-CFF",
    "Mlym": "D00-D7F",
    "Sinh": "D80-DFF",
    "Thai": "E00-E7F",
    "Laoo": "E80-EFF",
    "Tibt": "F00-FFF",
    "Mymr": "1000-109F A9E0-A9FF AA60-AA7F",
    "Geor": "10A0-10FF 1C90-1CBF 2D00-2D2F",
    "Hang": "1100-11FF 3130-318F A960-A97F AC00-D7FF",
    "Ethi": "1200-139F 2D80-2DDF AB00-AB2F",
    "Cher": "13A0-13FF AB70-ABBF",
    "Cans": "1400-167F",
    "Khmr": "1780-17FF 19E0-19FF",
    "Mong": "1800-18AF",
    "Tfng": "2D30-2D7F",
    "Kana": "3041-30FF 31F0-31FF FF66-FF9F",
    "Hani": "3005-3007 3400-4DBF 4E00-9FFF F900-FAFF 20000-323AF",
    "Yiii": "A000-A4CF",
}
SCRIPTS = ("Zyyy", *_BLOCKS)  # index 0: common characters and scripts not listed
UNSPACED_SCRIPTS = frozenset({"Hani", "Kana", "Thai", "Laoo", "Khmr", "Mymr", "Tibt"})

# Scripts that one language writes nearly alone on the web: the script is the answer.
ONE_LANGUAGE = {
    "Grek": "el", "Armn": "hy", "Thaa": "dv", "Nkoo": "nqo", "Guru": "pa", "Gujr": "gu", "Orya": "or",
    "Taml": "ta", "Telu": "te", "Knda": "kn", "Mlym": "ml", "Sinh": "si", "Thai": "th", "Laoo": "lo",
    "Hang": "ko", "Kana": "ja", "Hani": "zh", "Khmr": "km", "Cher": "chr",
}  # fmt: skip

_LANGUAGES = {
    "Grek": "el",
    "Cyrl": "ab abq av az ba be bg bxr ce cu cv kk krc kv ky lez mhr mk mn mrj myv os rue ru sah sr tg "
    "tk tt tyv udm uk uz xal sh bs",
    "Armn": "hy hyw",
    "Hebr": "he yi lad",
    "Arab": "ar arz azb ckb fa glk ks ku mzn pa pnb ps sd ug ur ms uz az kk tk",
    "Syrc": "arc syr",
    "Thaa": "dv",
    "Deva": "bh bho dty gom hi ks mai mr ne new sa sd",
    "Beng": "as bn bpy mni",
    "Guru": "pa",
    "Gujr": "gu",
    "Orya": "or",
    "Taml": "ta",
    "Telu": "te",
    "Knda": "kn tcy",
    "Mlym": "ml",
    "Sinh": "si",
    "Thai": "th",
    "Laoo": "lo",
    "Tibt": "bo dz",
    "Mymr": "my mnw shn",
    "Geor": "ka xmf",
    "Hang": "ko",
    "Ethi": "am ti",
    "Cher": "chr",
    "Khmr": "km",
    "Kana": "ja",
    "Hani": "zh wuu yue ja ko lzh gan hak nan",
}  # fmt: skip
# Languages of the lists above that are written in Latin letters as well.
_ALSO_LATIN = frozenset(
    ["az", "uz", "tk", "tt", "kk", "ku", "sr", "sh", "bs", "ms", "lad", "gom", "krc", "nan", "hak"]
)


@dataclass(frozen=True, slots=True)
class ScriptShare:
    """Letters per script of one text: the most frequent script, its share of all letters, and the count."""

    dominant: str
    share: float
    letters: int
    counts: Mapping[str, int]


_NO_LETTERS = ScriptShare(SCRIPTS[0], 0.0, 0, {})
_ASCII_WITHOUT_LETTERS = bytes(byte for byte in range(128) if not chr(byte).isalpha())


@cache
def script_table() -> npt.NDArray[np.uint8]:
    """The table, shape (1,114,112,), uint8: entry c is the index in SCRIPTS of code point c's block."""
    table = np.zeros(0x110000, dtype=np.uint8)
    for index, blocks in enumerate(_BLOCKS.values(), start=1):
        for block in blocks.split():
            first, last = block.split("-")
            table[int(first, 16) : int(last, 16) + 1] = index
    table.flags.writeable = False
    return table


def count_scripts(text: str) -> ScriptShare:
    """Count the letters of `text` per script (lone surrogates count as nothing)."""
    if text.isascii():
        letters = len(text.encode().translate(None, _ASCII_WITHOUT_LETTERS))
        return ScriptShare("Latn", 1.0, letters, {"Latn": letters}) if letters else _NO_LETTERS
    counts = count_scripts_of(code_points(text), script_table(), len(SCRIPTS)).tolist()
    present = {SCRIPTS[index]: count for index, count in enumerate(counts) if count}
    if not present:
        return _NO_LETTERS
    letters, top = sum(present.values()), max(present, key=lambda script: present[script])
    return ScriptShare(top, present[top] / letters, letters, present)


def code_points(text: str) -> npt.NDArray[np.uint32]:
    """The code points of a text, shape (characters,); question marks in place of lone surrogates."""
    return np.frombuffer(text.encode("utf-32-le", "replace"), dtype=np.uint32)


@cache
def scripts_of(language: str) -> frozenset[str]:
    """The scripts that a language is written in; Latin for every language not listed."""
    listed = {script for script, codes in _LANGUAGES.items() if language in codes.split()}
    if not listed or language in _ALSO_LATIN:
        listed.add("Latn")
    return frozenset(listed)
