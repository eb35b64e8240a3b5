"""The records that the parts of the audit hand to each other: scores, findings, differences, the result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Category = Literal["adult", "gambling", "seo", "boilerplate", "anomalous", "fragment", "personal", "control"]
Severity = Literal["error", "warning", "note"]
Side = Literal["a", "b", "both"]
Verdict = Literal["pollution", "residue", "structure"]
Reach = Literal["direct", "in-context", "orphan"]

CATEGORIES: tuple[Category, ...] = (
    "adult", "gambling", "seo", "boilerplate", "anomalous", "fragment", "personal", "control",
)  # fmt: skip
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
HISTOGRAM_BINS = 20  # bins of equal width over scores 0..1


def as_category(name: str | None) -> Category | None:
    """The category with this name, None for any other text."""
    return next((category for category in CATEGORIES if category == name), None)


@dataclass(frozen=True, slots=True)
class Reason:
    """One addend of a token's score: a stable code, its points (log-odds, may be negative), the evidence."""

    code: str
    points: float
    evidence: str


@dataclass(frozen=True, slots=True)
class TokenScore:
    """How risky one token is, and why.

    `token` is safe to show (escapes for controls, bidi marks and broken UTF-8); `bytes` is the truth.
    `score` is 0..1; `flagged` says that it passes the threshold of `audit/data/risk.toml`. `reasons` come
    strongest first and add up to the score's log-odds. `verdicts` are independent of each other:
    pollution (what `flagged` says), residue (an intermediate merge that text hardly uses), structure
    (cannot be reached, broken UTF-8, hidden characters). `segmentation` is the nearest clean
    explanation: lexicon words of one language that spell the token; empty when nothing explains it.
    """

    id: int
    token: str
    bytes: bytes
    score: float
    flagged: bool
    category: Category | None
    script: str
    reasons: tuple[Reason, ...]
    verdicts: tuple[Verdict, ...] = ()
    segmentation: tuple[str, ...] = ()
    language: str | None = None  # of the segmentation


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong or worth knowing, about one token or about the vocabulary as a whole.

    `check` is a name from docs/audit.md; `id` and `bytes` are None for a finding on the whole vocabulary;
    `token` is the token as safe text ("" when there is none); `evidence` is what proves it (a witness,
    the other ids, a matching entry, the reasons of a score).
    """

    check: str
    severity: Severity
    message: str
    id: int | None = None
    token: str = ""
    bytes: bytes | None = None
    evidence: str = ""
    category: Category | None = None

    @property
    def fingerprint(self) -> str:
        """What stays the same between versions of a vocabulary (baselines use it): check and token bytes."""
        return f"{self.check}:{self.bytes.hex() if self.bytes is not None else self.message}"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one check did: how many things it looked at, and what it found.

    `skipped` says why the check could not run (an option it needs was not given); None when it ran.
    """

    check: str
    title: str
    examined: int
    findings: tuple[Finding, ...]
    skipped: str | None = None

    def count(self, severity: Severity) -> int:
        """The number of findings with this severity."""
        return sum(finding.severity == severity for finding in self.findings)


@dataclass(frozen=True, slots=True)
class ScriptRow:
    """The tokens of one script: Unicode script name, or `Common` (digits, signs), `Bytes` (no character)."""

    script: str
    tokens: int
    bytes: int
    flagged: int


@dataclass(frozen=True, slots=True)
class LengthRow:
    """The tokens of one length in bytes; the last row holds everything longer (`open_ended`)."""

    length: int
    tokens: int
    flagged: int
    open_ended: bool = False


@dataclass(frozen=True, slots=True)
class ReachSummary:
    """How many tokens some text can produce: alone, only inside longer text, or by no text found."""

    direct: int
    in_context: int
    orphan: int


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


@dataclass(frozen=True, slots=True)
class RankShift:
    """A token that both vocabularies have at different ranks (positions among the learned tokens)."""

    token: str
    bytes: bytes
    rank_a: int
    rank_b: int


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
    `remerged` counts shared tokens that the two build from different parts. `compression` has the token
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

    @property
    def different(self) -> bool:
        """Whether anything that changes an encoding differs: tokens, order, merges, specials, pattern."""
        counts = (self.only_a, self.only_b, self.reranked, self.remerged)
        specials = self.special_only_a or self.special_only_b
        return any(counts) or bool(specials) or not self.same_pattern


@dataclass(frozen=True, slots=True)
class GateFailure:
    """One limit of a policy that was passed: which rule, how many findings it allows, how many there are."""

    rule: str
    limit: int
    found: int
    message: str


@dataclass(frozen=True, slots=True)
class GateOutcome:
    """The policy's verdict; `allowed` counts findings set aside by an allow-list or a baseline."""

    policy: str
    passed: bool
    failures: tuple[GateFailure, ...] = ()
    allowed: int = 0


@dataclass(frozen=True, slots=True)
class AuditResult:
    """Everything that an audit found, and everything that the report shows.

    `compared` names the vocabularies of `compression`: this one first, then those of `--against`.
    `tokens` are the scored tokens, most risky first; `scored` says how many tokens were scored, and
    `histogram` has their scores in HISTOGRAM_BINS equal bins. `provenance` are name-value pairs for the
    report's last section (files and their SHA-256, lists, settings). `gate` is None until a policy ran.
    """

    name: str
    size: int
    special_tokens: tuple[str, ...]
    pattern: str
    threshold: float
    scored: int
    flagged: int
    tokens: tuple[TokenScore, ...]
    histogram: tuple[int, ...]
    scripts: tuple[ScriptRow, ...]
    lengths: tuple[LengthRow, ...]
    reach: ReachSummary
    checks: tuple[CheckResult, ...]
    compared: tuple[str, ...] = ()
    compression: tuple[CompressionRow, ...] = ()
    refused: tuple[RefusedMerge, ...] = ()
    corpus: CorpusSummary | None = None
    diffs: tuple[DiffResult, ...] = ()
    gate: GateOutcome | None = None
    provenance: tuple[tuple[str, str], ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings, in the order of the checks."""
        return tuple(finding for check in self.checks for finding in check.findings)
