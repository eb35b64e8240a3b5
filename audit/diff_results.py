"""What a comparison found, as records: shared and own tokens, order, merges, texts cut differently."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from audit.results import TokenScore

Side = Literal["a", "b", "both"]


@dataclass(frozen=True, slots=True)
class CompressionRow:
    """One language's text: `tokens` has one count per vocabulary, in `AuditResult.compared` order."""

    language: str
    documents: int
    bytes: int
    tokens: tuple[int, ...]

    def bytes_per_token(self, vocabulary: int) -> float:
        """Mean bytes per token under one vocabulary (by position); 0.0 for no text."""
        return self.bytes / self.tokens[vocabulary] if self.tokens[vocabulary] else 0.0


@dataclass(frozen=True, slots=True)
class RankShift:
    """A token that both vocabularies have at different ranks (positions among the learned tokens)."""

    token: str
    bytes: bytes
    rank_a: int
    rank_b: int


@dataclass(frozen=True, slots=True)
class MergeChange:
    """A shared token that the two build from different parts, as safe text; no parts where none make it."""

    token: str
    bytes: bytes
    parts_a: tuple[str, ...]
    parts_b: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DiffToken:
    """A scored token and the side that has it; its id is A's where A has it."""

    score: TokenScore
    side: Side


@dataclass(frozen=True, slots=True)
class DiffRow:
    """One script, length or category: how many tokens are shared, only in A, only in B, and flagged."""

    name: str
    shared: int
    only_a: int
    only_b: int
    flagged_a: int
    flagged_b: int


@dataclass(frozen=True, slots=True)
class SegmentationChange:
    """A pretoken that the two vocabularies cut differently, as safe text, and how often it occurs."""

    language: str
    pretoken: str
    pieces_a: tuple[str, ...]
    pieces_b: tuple[str, ...]
    count: int


@dataclass(frozen=True, slots=True)
class DiffResult:
    """Vocabulary A against vocabulary B, keyed by bytes.

    `tokens` are the scored tokens (risky ones, or all on request), most risky first; `reranked` counts
    every shared token whose order relative to the other shared tokens changed, `shifts` has the largest.
    `remerged` counts shared tokens that the two build from different parts, `merge_changes` has the first.
    `compression` has the token
    counts of A and of B.
    """

    a: str
    b: str
    size_a: int
    size_b: int
    shared: int
    only_a: int
    only_b: int
    reranked: int
    remerged: int
    special_only_a: tuple[str, ...]
    special_only_b: tuple[str, ...]
    same_pattern: bool
    shifts: tuple[RankShift, ...]
    scripts: tuple[DiffRow, ...]
    lengths: tuple[DiffRow, ...]
    categories: tuple[DiffRow, ...]
    tokens: tuple[DiffToken, ...]
    compression: tuple[CompressionRow, ...] = ()
    segmentations: tuple[SegmentationChange, ...] = ()
    merge_changes: tuple[MergeChange, ...] = ()

    @property
    def different(self) -> bool:
        """Whether anything that changes an encoding differs: tokens, order, merges, specials, pattern."""
        counts = (self.only_a, self.only_b, self.reranked, self.remerged)
        specials = self.special_only_a or self.special_only_b
        return any(counts) or bool(specials) or not self.same_pattern


@dataclass(frozen=True, slots=True)
class Intersection:
    """The tokens that exactly the named vocabularies have: how many, and how many of them are flagged."""

    names: tuple[str, ...]
    tokens: int
    flagged: int


@dataclass(frozen=True, slots=True)
class NamedToken:
    """A scored token and the vocabularies that have it; its id is the first one's."""

    score: TokenScore
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SetComparison:
    """Three or more vocabularies: the first against each other one, and how all of their tokens intersect.

    `sizes` has the tokens of each, in the order of `names`. `intersections` come largest first.
    `compression` has one count per vocabulary.
    """

    names: tuple[str, ...]
    sizes: tuple[int, ...]
    intersections: tuple[Intersection, ...]
    diffs: tuple[DiffResult, ...]
    tokens: tuple[NamedToken, ...]
    compression: tuple[CompressionRow, ...] = ()

    @property
    def different(self) -> bool:
        """Whether any of the others differs from the first."""
        return any(diff.different for diff in self.diffs)
