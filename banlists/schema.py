"""The shape of a ban-list file, and the errors a file with another shape gets."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from corpora.cli import read_toml
from corpora.errors import WrongCall, unknown_name

Kind = Literal["bytes", "text", "contains", "prefix", "suffix", "regex", "fragment_of", "pair"]
AllowKind = Literal["bytes", "text", "contains", "prefix", "suffix", "regex"]
Category = Literal[
    "adult", "gambling", "seo", "boilerplate", "anomalous", "fragment", "personal", "control"
]  # fmt: skip
Variant = Literal["space", "joiner", "zero-width", "width", "case", "hans-hant"]
SCHEMA = 1


class ListInfo(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[list]`: what the file is. `version` is a calendar version such as `2026.11.22`."""

    id: str
    version: str
    title: str
    license: str = "CC0-1.0"
    schema: int = SCHEMA
    owner: str = ""


class GroupTests(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[group.tests]`: tokens that must hit, must not, and the known gaps of both kinds.

    A token is text, bytes as `hex:e5a4a9`, or `tok:o200k_base:2783`; for a pair group `left|right`.
    """

    hit: list[str] = []
    ok: list[str] = []
    todo_hit: list[str] = []
    todo_ok: list[str] = []


class Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[[group]]`: patterns that share one kind, one reason and one set of tests."""

    id: str
    category: Category
    match: Kind
    reason: str
    patterns: list[str | tuple[str, str]]
    langs: list[str] = []
    scripts: list[str] = []
    status: Literal["experimental", "stable", "retired"] = "stable"
    severity: Literal["core", "extended", "full"] = "core"
    evidence: list[str] = []
    owner: str = ""
    added: datetime.date | None = None
    review_by: datetime.date | None = None
    variants: list[Variant] | None = None
    boundary: Literal["auto", "none"] = "auto"
    min_bytes: int = 9
    force: bool = False
    tests: GroupTests = GroupTests()


class Allow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[[allow]]`: a hit that lies inside this text does not count, whichever list made it."""

    pattern: str
    reason: str
    match: AllowKind = "text"


class Disable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[[disable]]`: switch off `list/group`, or one pattern of it as `list/group/pattern`."""

    rule: str
    reason: str


class Tombstone(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`[[tombstone]]`: a pattern that was retired and must not be added again."""

    pattern: str
    retired: datetime.date
    reason: str


class Pack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file. TOML names the tables `list`, `group`, `allow`, `disable`, `tombstone`."""

    info: ListInfo = msgspec.field(name="list")
    group: list[Group] = []
    allow: list[Allow] = []
    disable: list[Disable] = []
    tombstone: list[Tombstone] = []


_TABLES: dict[str, type[msgspec.Struct]] = {
    "list": ListInfo, "group": Group, "allow": Allow, "disable": Disable, "tombstone": Tombstone,
}  # fmt: skip


def read_pack(path: Path) -> Pack:
    """Read and check one ban-list file.

    Raises WrongCall, naming the file and the key, for a file that is missing, is not TOML, has an
    unknown key (the nearest known one is named) or a value of the wrong kind.
    """
    table = read_toml(path)
    _check_keys(table, path)
    try:
        pack = msgspec.convert(table, Pack)
    except msgspec.ValidationError as error:
        raise WrongCall(str(error), where=path, hint="docs/banlists.md lists every key") from error
    if pack.info.schema != SCHEMA:
        raise WrongCall(f"list.schema is {pack.info.schema}, this version reads {SCHEMA}", where=path)
    return pack


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a ban-list file, for editors."""
    return msgspec.json.schema(Pack)


def _check_keys(table: Mapping[str, Any], path: Path) -> None:
    _refuse_unknown(table, Pack, "", path)
    for name, struct in _TABLES.items():
        value = table.get(name, [])
        rows = value if isinstance(value, list) else [value]
        for index, row in enumerate(rows):
            where = f"{name}[{index}]" if isinstance(value, list) else name
            if isinstance(row, dict):
                _refuse_unknown(row, struct, where, path)
                if isinstance(row.get("tests"), dict):
                    _refuse_unknown(row["tests"], GroupTests, f"{where}.tests", path)


def _refuse_unknown(table: Mapping[str, Any], struct: type[msgspec.Struct], at: str, path: Path) -> None:
    known = list(struct.__struct_encode_fields__)
    for key in table:
        if key not in known:
            error = unknown_name("key", f"{at}.{key}" if at else key, known)
            guess = unknown_name("key", key, known).hint
            raise WrongCall(error.what, where=path, hint=guess)
