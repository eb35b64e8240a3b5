"""What earlier steps did, as records: documents dropped by filtering, merges refused by training."""

from __future__ import annotations

from dataclasses import dataclass

from audit.results import Category


@dataclass(frozen=True, slots=True)
class RefusedMerge:
    """A merge that training refused; `rank` is the id that the token would have had."""

    left: bytes
    right: bytes
    token: bytes
    text: str
    count: int
    rank: int
    entry: str
    ban_list: str
    category: Category | None
    reason: str


@dataclass(frozen=True, slots=True)
class DroppedExample:
    """One document that filtering dropped: the rule, the measured value, the threshold, the text's start."""

    id: str
    source: str
    rule: str
    value: float
    threshold: float
    language: str
    excerpt: str


@dataclass(frozen=True, slots=True)
class LanguageRow:
    """Documents of one language before and after filtering."""

    language: str
    documents_in: int
    documents_kept: int


@dataclass(frozen=True, slots=True)
class CorpusSummary:
    """What `winnow filter` did to the corpus; `dropped_by` is rule → documents, most first.

    `reasons` is rule → why it drops a document, for people, as far as the rules' file says so.
    """

    documents_in: int
    documents_kept: int
    bytes_in: int
    bytes_kept: int
    dropped_by: tuple[tuple[str, int], ...]
    languages: tuple[LanguageRow, ...]
    examples: tuple[DroppedExample, ...] = ()
    reasons: tuple[tuple[str, str], ...] = ()
