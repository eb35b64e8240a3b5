"""The templates of a batch of texts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt

from corpora.unicode_classes import UPPER, class_table
from curation.points import read_text
from curation.template_kernel import NO_TEMPLATE, hash_templates

__all__ = ["NO_TEMPLATE", "templates"]


def templates(texts: Sequence[str]) -> npt.NDArray[np.uint64]:
    """The template hash of every text (see `curation.template_kernel`), shape (texts,)."""
    encoded = [each.encode("utf-8", "replace") for each in texts]
    offsets = np.zeros(len(encoded) + 1, dtype=np.int64)
    np.cumsum([len(data) for data in encoded], out=offsets[1:])
    text = read_text(np.frombuffer(b"".join(encoded), dtype=np.uint8), offsets)
    hashes = np.zeros(len(texts), dtype=np.uint64)
    hash_templates(text.points, text.starts, text.folded, text.kinds, _upper_table(), hashes)
    return hashes


@cache
def _upper_table() -> npt.NDArray[np.bool_]:
    """Whether each code point is a capital letter, shape (1,114,112,)."""
    table: npt.NDArray[np.bool_] = (class_table() & UPPER) != 0
    return table
