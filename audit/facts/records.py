"""The records of one token's facts: its derivation, its relatives, what is known of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from audit.audit_results import Reach
from audit.results import TokenScore
from banlists.entries import Match

Kind = Literal["byte", "merged", "whole pieces only", "special"]


@dataclass(frozen=True, slots=True)
class Named:
    """A token by its id and as safe text."""

    id: int
    token: str


@dataclass(frozen=True, slots=True)
class Derivation:
    """A token and the two that were merged to make it; `parts` is empty for a byte or an orphan."""

    token: Named
    parts: tuple[Derivation, ...] = ()


@dataclass(frozen=True, slots=True)
class Occurrences:
    """How often a token stands at the end of encoding a corpus, and how often it exists on the way."""

    emitted: int
    made: int


@dataclass(frozen=True, slots=True)
class Relative:
    """The tokens that contain a token, or that it contains: how many, how many are banned, the first."""

    count: int
    banned: int
    first: tuple[Named, ...]


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """Everything known about one token of one vocabulary.

    `rank` is its place among the learned tokens, None for a special one. `merge_count` is how often its
    merge was counted in training, `occurrences` what a counts file says; None where nobody told. `witness`
    is a text that produces it. `score` is None when nothing points at the token (see `--all`).
    `replacement` is the best way to write its bytes with other tokens, those without a ban entry first.
    """

    vocabulary: str
    id: int
    token: str
    bytes: bytes
    kind: Kind
    rank: int | None
    script: str
    utf8: str
    depth: int
    used_in: int
    merge_count: int | None
    occurrences: Occurrences | None
    derivation: Derivation
    before: tuple[Named, ...]
    after: tuple[Named, ...]
    larger: Relative
    smaller: Relative
    reach: Reach | None
    witness: str
    score: TokenScore | None
    bans: tuple[Match, ...]
    replacement: tuple[Named, ...]
