"""Make new inputs of old ones: bytes flipped, taken out, doubled, spliced, and words of the format put in."""

from __future__ import annotations

import random
from collections.abc import Sequence

_LONGEST = 1 << 14  # bytes of an input
_INTERESTING = (
    b"\x00",
    b"\xff",
    b"\x7f",
    b"\x80",
    b"\xff\xff\xff\xff",
    b"\x00\x00\x00\x80",
    b"\xff" * 8,
    b"\n",
    b"\r\n",
    b'"',
    b"\\",
    b"-1",
    b"1e999",
    b"NaN",
    b"9" * 40,
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    "\u202e".encode(),
    b"\x1b[31m",
    b"[" * 300,
    b'{"a":' * 100,
    b"../../x",
    b"\xf4\x90\x80\x80",
    b"\\ud800",
    b"null",
    b"true",
    b"[]",
    b"{}",
)


def mutated(seeds: Sequence[bytes], words: Sequence[bytes], chance: random.Random) -> bytes:
    """A seed after one to eight changes; `words` are put in as they are."""
    data = chance.choice(seeds)
    for _ in range(1 << chance.randrange(4)):
        data = _changed(data, seeds, words, chance)[:_LONGEST]
    return data


def _changed(data: bytes, seeds: Sequence[bytes], words: Sequence[bytes], chance: random.Random) -> bytes:
    start = chance.randrange(len(data) + 1)
    end = min(len(data), start + chance.choice((1, 1, 1, 2, 4, 8, 32, 256)))
    kind = chance.randrange(7)
    if kind == 0 and start < len(data):
        return data[:start] + bytes([data[start] ^ 1 << chance.randrange(8)]) + data[start + 1 :]
    if kind == 1:
        return data[:start] + data[end:]
    if kind == 2:
        return data[:end] + data[start:end] * chance.choice((1, 2, 16)) + data[end:]
    if kind == 3:
        other = chance.choice(seeds)
        return data[:start] + other[chance.randrange(len(other) + 1) :]
    if kind == 4:
        return data[:start] + chance.randbytes(end - start) + data[end:]
    put = chance.choice(words) if words and kind == 5 else chance.choice(_INTERESTING)
    return data[:start] + put + (data[start:] if chance.randrange(2) else data[start + len(put) :])
