"""The records that matching works with: one compiled entry, one match, one hit inside a text."""

from __future__ import annotations

from dataclasses import dataclass

from banlists.fold import ALL_VARIANTS

KINDS = ("bytes", "text", "contains", "prefix", "suffix", "regex", "fragment_of", "pair")
ALLOW_KINDS = ("bytes", "text", "contains", "prefix", "suffix", "regex")
CATEGORIES = ("adult", "gambling", "seo", "boilerplate", "anomalous", "fragment", "personal", "control")
SEVERITIES = ("core", "extended", "full")  # each set holds the ones before it
STATUSES = ("experimental", "stable", "retired")
BOUNDARIES = ("auto", "none")


@dataclass(frozen=True, slots=True)
class Entry:
    """One pattern of one group, ready to be matched.

    `pattern` is as the list writes it (hex for `bytes`, the left half for `pair`); `right` is the
    right half of a pair, else empty. `min_bytes` is the shortest fragment that `fragment_of` bans.
    """

    list_id: str
    group_id: str
    kind: str
    pattern: str
    category: str = "anomalous"
    severity: str = "core"
    status: str = "stable"
    reason: str = ""
    right: str = ""
    langs: tuple[str, ...] = ()
    variants: frozenset[str] = ALL_VARIANTS
    boundary: str = "auto"
    min_bytes: int = 9
    force: bool = False

    @property
    def name(self) -> str:
        """`list/group`, the name that reports and logs use."""
        return f"{self.list_id}/{self.group_id}"


@dataclass(frozen=True, slots=True)
class Match:
    """Why a token is banned. `entry` is `list/group`; `pattern` the pattern that hit."""

    entry: str
    list_id: str
    pattern: str
    kind: str
    category: str
    severity: str
    reason: str


@dataclass(frozen=True, slots=True)
class TextHit:
    """One banned phrase in a text: characters `start` to `end` (exclusive)."""

    start: int
    end: int
    match: Match


def as_match(entry: Entry) -> Match:
    """The public record of a hit by `entry`."""
    pattern = f"{entry.pattern}|{entry.right}" if entry.kind == "pair" else entry.pattern
    return Match(entry.name, entry.list_id, pattern, entry.kind, entry.category, entry.severity, entry.reason)
