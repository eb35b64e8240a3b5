"""The report's first screen: the verdict, what was found in a few sentences, and five numbers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal

from audit.audit_results import AuditResult, GateOutcome
from audit.report_drawings import coverage_total
from audit.report_text import counted, number, percent, signed_percent, size

Tone = Literal["good", "bad", "plain"]


@dataclass(frozen=True, slots=True)
class Figure:
    """One of the numbers on the first screen."""

    value: str
    label: str
    note: str
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class Summary:
    """The first screen: how the verdict is coloured, the sentences under it, the five numbers."""

    tone: Tone
    lede: str
    figures: tuple[Figure, ...]


def summarize(result: AuditResult) -> Summary:
    """What a reader should know before reading on."""
    return Summary(gate_tone(result.gate), lede(result), figures(result))


def gate_tone(gate: GateOutcome | None) -> Tone:
    """How the verdict is coloured."""
    if gate is None:
        return "plain"
    return "good" if gate.passed else "bad"


def lede(result: AuditResult) -> str:
    """The finding in two or three sentences."""
    sentences = [_pollution_sentence(result), _reach_sentence(result)]
    errors = sum(finding.severity == "error" for finding in result.findings)
    if errors:
        sentences.append(f"The checks found {counted(errors, 'error')}.")
    return " ".join(sentences)


def figures(result: AuditResult) -> tuple[Figure, ...]:
    """The five numbers that matter; without text to measure on the last one is another (`_other_figure`)."""
    severities = Counter(finding.severity for finding in result.findings)
    share = 10_000 * result.flagged / result.size if result.size else 0.0
    special = number(len(result.special_tokens)) if result.special_tokens else "none"
    lesser = f"{counted(severities['warning'], 'warning')}, {counted(severities['note'], 'note')}"
    inside = f"{number(result.reach.in_context)} only inside longer text"
    return (
        Figure(number(result.size), "tokens", f"{special} of them special"),
        _fault(result.flagged, "polluted", f"{share:.1f} in 10,000 tokens"),
        _fault(severities["error"], "errors", lesser),
        _fault(result.reach.orphan, "unreachable", inside),
        _last_figure(result),
    )


def _fault(count: int, label: str, note: str) -> Figure:
    return Figure(number(count), label, note, "bad" if count else "good")


def _pollution_sentence(result: AuditResult) -> str:
    if not result.flagged:
        return f"None of its {counted(result.size, 'token')} looks polluted."
    categories = Counter(token.category for token in result.tokens if token.flagged and token.category)
    kinds = [f"{count:,} {category}" for category, count in categories.most_common(3)]
    tail = f": {', '.join(kinds)}" if kinds else ""
    verb = "looks" if result.flagged == 1 else "look"
    return f"{result.flagged:,} of its {counted(result.size, 'token')} {verb} polluted{tail}."


def _reach_sentence(result: AuditResult) -> str:
    if not result.reach.orphan:
        return "Every token can be reached by some text."
    return f"No text was found that produces {counted(result.reach.orphan, 'token')}."


def _last_figure(result: AuditResult) -> Figure:
    total = coverage_total(result.compression)
    if total is None:
        return _other_figure(result)
    values = [total.bytes_per_token(place) for place in range(len(total.tokens))]
    if len(values) < 2:
        return Figure(f"{values[0]:.2f}", "bytes per token", f"over {size(total.bytes)} of text")
    note = f"{signed_percent(values[0], values[1])} against {result.compared[1]}"
    return Figure(f"{values[0]:.2f}", "bytes per token", note)


def _other_figure(result: AuditResult) -> Figure:
    """Without text to measure on: what was refused, what is shared, or how many scripts there are."""
    if result.refused:
        lists = {merge.ban_list for merge in result.refused}
        return Figure(number(len(result.refused)), "merges refused", f"by {counted(len(lists), 'ban list')}")
    if result.diffs:
        diff = result.diffs[0]
        return Figure(percent(diff.shared, diff.size_a), "shared", f"with {diff.b}")
    scripts = sum(row.tokens > 0 for row in result.scripts)
    return Figure(number(scripts), "scripts", "with at least one token")
