"""Scans and comparisons as tables for the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from audit.norms.comparison import Comparison
from audit.norms.records import GroupRow, MatrixScan, NormScan, RowFact
from corpora.cli import TableView
from corpora.display import show_text

_ROWS_SHOWN = 20
_SCRIPTS_SHOWN = 12


def scan_tables(scan: NormScan) -> list[TableView]:
    """What a scan prints: the matrices and what stands out in them."""
    sides = [("input", scan.input), *([("output", scan.output)] if scan.output is not None else [])]
    title = f"{show_text(scan.name)}: {'tied' if scan.embeddings.tied else 'untied'} embeddings"
    tables = [TableView(title, ("", *(side for side, _ in sides)), _facts(scan, [each for _, each in sides]))]
    if scan.notes:
        tables.append(TableView("Notes", ("",), [(show_text(note),) for note in scan.notes]))
    for side, matrix in sides:
        tables += _matrix_tables(side, matrix)
    return tables


def lump_text(scan: MatrixScan) -> str:
    """The low lump in one line."""
    lump = scan.lump
    return f"{len(lump.ids):,} rows at norm {lump.norm:.3g}" if lump.found else "no lump"


def _facts(scan: NormScan, matrices: Sequence[MatrixScan]) -> list[tuple[str, ...]]:
    def row(name: str, texts: Sequence[str]) -> tuple[str, ...]:
        return (name, *texts)

    facts = [
        row("tensor", [show_text(each.tensor.name) for each in matrices]),
        row("rows × dimensions", [f"{each.tensor.rows:,} × {each.tensor.width:,}" for each in matrices]),
        row("stored as", [each.tensor.number_format for each in matrices]),
        row("norm, mean ± σ", [f"{each.measures.mean:.4g} ± {each.measures.std:.3g}" for each in matrices]),
        row("zero rows", [f"{each.measures.zeros.size:,}" for each in matrices]),
        row("low lump", [lump_text(each) for each in matrices]),
        row("why", [each.lump.reason for each in matrices]),
        row(f"hot rows (z ≥ {scan.options.hot_z:g})", [_hot(each, scan.options.hot_z) for each in matrices]),
        row("groups of near-copies", [f"{len(each.duplicates):,}" for each in matrices]),
        row("near the unused rows", [_near(each) for each in matrices]),
    ]
    if scan.agreement is not None:
        facts.append(row("Spearman ρ of the two norms", [f"{scan.agreement:.3f}", ""]))
    return facts


def _hot(scan: MatrixScan, hot_z: float) -> str:
    foot = f" (from z = {scan.hot_line:.1f}: one group)" if scan.hot_line < hot_z else ""
    return f"{len(scan.hot):,}{foot}"


def _near(scan: MatrixScan) -> str:
    return "no group" if scan.unused_direction is None else f"{scan.unused_direction.rows:,}"


def _matrix_tables(side: str, scan: MatrixScan) -> list[TableView]:
    tables = [TableView(f"Hot rows ({side})", _COLUMNS, [_cells(fact) for fact in scan.hot[:_ROWS_SHOWN]])]
    for name, facts in (("in ASCII", scan.top_ascii), ("not in ASCII", scan.top_other)):
        shown = [_cells(fact) for fact in facts[:_ROWS_SHOWN]]
        tables.append(TableView(f"Largest norms {name} ({side})", _COLUMNS, shown))
    tables.append(_group_table(f"By script ({side})", scan.scripts[:_SCRIPTS_SHOWN]))
    if scan.categories:
        tables.append(_group_table(f"By category ({side})", scan.categories))
    return tables


_COLUMNS = ("id", "token", "norm", "z", "script", "category")


def _cells(fact: RowFact) -> tuple[str, ...]:
    z = "lump" if fact.z != fact.z else f"{fact.z:.1f}"
    return (str(fact.id), fact.token, f"{fact.norm:.4g}", z, fact.script, fact.category or "")


def _group_table(title: str, rows: Sequence[GroupRow]) -> TableView:
    cells = [
        (row.name, f"{row.rows:,}", f"{row.median:.4g}", f"{row.hot:,}", f"{row.untrained:,}") for row in rows
    ]
    return TableView(title, ("", "rows", "median norm", "hot", "untrained"), cells)


def comparison_tables(comparison: Comparison) -> list[TableView]:
    """What a comparison prints: checkpoints, changes, half-lives, tracks."""
    stages = [
        (show_text(s.label), f"{s.mean:.4g} ± {s.std:.3g}", f"{s.untrained:,}", f"{s.hot:,}")
        for s in comparison.stages
    ]
    changes = [
        (show_text(c.before), show_text(c.after), *map(_share, (c.spearman, c.untrained, c.hot, c.top)))
        for c in comparison.changes
    ]
    lives = [
        (s.name, "none" if s.half_life is None else f"{s.half_life:.4g} {comparison.unit}",
         _share(s.shares[-1]) if s.shares else "", f"{s.lags[-1]:g}" if s.lags else "")
        for s in comparison.survivals
    ]  # fmt: skip
    ends = [
        (str(t.id), t.token, f"{t.norms[0]:.4g}", f"{t.norms[-1]:.4g}", _share(t.z[-1]))
        for t in comparison.tracks
    ]
    return [
        TableView(f"Checkpoints ({comparison.matrix})", ("", "norm, mean ± σ", "untrained", "hot"), stages),
        TableView("From one to the next", ("from", "to", "Spearman ρ", "untrained", "hot", "top"), changes),
        TableView("How long rows stay", ("set", "half-life", "share left", "after"), lives),
        TableView("Tokens", ("id", "token", "first norm", "last norm", "last z"), ends),
    ]


def _share(value: float) -> str:
    return "" if value != value else f"{value:.3f}"
