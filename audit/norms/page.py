"""Pages on embedding norms: one self-contained HTML file each, that opens offline and runs nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment

from audit.norms.comparison import Comparison
from audit.norms.drawings import Series, lines, norm_histogram
from audit.norms.records import MatrixScan, NormScan
from audit.norms.tables import lump_text
from audit.report_text import counted, number, token_html
from audit.safe_pages import own_file, page_environment, security_policy
from corpora.manifest import tool_version

TEMPLATES = Path(__file__).parent / "templates"
ROWS_SHOWN = 300  # of one table; norms.json and rows.parquet have all


def scan_page(scan: NormScan) -> str:
    """The report of a scan as HTML. The same scan gives the same bytes."""
    return _render("scan.html", scan=scan, sides=_sides(scan))


def comparison_page(comparison: Comparison) -> str:
    """The report of a comparison of checkpoints as HTML."""
    tracks = [Series(f"{track.id} {track.token}", track.norms) for track in comparison.tracks]
    labels = [stage.label for stage in comparison.stages]
    return _render("comparison.html", comparison=comparison, norm_tracks=tracks, stage_labels=labels)


def _sides(scan: NormScan) -> list[tuple[str, MatrixScan]]:
    sides = [("input", scan.input)]
    return sides if scan.output is None else [*sides, ("output", scan.output)]


def _render(template: str, **context: Any) -> str:
    style = own_file(TEMPLATES / "norms.css")
    page = _environment().get_template(template)
    return page.render(
        style=style,
        security_policy=security_policy(style),
        version=tool_version(),
        limit=ROWS_SHOWN,
        **context,
    )


@cache
def _environment() -> Environment:
    functions: Mapping[str, Callable[..., Any]] = {
        "counted": counted, "lines": lines, "lump_text": lump_text, "norm_histogram": norm_histogram,
        "number": number, "plain": _plain, "token": token_html, "Series": Series,
    }  # fmt: skip
    return page_environment(TEMPLATES, functions)


def _plain(value: float) -> str:
    """A measured number with four digits; an empty text for NaN."""
    return "" if value != value else f"{value:.4g}"
