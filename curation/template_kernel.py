"""A document's template: its text with digits, names and addresses masked, hashed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from curation.gram_kernel import ROLL, mix
from curation.points import BLANK, DIGIT, OTHER, SOLID, WORD

FEWEST = 16  # letters left after masking (scripts without spaces: half) below which there is no template
NO_TEMPLATE = np.uint64(0)
_NUMBER, _NAME, _ADDRESS = np.uint64(0x110001), np.uint64(0x110002), np.uint64(0x110003)  # no code points
_SPACE, _NEWLINE, _COLON, _SLASH, _AT = 0x20, 0x0A, 0x3A, 0x2F, 0x40
_STARTED = np.uint64(1)


@njit(cache=True, nogil=True)
def hash_templates(
    points: npt.NDArray[np.uint32], starts: npt.NDArray[np.int64], folded: npt.NDArray[np.uint32],
    kinds: npt.NDArray[np.uint8], upper: npt.NDArray[np.bool_], hashes: npt.NDArray[np.uint64],
) -> None:  # fmt: skip
    """Fill `hashes`, shape (documents,), with the template of every document; `NO_TEMPLATE` where little is
    left of it.

    Masked alike are: words with a digit, and numbers; words with a capital (names following each other are
    one); addresses, up to the next space. What is left is folded, white space is one space, and a line that
    equals the one before it counts once, so that a form with five rows is the form with seven.
    """
    for document in range(len(starts) - 1):
        at, end = starts[document], starts[document + 1]
        whole, before, letters = _STARTED, np.uint64(0), 0
        while at < end:
            stop = _line_end(points, at, end)
            line, found = _hash_line(points, at, stop, folded, kinds, upper)
            if line not in (_STARTED, before):
                whole = mix(whole * ROLL + line)
                letters += found
                before = line
            at = stop + 1
        hashes[document] = whole if letters >= FEWEST else NO_TEMPLATE


@njit(cache=True, nogil=True, inline="always")
def _line_end(points, at, end):  # type: ignore[no-untyped-def]
    while at < end and points[at] != _NEWLINE:
        at += 1
    return at


@njit(cache=True, nogil=True)
def _hash_line(points, at, end, folded, kinds, upper):  # type: ignore[no-untyped-def]
    """The hash of one masked line, and how many letters of it are not masked."""
    line, last, letters, gap = _STARTED, np.uint64(0), 0, False
    while at < end:
        kind = kinds[at]
        if kind == BLANK:
            gap = True
            at += 1
            continue
        stop = _word_end(points, at, end, folded, kinds)
        sign = _mask(points, at, stop, end, folded, kinds, upper)
        if sign == _ADDRESS:
            stop = _chunk_end(points, at, end, folded, kinds)
        if sign == 0:
            if gap and line != _STARTED:
                line = line * ROLL + np.uint64(_SPACE)
            for place in range(at, stop):
                line = line * ROLL + np.uint64(folded[place])
            if kind != OTHER:
                letters += (stop - at) * (2 if kind == SOLID else 1)
        elif sign != last:
            line = line * ROLL + sign
        last, gap, at = sign, False, stop
    return line, letters


@njit(cache=True, nogil=True, inline="always")
def _word_end(points, at, end, folded, kinds):  # type: ignore[no-untyped-def]
    """Where the word of letters and digits ends that begins here; any other character stands alone."""
    kind = kinds[at]
    at += 1
    if kind not in (WORD, DIGIT):
        return at
    while at < end:
        inside = kinds[at] in (WORD, DIGIT)
        if not inside and not (at + 1 < end and _joins_digits(points, at, folded, kinds)):
            break
        at += 1
    return at


@njit(cache=True, nogil=True, inline="always")
def _joins_digits(points, at, folded, kinds):  # type: ignore[no-untyped-def]
    """Whether a sign stands between two digits, as in 12,000 and 555-0199."""
    before, after = kinds[at - 1], kinds[at + 1]
    return before == DIGIT and after == DIGIT and kinds[at] == OTHER


@njit(cache=True, nogil=True, inline="always")
def _chunk_end(points, at, end, folded, kinds):  # type: ignore[no-untyped-def]
    while at < end and kinds[at] != BLANK and kinds[at] != SOLID:
        at += 1
    return at


@njit(cache=True, nogil=True)
def _mask(points, at, stop, end, folded, kinds, upper):  # type: ignore[no-untyped-def]
    """What stands for the word `points[at:stop]`: nothing, when it is 0."""
    kind = kinds[at]
    if kind not in (WORD, DIGIT):
        return np.uint64(0)
    if stop < end and points[stop] == _AT:
        return _ADDRESS
    if (
        stop + 2 < end
        and points[stop] == _COLON
        and points[stop + 1] == _SLASH
        and points[stop + 2] == _SLASH
    ):
        return _ADDRESS
    for place in range(at, stop):
        if kinds[place] == DIGIT:
            return _NUMBER
    return _NAME if upper[points[at]] else np.uint64(0)
