"""Which patterns have a compiled scanner, and the scanner's view of one text."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from trainer.class_cache import scanner_classes
from trainer.pretokenize import PATTERNS
from trainer.scan_kernel import CL100K, GPT2, O200K, Bytes, classify, next_end

# tiktoken 0.14's own spellings (tiktoken_ext/openai_public.py) of gpt2 and cl100k. The second also
# keeps white space at the end of a text whole (`\s++$`).
_TIKTOKEN_GPT2 = r"""'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"""
_TIKTOKEN_CL100K = (
    r"""'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+|"""
    r""" ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s"""
)


@dataclass(frozen=True, slots=True)
class Scanner:
    """The settings of `scan_kernel.next_end` that make it one pattern."""

    family: int
    digits: int = 0
    whole_tail: bool = False


_SCANNERS = {
    PATTERNS["gpt2"]: Scanner(GPT2),
    _TIKTOKEN_GPT2: Scanner(GPT2),
    PATTERNS["cl100k"]: Scanner(CL100K, digits=3),
    _TIKTOKEN_CL100K: Scanner(CL100K, digits=3, whole_tail=True),
    PATTERNS["qwen"]: Scanner(CL100K, digits=1),
    PATTERNS["o200k"]: Scanner(O200K, digits=3),
}


def scanner_for(pattern: str) -> Scanner | None:
    """The compiled scanner of a regex, None when only `pretokenize.split` can apply it."""
    return _SCANNERS.get(pattern)


def pretoken_ends(scanner: Scanner, text: bytes) -> npt.NDArray[np.int64]:
    """The end of every pretoken of one text in UTF-8, as byte positions, in order."""
    data = np.frombuffer(text, dtype=np.uint8)
    kinds = np.empty(len(text), dtype=np.uint8)
    ends = np.empty(len(text), dtype=np.int64)
    settings = (scanner.family, scanner.digits, scanner.whole_tail)
    return ends[: _scan(*settings, data, scanner_classes(), kinds, ends)]


@njit(cache=True, nogil=True)  # type: ignore[misc]
def _scan(
    family: int,
    digits: int,
    whole_tail: bool,
    data: Bytes,
    table: Bytes,
    kinds: Bytes,
    ends: npt.NDArray[np.int64],
) -> int:
    """Write the end of every pretoken of `data` to `ends`; return how many there are."""
    classify(data, 0, data.size, table, kinds)
    position = found = 0
    while position < data.size:
        position = next_end(family, digits, whole_tail, data, 0, kinds, position, data.size)
        ends[found] = position
        found += 1
    return found
