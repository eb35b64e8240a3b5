"""Candidates from the experimental groups of list files, as `ban suggest` and `ban import` write them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from audit.review.proposals import KINDS, list_of
from audit.review.records import Candidate, Proposal, Source
from banlists.schema import Group, Pack, read_pack
from corpora.cli import read_toml
from corpora.display import show_bytes
from corpora.errors import WrongCall

_UNREAD = "Suggested, unread; "  # how `ban suggest` begins its reasons; after a review it is not true


def read_suggestions(paths: Sequence[Path], folder: Path) -> Source:
    """Every pattern of every experimental group, in the lists' order.

    Raises WrongCall for a file that is no ban list, and for lists without an experimental group.
    """
    found: dict[str, Candidate] = {}
    left_out = 0
    for path in paths:
        for group in _experimental(read_pack(path)):
            for candidate in _candidates(group):
                if candidate is None:
                    left_out += 1
                else:
                    found.setdefault(candidate.key, candidate)
    if not found:
        hint = "winnow ban suggest and winnow ban import write such groups"
        raise WrongCall("no experimental group to review", where=folder, hint=hint)
    return Source(
        ", ".join(path.stem for path in paths), "suggestions", folder, tuple(found.values()), left_out
    )


def suggestion_files(folder: Path) -> list[Path]:
    """The ban lists of a folder that have experimental groups, by name."""
    tables = ((path, read_toml(path)) for path in sorted(folder.glob("*.toml")))
    lists = [path for path, table in tables if isinstance(table.get("list"), dict)]
    return [path for path in lists if _experimental(read_pack(path))]


def _experimental(pack: Pack) -> list[Group]:
    return [group for group in pack.group if group.status == "experimental"]


def _candidates(group: Group) -> Iterator[Candidate | None]:
    """One for every pattern; None for a kind that no page can show as one token."""
    for pattern in group.patterns:
        yield _candidate(group, pattern) if isinstance(pattern, str) else None


def _candidate(group: Group, pattern: str) -> Candidate | None:
    if group.match not in KINDS:
        return None
    proposal = Proposal(group.match, pattern, group.category, group.reason.removeprefix(_UNREAD))
    try:
        list_of(proposal)
    except WrongCall:  # a single character, which its own group may force and a new one does not
        return None
    token = bytes.fromhex(pattern) if group.match == "bytes" else pattern.encode()
    key = token.hex() if group.match in ("text", "bytes") else f"{group.match}:{token.hex()}"
    language = group.langs[0] if len(group.langs) == 1 else None
    return Candidate(
        key, token, show_bytes(token), proposal, tuple(group.evidence) or (f"list:{group.id}",),
        language=language, notes=(f"suggested by group {group.id}",),
    )  # fmt: skip
