"""The long tables of the report: risky tokens, refused merges and findings, cut to what a page can hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from markupsafe import Markup

from audit.charts import Part, bar
from audit.corpus_results import RefusedMerge
from audit.diff_results import DiffResult, DiffToken, SetComparison, Side
from audit.report_text import points, safe_text, script_name, token_html, tokens_html
from audit.results import SEVERITIES, Finding, Reason, TokenScore
from corpora.display import show_bytes, show_text

TEMPLATE_FUNCTIONS = (
    "risky_tokens", "reference_tokens", "compared_tokens", "named_tokens", "refused_merges", "refusals_by",
    "worst_findings",
)  # fmt: skip
OWN_TOKENS = 1_000  # rows of the table of risky tokens; a row is about one kilobyte
REFERENCE_TOKENS = 100  # rows of the same table for every reference
NEAR_MISSES = 20  # rows of tokens that just stay below the threshold
REFUSED_MERGES = 250
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
    """The flagged tokens of one vocabulary, most risky first, and the next ones below the threshold."""
    return _most_risky(tokens, lambda score: score, token_view, OWN_TOKENS)


def reference_tokens(diff: DiffResult) -> Cut[TokenView]:
    """The risky tokens of a comparison's second vocabulary, and which of them the first one has too."""
    theirs = [token for token in diff.tokens if token.side != "a"]
    return _most_risky(theirs, _score_of, lambda token: _sided(token, diff), REFERENCE_TOKENS)


def compared_tokens(diff: DiffResult) -> Cut[TokenView]:
    """The risky tokens of a comparison, with the side that has them."""
    return _most_risky(diff.tokens, _score_of, lambda token: _sided(token, diff), OWN_TOKENS)


def named_tokens(sets: SetComparison) -> Cut[TokenView]:
    """The risky tokens of several vocabularies, with those that have them."""
    return _most_risky(
        sets.tokens,
        lambda token: token.score,
        lambda token: replace(token_view(token.score), side=", ".join(token.names)),
        OWN_TOKENS,
    )


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
        reasons=_top_reasons(score.reasons),
        segmentation=tokens_html(score.segmentation, score.language),
    )


def _top_reasons(reasons: Sequence[Reason]) -> tuple[ReasonView, ...]:
    # Where the sum starts is the same for all tokens of a script, and tells nothing about this one.
    own = [reason for reason in reasons if reason.code != "base"][:_REASONS]
    return tuple(ReasonView(points(r.points), show_text(r.code), safe_text(r.evidence)) for r in own)


def _most_risky(
    tokens: Sequence[Source],
    score_of: Callable[[Source], TokenScore],
    view: Callable[[Source], View],
    limit: int,
) -> Cut[View]:
    ordered = sorted(tokens, key=lambda token: (-score_of(token).score, score_of(token).id))
    flagged = [token for token in ordered if score_of(token).flagged]
    below = [token for token in ordered if not score_of(token).flagged][:NEAR_MISSES]
    shown = [*flagged, *below][:limit]
    return Cut(tuple(view(token) for token in shown), max(len(flagged) - limit, 0))


def _score_of(token: DiffToken) -> TokenScore:
    return token.score


def _sided(token: DiffToken, diff: DiffResult) -> TokenView:
    names: dict[Side, str] = {"both": "both", "a": f"only {diff.a}", "b": f"only {diff.b}"}
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
