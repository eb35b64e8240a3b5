"""The compiled look at JSON text: how deep its brackets nest."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

_QUOTE, _BACKSLASH = ord('"'), ord("\\")
_OPEN, _OPEN_OBJECT, _CLOSE, _CLOSE_OBJECT = ord("["), ord("{"), ord("]"), ord("}")


@njit(cache=True, nogil=True)
def nesting(text: npt.NDArray[np.uint8]) -> int:
    """The deepest nesting of brackets outside strings in bytes of JSON, shape (bytes,)."""
    depth, deepest, inside, at = 0, 0, False, 0
    while at < text.size:
        byte = text[at]
        if inside:
            if byte == _BACKSLASH:
                at += 1  # whatever is escaped, it ends no string
            elif byte == _QUOTE:
                inside = False
        elif byte == _QUOTE:
            inside = True
        elif byte in (_OPEN, _OPEN_OBJECT):
            depth += 1
            deepest = max(deepest, depth)
        elif byte in (_CLOSE, _CLOSE_OBJECT):
            depth -= 1
        at += 1
    return deepest
