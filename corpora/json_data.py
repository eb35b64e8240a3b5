"""JSON of unknown origin → the record that was expected, or an error that says what is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import msgspec
import numpy as np

from corpora.errors import WinnowError

Record = TypeVar("Record")


def decode_json(
    data: bytes | str, kind: type[Record], what: str, *, where: str | Path, hint: str | None = None
) -> Record:
    """Decode `data` as `kind` (a struct, or a type such as `dict[str, Any]`).

    `what` begins the error: "not a lock file". Raises WinnowError for bytes that are no UTF-8, text that
    is no JSON or is nested too deep, and JSON of another shape.
    """
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise WinnowError(f"{what}: {error}", where=where, hint=hint) from error


def is_utf8(data: bytes) -> bool:
    """Whether bytes are valid UTF-8; Arrow looks at some gigabytes a second, without Python's lock."""
    import pyarrow as pa

    offsets = np.array([0, len(data)], dtype=np.int64)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(data)]
    try:
        pa.Array.from_buffers(pa.large_string(), 1, buffers).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True
