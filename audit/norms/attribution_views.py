"""An attribution as a JSON record and as tables; the caveat goes with the numbers in both."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from audit.norms.attribution import Attribution, PowerStatement, SourceResult
from audit.norms.scan_record import hot_record
from audit.norms.sources import MEANING
from corpora.cli import TableView
from corpora.display import show_text
from corpora.manifest import SCHEMA_VERSION

_TOKENS_SHOWN = 20


def attribution_record(result: Attribution) -> dict[str, Any]:
    """The JSON record; infinite odds ratios and missing numbers are null."""
    return {
        "schema_version": SCHEMA_VERSION,
        "caveat": result.caveat,
        "score": result.score,
        "tail": result.tail,
        "universe": result.universe,
        "sources": [asdict(source) for source in result.sources],
        "published": asdict(result.published),
        "tokens": token_records(result),
    }


def token_records(result: Attribution) -> list[dict[str, Any]]:
    """One record for every token of the tail, with its hits by source."""
    names = [source.name for source in result.sources]
    return [
        {**hot_record(token.fact), "hits": dict(zip(names, token.hits, strict=True))}
        for token in result.tokens
    ]


def attribution_tables(result: Attribution) -> list[TableView]:
    """What people see: the caveat first, then enrichment, correlation, power, and the tail's tokens."""
    notes = [
        (result.caveat,),
        (f"Tail: {result.tail:,} of {result.universe:,} ordinary tokens outside of the lump.",),
        (power_text(result.published, "Published example"),),
    ]
    return [
        TableView("Before you read the numbers", ("",), notes),
        TableView(
            "Sources", ("source", "a hit is"), [(show_text(s.name), MEANING[s.kind]) for s in result.sources]
        ),
        _enrichment(result),
        _correlation(result),
        _tokens(result),
    ]


def power_text(statement: PowerStatement, name: str) -> str:
    """A power statement in one sentence."""
    return (
        f"{name}: ρ = {statement.rho:g} on n = {statement.n} has a 95 % interval of {statement.low:.2f} to "
        f"{statement.high:.2f}; a two-sided 5 % test of so many finds such a ρ with "
        f"{100 * statement.power:.0f} % probability, and needs |ρ| ≥ {statement.detectable:.2f} for 80 %."
    )


def _enrichment(result: Attribution) -> TableView:
    columns = ("source", "in the tail", "elsewhere", "odds ratio", "95 %", "p (Fisher)", "q (BH)")
    return TableView("Enrichment of the tail", columns, [_enrichment_cells(each) for each in result.sources])


def _enrichment_cells(each: SourceResult) -> tuple[str, ...]:
    test = each.association
    return (
        show_text(each.name),
        f"{each.tail_in:,} of {each.tail_known:,}",
        f"{each.rest_in:,} of {each.rest_known:,}",
        _number(test.odds_ratio),
        f"{test.low:.3g} to {test.high:.3g}",
        f"{test.p_two_sided:.2g}",
        f"{each.q:.2g}",
    )


def _correlation(result: Attribution) -> TableView:
    title = f"Spearman's ρ of {result.score} with hits"
    columns = (
        "source",
        "n",
        "ρ",
        "95 % bootstrap",
        "p (permutation)",
        "80 % power from",
        "ρ over all tokens",
    )
    return TableView(title, columns, [_correlation_cells(each) for each in result.sources])


def _correlation_cells(each: SourceResult) -> tuple[str, ...]:
    whole = f"{_number(each.whole_rho)} (n = {each.whole_n:,})"
    if each.correlation is None or each.detectable is None:
        return (show_text(each.name), "under 4", "", "", "", "", whole)
    found = each.correlation
    if not math.isfinite(found.rho):
        return (show_text(each.name), f"{found.n:,}", "one value only", "", "", "", whole)
    ends = f"{found.low:.2f} to {found.high:.2f}"
    return (
        show_text(each.name), f"{found.n:,}", f"{found.rho:.3f}", ends, f"{found.p:.2g}",
        f"|ρ| = {each.detectable:.2f}", whole,
    )  # fmt: skip


def _tokens(result: Attribution) -> TableView:
    columns = ("id", "token", "norm", "z", "category", *(show_text(each.name) for each in result.sources))
    rows = [
        (
            str(token.fact.id), token.fact.token, f"{token.fact.norm:.4g}", f"{token.fact.z:.1f}",
            token.fact.category or "", *(_number(hits) for hits in token.hits),
        )
        for token in result.tokens[:_TOKENS_SHOWN]
    ]  # fmt: skip
    return TableView("The tail", columns, rows)


def _number(value: float) -> str:
    if math.isnan(value):
        return ""
    return "∞" if math.isinf(value) else f"{value:.4g}"
