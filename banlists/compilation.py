"""Turn a checked file into entries; a pattern that can never be banned stops here."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from banlists.entries import Entry
from banlists.fold import ALL_VARIANTS, fold
from banlists.matcher import is_single_character
from banlists.patterns import regex_problem
from banlists.schema import Allow, Group, Pack
from corpora.errors import WrongCall

MAX_FRAGMENT_PHRASE = 96  # bytes; a phrase has about n²/2 fragments


class Rejected(Exception):
    """Why a pattern cannot be an entry."""


def compile_groups(pack: Pack, where: str | Path) -> tuple[Entry, ...]:
    """The entries of every group that is not retired, in the file's order.

    Raises WrongCall, naming file, group and pattern, for a pattern that cannot be used.
    """
    return tuple(
        entry for group in pack.group if group.status != "retired" for entry in _entries(pack, group, where)
    )


def compile_allows(pack: Pack, where: str | Path) -> tuple[Entry, ...]:
    """The `[[allow]]` rules as entries. Raises WrongCall as `compile_groups`."""
    return tuple(_allow_entry(pack, allow, where) for allow in pack.allow)


def usable_patterns(patterns: Iterable[str], kind: str) -> list[str]:
    """The patterns that can be entries of this kind (for imports, which may hold anything)."""
    return [pattern for pattern in patterns if _problem(Entry("", "", kind, pattern)) is None]


def _problem(entry: Entry) -> str | None:
    try:
        _CHECKS.get(entry.kind, _check_literal)(entry)
    except Rejected as problem:
        return str(problem)
    return None


def _entries(pack: Pack, group: Group, where: str | Path) -> Iterator[Entry]:
    for pattern in group.patterns:
        left, right = pattern if isinstance(pattern, tuple) else (pattern, "")
        entry = Entry(
            list_id=pack.info.id, group_id=group.id, kind=group.match, pattern=left, right=right,
            category=group.category, severity=group.severity, status=group.status, reason=group.reason,
            langs=tuple(group.langs), variants=_variants(group), boundary=group.boundary,
            min_bytes=group.min_bytes, force=group.force,
        )  # fmt: skip
        _require(entry, is_pair=isinstance(pattern, tuple), where=where)
        yield entry


def _variants(group: Group) -> frozenset[str]:
    return ALL_VARIANTS if group.variants is None else frozenset(group.variants)


def _allow_entry(pack: Pack, allow: Allow, where: str | Path) -> Entry:
    entry = Entry(pack.info.id, "allow", allow.match, allow.pattern, reason=allow.reason, force=True)
    _require(entry, is_pair=False, where=where)
    return entry


def _require(entry: Entry, *, is_pair: bool, where: str | Path) -> None:
    problem = _problem(entry)
    if is_pair != (entry.kind == "pair"):
        problem = "a pair group holds two-element arrays, and only a pair group does"
    if problem:
        shown = [entry.pattern, entry.right] if is_pair else entry.pattern
        raise WrongCall(f"{entry.name}: pattern {shown!r}: {problem}", where=where)


def _check_literal(entry: Entry) -> None:
    folded = fold(entry.pattern.encode(), entry.variants)
    if not folded:
        raise Rejected("nothing is left of it after folding; use kind bytes, or variants = []")
    if unicodedata.category(entry.pattern[0]).startswith("M"):
        raise Rejected("it starts with a combining mark, which folding strips; use fragment_of")
    if len(folded) == 1 and not entry.force:
        raise Rejected("a single character is banned only with force = true")


def _check_bytes(entry: Entry) -> None:
    try:
        token = bytes.fromhex(entry.pattern)
    except ValueError:
        raise Rejected("kind bytes takes hexadecimal digits such as e5a4a9") from None
    if len(token) < 2:
        raise Rejected("the 256 single bytes can never be banned: text could not be encoded without them")
    if is_single_character(token) and not entry.force:
        raise Rejected("a single character is banned only with force = true")


def _check_regex(entry: Entry) -> None:
    problem = regex_problem(entry.pattern)
    if problem:
        raise Rejected(problem)


def _check_fragment(entry: Entry) -> None:
    size = len(entry.pattern.encode())
    if entry.min_bytes < 2:
        raise Rejected("min_bytes must be at least 2")
    if not entry.min_bytes <= size <= MAX_FRAGMENT_PHRASE:
        raise Rejected(f"{size} bytes; a phrase needs {entry.min_bytes} (min_bytes) to {MAX_FRAGMENT_PHRASE}")


def _check_pair(entry: Entry) -> None:
    if not fold(entry.pattern.encode(), entry.variants) or not fold(entry.right.encode(), entry.variants):
        raise Rejected("nothing is left of one half after folding")


_CHECKS: dict[str, Callable[[Entry], None]] = {
    "bytes": _check_bytes,
    "regex": _check_regex,
    "fragment_of": _check_fragment,
    "pair": _check_pair,
}
