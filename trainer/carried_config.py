"""A model's configuration under new ids: the vocabulary's size, and every token id that is written there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from corpora.json_data import decode_json

CONFIGS = ("config.json", "generation_config.json")
_ONE_ID = ("_token_id", "_token_index")  # endings of keys that hold an id, or a list of ids
_LISTS = ("suppress_tokens", "begin_suppress_tokens")
_SEQUENCES = ("bad_words_ids", "force_words_ids")  # lists of lists of ids


@dataclass(frozen=True, slots=True)
class IdMap:
    """Old ids to new ones: `remap` for the vocabulary's `rows`, padding up to `matrix_rows` after them."""

    remap: Mapping[int, int]
    rows: int
    matrix_rows: int

    @property
    def dropped(self) -> int:
        """How many rows there are fewer."""
        return self.rows - len(self.remap)

    def new(self, old: int) -> int | None:
        """The new id; None for a removed one and for one that the matrix never had."""
        if self.rows <= old < self.matrix_rows:
            return old - self.dropped
        return self.remap.get(old)


def carried_config(path: Path, ids: IdMap) -> tuple[bytes, list[str]]:
    """The file's new content, and notes on what could not be brought over.

    Raises WinnowError when the file is not a JSON object.
    """
    record = decode_json(path.read_bytes(), dict[str, Any], "not a configuration", where=path)
    notes: list[str] = []
    changed = _walk(record, ids, path.name, notes)
    return msgspec.json.format(msgspec.json.encode(changed), indent=2) + b"\n", notes


def _walk(record: dict[str, Any], ids: IdMap, where: str, notes: list[str]) -> dict[str, Any]:
    return {key: _value(key, value, ids, f"{where}: {key}", notes) for key, value in record.items()}


def _value(key: str, value: Any, ids: IdMap, where: str, notes: list[str]) -> Any:
    if isinstance(value, dict):
        return _walk(value, ids, where, notes)
    if key == "vocab_size" and isinstance(value, int):
        return _size(value, ids, where, notes)
    if key.endswith(_ONE_ID) and isinstance(value, int):
        return _id(value, ids, where, notes)
    if (key.endswith(_ONE_ID) or key in _LISTS) and _all_ids(value):
        return _ids(value, ids)
    if key in _SEQUENCES and isinstance(value, list) and all(map(_all_ids, value)):
        return [_ids(each, ids) for each in value if all(ids.new(id_) is not None for id_ in each)]
    return value


def _all_ids(value: Any) -> bool:
    """Whether a value is a list of whole numbers; anything else is no list of ids, and stays as it is."""
    return isinstance(value, list) and all(isinstance(each, int) for each in value)


def _size(value: int, ids: IdMap, where: str, notes: list[str]) -> int:
    if value not in (ids.rows, ids.matrix_rows):
        notes.append(f"{where} {value} is neither the vocabulary's size nor the matrix's: lowered alike")
    return value - ids.dropped


def _id(value: int, ids: IdMap, where: str, notes: list[str]) -> int:
    new = ids.new(value)
    if new is None:
        notes.append(f"{where} {value} is no id that is left: kept as it was")
        return value
    return new


def _ids(values: list[int], ids: IdMap) -> list[int]:
    return [new for value in values if (new := ids.new(value)) is not None]
