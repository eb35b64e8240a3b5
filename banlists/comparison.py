"""What changed between two lists, entry by entry."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from banlists.banlist import BanList
from banlists.entries import Entry


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: `added`, `removed`, or `changed` with what it was and is (severity, status…)."""

    change: str
    rule: str
    kind: str
    pattern: str
    detail: str = ""


def compare(before: BanList, after: BanList) -> list[Change]:
    """The entries and allow rules that differ, sorted by rule and pattern."""
    changes = [*_differences(before.entries, after.entries), *_differences(before.allows, after.allows)]
    return sorted(changes, key=lambda change: (change.rule, change.kind, change.pattern))


def _differences(before: Iterable[Entry], after: Iterable[Entry]) -> list[Change]:
    old, new = _by_key(before), _by_key(after)
    changes = [_change("removed", old[key]) for key in old.keys() - new.keys()]
    changes.extend(_change("added", new[key]) for key in new.keys() - old.keys())
    for key in old.keys() & new.keys():
        detail = _detail(old[key], new[key])
        if detail:
            changes.append(_change("changed", new[key], detail))
    return changes


def _by_key(entries: Iterable[Entry]) -> dict[tuple[str, str, str, str], Entry]:
    return {(entry.name, entry.kind, entry.pattern, entry.right): entry for entry in entries}


def _change(change: str, entry: Entry, detail: str = "") -> Change:
    pattern = f"{entry.pattern}|{entry.right}" if entry.kind == "pair" else entry.pattern
    return Change(change, entry.name, entry.kind, pattern, detail)


def _detail(old: Entry, new: Entry) -> str:
    parts = [
        f"{name}: {getattr(old, name)} -> {getattr(new, name)}"
        for name in ("category", "severity", "status", "boundary", "min_bytes", "force")
        if getattr(old, name) != getattr(new, name)
    ]
    if old.variants != new.variants:
        parts.append(f"variants: {','.join(sorted(old.variants))} -> {','.join(sorted(new.variants))}")
    return "; ".join(parts)
