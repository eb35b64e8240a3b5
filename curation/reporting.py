"""Results of curation as records for programs and as tables for people."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from corpora.cli import TableView
from corpora.display import show_text
from curation.explaining import Explanation, dropping
from curation.pipeline import FilterResult

_LANGUAGES_SHOWN = 15
_PARTS_SHOWN = 8
_TEXT_SHOWN = 160  # characters


def filter_lines(result: FilterResult, seconds: float, out: Path) -> Iterator[str]:
    """What a person wants to know after `winnow filter`, a line at a time."""
    tally = result.tally
    dropped = tally.documents_in - tally.documents_kept
    rate = tally.bytes_in / 1e6 / max(seconds, 1e-9)
    share = _percent(dropped, tally.documents_in)
    megabytes = f"{tally.bytes_in / 1e6:,.1f} MB of text in, {tally.bytes_kept / 1e6:,.1f} MB kept"
    yield f"{tally.documents_in:,} documents in, {tally.documents_kept:,} kept, {dropped:,} dropped ({share})"
    yield f"{megabytes}, {seconds:.1f} s, {rate:.1f} MB/s"
    if tally.dropped_by:
        yield "dropped by rule:"
        for rule, count in sorted(tally.dropped_by.items(), key=lambda pair: (-pair[1], pair[0])):
            yield f"  {show_text(rule):<24}{count:>10,}  {_percent(count, tally.documents_in):>7}"
    yield "languages (kept / in):"
    ranked = sorted(tally.languages_in.items(), key=lambda pair: (-pair[1], pair[0]))
    for language, count in ranked[:_LANGUAGES_SHOWN]:
        yield f"  {language:<24}{tally.languages_kept[language]:>10,} / {count:,}"
    if len(ranked) > _LANGUAGES_SHOWN:
        yield f"  and {len(ranked) - _LANGUAGES_SHOWN} more: see summary.json"
    for example in result.problems[:5]:
        yield f"skipped: {show_text(example)}"
    for note in result.notes:
        yield f"note: {note}"
    yield f"written to {out}"


def explanation_record(explanation: Explanation) -> dict[str, Any]:
    """An explanation as built-in types, for JSON."""
    judged = explanation.judgement
    return {
        "schema_version": 1,
        "id": explanation.document.id,
        "source": explanation.document.source,
        "characters": len(explanation.document.text),
        "kept": judged.rule is None,
        "rule": judged.rule,
        "language": judged.language,
        "language_score": judged.language_score,
        "language_why": explanation.language_why,
        "rules": [
            {
                "rule": replay.rule,
                "signal": replay.signal,
                "value": _number(replay.value),
                "comparison": replay.comparison,
                "threshold": replay.threshold,
                "verdict": replay.verdict,
                "reason": replay.reason,
                "to_keep": replay.to_keep,
            }
            for replay in explanation.rules
        ],
        "spam_score_parts": [
            {"signal": part.signal, "value": _number(part.value), "log_odds": round(part.log_odds, 4)}
            for part in explanation.spam_parts
        ],
        "leak_marks": list(explanation.leak_marks),
    }


def explanation_tables(explanation: Explanation) -> list[TableView]:
    """An explanation as tables: the decision, the rules, and the largest parts of the spam score."""
    judged = explanation.judgement
    decision = "kept" if judged.rule is None else f"dropped by {judged.rule}"
    text = show_text(explanation.document.text[:_TEXT_SHOWN])
    head = [
        ("decision", decision),
        ("language", f"{judged.language} ({judged.language_score:.2f}): {explanation.language_why}"),
        ("text", text),
        *(("would have kept it", f"{each.rule}: {each.to_keep}") for each in dropping(explanation.rules)),
        *(("leak mark", mark) for mark in explanation.leak_marks),
    ]
    rules = [
        (each.rule, each.signal, _shown(each.value), f"{each.comparison} {each.threshold:g}", each.verdict)
        for each in explanation.rules
    ]
    parts = [
        (part.signal, _shown(part.value), f"{part.log_odds:+.2f}")
        for part in explanation.spam_parts[:_PARTS_SHOWN]
    ]
    return [
        TableView(show_text(explanation.document.id), ("", ""), head),
        TableView("rules", ("rule", "signal", "value", "drops when", "verdict"), rules),
        TableView("spam score, largest parts", ("signal", "value", "log-odds"), parts),
    ]


def _number(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 6)


def _shown(value: float) -> str:
    return "does not apply" if math.isnan(value) else f"{value:.4g}"


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / max(1, whole):.1f} %"
