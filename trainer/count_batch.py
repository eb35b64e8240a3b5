"""One batch of texts counted into a table: by the compiled scanner, or by `regex` for other patterns."""

from __future__ import annotations

from collections import Counter
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from trainer.arrays import key_buffers
from trainer.pretoken_table import PretokenTable
from trainer.pretokenize import split
from trainer.scanner import scanner_for

if TYPE_CHECKING:
    import pyarrow as pa


def add_texts(table: PretokenTable, pattern: str, texts: pa.Array, groups: npt.NDArray[np.int32]) -> int:
    """Count the pretokens of a large_string array, text i in `groups[i]`; return how many there were.

    Raises WinnowError when a pattern other than the named ones leaves part of a text out.
    """
    scanner = scanner_for(pattern)
    if scanner is None:
        return _add_by_regex(table, pattern, texts, groups)
    if not len(texts):
        return 0
    data, offsets = key_buffers(texts)
    return table.add_documents(scanner, data, offsets, groups)


def _add_by_regex(table: PretokenTable, pattern: str, texts: pa.Array, groups: npt.NDArray[np.int32]) -> int:
    counted: Counter[tuple[int, str]] = Counter()
    for text, group in zip(texts, groups.tolist(), strict=True):
        counted.update((group, piece) for piece in split(pattern, text.as_py()))
    keys = [piece.encode() for _, piece in counted]
    table.add_counts(
        np.frombuffer(b"".join(keys), dtype=np.uint8),
        np.array([0, *accumulate(map(len, keys))], dtype=np.int64),
        np.array([group for group, _ in counted], dtype=np.int32),
        np.array(list(counted.values()), dtype=np.int64),
    )
    return counted.total()
