"""The compiled count of the places, inside counted words, where the bytes of given tokens stand."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trainer.kernels import kernel, part, signed

Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]

NONE = -1
_FNV_OFFSET = -3750763034362895579  # FNV-1a's 64-bit offset basis and prime, as signed integers
_FNV_PRIME = 1099511628211


@kernel
def enter_tokens(tokens: Bytes, offsets: Ints, hashes: Ints, slots: Ints) -> None:
    """Fill `hashes`, shape (tokens,), and `slots`, a power of two of them and all `NONE`, with the tokens
    `tokens[offsets[i]:offsets[i + 1]]`, which differ.
    """
    for token in range(hashes.size):
        value = signed(_FNV_OFFSET)
        for place in range(offsets[token], offsets[token + 1]):
            value = (value ^ signed(tokens[place])) * _FNV_PRIME
        hashes[token] = value
        slot = _first_slot(value, slots.size)
        while slots[slot] != NONE:
            slot = (slot + 1) & (slots.size - 1)
        slots[slot] = token


@kernel
def count_places(
    keys: Bytes, starts: Ints, stops: Ints, counts: Ints, longest: int,
    tokens: Bytes, offsets: Ints, hashes: Ints, slots: Ints, found: Ints,
) -> None:  # fmt: skip
    """Add `counts[w]` to `found[t]` for every place in word w, `keys[starts[w]:stops[w]]`, where the bytes of
    token t begin; `longest` is the greatest length of a token.
    """
    for word in range(starts.size):
        if counts[word] == 0:
            continue
        for start in range(starts[word], stops[word]):
            value = signed(_FNV_OFFSET)
            for stop in range(start, min(stops[word], start + longest)):
                value = (value ^ signed(keys[stop])) * _FNV_PRIME
                slot = _first_slot(value, slots.size)
                while slots[slot] != NONE:
                    token = slots[slot]
                    if hashes[token] == value and _same(keys, start, stop + 1, tokens, offsets, token):
                        found[token] += counts[word]
                        break
                    slot = (slot + 1) & (slots.size - 1)


@part
def _first_slot(value: int, slots: int) -> int:
    return (value ^ (value >> 32)) & (slots - 1)


@part
def _same(keys: Bytes, start: int, stop: int, tokens: Bytes, offsets: Ints, token: int) -> bool:
    first = offsets[token]
    if offsets[token + 1] - first != stop - start:
        return False
    for place in range(stop - start):  # noqa: SIM110 - numba compiles a loop, not all()
        if tokens[first + place] != keys[start + place]:
            return False
    return True
