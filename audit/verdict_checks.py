"""Checks that speak of lists and scores: banned tokens, polluted tokens, boilerplate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from audit.results import CheckResult, Finding, TokenScore, as_category
from audit.structure import token_finding
from audit.token_text import TokenText
from banlists.lists import load_ban_lists
from corpora.display import show_text

_REASONS_SHOWN = 3


def check_bans(texts: Sequence[TokenText], bans: Sequence[str]) -> CheckResult:
    """No token matches the lists of `--ban` (law 2)."""
    title = "No banned token"
    if not bans:
        return CheckResult("ban", title, 0, (), "needs --ban")
    ban_list = load_ban_lists(bans)
    findings = tuple(
        replace(
            token_finding("ban", "error", text.id, text.bytes, f"banned by {match.entry}", match.reason),
            category=as_category(match.category),
        )
        for text in texts
        if (match := ban_list.match(text.bytes))
    )
    return CheckResult("ban", title, len(texts), findings)


def check_risk(scores: Sequence[TokenScore]) -> CheckResult:
    """One finding for every flagged token, with its strongest reasons."""
    findings = tuple(_risk_finding(score) for score in scores if score.flagged)
    return CheckResult("risk", "No polluted token", len(scores), findings)


def check_boilerplate(scores: Sequence[TokenScore]) -> CheckResult:
    """Tokens that one site's or template's repeated text made; worth knowing, though not spam."""
    findings = tuple(
        Finding(
            "boilerplate", "note", "repeated text of one site or template",
            score.id, score.token, score.bytes, _evidence(score), score.category,
        )
        for score in scores
        if score.category == "boilerplate"
    )  # fmt: skip
    return CheckResult("boilerplate", "No site boilerplate", len(scores), findings)


def _risk_finding(score: TokenScore) -> Finding:
    message = f"looks polluted: {score.category}, score {score.score:.2f}"
    shown = _evidence(score)
    return Finding("risk", "warning", message, score.id, score.token, score.bytes, shown, score.category)


def _evidence(score: TokenScore) -> str:
    """The strongest reasons, and the nearest clean reading."""
    adding = [reason for reason in score.reasons if reason.points > 0][:_REASONS_SHOWN]
    shown = [f"{reason.code} {reason.points:+.1f}: {reason.evidence}" for reason in adding]
    if score.segmentation:
        shown.append(f"clean reading: {' + '.join(score.segmentation)}")
    return show_text("; ".join(shown))
