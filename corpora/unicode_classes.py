"""One table, code point → bit set of character classes, shared by the scanners and the signals."""

from __future__ import annotations

import zlib
from functools import cache
from importlib.metadata import version

import numpy as np
import numpy.typing as npt

from corpora.table_cache import stored_table

# The classes that the named pre-tokenization patterns distinguish (regex-module property names), and
# those that curation counts. A code point may have several bits. Values fit in uint16.
UPPER = 1 << 0  # \p{Lu}\p{Lt}
LOWER = 1 << 1  # \p{Ll}
OTHER_LETTER = 1 << 2  # \p{Lm}\p{Lo}
MARK = 1 << 3  # \p{M}
NUMBER = 1 << 4  # \p{N}
SPACE = 1 << 5  # \s
NEWLINE = 1 << 6  # [\r\n]
PUNCTUATION = 1 << 7  # \p{P}
SYMBOL = 1 << 8  # \p{S}
HAN = 1 << 9  # \p{Han}
INVISIBLE = 1 << 10  # \p{Cf}: bidi controls, zero-width, soft hyphen, BOM
CONTROL = 1 << 11  # \p{Cc} other than \t \n \r
PRIVATE = 1 << 12  # \p{Co}
UNASSIGNED = 1 << 13  # \p{Cn}

LETTER = UPPER | LOWER | OTHER_LETTER

_PATTERNS = {
    UPPER: r"[\p{Lu}\p{Lt}]",
    LOWER: r"\p{Ll}",
    OTHER_LETTER: r"[\p{Lm}\p{Lo}]",
    MARK: r"\p{M}",
    NUMBER: r"\p{N}",
    SPACE: r"\s",
    NEWLINE: r"[\r\n]",
    PUNCTUATION: r"\p{P}",
    SYMBOL: r"\p{S}",
    HAN: r"\p{Han}",
    INVISIBLE: r"\p{Cf}",
    CONTROL: r"[\p{Cc}--[\t\n\r]]",
    PRIVATE: r"\p{Co}",
    UNASSIGNED: r"\p{Cn}",
}

CODE_POINTS = 0x110000
_SURROGATES = (0xD800, 0xE000)


@cache
def class_table() -> npt.NDArray[np.uint16]:
    """The table, shape (1,114,112,), uint16: entry c holds the class bits of code point c.

    Built from the `regex` module, so that scanners and `regex` agree on the Unicode version; kept on disk,
    because that takes a third of a second. Lone surrogates have no class. The array is read-only and shared.
    """
    definition = zlib.crc32(repr(sorted(_PATTERNS.items())).encode())
    name = f"classes-{definition:08x}-regex-{version('regex')}"
    return stored_table(name, np.uint16, CODE_POINTS, _build)


def _build() -> npt.NDArray[np.uint16]:
    import regex

    table = np.zeros(CODE_POINTS, dtype=np.uint16)
    first, last = _SURROGATES
    for start, stop in ((0, first), (last, CODE_POINTS)):
        text = "".join(map(chr, range(start, stop)))
        for bit, pattern in _PATTERNS.items():
            for match in regex.finditer(f"(?:{pattern})+", text, flags=regex.V1):
                table[start + match.start() : start + match.end()] |= bit
    return table
