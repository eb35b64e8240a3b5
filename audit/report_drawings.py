"""The report's drawn tables and charts: scripts, lengths, scores, differences, corpus, coverage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from audit.audit_results import AuditResult, LengthRow, ScriptRow
from audit.charts import Column, Mark, Part, bar, columns, dots, overlap
from audit.corpus_results import CorpusSummary, DroppedExample
from audit.diff_results import CompressionRow, DiffResult, DiffRow, SetComparison
from audit.report_text import counted, number, percent, safe_text, script_name, signed_percent, size

TEMPLATE_FUNCTIONS = (
    "script_rows", "length_chart", "risk_chart", "overlap_bar", "intersection_rows", "diff_rows", "rule_rows",
    "language_rows",
    "kept_bar", "coverage_rows", "coverage_scale", "coverage_total",
)  # fmt: skip
COLUMN_LABELS = 16  # labels that fit under the columns on a narrow screen
SCRIPTS = 16  # rows of a table by script; the rest is added up in one more row


@dataclass(frozen=True, slots=True)
class BarRow:
    """One named row with its counts as text and a bar."""

    name: str
    counts: tuple[str, ...]
    bar: Markup


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One rule that dropped documents: why, how many, and one of them as an example."""

    rule: str
    reason: str
    dropped: str
    share: str
    bar: Markup
    example: str
    measured: str
    excerpt: Markup


@dataclass(frozen=True, slots=True)
class CoverageRow:
    """Bytes per token of one language under every vocabulary; `change` is ours against the first other."""

    language: str
    documents: str
    size: str
    dots: Markup
    values: tuple[str, ...]
    change: str
    better: bool


def script_rows(rows: Sequence[ScriptRow]) -> tuple[BarRow, ...]:
    """Tokens by script, most first; the bar's end in another colour is what is flagged."""
    ordered = sorted(rows, key=lambda row: (-row.tokens, row.script))
    shown, rest = ordered[:SCRIPTS], ordered[SCRIPTS:]
    if rest:
        sums = [sum(values) for values in zip(*((r.tokens, r.bytes, r.flagged) for r in rest), strict=True)]
        shown = [*shown, ScriptRow(f"{len(rest)} more scripts", *sums)]
    most = max((row.tokens for row in shown), default=0)
    whole = sum(row.tokens for row in rows)
    return tuple(
        BarRow(
            script_name(row.script),
            (
                number(row.tokens),
                percent(row.tokens, whole),
                f"{row.bytes / row.tokens:.1f}" if row.tokens else "",
                number(row.flagged) if row.flagged else "",
            ),
            bar((Part("grain", row.tokens - row.flagged), Part("risk", row.flagged)), most),
        )
        for row in shown
    )


