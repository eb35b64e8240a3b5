"""Accepted candidates as entries of a list file: which need one, in which group, with which tests."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import count, islice
from pathlib import Path

from audit.review.proposals import KINDS, list_of, loaded
from audit.review.records import Candidate, Proposal, Terms, WrittenEntry
from banlists.banlist import BanList
from banlists.editing import Addition, add_patterns, new_pack
from banlists.entries import SEVERITIES
from banlists.fold import fold
from banlists.lint import Finding, lint
from banlists.lists import builtin_names, load_ban_lists, make_ban_list
from banlists.schema import Group, Pack, read_pack
from banlists.toml_text import stray_comment
from corpora.errors import WrongCall

REVIEW_AFTER = datetime.timedelta(days=365)  # as `ban add` has it
_OK_TOKENS = 3
_PLAIN_OK = "the"


@dataclass(frozen=True, slots=True)
class Accepted:
    """A candidate with the entry that a person accepted for it."""

    candidate: Candidate
    proposal: Proposal


@dataclass(frozen=True, slots=True)
class Plan:
    """The list as it will be, its new entries, and the accepted ones that need none: something bans them."""

    pack: Pack
    entries: tuple[WrittenEntry, ...]
    covered: int


def open_list(terms: Terms, today: datetime.date) -> Pack:
    """The list to add to, or an empty one with the terms' title when there is no file yet.

    Raises WrongCall for a built-in list's name, a file that is no list, and comments that rewriting the
    file would lose: better now than after two hundred decisions.
    """
    if str(terms.path) in (*SEVERITIES, *builtin_names()):
        hint = f"name a file such as {terms.path}-own.toml"
        raise WrongCall("a built-in list is not written to", where=terms.path, hint=hint)
    if not terms.path.exists():
        return new_pack(terms.path.stem, terms.title, f"{today:%Y.%m.%d}", "CC0-1.0", terms.owner)
    pack = read_pack(terms.path)
    line = stray_comment(terms.path.read_text(encoding="utf-8"))
    if line is not None:
        hint = "move it to the top of the file, or into the group's reason"
        raise WrongCall(
            "a comment here would be lost by adding to the list", where=f"{terms.path}:{line}", hint=hint
        )
    make_ban_list([loaded(pack, terms.path)])
    return pack


def plan_list(
    pack: Pack, accepted: Sequence[Accepted], clean: Sequence[bytes], terms: Terms, today: datetime.date
) -> Plan:
    """`pack` with an entry for every accepted candidate that nothing else in it bans.

    Entries of one kind, category and reason share a group. `clean` are tokens that a person rejected:
    those that look like an entry, and that no list hits, become its `ok` tests.

    Raises WrongCall for an entry that cannot be: a tombstone, an impossible pattern, an empty reason.
    """
    needed = _needed(pack, accepted, terms.path)
    bans = _bans_with(pack, needed, terms.path)
    entries: list[WrittenEntry] = []
    for members in _by_group(needed):
        ok = _ok_tokens(members, clean, bans)
        addition = _addition(pack, members, terms, today, ok)
        pack = add_patterns(pack, addition, terms.path)
        entries.extend(_written(each, f"{pack.info.id}/{addition.group}") for each in members)
    make_ban_list([loaded(pack, terms.path)])
    return Plan(pack, tuple(entries), len(accepted) - len(needed))


def problems(pack: Pack, path: Path, today: datetime.date) -> tuple[Finding, ...]:
    """What lint says of the list."""
    return tuple(lint([loaded(pack, path)], today))


def is_listed(pack: Pack, proposal: Proposal) -> bool:
    """Whether a group of the list has exactly this entry."""
    return any(group.match == proposal.kind and proposal.pattern in group.patterns for group in pack.group)


def _needed(pack: Pack, accepted: Sequence[Accepted], path: Path) -> list[Accepted]:
    """Those that neither the list nor a wider accepted entry bans, the widest first."""
    needed: list[Accepted] = []
    bans = _bans_with(pack, (), path)
    for kind in KINDS:
        same: set[str] = set()
        for each in sorted((each for each in accepted if each.proposal.kind == kind), key=_breadth):
            meaning = _meaning(each.proposal)
            if meaning in same or bans.match(each.candidate.token):
                continue
            same.add(meaning)
            needed.append(each)
            if kind not in ("text", "bytes"):  # those hit what means the same, and nothing else
                bans = _bans_with(pack, needed, path)
        bans = _bans_with(pack, needed, path)
    return needed


def _breadth(each: Accepted) -> tuple[int, str]:
    return len(each.proposal.pattern), each.proposal.pattern


def _meaning(proposal: Proposal) -> str:
    return proposal.pattern if proposal.kind == "bytes" else fold(proposal.pattern.encode())


def _bans_with(pack: Pack, accepted: Iterable[Accepted], path: Path) -> BanList:
    """The list's rules and exceptions, with new entries."""
    new = [entry for each in accepted for entry in list_of(each.proposal).entries]
    old = make_ban_list([loaded(pack, path)])
    return BanList([*old.entries, *new], old.allows)


