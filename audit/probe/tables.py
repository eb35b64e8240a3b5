"""A probe as tables for the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from audit.probe.records import KINDS, Kind, TokenVerdict
from audit.probe.verdicts import membership_statement
from corpora.cli import TableView
from corpora.display import show_bytes, show_text

_SHOWN = 40


def probe_tables(verdicts: Sequence[TokenVerdict]) -> list[TableView]:
    """What a probe prints: the statement, the candidates, the controls."""
    candidates = [each for each in verdicts if not each.candidate.control]
    controls = [each for each in verdicts if each.candidate.control]
    columns = ("id", "token", "script", "verdict", "score", *KINDS, "why")
    return [
        TableView("Before you read the verdicts", ("",), [(membership_statement(verdicts),)]),
        TableView("Tokens asked about", columns, [_cells(each) for each in candidates[:_SHOWN]]),
        TableView("Control tokens", columns[:-1], [_cells(each)[:-1] for each in controls[:_SHOWN]]),
    ]


def _cells(each: TokenVerdict) -> tuple[str, ...]:
    candidate = each.candidate
    score = "" if each.score is None else f"{each.score:.2f}"
    kinds = [_kind(each, kind) for kind in KINDS]
    return (
        str(candidate.id), show_bytes(candidate.token), candidate.script, each.verdict, score, *kinds,
        show_text(each.why),
    )  # fmt: skip


def _kind(each: TokenVerdict, kind: Kind) -> str:
    return next((f"{found.score:.2f}" for found in each.kinds if found.kind == kind), "")
