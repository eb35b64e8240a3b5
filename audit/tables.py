"""Audits and comparisons as tables for the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from audit.audit_results import AuditResult
from audit.diff_results import CompressionRow, DiffResult, DiffRow, SetComparison
from audit.results import TokenScore
from corpora.cli import TableView
from corpora.display import show_text

_TOKENS_SHOWN = 20
_REASONS_SHOWN = 3
_SCRIPTS_SHOWN = 12
_LENGTHS_SHOWN = 16
_SETS_SHOWN = 20


def audit_tables(result: AuditResult) -> list[TableView]:
    """What an audit prints: the checks, the scripts, the most risky tokens, the gate."""
    checks = [
        (check.check, check.skipped or f"{check.examined:,} looked at",
         *(f"{check.count(severity):,}" for severity in ("error", "warning", "note")))
        for check in result.checks
    ]  # fmt: skip
    reach = result.reach
    title = (
        f"{show_text(result.name)}: {result.size:,} tokens; "
        f"{reach.direct:,} direct, {reach.in_context} in context, {reach.orphan} orphans"
    )
    tables = [TableView(title, ("check", "", "errors", "warnings", "notes"), checks), _script_table(result)]
    tables.append(_token_table([(score, "") for score in result.tokens]))
    if result.compression:
        tables.append(_compression_table(result.compression, result.compared))
    return [*tables, _gate_table(result)]


def diff_tables(result: DiffResult) -> list[TableView]:
    """What a comparison prints: the sums, the scripts, the risky tokens of either side."""
    sums = [
        ("tokens", f"{result.size_a:,}", f"{result.size_b:,}"),
        ("shared", f"{result.shared:,}", f"{result.shared:,}"),
        ("only here", f"{result.only_a:,}", f"{result.only_b:,}"),
        ("shared, moved in order", f"{result.reranked:,}", ""),
        ("shared, built from other parts", f"{result.remerged:,}", ""),
        ("special tokens only here", f"{len(result.special_only_a)}", f"{len(result.special_only_b)}"),
        ("pattern", "the same" if result.same_pattern else "different", ""),
    ]
    names = (show_text(result.a), show_text(result.b))
    tables = [TableView(f"{names[0]} against {names[1]}", ("", *names), sums)]
    columns = ("", "shared", f"only {names[0]}", f"only {names[1]}", "flagged", "flagged ")
    tables.append(TableView("By script", columns, _diff_rows(result.scripts[:_SCRIPTS_SHOWN])))
    tables.append(TableView("By length in bytes", columns, _diff_rows(result.lengths[:_LENGTHS_SHOWN])))
    tables.append(TableView("Flagged by category", columns, _diff_rows(result.categories)))
    tables.append(_token_table([(token.score, token.side) for token in result.tokens]))
    if result.compression:
        tables.append(_compression_table(result.compression, (result.a, result.b)))
    if result.segmentations:
        tables.append(_segmentation_table(result, names))
    return tables


def compared_tables(result: DiffResult | SetComparison) -> list[TableView]:
    """What a comparison of two or of several prints."""
    return diff_tables(result) if isinstance(result, DiffResult) else sets_tables(result)


def sets_tables(result: SetComparison) -> list[TableView]:
    """What a comparison of several prints: the sums, the intersections, the risky tokens."""
    names = [show_text(name) for name in result.names]
    sums = [
        (show_text(diff.b), f"{diff.size_b:,}", f"{diff.shared:,}", f"{diff.only_a:,}", f"{diff.only_b:,}",
         f"{diff.reranked:,}", f"{diff.remerged:,}", "the same" if diff.same_pattern else "different")
        for diff in result.diffs
    ]  # fmt: skip
    columns = (
        "against",
        "tokens",
        "shared",
        f"only {names[0]}",
        "only there",
        "moved",
        "other parts",
        "pattern",
    )
    sets = [
        (
            *("●" if name in each.names else "" for name in result.names),
            f"{each.tokens:,}",
            f"{each.flagged:,}",
        )
        for each in result.intersections[:_SETS_SHOWN]
    ]
    tables = [
        TableView(f"{names[0]}: {result.sizes[0]:,} tokens, against each other one", columns, sums),
        TableView("Tokens that exactly these have", (*names, "tokens", "flagged"), sets),
        _token_table([(token.score, ", ".join(map(show_text, token.names))) for token in result.tokens]),
    ]
    if result.compression:
        tables.append(_compression_table(result.compression, result.names))
    return tables


def _diff_rows(rows: Sequence[DiffRow]) -> list[tuple[str, ...]]:
    numbers = [(row.shared, row.only_a, row.only_b, row.flagged_a, row.flagged_b) for row in rows]
    return [(row.name, *map("{:,}".format, cells)) for row, cells in zip(rows, numbers, strict=True)]


def _segmentation_table(result: DiffResult, names: tuple[str, str]) -> TableView:
    rows = [
        (c.language, c.pretoken, " | ".join(c.pieces_a), " | ".join(c.pieces_b), f"{c.count:,}")
        for c in result.segmentations[:_TOKENS_SHOWN]
    ]
    return TableView("Cut differently", ("language", "pretoken", *names, "times"), rows)


def _script_table(result: AuditResult) -> TableView:
    rows = [
        (row.script, f"{row.tokens:,}", f"{row.flagged:,}", f"{row.flagged / row.tokens:.2%}")
        for row in result.scripts[:_SCRIPTS_SHOWN]
    ]
    return TableView("By script", ("script", "tokens", "flagged", "share"), rows)


def _token_table(tokens: Sequence[tuple[TokenScore, str]]) -> TableView:
    flagged = [(score, side) for score, side in tokens if score.flagged]
    rows = [_token_row(score, side) for score, side in flagged[:_TOKENS_SHOWN]]
    rest = f", the first {len(rows)}" if len(flagged) > len(rows) else ""
    columns = ("id", "token", "score", "category", "in", "why", "clean reading")
    return TableView(f"{len(flagged):,} risky tokens{rest}", columns, rows)


def _token_row(score: TokenScore, side: str) -> tuple[str, ...]:
    why = ", ".join(f"{r.code} {r.points:+.1f}" for r in score.reasons[:_REASONS_SHOWN] if r.points > 0)
    reading = show_text(" + ".join(score.segmentation))
    shown = f"[{score.token}]"  # the brackets show spaces at the edges
    return (str(score.id), shown, f"{score.score:.2f}", score.category or "", side, why, reading)


def _compression_table(rows: Sequence[CompressionRow], names: Sequence[str]) -> TableView:
    places = range(len(names))
    cells = [
        (row.language, f"{row.documents:,}", *(f"{row.bytes_per_token(place):.3f}" for place in places))
        for row in rows
    ]
    return TableView("Bytes per token", ("language", "documents", *map(show_text, names)), cells)


def _gate_table(result: AuditResult) -> TableView:
    gate = result.gate
    if gate is None:
        return TableView("No policy", ("limit", "what"), [])
    verdict = "passed" if gate.passed else "failed"
    return TableView(
        f"Policy {gate.policy}: {verdict}",
        ("limit", "what"),
        [(failure.rule, failure.message) for failure in gate.failures],
    )
