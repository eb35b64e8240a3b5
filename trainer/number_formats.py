"""The number formats of stored tensors: bytes to 32-bit floats and back, with NumPy alone."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

# Names as safetensors writes them → bytes of one value. F8_E4M3 is the variant without infinities
# ("E4M3FN") and F8_E5M2 the one with them (Micikevicius et al. 2022, arXiv:2209.05433).
SIZES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "F8_E4M3": 1, "F8_E5M2": 1}
_PLAIN = {"F64": "<f8", "F32": "<f4", "F16": "<f2"}
_SIGN = 0x80
_E4M3_LARGEST = 126  # code of 448, the largest number; 127 is NaN


def decode(data: Bytes, number_format: str) -> Floats:
    """Flat bytes → flat float32 values. `number_format` is a key of SIZES."""
    if number_format in _PLAIN:
        return data.view(_PLAIN[number_format]).astype(np.float32)
    if number_format == "BF16":
        return (data.view("<u2").astype(np.uint32) << 16).view(np.float32)
    return _float8_values(number_format)[data]


def encode(values: Floats, number_format: str) -> Bytes:
    """Flat float32 values → flat bytes, rounded to the nearest number, ties to the even code.

    Values beyond the largest number of an eight-bit format become that number, as hardware does;
    in F16 they become infinite, which the caller has to notice.
    """
    if number_format in _PLAIN:
        with np.errstate(over="ignore"):
            return values.astype(_PLAIN[number_format]).view(np.uint8)
    if number_format == "BF16":
        return _encode_bfloat16(values)
    return _encode_float8(values, number_format)


def _encode_bfloat16(values: Floats) -> Bytes:
    bits = values.view(np.uint32)
    to_even = np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))
    return ((bits + to_even) >> np.uint32(16)).astype("<u2").view(np.uint8)


def _encode_float8(values: Floats, number_format: str) -> Bytes:
    positive = _positive_numbers(number_format)
    magnitude = np.minimum(np.abs(values), positive[-1])
    above = np.clip(np.searchsorted(positive, magnitude), 1, positive.size - 1)
    to_lower, to_upper = magnitude - positive[above - 1], positive[above] - magnitude
    take_upper = (to_upper < to_lower) | ((to_upper == to_lower) & (above % 2 == 0))
    code: Bytes = np.where(take_upper, above, above - 1).astype(np.uint8)
    code[np.signbit(values)] |= _SIGN
    return code


@cache
def _positive_numbers(number_format: str) -> Floats:
    """The finite numbers from zero up; their places are their codes."""
    values = _float8_values(number_format)[:_SIGN]
    return values[np.isfinite(values)]


@cache
def _float8_values(number_format: str) -> Floats:
    """The value of each of the 256 codes."""
    codes = np.arange(256, dtype=np.uint16)
    if number_format == "F8_E5M2":  # the upper half of a 16-bit float
        return (codes << 8).view(np.float16).astype(np.float32)
    magnitude = codes & 0x7F
    exponent, fraction = (magnitude >> 3).astype(np.int32), (magnitude & 7).astype(np.float64)
    normal = np.ldexp(1 + fraction / 8, exponent - 7)
    values = np.where(exponent == 0, np.ldexp(fraction / 8, -6), normal)
    values[magnitude > _E4M3_LARGEST] = np.nan
    return np.where(codes & _SIGN, -values, values).astype(np.float32)
