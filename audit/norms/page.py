"""Pages on embedding norms: one self-contained HTML file each, that opens offline and runs nothing."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from audit.norms.comparison import Comparison
from audit.norms.drawings import Series, lines, norm_histogram
from audit.norms.records import MatrixScan, NormScan
from audit.norms.tables import lump_text
from audit.report_text import counted, number, token_html
from corpora.display import show_text
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
    style = (TEMPLATES / "norms.css").read_text(encoding="utf-8")
    page = _environment().get_template(template)
    return page.render(
        # Our own file, fit to stand inside <style> as it is; nothing of a checkpoint enters it.
        style=Markup(style),
        security_policy=_security_policy(style),
        version=tool_version(),
        limit=ROWS_SHOWN,
        **context,
    )


def _security_policy(style: str) -> str:
    """Only this page's own style, known by its hash; no script, and nothing may be fetched."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_without_hidden,
    )
    environment.globals.update(
        counted=counted, lines=lines, lump_text=lump_text, norm_histogram=norm_histogram, number=number,
        plain=_plain, token=token_html, Series=Series,
    )  # fmt: skip
    return environment


def _plain(value: float) -> str:
    """A measured number with four digits; an empty text for NaN."""
    return "" if value != value else f"{value:.4g}"


def _without_hidden(value: object) -> object:
    """Every text that a template prints loses what a browser would hide or obey; then it is escaped."""
    return show_text(value) if isinstance(value, str) and not isinstance(value, Markup) else value