def _by_group(needed: Sequence[Accepted]) -> list[list[Accepted]]:
    """Entries that may share a group: one kind, category, reason and language."""
    groups: dict[tuple[str, str, str, str | None], list[Accepted]] = {}
    for each in needed:
        made = each.proposal
        key = (made.category, made.kind, made.reason, each.candidate.language)
        groups.setdefault(key, []).append(each)
    return [groups[key] for key in sorted(groups, key=lambda key: (*key[:3], key[3] or ""))]


def _addition(
    pack: Pack, members: Sequence[Accepted], terms: Terms, today: datetime.date, ok: Sequence[str]
) -> Addition:
    first = members[0]
    language = first.candidate.language
    addition = Addition(
        group="",
        patterns=tuple(each.proposal.pattern for each in members),
        match=first.proposal.kind,
        category=first.proposal.category,
        reason=first.proposal.reason.strip(),
        evidence=tuple(dict.fromkeys(each for member in members for each in member.candidate.evidence)),
        langs=(language,) if language else (),
        severity=terms.severity,
        owner=terms.owner if terms.owner != pack.info.owner else "",
        hit=tuple(_test_token(each.candidate.token) for each in members),
        ok=tuple(ok),
        added=today,
        review_by=today + REVIEW_AFTER,
    )
    return replace(addition, group=_group_id(pack, terms.group, addition))


def _group_id(pack: Pack, prefix: str, wanted: Addition) -> str:
    """The id of a group that says exactly the same of other patterns, or the next free one."""
    base = "-".join([prefix, wanted.category, *([] if wanted.match == "text" else [wanted.match])])
    taken = {group.id: group for group in pack.group}
    names = (base if number == 1 else f"{base}-{number}" for number in count(1))
    return next(name for name in names if name not in taken or _says_the_same(taken[name], wanted))


def _says_the_same(group: Group, wanted: Addition) -> bool:
    plain = group.variants is None and group.boundary == "auto" and not group.force
    return plain and group.status == wanted.status and (
        (group.match, group.category, group.reason, tuple(group.langs), group.severity, group.owner)
        == (wanted.match, wanted.category, wanted.reason, wanted.langs, wanted.severity, wanted.owner)
    )  # fmt: skip


def _ok_tokens(members: Sequence[Accepted], clean: Sequence[bytes], bans: BanList) -> list[str]:
    """Tokens that must stay: rejected ones that share a character, else words of the clean reading."""
    letters = {character for each in members for character in fold(each.candidate.token)}
    alike = [token for token in clean if letters & set(fold(token))]
    words = [word.encode() for each in members for word in each.candidate.segmentation if len(word) > 1]
    everything = _every_list()
    free = (token for token in (*alike, *words) if not bans.match(token) and not everything.match(token))
    chosen = list(islice(dict.fromkeys(_test_token(token) for token in free), _OK_TOKENS))
    return chosen or [_PLAIN_OK]


@cache
def _every_list() -> BanList:
    """Every built-in rule: an `ok` test of a new entry should hold beside those, too."""
    return load_ban_lists(("full",))


def _test_token(token: bytes) -> str:
    """A token as tests write it: its text, or hexadecimal where text would be read otherwise."""
    try:
        text = token.decode("utf-8")
    except UnicodeDecodeError:
        return f"hex:{token.hex()}"
    return f"hex:{token.hex()}" if text.startswith(("hex:", "tok:")) else text


def _written(each: Accepted, rule: str) -> WrittenEntry:
    made = each.proposal
    return WrittenEntry(each.candidate.key, rule, made.kind, made.pattern, made.category)
