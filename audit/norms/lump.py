"""The low lump: rows that training never reached, as one group far below all others, or none."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from audit.norms.measures import Doubles, Ids
from audit.norms.mixture import Mixture, fit_two, gain
from audit.norms.robust import spread_of, upper_spread
from audit.norms.statistics import hypergeometric_tail

# A lump is sought in this share of the rows from below. gpt-oss has 0.5 %, a vocabulary that a small model
# hardly uses may have a third; the larger half is the body by definition.
LARGEST_SHARE = 0.5
GAPS_TRIED = 12
# Differences of BIC above 10 are very strong evidence (Kass & Raftery 1995, JASA 90:773).
LEAST_GAIN = 10.0
# Two groups are apart when Ashman's D is above 2 (Ashman, Bird & Zepf 1994, AJ 108:2348).
LEAST_DISTANCE = 2.0
# Gaps are measured in robust standard deviations of the rows above them. The lowest of n normal values lies
# about σ/√(2 ln n) under the next, 0.2 σ for 200,000: half a σ with anchors, or 4 σ without, is no accident.
LEAST_GAP = 0.5
CLEAR_GAP = 4.0
_LEAST_CLEAR_ROWS = 3  # one or two rows far below are outliers, not a lump
_ANCHOR_LUCK = 1e-3  # the chance that so many anchors fall under the gap by accident
_STRAYS = 0.05  # share of the members in which the gap and the fitted groups may disagree
_HOT = 4.0  # spreads above the median from which rows belong to the tail, as in the scan
_ANCHORS_INSIDE = 0.8  # share of the anchors that a lump without a gap must hold
_ANCHOR_REACH = 2.3263478740408408  # 99 % of normal values lie less than so many σ above their median

Flags = npt.NDArray[np.bool_]
Method = Literal["gap", "mixture", ""]


@dataclass(frozen=True, slots=True)
class Lump:
    """What was found at the low end of the log-norms.

    `norm` is the members' median norm; `gap` the empty stretch above them in nats, with the norms at
    its two ends; `bic_gain` says by how much two groups explain the norms better than one.
    `anchors_inside` of `anchors` rows that text cannot reach are members. `reason` says in words why
    there is a lump or none.
    """

    found: bool
    ids: tuple[int, ...]
    norm: float | None
    method: Method
    gap: float
    below: float | None
    above: float | None
    bic_gain: float
    anchors: int
    anchors_inside: int
    reason: str


@dataclass(frozen=True, slots=True)
class _Cut:
    """A place between two neighbours of the sorted log-norms: `low` rows are under it."""

    low: int
    gap: float
    spread: float
    mixture: Mixture
    bic_gain: float
    anchors_inside: int


@dataclass(frozen=True, slots=True)
class _Place:
    """A gap between two neighbours of the sorted log-norms, before any groups are fitted."""

    low: int
    gap: float
    spread: float
    anchors_inside: int


def find_lump(logs: Doubles, anchors: Ids) -> Lump:
    """Look for a lump in log-norms, shape (rows,), NaN for zero rows.

    `anchors` are rows that no text can have trained: bytes that UTF-8 never has, rows beyond the
    vocabulary. First a gap in the low tail is tried, widest first: it must be wide for the spread of the
    rows above it, two normal groups must explain the norms better than one (BIC), and anchors must lie under
    it unless the gap is very wide. Then, for norms without a gap, a mixture that starts from the anchors.
    """
    usable = np.flatnonzero(np.isfinite(logs))
    order = usable[np.argsort(logs[usable], kind="stable")]
    values = logs[order]
    is_anchor = np.isin(order, anchors)
    if values.size < 4 or values[0] == values[-1]:
        return _none("too few different norms to tell groups apart", is_anchor)
    places = list(_widest_gaps(values, is_anchor))
    for place in places:
        cut = _cut_at(place, values, int(is_anchor.sum()))
        if cut is not None:
            return _found(cut, values, order, is_anchor, "gap", _gap_reason(cut, is_anchor))
    blurred = _blurred_cut(values, is_anchor)
    if blurred is not None:
        reason = "no gap, but the rows that text cannot reach form a group of their own"
        return _found(blurred, values, order, is_anchor, "mixture", reason)
    return _none(_why_not(places[0], values, is_anchor), is_anchor)


def _widest_gaps(values: Doubles, is_anchor: Flags) -> Iterator[_Place]:
    """The widest gaps of the low tail, widest first."""
    last = max(2, int(values.size * LARGEST_SHARE))
    gaps = np.diff(values[: last + 1])
    for place in np.argsort(-gaps, kind="stable")[:GAPS_TRIED]:
        low = int(place) + 1
        yield _Place(low, float(gaps[place]), spread_of(values[low:]), int(is_anchor[:low].sum()))


def _cut_at(place: _Place, values: Doubles, anchors: int) -> _Cut | None:
    """The cut when it separates a lump. Groups are fitted last: that takes long, and few gaps get there."""
    if not _wide_enough(place, values.size, anchors):
        return None
    mixture = fit_two(values, np.arange(values.size) < place.low)
    gained = gain(values, mixture)
    apart = gained > LEAST_GAIN and mixture.distance > LEAST_DISTANCE
    agreed = abs(mixture.low_rows - place.low) <= _STRAYS * place.low
    held = place.anchors_inside
    return _Cut(place.low, place.gap, place.spread, mixture, gained, held) if apart and agreed else None


def _wide_enough(place: _Place, rows: int, anchors: int) -> bool:
    inside = place.anchors_inside
    if place.gap >= CLEAR_GAP * place.spread and (inside or place.low >= _LEAST_CLEAR_ROWS):
        return True
    luck = hypergeometric_tail(inside, rows, anchors, place.low) if inside else 1.0
    return place.gap >= LEAST_GAP * place.spread and luck < _ANCHOR_LUCK


def _blurred_cut(values: Doubles, is_anchor: Flags) -> _Cut | None:
    anchors = int(is_anchor.sum())
    if anchors < _LEAST_CLEAR_ROWS or np.median(values[is_anchor]) > np.median(values):
        return None
    # A hot tail is no part of the two groups, and would make the upper one wide enough to swallow the lower.
    inside = values <= np.median(values) + _HOT * spread_of(values)
    values, is_anchor = values[inside], is_anchor[inside]
    mixture = fit_two(values, values <= values[is_anchor].max())
    low = mixture.low_rows
    if not 0 < low <= values.size * LARGEST_SHARE or mixture.under_low > _STRAYS * low:
        return None
    held = int(is_anchor[:low].sum())
    gained = gain(values, mixture)
    if mixture.distance <= LEAST_DISTANCE or gained <= LEAST_GAIN or held < _ANCHORS_INSIDE * anchors:
        return None
    low = min(low, _within_reach(values, values[:low][is_anchor[:low]]))
    held = int(is_anchor[:low].sum())
    return _Cut(low, float(values[low] - values[low - 1]), spread_of(values[low:]), mixture, gained, held)


def _within_reach(values: Doubles, anchors: Doubles) -> int:
    """How many of the sorted values lie where 99 % of untrained rows do, going by the anchors' lengths.

    Rows that were met once or twice follow without a gap, and the mixture alone would take them along.
    """
    centre, spread = upper_spread(anchors)
    return int(np.searchsorted(values, centre + _ANCHOR_REACH * spread, side="right"))


def _found(cut: _Cut, values: Doubles, order: Ids, is_anchor: Flags, method: Method, reason: str) -> Lump:
    return Lump(
        found=True,
        ids=tuple(sorted(order[: cut.low].tolist())),
        norm=math.exp(float(np.median(values[: cut.low]))),
        method=method,
        gap=cut.gap,
        below=math.exp(float(values[cut.low - 1])),
        above=math.exp(float(values[cut.low])),
        bic_gain=cut.bic_gain,
        anchors=int(is_anchor.sum()),
        anchors_inside=cut.anchors_inside,
        reason=reason,
    )


def _none(reason: str, is_anchor: Flags) -> Lump:
    return Lump(False, (), None, "", 0.0, None, None, 0.0, int(is_anchor.sum()), 0, reason)


def _gap_reason(cut: _Cut, is_anchor: Flags) -> str:
    total = int(is_anchor.sum())
    held = f"it holds {cut.anchors_inside} of {total} rows that text cannot reach"
    unsaid = "no row is known to be out of reach" if not total else held
    return f"a gap of {cut.gap:.2f} nats, {cut.gap / cut.spread:.1f} spreads of the rows above it; {unsaid}"


def _why_not(widest: _Place, values: Doubles, is_anchor: Flags) -> str:
    parts = [
        f"the widest gap of the low tail is {widest.gap:.3f} nats, {widest.gap / widest.spread:.1f} spreads"
    ]
    if is_anchor.any():
        below = float((values < np.median(values[is_anchor])).mean())
        parts.append(
            f"the {int(is_anchor.sum())} rows that text cannot reach lie inside the body, "
            f"their median above {100 * below:.0f} % of all rows"
        )
    return "; ".join(parts)
