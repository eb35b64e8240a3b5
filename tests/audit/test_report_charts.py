"""The report's drawings and its way to write numbers and tokens."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.audit_results import HISTOGRAM_BINS
from audit.charts import Column, Mark, Part, bar, columns, dots, overlap
from audit.report_text import (
    clip,
    counted,
    mark_edges,
    percent,
    points,
    safe_text,
    signed_percent,
    size,
    token_html,
)


def widths(svg: str) -> list[float]:
    return [float(r.get("width", "0").rstrip("%")) for r in ElementTree.fromstring(svg).iter("rect")]


def test_a_bar_shows_shares_of_the_whole() -> None:
    assert widths(bar((Part("a", 1), Part("b", 2)), 4)) == [25.0, 50.0]
    assert widths(bar((Part("a", 0), Part("b", 0)), 0)) == []


def test_two_sets_lie_above_each_other_where_they_share() -> None:
    shade, only_a, shared_a, shared_b, only_b = widths(overlap(10, 30, 60))
    assert (shade, only_a, shared_a, shared_b, only_b) == (30.0, 10.0, 30.0, 30.0, 60.0)
    assert widths(overlap(0, 0, 0))


def test_dots_share_one_scale_and_ours_is_drawn_last() -> None:
    circles = list(ElementTree.fromstring(dots([2.0, 4.0, 3.0], 2.0, 4.0)).iter("circle"))
    assert [circle.get("class") for circle in circles] == ["dot2", "dot1", "dot0"]
    assert [circle.get("cx") for circle in circles] == ["50%", "97%", "3%"]
    assert dots([1.0], 1.0, 1.0)


def test_columns_keep_single_tokens_visible_on_a_logarithmic_scale() -> None:
    drawn = [Column(str(n), (Part("grain", amount),), "t") for n, amount in enumerate((100_000, 0, 1))]
    svg = ElementTree.fromstring(columns(drawn, "words", logarithmic=True, mark=Mark(0.5, "<here>")))
    heights = [float(r.get("height", "0")) for r in svg.iter("rect")]
    assert len(heights) == 2 and heights[1] > 5
    assert "<here>" in "".join(svg.itertext())
    assert svg.get("aria-label") == "words"


def test_stacked_columns_keep_their_proportions() -> None:
    svg = ElementTree.fromstring(columns([Column("1", (Part("grain", 30), Part("risk", 10)), "t")], "w"))
    clean, flagged = (float(r.get("height", "0")) for r in svg.iter("rect"))
    assert clean == pytest.approx(3 * flagged, rel=0.01)


@given(st.lists(st.integers(0, 10**9), max_size=HISTOGRAM_BINS), st.booleans())
def test_any_counts_can_be_drawn(counts: list[int], logarithmic: bool) -> None:
    drawn = [Column("x", (Part("grain", count),), "title") for count in counts]
    svg = ElementTree.fromstring(columns(drawn, "label", logarithmic=logarithmic))
    assert all(float(r.get("height", "0")) <= 200 for r in svg.iter("rect"))


@given(st.text())
def test_any_text_becomes_one_inert_element(text: str) -> None:
    for html in (token_html(text, text), safe_text(text)):
        element = ElementTree.fromstring(html)
        assert element.tag == "bdi"
        assert {child.tag for child in element} <= {"i"}


def test_tokens_show_their_edges_and_their_language() -> None:
    assert token_html(" 天", "zh") == '<bdi class="t" lang="zh"><i>␣</i>天</bdi>'
    assert token_html("a", 'x" onload=') == '<bdi class="t">a</bdi>'
    assert token_html("\u0301") == '<bdi class="t">◌\u0301</bdi>'
    assert token_html("\u202e") == '<bdi class="t">\\u202e</bdi>'
    assert mark_edges("  ") == "␣␣" and mark_edges("") == "" and mark_edges("a b ") == "a b␣"


def test_numbers_are_written_for_people() -> None:
    assert [percent(n, 10_000) for n in (0, 1, 123, 9_999, 10_000)] == [
        "0 %", "< 0.1 %", "1.2 %", "> 99.9 %", "100.0 %",
    ]  # fmt: skip
    assert percent(1, 0) == "0 %"
    assert [size(n) for n in (1, 999, 1_500, 2_000_000, 3e15)] == [
        "1 byte",
        "999 bytes",
        "1.5 kB",
        "2.0 MB",
        "3,000.0 TB",
    ]
    assert signed_percent(3, 4) == "−25.0 %" and signed_percent(1, 0) == "+0.0 %"
    assert points(-1.25) == "−1.2" and points(2) == "+2.0"
    assert counted(1, "token") == "1 token" and counted(1_200, "token") == "1,200 tokens"
    assert clip("abcdef", 4) == "abc…"
