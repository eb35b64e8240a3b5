"""JSON of unknown origin → the record that was expected, or an error that says what is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import msgspec

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
