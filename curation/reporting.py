"""Results of curation as records for programs and as tables for people."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from corpora.cli import TableView
from corpora.display import show_text
from curation.explaining import Explanation, Place, dropping
from curation.pipeline import FilterResult

_LANGUAGES_SHOWN = 15
_PARTS_SHOWN = 8
_TEXT_SHOWN = 160  # characters
_PLACES_SHOWN = 20
_PLACE_SHOWN = 120  # characters


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
    if tally.cut_by:
        yield "kept, but something was cut out of them:"
        for rule, count in sorted(tally.cut_by.items(), key=lambda pair: (-pair[1], pair[0])):
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
        "language_score": judged.verdict.score,
        "language_why": judged.verdict.why,
        "paragraph_languages": [
            {"language": language, "share": share} for language, share in judged.verdict.shares
        ],
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
        "places": [
            {
                "signal": place.signal,
                "start": place.start,
                "end": place.end,
                "text": place.text,
                "what": place.what,
            }
            for place in explanation.places
        ],
        "cuts": [{"rule": cut.rule, "start": cut.start, "end": cut.end} for cut in judged.cuts],
    }


def explanation_tables(explanation: Explanation) -> list[TableView]:
    """An explanation as tables: the decision, the rules, and the largest parts of the spam score."""
    judged = explanation.judgement
    decision = "kept" if judged.rule is None else f"dropped by {judged.rule}"
    if judged.cuts:
        size = sum(cut.end - cut.start for cut in judged.cuts)
        decision += f", without {size:,} of {len(explanation.document.text):,} characters"
    text = show_text(explanation.document.text[:_TEXT_SHOWN])
    head = [
        ("decision", decision),
        ("language", f"{judged.language} ({judged.verdict.score:.2f}): {judged.verdict.why}"),
        ("text", text),
        *(("would have kept it", f"{each.rule}: {each.to_keep}") for each in dropping(explanation.rules)),
        *(("leak mark", mark) for mark in explanation.leak_marks),
        *((f"cut by {cut.rule}", f"characters {cut.start:,} to {cut.end:,}") for cut in judged.cuts),
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
        *_place_tables(explanation.places),
    ]


def _place_tables(places: Sequence[Place]) -> list[TableView]:
    if not places:
        return []
    rows = [
        (place.signal, f"{place.start:,}-{place.end:,}", show_text(place.text[:_PLACE_SHOWN]), place.what)
        for place in places[:_PLACES_SHOWN]
    ]
    return [TableView("places", ("signal", "characters", "text", "what"), rows)]


def _number(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 6)


def _shown(value: float) -> str:
    return "does not apply" if math.isnan(value) else f"{value:.4g}"


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / max(1, whole):.1f} %"
