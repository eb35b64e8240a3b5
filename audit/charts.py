"""Small drawings for the report, as SVG: widths in per cent, so that they fit any column at any size.

Colours come from the page's style sheet through class names; every drawing is a pure function.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

BAR_HEIGHT = 10  # pixels, as all heights here
COLUMNS_HEIGHT = 168
_TOP, _BOTTOM = 18, 22  # room for the highest grid label, and for the labels under the columns
_PLOT = 93.0  # per cent of the width for columns; the labels of the grid lines stand in the rest
_DOTS_HEIGHT = 18
_DOT_PADDING = 3.0  # per cent kept free at both ends of a row of dots


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a bar: a class of the style sheet and its amount."""

    tone: str
    amount: float


@dataclass(frozen=True, slots=True)
class Column:
    """One column: the label under it ("" for none), its pieces from the bottom up, and its tooltip."""

    label: str
    parts: tuple[Part, ...]
    title: str

    @property
    def total(self) -> float:
        """The column's whole amount."""
        return sum(part.amount for part in self.parts)


@dataclass(frozen=True, slots=True)
class Mark:
    """A vertical line over the columns at `place` (0..1), with a label."""

    place: float
    label: str


def bar(parts: Sequence[Part], whole: float) -> Markup:
    """A horizontal bar whose pieces are shares of `whole`; silent, for the numbers stand beside it."""
    pieces, start = [], 0.0
    for part in parts:
        width = 100 * part.amount / whole if whole else 0.0
        if width > 0:
            pieces.append(_rectangle(start, 0, width, BAR_HEIGHT, part.tone))
        start += width
    return _drawing("bar", BAR_HEIGHT, pieces)


def overlap(only_a: int, shared: int, only_b: int) -> Markup:
    """Two sets as two lines over one scale; they lie above each other where they share."""
    whole = (only_a + shared + only_b) or 1
    left, both = 100 * only_a / whole, 100 * shared / whole
    right = 100 - left - both
    height = 14
    return _drawing(
        "overlap",
        2 * height + 4,
        [
            _rectangle(left, 0, both, 2 * height + 4, "shade"),
            _rectangle(0, 0, left, height, "only-a"),
            _rectangle(left, 0, both, height, "shared"),
            _rectangle(left, height + 4, both, height, "shared"),
            _rectangle(left + both, height + 4, right, height, "only-b"),
        ],
    )


def dots(values: Sequence[float], low: float, high: float) -> Markup:
    """One dot for every value on one line; the first value is ours and lies on top.

    `low` and `high` are the ends of the scale, the same for all rows of a table.
    """
    places = [_place(value, low, high) for value in values]
    middle = _DOTS_HEIGHT / 2
    pieces = [
        Markup('<line class="rail" x1="0" x2="100%" y1="{0}" y2="{0}"/>').format(_short(middle)),
        Markup('<line class="span" x1="{}%" x2="{}%" y1="{y}" y2="{y}"/>').format(
            _short(min(places)), _short(max(places)), y=_short(middle)
        ),
    ]
    for order in range(len(places) - 1, -1, -1):
        pieces.append(
            Markup('<circle class="dot{}" cx="{}%" cy="{}" r="{}"/>').format(
                min(order, 3), _short(places[order]), _short(middle), 5 if order == 0 else 4
            )
        )
    return _drawing("dots", _DOTS_HEIGHT, pieces)


def columns(
    drawn: Sequence[Column], label: str, *, logarithmic: bool = False, mark: Mark | None = None
) -> Markup:
    """A column chart with a few grid lines; `label` says in words what it shows.

    With `logarithmic` heights grow with log10(1 + amount), so that single tokens stay visible beside
    a hundred thousand; columns then have one piece only.
    """
    scale = _log if logarithmic else float
    top = max((column.total for column in drawn), default=0) or 1
    pieces = []
    for value in _grid(top, logarithmic):
        pieces.extend(_grid_line(value, scale(value) / scale(top)))
    for place, column in enumerate(drawn):
        pieces.append(_column(column, place, len(drawn), scale(column.total) / scale(top)))
        if column.label:
            pieces.append(_column_label(column.label, (place + 0.5) * _PLOT / len(drawn)))
    if mark is not None:
        pieces.extend(_mark(mark))
    return _drawing("columns", COLUMNS_HEIGHT, pieces, label)


def _column(column: Column, place: int, count: int, share: float) -> Markup:
    slot = _PLOT / count
    room = COLUMNS_HEIGHT - _TOP - _BOTTOM
    bottom = float(COLUMNS_HEIGHT - _BOTTOM)
    pieces = [Markup("<title>{}</title>").format(column.title)]
    for part in column.parts:
        height = room * share * part.amount / column.total if column.total else 0.0
        bottom -= height
        if height > 0:
            pieces.append(_rectangle((place + 0.1) * slot, bottom, 0.8 * slot, height, part.tone))
    return Markup("<g>{}</g>").format(Markup("").join(pieces))


def _column_label(text: str, place: float) -> Markup:
    return Markup('<text x="{}%" y="{}" text-anchor="middle">{}</text>').format(
        _short(place), COLUMNS_HEIGHT - 6, text
    )


def _grid_line(value: float, share: float) -> list[Markup]:
    y = _short(COLUMNS_HEIGHT - _BOTTOM - (COLUMNS_HEIGHT - _TOP - _BOTTOM) * share)
    return [
        Markup('<line class="grid" x1="0" x2="100%" y1="{0}" y2="{0}"/>').format(y),
        Markup('<text x="100%" y="{}" dy="-3" text-anchor="end">{}</text>').format(y, f"{value:,.0f}"),
    ]


def _mark(mark: Mark) -> list[Markup]:
    place = _short(_PLOT * mark.place)
    return [
        Markup('<line class="mark" x1="{0}%" x2="{0}%" y1="2" y2="{1}"/>').format(
            place, COLUMNS_HEIGHT - _BOTTOM
        ),
        Markup('<text class="mark" x="{}%" dx="5" y="11">{}</text>').format(place, mark.label),
    ]


def _grid(top: float, logarithmic: bool) -> list[float]:
    """Round values for grid lines: powers of ten, or two to four even steps."""
    if logarithmic:
        return [10.0**power for power in range(int(math.log10(top)) + 1)]
    step = 10.0 ** math.floor(math.log10(top))
    while top / step < 2:
        step /= 2
    while top / step > 4:
        step *= 2
    return [step * factor for factor in range(1, int(top / step) + 1)]


def _log(value: float) -> float:
    return math.log10(1 + value)


def _place(value: float, low: float, high: float) -> float:
    share = (value - low) / (high - low) if high > low else 0.5
    return _DOT_PADDING + (100 - 2 * _DOT_PADDING) * share


def _rectangle(x: float, y: float, width: float, height: float, tone: str) -> Markup:
    return Markup('<rect class="{}" x="{}%" y="{}" width="{}%" height="{}"/>').format(
        tone, _short(x), _short(y), _short(width), _short(height)
    )


def _drawing(kind: str, height: int, pieces: Sequence[Markup], label: str = "") -> Markup:
    role = Markup('role="img" aria-label="{}"').format(label) if label else Markup('aria-hidden="true"')
    return Markup('<svg class="{}" width="100%" height="{}" {}>{}</svg>').format(
        kind, height, role, Markup("").join(pieces)
    )


def _short(value: float) -> str:
    """At most two decimals, none that are zero: the same bytes everywhere, and few of them."""
    return f"{max(value, 0.0):.2f}".rstrip("0").rstrip(".")
