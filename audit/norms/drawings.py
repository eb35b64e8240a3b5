"""Drawings of norms as SVG: the histogram of a matrix, and lines over checkpoints."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from audit.charts import Column, Part, columns
from audit.norms.records import MatrixScan

BINS = 72
_LABEL_STEP = 6  # columns from one label to the next: twelve fit on a narrow screen
_LINES_WIDTH, _LINES_HEIGHT = 1_000, 300  # units of the drawing, stretched to the page's width
_PAD = 24
_TONES = 6  # line colours of the style sheet


@dataclass(frozen=True, slots=True)
class Series:
    """One line: its name, and a value for every checkpoint (NaN where there is none)."""

    name: str
    values: tuple[float, ...]


def norm_histogram(scan: MatrixScan) -> Markup:
    """Rows by norm on a logarithmic axis, heights logarithmic too; zero rows are not in it.

    A column has the colour of the untrained or of the hot rows when most of its rows belong there.
    """
    logs = scan.measures.logs
    used = np.isfinite(logs)
    if not used.any():
        return Markup("")
    low, high = float(logs[used].min()), float(logs[used].max())
    edges = np.linspace(low, max(high, low + 1e-6), BINS + 1)
    whole, _ = np.histogram(logs[used], edges)
    untrained, _ = np.histogram(logs[scan.untrained], edges)
    hot, _ = np.histogram(logs[[fact.id for fact in scan.hot]], edges)
    drawn = [
        _norm_column(
            edges[place],
            edges[place + 1],
            int(whole[place]),
            int(untrained[place]),
            int(hot[place]),
            labelled=place % _LABEL_STEP == 0,
        )
        for place in range(BINS)
    ]
    return columns(drawn, f"Rows of {scan.tensor.name} by norm", logarithmic=True)


def _norm_column(start: float, stop: float, rows: int, untrained: int, hot: int, *, labelled: bool) -> Column:
    tone = "low" if 2 * untrained > rows else "hot" if 2 * hot > rows else "body"
    ends = math.exp(start), math.exp(stop)
    title = f"{ends[0]:.4g} to {ends[1]:.4g}: {rows:,} rows, {untrained:,} untrained, {hot:,} hot"
    return Column(f"{ends[0]:.3g}" if labelled else "", (Part(tone, rows),), title)


def lines(
    series: Sequence[Series],
    labels: Sequence[str],
    title: str,
    *,
    logarithmic: bool = False,
    limits: tuple[float, float] | None = None,
) -> Markup:
    """Lines over checkpoints, six colours in turn; the first and last of `labels` stand under the ends.

    `limits` are the values at the bottom and the top; by default the smallest and the largest there are.
    """
    values = [_scaled(value, logarithmic) for each in series for value in each.values]
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return Markup("")
    low, high = limits or (min(finite), max(finite))
    if high - low < 1e-9:
        low, high = low - 0.5, high + 0.5
    pieces = [_grid(low, high, logarithmic)]
    pieces += [_line(each, place % _TONES, low, high, logarithmic) for place, each in enumerate(series)]
    drawing = Markup(
        '<svg class="lines" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" aria-label="{}">'
        "{}</svg>"
    ).format(_LINES_WIDTH, _LINES_HEIGHT, title, Markup("").join(pieces))
    bottom, top = (_number(_unscaled(value, logarithmic)) for value in (low, high))
    ends = f"bottom {bottom}, top {top}"
    caption = Markup('<p class="axis"><span>{}</span><span>{}</span><span>{}</span></p>').format(
        labels[0], ends, labels[-1]
    )
    return drawing + caption


def _line(series: Series, tone: int, low: float, high: float, logarithmic: bool) -> Markup:
    step = _LINES_WIDTH / max(len(series.values) - 1, 1)
    room = _LINES_HEIGHT - 2 * _PAD
    points = " ".join(
        f"{place * step:.1f},{_LINES_HEIGHT - _PAD - room * (scaled - low) / (high - low):.1f}"
        for place, value in enumerate(series.values)
        if math.isfinite(scaled := _scaled(value, logarithmic))
    )
    return Markup('<polyline class="tone{}" points="{}"><title>{}</title></polyline>').format(
        tone, points, series.name
    )


def _grid(low: float, high: float, logarithmic: bool) -> Markup:
    places = (_PAD, _LINES_HEIGHT / 2, _LINES_HEIGHT - _PAD)
    return Markup("").join(
        Markup('<line class="grid" x1="0" x2="{}" y1="{y}" y2="{y}"/>').format(_LINES_WIDTH, y=f"{place:.1f}")
        for place in places
    )


def _scaled(value: float, logarithmic: bool) -> float:
    if not logarithmic:
        return value
    return math.log(value) if value > 0 else math.nan


def _unscaled(value: float, logarithmic: bool) -> float:
    return math.exp(value) if logarithmic else value


def _number(value: float) -> str:
    return f"{value:.3g}"
