"""Write a pack back as TOML, in one canonical form: sorted patterns, visible escapes, short lines."""

from __future__ import annotations

import datetime
import unicodedata
from collections.abc import Iterable, Sequence

import msgspec

from banlists.schema import Group, Pack

_WIDTH = 100  # columns of a line of patterns
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_HIDDEN = frozenset({"Cc", "Cf", "Co", "Cn", "Zl", "Zp"})  # categories a reader would not see


def pack_to_toml(pack: Pack, header: str = "") -> str:
    """The canonical text of a pack; `header` is the block of comment lines that opens the file.

    Keys stand in the schema's order and defaults are left out; patterns and test tokens are sorted
    and each kept once; hidden characters are written as `\\uXXXX`.
    """
    blocks = [_table("[list]", pack.info)]
    blocks.extend(_group(group) for group in pack.group)
    blocks.extend(_table("[[allow]]", allow) for allow in pack.allow)
    blocks.extend(_table("[[disable]]", disable) for disable in pack.disable)
    blocks.extend(_table("[[tombstone]]", tombstone) for tombstone in pack.tombstone)
    return (header + "\n" if header else "") + "\n".join(blocks)


def header_comments(text: str) -> str:
    """The comment lines at the top of a file, each with its line end."""
    lines = []
    for line in text.splitlines(keepends=True):
        if not line.startswith("#"):
            break
        lines.append(line)
    return "".join(lines)


def stray_comment(text: str) -> int | None:
    """The line number of the first comment line outside the header, which rewriting would lose."""
    skip = header_comments(text).count("\n")
    for number, line in enumerate(text.splitlines(), start=1):
        if number > skip and line.lstrip().startswith("#"):
            return number
    return None


def _group(group: Group) -> str:
    sorted_group = msgspec.structs.replace(group, patterns=sorted(set(group.patterns), key=_sort_key))
    text = _table("[[group]]", sorted_group, skip=("tests",))
    tests = {name: getattr(group.tests, name) for name in group.tests.__struct_fields__}
    lines = [f"{name} = {_array(_unique(values))}\n" for name, values in tests.items() if values]
    return text + ("[group.tests]\n" + "".join(lines) if lines else "")


def _table(title: str, row: msgspec.Struct, skip: Sequence[str] = ()) -> str:
    lines = [title]
    fields = {field.name: field for field in msgspec.structs.fields(row)}
    for name, field in fields.items():
        value = getattr(row, name)
        if name in skip or (not field.required and _is_default(field, value)):
            continue
        lines.append(f"{field.encode_name} = {_value(value)}")
    return "\n".join(lines) + "\n"


def _is_default(field: msgspec.structs.FieldInfo, value: object) -> bool:
    if field.default_factory is not msgspec.NODEFAULT:
        return bool(value == field.default_factory())
    return bool(value == field.default)


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, list | tuple):
        return _array(value)
    raise TypeError(f"no TOML form for {type(value).__name__}")


def _array(values: Iterable[object]) -> str:
    cells = [_value(value) for value in values]
    one_line = f"[{', '.join(cells)}]"
    if len(one_line) <= _WIDTH:
        return one_line
    lines, line = [], "  "
    for cell in cells:
        if len(line) + len(cell) > _WIDTH and line.strip():
            lines.append(line.rstrip())
            line = "  "
        line += f"{cell}, "
    return "[\n" + "\n".join([*lines, line.rstrip()]) + "\n]"


def _string(text: str) -> str:
    return '"' + "".join(_character(character) for character in text) + '"'


def _character(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if unicodedata.category(character) not in _HIDDEN:
        return character
    point = ord(character)
    return f"\\u{point:04X}" if point <= 0xFFFF else f"\\U{point:08X}"


def _unique(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))


def _sort_key(pattern: str | tuple[str, str]) -> tuple[str, ...]:
    return pattern if isinstance(pattern, tuple) else (pattern,)
