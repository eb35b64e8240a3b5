"""What the parts of the audit hand to each other about tokens: scores with reasons, findings, checks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Category = Literal["adult", "gambling", "seo", "boilerplate", "anomalous", "fragment", "personal", "control"]
Severity = Literal["error", "warning", "note"]
Verdict = Literal["pollution", "residue", "structure"]

CATEGORIES: tuple[Category, ...] = (
    "adult", "gambling", "seo", "boilerplate", "anomalous", "fragment", "personal", "control",
)  # fmt: skip
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")


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
    explanation: lexicon words of one language that spell the token, or of a flagged token that no lexicon
    reads the vocabulary's own unflagged tokens (`language` is None then).
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