def length_chart(rows: Sequence[LengthRow]) -> Markup:
    """Tokens by length in bytes; the last column, which may be open-ended, always has its label."""
    step = -(-len(rows) // COLUMN_LABELS)
    drawn = [
        Column(
            _length_label(row) if (len(rows) - place) % step == 0 else "",
            (Part("grain", row.tokens - row.flagged), Part("risk", row.flagged)),
            f"{_length_label(row)} bytes: {counted(row.tokens, 'token')}, {number(row.flagged)} flagged",
        )
        for place, row in enumerate(rows, start=1)
    ]
    peak = max(rows, key=lambda row: row.tokens, default=None)
    words = f"Most tokens have {counted(peak.length, 'byte')}." if peak else "No tokens."
    return columns(drawn, f"Column chart of tokens by length in bytes. {words} The table has the numbers.")


def _length_label(row: LengthRow) -> str:
    return f"{row.length}+" if row.open_ended else str(row.length)


def risk_chart(result: AuditResult) -> Markup:
    """The scores in bins of equal width, on a logarithmic scale, with the threshold."""
    bins = len(result.histogram)
    starts = [place / bins for place in range(bins)]
    drawn = [
        Column(
            f"{start:.1f}" if place % 2 == 0 else "",
            (Part("risk" if start >= result.threshold else "grain", count),),
            f"score {start:.2f} to {start + 1 / bins:.2f}: {counted(count, 'token')}",
        )
        for place, (start, count) in enumerate(zip(starts, result.histogram, strict=True))
    ]
    label = (
        f"Column chart of the risk scores of {counted(result.scored, 'token')} on a logarithmic scale; "
        f"{number(result.flagged)} are at or above the threshold {result.threshold:.2f}."
    )
    mark = Mark(result.threshold, f"flagged from {result.threshold:.2f}")
    return columns(drawn, label, logarithmic=True, mark=mark)


def overlap_bar(diff: DiffResult) -> Markup:
    """Two vocabularies as two lines that lie above each other where they share tokens."""
    return overlap(diff.only_a, diff.shared, diff.only_b)


def diff_rows(rows: Sequence[DiffRow]) -> tuple[BarRow, ...]:
    """How every script, length or category divides into shared and own tokens, the largest first.

    Every bar is as long as the others, for beside Latin no other script would be seen.
    """
    ordered = sorted(rows, key=lambda row: (-_whole(row), row.name))[:SCRIPTS]
    return tuple(
        BarRow(
            script_name(row.name),
            tuple(
                number(count) if count else ""
                for count in (row.only_a, row.shared, row.only_b, row.flagged_a, row.flagged_b)
            ),
            bar(
                (Part("only-a", row.only_a), Part("shared", row.shared), Part("only-b", row.only_b)),
                _whole(row),
            ),
        )
        for row in ordered
    )


def _whole(row: DiffRow) -> int:
    return row.shared + row.only_a + row.only_b


def intersection_rows(sets: SetComparison) -> tuple[BarRow, ...]:
    """The tokens of every intersection, largest first; the bar's end in another colour is what is flagged."""
    most = max((each.tokens for each in sets.intersections), default=0)
    return tuple(
        BarRow(
            "all" if len(each.names) == len(sets.names) else ", ".join(each.names),
            (number(each.tokens), number(each.flagged) if each.flagged else ""),
            bar((Part("grain", each.tokens - each.flagged), Part("risk", each.flagged)), most),
        )
        for each in sets.intersections
    )


def rule_rows(corpus: CorpusSummary) -> tuple[RuleRow, ...]:
    """Why documents were dropped, most first, each rule with the first example there is."""
    reasons = dict(corpus.reasons)
    examples = {example.rule: example for example in reversed(corpus.examples)}
    most = max((count for _, count in corpus.dropped_by), default=0)
    dropped = corpus.documents_in - corpus.documents_kept
    return tuple(
        _rule_row(rule, count, reasons.get(rule, ""), most, dropped, examples.get(rule))
        for rule, count in corpus.dropped_by
    )


def language_rows(corpus: CorpusSummary) -> tuple[BarRow, ...]:
    """Documents by language, most first, with what was kept."""
    ordered = sorted(corpus.languages, key=lambda row: (-row.documents_in, row.language))
    most = max((row.documents_in for row in ordered), default=0)
    return tuple(
        BarRow(
            row.language,
            (
                number(row.documents_in),
                number(row.documents_kept),
                percent(row.documents_kept, row.documents_in),
            ),
            bar(
                (Part("grain", row.documents_kept), Part("chaff", row.documents_in - row.documents_kept)),
                most,
            ),
        )
        for row in ordered
    )


def kept_bar(kept: int, whole: int) -> Markup:
    """What was kept and what was dropped, as one bar."""
    return bar((Part("grain", kept), Part("chaff", whole - kept)), whole)


def coverage_rows(rows: Sequence[CompressionRow]) -> tuple[CoverageRow, ...]:
    """Bytes per token by language, all on one scale, the languages with most text first."""
    ordered = sorted(rows, key=lambda row: (-row.bytes, row.language))
    low, high = _scale(rows)
    return tuple(_coverage_row(row, _ratios(row), low, high) for row in ordered)


def coverage_scale(rows: Sequence[CompressionRow]) -> tuple[str, ...]:
    """The two ends of the scale of `coverage_rows`."""
    return tuple(f"{end:.1f}" for end in _scale(rows))


def coverage_total(rows: Sequence[CompressionRow]) -> CompressionRow | None:
    """All languages added up; None without text."""
    if not rows:
        return None
    tokens = tuple(sum(counts) for counts in zip(*(row.tokens for row in rows), strict=True))
    return CompressionRow("all", sum(row.documents for row in rows), sum(row.bytes for row in rows), tokens)


def _coverage_row(row: CompressionRow, values: Sequence[float], low: float, high: float) -> CoverageRow:
    change = signed_percent(values[0], values[1]) if len(values) > 1 else ""
    return CoverageRow(
        language=row.language,
        documents=number(row.documents),
        size=size(row.bytes),
        dots=dots(values, low, high),
        values=tuple(f"{value:.2f}" for value in values),
        change=change,
        better=len(values) > 1 and values[0] >= values[1],
    )


def _scale(rows: Sequence[CompressionRow]) -> tuple[float, float]:
    every = [value for row in rows for value in _ratios(row)]
    return min(every, default=0.0), max(every, default=1.0)


def _ratios(row: CompressionRow) -> list[float]:
    return [row.bytes_per_token(place) for place in range(len(row.tokens))]


def _rule_row(
    rule: str, count: int, reason: str, most: int, dropped: int, example: DroppedExample | None
) -> RuleRow:
    return RuleRow(
        rule=rule,
        reason=reason,
        dropped=number(count),
        share=percent(count, dropped),
        bar=bar((Part("chaff", count),), most),
        example=example.id if example else "",
        measured=f"{example.value:.4g} against {example.threshold:.4g}" if example else "",
        excerpt=safe_text(example.excerpt) if example else Markup(""),
    )
