"""Run the tests that stand beside the entries: what must hit, what must not, and the known gaps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from banlists.banlist import BanList
from banlists.entries import SEVERITIES
from banlists.lists import LoadedPack, make_ban_list
from banlists.schema import Group
from banlists.tokens import token_bytes
from corpora.errors import WrongCall

EXPECTATIONS = ("hit", "ok", "todo_hit", "todo_ok")


@dataclass(frozen=True, slots=True)
class TestResult:
    """One test token. `note` says what went wrong, empty when `passed`."""

    __test__ = False  # not a pytest class

    group: str
    expectation: str
    token: str
    passed: bool
    note: str = ""


def run_tests(packs: Sequence[LoadedPack]) -> list[TestResult]:
    """Run the tests of every group that is loaded, against all the loaded packs together.

    A set such as `core` leaves some groups of a pack out, and with them their tests.

    A `hit` must be matched by its own group; an `ok` by no rule of the group's severity set; a
    `todo_hit` must still be missed and a `todo_ok` still be hit, so that a gap that closed is noticed.
    """
    bans = make_ban_list(packs)
    return [
        result
        for loaded in packs
        for group in _loaded_groups(loaded)
        for result in _run_group(bans, loaded.pack.info.id, group)
    ]


def _loaded_groups(loaded: LoadedPack) -> Iterator[Group]:
    names = {entry.name for entry in loaded.entries}
    for group in loaded.pack.group:
        if group.status != "retired" and f"{loaded.pack.info.id}/{group.id}" in names:
            yield group


def _run_group(bans: BanList, list_id: str, group: Group) -> Iterator[TestResult]:
    name = f"{list_id}/{group.id}"
    for expectation in EXPECTATIONS:
        for token in getattr(group.tests, expectation):
            rules = _rules(bans, group, token, name)
            wanted = {name} & rules if expectation.endswith("hit") else rules
            should_hit = expectation in ("hit", "todo_ok")
            passed = bool(wanted) == should_hit
            yield TestResult(name, expectation, token, passed, "" if passed else _note(expectation, rules))


def _rules(bans: BanList, group: Group, token: str, name: str) -> set[str]:
    if group.match == "pair":
        left, bar, right = token.partition("|")
        if not bar:
            raise WrongCall(f"test {token!r} of a pair group must be left|right", where=name)
        refused = bans.refuse(left.encode(), right.encode())
        return {refused.entry} if refused else set()
    matches = bans.explain(token_bytes(token, name)).matches
    widest = SEVERITIES.index(group.severity)
    return {match.entry for match in matches if SEVERITIES.index(match.severity) <= widest}


def _note(expectation: str, rules: set[str]) -> str:
    others = ", ".join(sorted(rules)) or "nothing"
    return {
        "hit": f"should be hit by its group; hit by {others}",
        "ok": f"should pass; hit by {others}",
        "todo_hit": "is hit now: move it to hit",
        "todo_ok": "passes now: move it to ok",
    }[expectation]
