"""Compiled scanners: where the next pretoken ends, for the named patterns, over UTF-8 bytes.

Every function works on `kinds`, one byte for each byte of a document: the class bits of the
character that the byte belongs to (see `corpora.unicode_classes`), plus `START` on a character's
first byte. A run of a class is then a run of bytes, and nothing is decoded twice.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from corpora.unicode_classes import LETTER, LOWER, MARK, NEWLINE, NUMBER, OTHER_LETTER, SPACE, UPPER
from trainer.kernels import index, kernel, part, signed

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]

START = 1 << 7
_MERGED = OTHER_LETTER | MARK  # the classes on both sides of o200k's upper-then-lower split
_CAPITALS = UPPER | _MERGED  # [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]
_SMALLS = LOWER | _MERGED  # [\p{Ll}\p{Lm}\p{Lo}\p{M}]
_NOT_SYMBOL = SPACE | LETTER | NUMBER
_NOT_PREFIX = NEWLINE | LETTER | NUMBER

GPT2, CL100K, O200K = 0, 1, 2  # families of patterns

_APOSTROPHE, _BLANK, _SLASH = ord("'"), ord(" "), ord("/")
_D, _L, _M, _S, _T = ord("d"), ord("l"), ord("m"), ord("s"), ord("t")
_R, _V, _E = ord("r"), ord("v"), ord("e")
_LONG_S = (0xC5, 0xBF)  # U+017F, which (?i:s) matches too
_CASE_BIT = 0x20

# Cells of `progress`, which outlives a call so that scanning goes on where it stopped.
DOCUMENT, POSITION = 0, 1


@kernel
def scan_documents(
    family: int, digits: int, whole_tail: bool, table: Bytes,
    data: Bytes, offsets: Ints, kinds: Bytes, ends: Ints, progress: Ints,
) -> int:  # fmt: skip
    """Write the end of every pretoken of documents `data[offsets[i]:offsets[i + 1]]` to `ends`.

    Returns how many were written, 0 when all documents are done. Stops when `ends` is full; call
    again with the same `progress` and `kinds`, which must be as long as the longest document.
    `digits` is the longest run of numbers (0: no limit); `whole_tail` keeps white space at the end
    of a text in one piece, as tiktoken's own spelling of cl100k does.
    """
    found = 0
    while progress[DOCUMENT] < offsets.size - 1:
        start, stop = offsets[index(progress[DOCUMENT])], offsets[index(progress[DOCUMENT] + 1)]
        length, at = stop - start, progress[POSITION]
        if at == 0:
            _classify(data, start, stop, table, kinds)
        while at < length and found < ends.size:
            at = _next_end(family, digits, whole_tail, data, start, kinds, at, length)
            ends[index(found)] = start + at
            found += 1
        progress[POSITION] = at
        if at < length:
            break
        progress[DOCUMENT] += 1
        progress[POSITION] = 0
    return found


@part
def _classify(data: Bytes, start: int, stop: int, table: Bytes, kinds: Bytes) -> None:
    """Fill `kinds[0 : stop - start]` for the valid UTF-8 text `data[start:stop]`.

    `table` has the class bits (the low seven of `corpora.unicode_classes`) of every code point.
    """
    position = start
    while position < stop:
        lead = signed(data[index(position)])
        if lead < 0x80:
            kinds[index(position - start)] = table[index(lead)] | START
            position += 1
            continue
        size = 2 + (lead >= 0xE0) + (lead >= 0xF0)
        size = min(size, stop - position)
        code = lead & (0x7F >> size)
        for place in range(position + 1, position + size):
            code = (code << 6) | (signed(data[index(place)]) & 0x3F)
        bits = table[index(code)]
        kinds[index(position - start)] = bits | START
        for place in range(position + 1, position + size):
            kinds[index(place - start)] = bits
        position += size


@part
def _next_end(
    family: int, digits: int, whole_tail: bool, data: Bytes, base: int, kinds: Bytes, at: int, stop: int
) -> int:
    """The end of the pretoken that starts at `at < stop`; positions count from `base` in `data`."""
    if family == O200K:
        end = _o200k_word(data, base, kinds, at, stop)
    elif family == CL100K:
        end = _cl100k_word(data, base, kinds, at, stop)
    else:
        end = _gpt2_word(data, base, kinds, at, stop)
    if end > at:
        return end
    if family != GPT2 and kinds[index(at)] & NUMBER:
        return _number_end(kinds, at, stop, digits)
    end = _symbols_end(data, base, kinds, at, stop)
    if end > at:
        return _line_ends(family, data, base, kinds, end, stop)
    return _space_end(family, whole_tail, kinds, at, stop)


@part
def _run(kinds: Bytes, at: int, stop: int, classes: int) -> int:
    """The end of the run of `classes` at `at`."""
    while at < stop and kinds[index(at)] & classes:
        at += 1
    return at


@part
def _next_character(kinds: Bytes, at: int, stop: int) -> int:
    at += 1
    while at < stop and not kinds[index(at)] & START:
        at += 1
    return at


@part
def _o200k_word(data: Bytes, base: int, kinds: Bytes, at: int, stop: int) -> int:
    """The first two alternatives of o200k: one other character, capitals, small letters, contraction."""
    word = at
    if not kinds[index(at)] & _NOT_PREFIX:
        word = _next_character(kinds, at, stop)
    last_small = word  # end of the last character that may also count as small
    capitals = word
    while capitals < stop and kinds[index(capitals)] & _CAPITALS:
        capitals += 1
        if kinds[index(capitals - 1)] & _MERGED:
            last_small = capitals
    if capitals < stop and kinds[index(capitals)] & _SMALLS:
        end = _run(kinds, capitals, stop, _SMALLS)
    elif last_small > word:
        end = last_small  # the capitals after it are given back
    elif kinds[index(at)] & MARK:
        end = word  # a mark is no prefix when capitals follow: it is a word of its own
    elif capitals > word:
        end = capitals
    else:
        return at
    return _contraction_end(data, base, end, stop, True)


@part
def _cl100k_word(data: Bytes, base: int, kinds: Bytes, at: int, stop: int) -> int:
    """A contraction, or letters with one other character before them."""
    end = _contraction_end(data, base, at, stop, True)
    if end > at:
        return end
    word = at
    if not kinds[index(at)] & _NOT_PREFIX:
        word = _next_character(kinds, at, stop)
    end = _run(kinds, word, stop, LETTER)
    return end if end > word else at


@part
def _gpt2_word(data: Bytes, base: int, kinds: Bytes, at: int, stop: int) -> int:
    """A contraction, or letters or numbers with one blank before them."""
    end = _contraction_end(data, base, at, stop, False)
    if end > at:
        return end
    word = at + (data[index(base + at)] == _BLANK)
    end = _run(kinds, word, stop, LETTER)
    if end == word:
        end = _run(kinds, word, stop, NUMBER)
    return end if end > word else at


@part
def _contraction_end(data: Bytes, base: int, at: int, stop: int, any_case: bool) -> int:
    """The end of `'s`, `'t`, `'re`, `'ve`, `'m`, `'ll` or `'d` at `at`; `at` when there is none."""
    if at + 1 >= stop or data[index(base + at)] != _APOSTROPHE:
        return at
    case_bit = _CASE_BIT if any_case else 0
    first = data[index(base + at + 1)] | case_bit
    if first in (_S, _T, _M, _D):
        return at + 2
    if at + 2 >= stop:
        return at
    raw, second = data[index(base + at + 2)], data[index(base + at + 2)] | case_bit
    if (first in (_R, _V) and second == _E) or (first == _L and second == _L):
        return at + 3
    if any_case and data[index(base + at + 1)] == _LONG_S[0] and raw == _LONG_S[1]:
        return at + 3
    return at


@part
def _number_end(kinds: Bytes, at: int, stop: int, digits: int) -> int:
    """The end of at most `digits` numbers (all of them when 0)."""
    if digits == 0:
        return _run(kinds, at, stop, NUMBER)
    for _ in range(digits):
        if at < stop and kinds[index(at)] & NUMBER:
            at = _next_character(kinds, at, stop)
    return at


@part
def _symbols_end(data: Bytes, base: int, kinds: Bytes, at: int, stop: int) -> int:
    """The end of ` ?[^\\s\\p{L}\\p{N}]+`; `at` when there is none."""
    first = at + (data[index(base + at)] == _BLANK)
    end = first
    while end < stop and not kinds[index(end)] & _NOT_SYMBOL:
        end += 1
    return end if end > first else at


@part
def _line_ends(family: int, data: Bytes, base: int, kinds: Bytes, at: int, stop: int) -> int:
    """The line ends that cl100k (`[\\r\\n]*`) and o200k (`[\\r\\n/]*`) add to a run of symbols."""
    if family == GPT2:
        return at
    while at < stop and (
        kinds[index(at)] & NEWLINE or (family == O200K and data[index(base + at)] == _SLASH)
    ):
        at += 1
    return at


@part
def _space_end(family: int, whole_tail: bool, kinds: Bytes, at: int, stop: int) -> int:
    """White space: up to its last line end, else all but the last character before a word."""
    end = _run(kinds, at, stop, SPACE)
    if whole_tail and end == stop:
        return end
    if family != GPT2:
        line = end
        while line > at and not kinds[index(line - 1)] & NEWLINE:
            line -= 1
        if line > at:
            return line
    if end == stop:
        return end
    last = end - 1
    while last > at and not kinds[index(last)] & START:
        last -= 1
    return last if last > at else end
