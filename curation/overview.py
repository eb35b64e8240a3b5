"""Statistics and calibrations as records for programs and as tables for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import to_builtins

from corpora.cli import TableView
from corpora.display import show_text
from curation.calibrating import QUANTILES, Calibration, RuleOnClean
from curation.statistics import Group, Statistics

_GROUPS_SHOWN = 30
_LANGUAGES_SHOWN = 3
_EXCERPT = 60  # characters
_NAMED = 2  # examples per language and source


def statistics_record(statistics: Statistics) -> dict[str, Any]:
    """Statistics as built-in types, for JSON."""
    return {
        "schema_version": 1,
        "documents": {"in": statistics.documents_in, "kept": statistics.kept},
        "rules": [
            {
                "rule": name,
                "documents": rule.documents,
                "examples": [to_builtins(example) for example in rule.examples],
            }
            for name, rule in sorted(statistics.rules.items(), key=lambda pair: (-pair[1].documents, pair[0]))
        ],
        "languages": _group_records(statistics.languages),
        "sources": _group_records(statistics.sources),
        "cut_by": dict(_ranked(statistics.cut_by)),
        "clusters": [{"id": name, "documents": documents} for name, documents in statistics.clusters],
    }


def statistics_tables(statistics: Statistics) -> list[TableView]:
    """Statistics as tables: rules with examples, languages, sources."""
    record = statistics_record(statistics)
    rules = [
        (
            show_text(row["rule"]),
            f"{row['documents']:,}",
            _percent(row["documents"], statistics.documents_in),
            ", ".join(show_text(example["id"]) for example in row["examples"]),
            row["examples"][0]["excerpt"][:_EXCERPT] if row["examples"] else "",
        )
        for row in record["rules"]
    ]
    columns = ("dropped by", "documents", "share", "for example", "the first begins")
    of_group = ("in", "kept", "most dropped by", "for example")
    kept = f"{statistics.kept:,} of {statistics.documents_in:,} documents kept"
    return [
        TableView(kept, columns, rules),
        TableView("languages", ("language", *of_group), _group_rows(statistics.languages)),
        TableView("sources", ("source", *of_group), _group_rows(statistics.sources)),
        *_more_tables(statistics),
    ]


def _more_tables(statistics: Statistics) -> list[TableView]:
    cuts = [(rule, f"{count:,}") for rule, count in _ranked(statistics.cut_by)]
    clusters = [(show_text(name), f"{documents:,}") for name, documents in statistics.clusters]
    tables = [
        TableView("kept, but something was cut out", ("rule", "documents"), cuts),
        TableView("largest clusters of copies", ("kept document", "documents"), clusters),
    ]
    return [table for table in tables if table.rows]


def calibration_record(calibration: Calibration) -> dict[str, Any]:
    """A calibration as built-in types, for JSON."""
    return {
        "schema_version": 1,
        "documents": calibration.documents,
        "quantiles": list(QUANTILES),
        "rules": [_rule_record(rule, calibration) for rule in calibration.rules],
    }


def calibration_tables(calibration: Calibration) -> list[TableView]:
    """A calibration as one table: what each rule drops, where most, and the signal's quantiles."""
    rows = [
        (
            rule.rule.name,
            f"{rule.rule.condition.comparison} {rule.rule.condition.threshold:g}",
            f"{rule.dropped:,}",
            _percent(rule.dropped, calibration.documents),
            ", ".join(
                f"{code} {count}" for code, count in _ranked(rule.dropped_by_language)[:_LANGUAGES_SHOWN]
            ),
            " · ".join("" if value is None else f"{value:.3g}" for value in rule.quantiles()),
        )
        for rule in calibration.rules
    ]
    columns = ("rule", "drops when", "dropped", "share", "most in", "median · 95 % · 99 % · 99.9 %")
    return [TableView(f"{calibration.documents:,} clean documents", columns, rows)]


def _rule_record(rule: RuleOnClean, calibration: Calibration) -> dict[str, Any]:
    return {
        "rule": rule.rule.name,
        "signal": rule.rule.condition.signal,
        "comparison": rule.rule.condition.comparison,
        "threshold": rule.rule.condition.threshold,
        "asked": rule.asked,
        "dropped": rule.dropped,
        "share": round(rule.dropped / calibration.documents, 6),
        "languages": {
            code: {"dropped": count, "share": round(count / calibration.languages[code], 6)}
            for code, count in _ranked(rule.dropped_by_language)
        },
        "values": rule.quantiles(),
    }


def _group_records(groups: Mapping[str, Group]) -> list[dict[str, Any]]:
    ranked = sorted(groups.items(), key=lambda pair: (-pair[1].documents_in, pair[0]))
    return [
        {
            "name": name,
            "in": group.documents_in,
            "kept": group.kept,
            "dropped_by": dict(_ranked(group.dropped_by)),
            "examples": [{"id": document, "rule": rule} for document, rule in group.examples],
        }
        for name, group in ranked
    ]


def _group_rows(groups: Mapping[str, Group]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for row in _group_records(groups)[:_GROUPS_SHOWN]:
        worst = next(iter(row["dropped_by"].items()), None)
        most = f"{worst[0]} {worst[1]}" if worst else ""
        named = ", ".join(show_text(example["id"]) for example in row["examples"][:_NAMED])
        rows.append((show_text(row["name"]), f"{row['in']:,}", f"{row['kept']:,}", show_text(most), named))
    return rows


def _ranked(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / max(1, whole):.2f} %"
