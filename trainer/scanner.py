"""Which patterns have a compiled scanner, and the scanner's view of one text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trainer.arrays import frozen
from trainer.class_cache import scanner_classes
from trainer.pretokenize import PATTERNS
from trainer.scan_kernel import CL100K, GPT2, O200K, scan_documents

# tiktoken 0.14's own spellings (tiktoken_ext/openai_public.py) of gpt2 and cl100k. The second also
# keeps white space at the end of a text whole (`\s++$`).
_TIKTOKEN_GPT2 = r"""'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"""
_TIKTOKEN_CL100K = (
    r"""'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+|"""
    r""" ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s"""
)

_BLOCK = 1 << 14  # pretokens found in one call of the kernel; their ends stay in the cache


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
    data, offsets = np.frombuffer(text, dtype=np.uint8), np.array([0, len(text)])
    return np.concatenate([ends.copy() for ends in spans(scanner, data, offsets)] or [np.empty(0, np.int64)])


def spans(
    scanner: Scanner, data: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64]
) -> Iterator[npt.NDArray[np.int64]]:
    """Pretoken ends of documents `data[offsets[i]:offsets[i + 1]]`, in order, in blocks.

    Ends are positions in `data`; each block is a view that the next one overwrites. An empty
    document has no pretoken.
    """
    kinds = np.empty(int(np.diff(offsets).max(initial=0)), dtype=np.uint8)
    ends = np.empty(min(_BLOCK, max(1, data.size)), dtype=np.int64)
    progress = np.zeros(2, dtype=np.int64)
    while found := scan_documents(
        scanner.family, scanner.digits, scanner.whole_tail,
        scanner_classes(), frozen(data), frozen(offsets), kinds, ends, progress,
    ):  # fmt: skip
        yield ends[:found]
