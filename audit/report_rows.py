"""The long tables of the report: risky tokens, refused merges and findings, cut to what a page can hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from markupsafe import Markup

from audit.charts import Part, bar
from audit.report_text import points, safe_text, script_name, token_html, tokens_html
from audit.results import SEVERITIES, DiffResult, DiffToken, Finding, RefusedMerge, Side, TokenScore
from corpora.display import show_bytes

OWN_TOKENS = 1_000  # rows of the table of risky tokens; a row is about one kilobyte
REFERENCE_TOKENS = 150  # rows of the same table for every reference
REFUSED_MERGES = 300
FINDINGS = 500
FINDINGS_OF_ONE_CHECK = 60
_REASONS = 3

Source = TypeVar("Source")
View = TypeVar("View")


@dataclass(frozen=True, slots=True)
class Cut(Generic[View]):
    """The rows of a table that are shown, and how many are not."""

    rows: tuple[View, ...]
    left_out: int


@dataclass(frozen=True, slots=True)
class ReasonView:
    """One reason of a score: signed points, code, evidence."""

    points: str
    code: str
    evidence: Markup


@dataclass(frozen=True, slots=True)
class TokenView:
    """One row of the table of risky tokens; `side` is "" outside of comparisons."""

    id: int
    token: Markup
    score: str
    bar: Markup
    flagged: bool
    category: str
    script: str
    verdicts: str
    reasons: tuple[ReasonView, ...]
    segmentation: Markup
    side: str = ""


@dataclass(frozen=True, slots=True)
class RefusedView:
    """One merge that training refused."""

    token: Markup
    parts: Markup
    count: int
    rank: int
    entry: str
    ban_list: str
    category: str
    reason: Markup


@dataclass(frozen=True, slots=True)
class FindingView:
    """One finding; `id` is "" when it is about the whole vocabulary."""

    severity: str
    check: str
    token: Markup
    id: str
    category: str
    message: Markup
    evidence: Markup


def risky_tokens(tokens: Sequence[TokenScore]) -> Cut[TokenView]:
    """The most risky tokens of one vocabulary, in the order given (most risky first)."""
    return _cut(tokens, OWN_TOKENS, token_view)


def reference_tokens(diff: DiffResult) -> Cut[TokenView]:
    """The risky tokens of a comparison's second vocabulary."""
    theirs = [token for token in diff.tokens if token.side != "a" and token.score.flagged]
    names: dict[Side, str] = {"both": "both", "b": f"only {diff.b}", "a": f"only {diff.a}"}
    return _cut(theirs, REFERENCE_TOKENS, lambda token: _sided(token, names))


def compared_tokens(diff: DiffResult) -> Cut[TokenView]:
    """The scored tokens of a comparison with the side that has them."""
    names: dict[Side, str] = {"both": "both", "a": f"only {diff.a}", "b": f"only {diff.b}"}
    return _cut(diff.tokens, OWN_TOKENS, lambda token: _sided(token, names))


def refused_merges(refused: Sequence[RefusedMerge]) -> Cut[RefusedView]:
    """The refused merges, the most frequent first."""
    ordered = sorted(refused, key=lambda merge: (-merge.count, merge.rank, merge.token))
    return _cut(ordered, REFUSED_MERGES, _refused_view)


def refusals_by(names: Iterable[str]) -> tuple[tuple[str, int], ...]:
    """How often each name occurs, most first."""
    return tuple(sorted(Counter(names).items(), key=lambda item: (-item[1], item[0])))


def worst_findings(findings: Sequence[Finding]) -> Cut[FindingView]:
    """The most severe findings, and no more than FINDINGS_OF_ONE_CHECK of one check and severity."""
    seen: Counter[tuple[str, str]] = Counter()
    kept = []
    for finding in sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity)):
        key = (finding.check, finding.severity)
        seen[key] += 1
        if seen[key] <= FINDINGS_OF_ONE_CHECK:
            kept.append(finding)
    shown = _cut(kept, FINDINGS, _finding_view)
    return Cut(shown.rows, len(findings) - len(shown.rows))


def token_view(score: TokenScore) -> TokenView:
    """One scored token as a row: its strongest reasons, its score as a number and as a bar."""
    return TokenView(
        id=score.id,
        token=token_html(score.token, score.language),
        score=f"{score.score:.2f}",
        bar=bar((Part("risk" if score.flagged else "grain", score.score),), 1.0),
        flagged=score.flagged,
        category=score.category or "",
        script=script_name(score.script),
        verdicts=", ".join(verdict for verdict in score.verdicts if verdict != "pollution"),
        reasons=tuple(
            _reason(reason.code, reason.points, reason.evidence) for reason in score.reasons[:_REASONS]
        ),
        segmentation=tokens_html(score.segmentation, score.language),
    )


def _reason(code: str, value: float, evidence: str) -> ReasonView:
    return ReasonView(points(value), code, safe_text(evidence))


def _sided(token: DiffToken, names: dict[Side, str]) -> TokenView:
    return replace(token_view(token.score), side=names[token.side])


def _refused_view(merge: RefusedMerge) -> RefusedView:
    return RefusedView(
        token=token_html(show_bytes(merge.token)),
        parts=tokens_html((show_bytes(merge.left), show_bytes(merge.right))),
        count=merge.count,
        rank=merge.rank,
        entry=merge.entry,
        ban_list=merge.ban_list,
        category=merge.category or "",
        reason=safe_text(merge.reason),
    )


def _finding_view(finding: Finding) -> FindingView:
    return FindingView(
        severity=finding.severity,
        check=finding.check,
        token=token_html(finding.token),
        id="" if finding.id is None else str(finding.id),
        category=finding.category or "",
        message=safe_text(finding.message, 200),
        evidence=safe_text(finding.evidence),
    )


def _cut(rows: Sequence[Source], limit: int, view: Callable[[Source], View]) -> Cut[View]:
    return Cut(tuple(view(row) for row in rows[:limit]), max(len(rows) - limit, 0))
