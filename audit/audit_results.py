"""What a whole audit found, as records: the outline of the vocabulary, the gate's verdict, everything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from audit.corpus_results import CorpusSummary, RefusedMerge
from audit.diff_results import CompressionRow, DiffResult
from audit.results import CheckResult, Finding, TokenScore

Reach = Literal["direct", "in-context", "orphan"]
HISTOGRAM_BINS = 20  # bins of equal width over scores 0..1


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
