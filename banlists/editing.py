"""Change a list file: start one, add to it, retire from it, bring it into canonical form."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from banlists.compilation import compile_allows, compile_groups
from banlists.schema import Group, GroupTests, ListInfo, Pack, Tombstone, read_pack
from banlists.toml_text import header_comments, pack_to_toml, stray_comment
from corpora.errors import WrongCall, unknown_name
from corpora.files import write_text


@dataclass(frozen=True, slots=True)
class Addition:
    """What `ban add` was asked to add; `group` is made when the list has none of that id."""

    group: str
    patterns: tuple[str, ...]
    match: str
    category: str
    reason: str
    evidence: tuple[str, ...]
    langs: tuple[str, ...] = ()
    severity: str = "core"
    status: str = "stable"
    owner: str = ""
    hit: tuple[str, ...] = ()
    ok: tuple[str, ...] = ()
    added: datetime.date | None = None
    review_by: datetime.date | None = None


def new_pack(list_id: str, title: str, version: str, license_name: str, owner: str) -> Pack:
    """An empty pack."""
    return Pack(info=ListInfo(list_id, version, title, license=license_name, owner=owner))


def add_patterns(pack: Pack, addition: Addition, where: Path) -> Pack:
    """`pack` with the patterns in their group.

    Raises WrongCall when reason or evidence is empty, when a pattern has a tombstone, or when the
    group exists with another kind or category.
    """
    if not addition.reason.strip() or not any(item.strip() for item in addition.evidence):
        raise WrongCall(
            "an entry needs a reason and evidence", hint="--reason TEXT --evidence tok:o200k_base:ID"
        )
    _refuse_tombstones(pack, addition, where)
    place = next((n for n, group in enumerate(pack.group) if group.id == addition.group), None)
    if place is None:
        groups = [*pack.group, _new_group(addition)]
    else:
        groups = list(pack.group)
        groups[place] = _widened(groups[place], addition, where)
    return msgspec.structs.replace(pack, group=groups)


def retire_pattern(pack: Pack, pattern: str, reason: str, today: datetime.date, where: Path) -> Pack:
    """`pack` without `pattern`, and with a tombstone that keeps it from coming back.

    Raises WrongCall when no group has the pattern.
    """
    if not any(pattern in group.patterns for group in pack.group):
        known = [each for group in pack.group for each in group.patterns if isinstance(each, str)]
        error = unknown_name("pattern", pattern, known)
        raise WrongCall(error.what, where=where, hint=error.hint if len(known) < 40 else None)
    groups = [_without(group, pattern) for group in pack.group]
    stone = Tombstone(pattern, today, reason)
    return msgspec.structs.replace(
        pack, group=[group for group in groups if group.patterns], tombstone=[*pack.tombstone, stone]
    )


def renew_group(pack: Pack, group_id: str, review_by: datetime.date, where: Path) -> Pack:
    """`pack` with a new review date on one group. Raises WrongCall for an unknown group."""
    if group_id not in {group.id for group in pack.group}:
        error = unknown_name("group", group_id, [group.id for group in pack.group])
        raise WrongCall(error.what, where=where, hint=error.hint)
    groups = [
        msgspec.structs.replace(group, review_by=review_by) if group.id == group_id else group
        for group in pack.group
    ]
    return msgspec.structs.replace(pack, group=groups)


def merge_packs(packs: Sequence[Pack], info: ListInfo, severities: Sequence[str]) -> Pack:
    """One pack of many: groups of the given severities, ids prefixed with the list they came from."""
    groups = [
        msgspec.structs.replace(group, id=f"{pack.info.id}-{group.id}")
        for pack in packs
        for group in pack.group
        if group.severity in severities and group.status == "stable"
    ]
    return Pack(
        info=info,
        group=groups,
        allow=[allow for pack in packs for allow in pack.allow],
        tombstone=[stone for pack in packs for stone in pack.tombstone],
    )


def save_pack(path: Path, pack: Pack) -> None:
    """Check and write a pack in canonical form, atomically; the file's opening comments stay.

    Raises WrongCall for an entry that cannot be, or a comment further down that would be lost.
    """
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    line = stray_comment(before)
    if line is not None:
        hint = "move it to the top of the file, or into the group's reason"
        raise WrongCall("a comment here would be lost by rewriting", where=f"{path}:{line}", hint=hint)
    compile_groups(pack, path)
    compile_allows(pack, path)
    write_text(path, pack_to_toml(pack, header_comments(before)))


def canonical_text(path: Path) -> str:
    """The canonical form of the file at `path`."""
    return pack_to_toml(read_pack(path), header_comments(path.read_text(encoding="utf-8")))


def _refuse_tombstones(pack: Pack, addition: Addition, where: Path) -> None:
    retired = {stone.pattern: stone for stone in pack.tombstone}
    for pattern in addition.patterns:
        stone = retired.get(pattern)
        if stone is not None:
            raise WrongCall(
                f"{pattern!r} was retired on {stone.retired}: {stone.reason}",
                where=where,
                hint="remove its tombstone first if that no longer holds",
            )


def _new_group(addition: Addition) -> Group:
    record = {
        "id": addition.group, "category": addition.category, "match": addition.match,
        "reason": addition.reason, "patterns": list(addition.patterns), "langs": list(addition.langs),
        "status": addition.status, "severity": addition.severity, "evidence": list(addition.evidence),
        "owner": addition.owner, "added": addition.added, "review_by": addition.review_by,
        "tests": {"hit": list(addition.hit), "ok": list(addition.ok)},
    }  # fmt: skip
    try:
        return msgspec.convert(record, Group)
    except msgspec.ValidationError as error:
        raise WrongCall(str(error)) from error


def _widened(group: Group, addition: Addition, where: Path) -> Group:
    if (group.match, group.category) != (addition.match, addition.category):
        raise WrongCall(
            f"group {group.id!r} holds {group.category} patterns of kind {group.match}",
            where=where,
            hint="give the new patterns a group of their own",
        )
    tests = GroupTests(
        hit=[*group.tests.hit, *addition.hit], ok=[*group.tests.ok, *addition.ok],
        todo_hit=group.tests.todo_hit, todo_ok=group.tests.todo_ok,
    )  # fmt: skip
    return msgspec.structs.replace(
        group,
        patterns=[*group.patterns, *addition.patterns],
        evidence=list(dict.fromkeys([*group.evidence, *addition.evidence])),
        tests=tests,
    )


def _without(group: Group, pattern: str) -> Group:
    if pattern not in group.patterns:
        return group
    tests = msgspec.structs.replace(
        group.tests, hit=[token for token in group.tests.hit if pattern not in token]
    )
    kept = [each for each in group.patterns if each != pattern]
    return msgspec.structs.replace(group, patterns=kept, tests=tests)
