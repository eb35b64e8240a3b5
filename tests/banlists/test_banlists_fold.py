"""Folding: what is one text, what the ends lose, and that folding twice changes nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banlists.fold import ALL_VARIANTS, VARIANTS, fold, fold_text
from banlists.han import to_simplified
from banlists.positions import fold_with_positions


@pytest.mark.parametrize(
    ("token", "folded"),
    [
        (" 天天中彩票", "天天中彩票"),
        ("\ufeff출장안마", "출장안마"),
        ("출\u200b장샵", "출장샵"),
        ("_日本", "日本"),
        ("￣奇米影視", "奇米影视"),
        ("亚洲ＡＶ", "亚洲av"),
        ("ｶｼﾞﾉ", "カジノ"),
        ("線上娛樂", "线上娱乐".replace("娱", "娛") if to_simplified("娛") == "娛" else "线上娱乐"),
        ("สล็อต", "สล็อต"),
        ("Straße", "strasse"),
        ("】【，", ""),
        ("", ""),
    ],
)
def test_disguises_come_off(token: str, folded: str) -> None:
    assert fold(token.encode()) == folded


def test_half_characters_are_not_characters() -> None:
    assert fold("天中彩".encode()[1:]) == "中彩"
    assert fold("天中彩".encode()[:-1]) == "天中"
    assert fold(b"\xe5\xbd") == ""


def test_a_mark_belongs_to_the_letter_before_it() -> None:
    assert fold("ที่ ".encode()) == "ที่"


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_variant_that_is_left_out_is_seen(variant: str) -> None:
    disguised = {
        "space": " x", "joiner": "_x", "zero-width": "x\u200bx", "width": "ｘ", "case": "X",
        "hans-hant": "視",
    }[variant]  # fmt: skip
    token = disguised.encode()
    assert fold(token, ALL_VARIANTS - {variant}) == disguised
    assert fold(token) != disguised


@given(st.binary(max_size=24))
def test_folding_bytes_twice_changes_nothing(token: bytes) -> None:
    once = fold(token)
    assert fold(once.encode()) == once


@given(st.text(max_size=24))
def test_folding_text_twice_changes_nothing(text: str) -> None:
    once = fold(text.encode("utf-8", errors="replace"))
    assert fold(once.encode()) == once


@given(st.text(alphabet="天彩 aBＡ\u200b_éｶ가", max_size=20))
def test_positions_point_at_the_text(text: str) -> None:
    folded, places = fold_with_positions(text, ALL_VARIANTS)
    assert len(folded) == len(places)
    assert all(0 <= start < end <= len(text) for start, end in places)
    assert list(places) == sorted(places)
    assert folded == fold_text(text)
