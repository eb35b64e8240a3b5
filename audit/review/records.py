"""What a review works with: candidates, the decisions on them, and what a finished review wrote."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from audit.results import Reason
from banlists.lint import Finding as LintFinding

Verdict = Literal["accept", "reject", "skip"]
# `covered`: nobody decided, and a list in use or an accepted entry bans it already.
Status = Literal["open", "accepted", "rejected", "skipped", "covered"]

VERDICTS: tuple[Verdict, ...] = ("accept", "reject", "skip")
STATUS_OF: dict[Verdict, Status] = {"accept": "accepted", "reject": "rejected", "skip": "skipped"}


@dataclass(frozen=True, slots=True)
class Proposal:
    """The entry that a candidate would become: its kind, its pattern as the list writes it, why."""

    kind: str
    pattern: str
    category: str
    reason: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """One token, or one suggested pattern, that a person is asked about.

    `key` tells candidates apart, in journals too: the bytes in hexadecimal, with the kind before them for
    a pattern of another kind than `text`. `shown` is safe to show; `id` and `score` (0..1) are None where
    nobody told. `notes` say what the source said in words, `evidence` is what the entry will carry.
    """

    key: str
    token: bytes
    shown: str
    proposal: Proposal
    evidence: tuple[str, ...]
    id: int | None = None
    vocabulary: str = ""
    score: float | None = None
    script: str = ""
    reasons: tuple[Reason, ...] = ()
    segmentation: tuple[str, ...] = ()
    language: str | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """What is reviewed: the candidates of one folder or list, most suspicious first.

    `identity` is the vocabulary's SHA-256 as `winnow audit` records it, "" when unknown. `left_out`
    counts what no list can ban by itself (single characters, single bytes) or no page can show.
    """

    name: str
    kind: str
    folder: Path
    candidates: tuple[Candidate, ...]
    left_out: int = 0
    identity: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person said about one candidate; `proposal` is the entry as it was left on the page."""

    key: str
    verdict: Verdict
    proposal: Proposal


@dataclass(frozen=True, slots=True)
class State:
    """Where one candidate stands; `rule` names what covers it, `listed` says that the list has its entry."""

    status: Status
    proposal: Proposal
    rule: str = ""
    listed: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    """A token that an entry would ban; `status` is "" for one that is no candidate."""

    token: str
    id: int | None
    status: Status | Literal[""]


@dataclass(frozen=True, slots=True)
class Preview:
    """What an entry would do: how many tokens it bans beside its own, the first of them, and warnings.

    `unsuspected` of the others are no candidates, `rejected` are those that a person called clean. `of`
    says where was looked: in the whole vocabulary, or among the candidates only.
    """

    others: int
    unsuspected: int
    rejected: int
    hits: tuple[Hit, ...]
    of: Literal["vocabulary", "candidates"]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Terms:
    """How accepted entries are written; `title` is a new list's, `group` the beginning of group ids."""

    path: Path
    title: str
    group: str
    owner: str
    severity: str


@dataclass(frozen=True, slots=True)
class WrittenEntry:
    """One accepted candidate in the list: the rule that bans it now."""

    key: str
    rule: str
    kind: str
    pattern: str
    category: str


@dataclass(frozen=True, slots=True)
class Finished:
    """What writing did: new entries, how many accepted ones need none, what lint says of the list."""

    entries: tuple[WrittenEntry, ...]
    covered: int
    findings: tuple[LintFinding, ...]


@dataclass(frozen=True, slots=True)
class Counts:
    """How far a review is. `left` are the candidates without a decision that nothing covers."""

    candidates: int
    accepted: int
    rejected: int
    skipped: int
    covered: int
    left: int
