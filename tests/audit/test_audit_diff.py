"""Comparisons: keyed by bytes, empty against itself, and exact on vocabularies made by hand."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.comparing import DiffOptions, compare_vocabularies
from audit.diff import DiffSide, count_moved, diff_vocabularies
from audit.records import diff_record
from corpora.documents import ReadOptions, open_corpus
from corpora.errors import WrongCall
from trainer.load import load_tokenizer
from trainer.vocabulary import Encoding, Vocabulary

BYTES = {byte: bytes([byte]) for byte in range(256)}
PATTERN = r"\S+|\s+"


def make(*learned: str, name: str = "small", shift: int = 0) -> Vocabulary:
    tokens = {id_ + shift: token for id_, token in BYTES.items()}
    tokens |= {256 + shift + place: token.encode() for place, token in enumerate(learned)}
    return Vocabulary(name, tokens, {}, PATTERN).with_merges()


def compare(a: Vocabulary, b: Vocabulary, options: DiffOptions | None = None) -> object:
    return compare_vocabularies(a, b, options or DiffOptions(), lambda _: None)


def test_a_vocabulary_does_not_differ_from_itself() -> None:
    a = make("th", "the")
    result = diff_vocabularies(DiffSide(a, ()), DiffSide(a, ()))
    assert not result.different
    assert (result.only_a, result.only_b, result.reranked, result.remerged, result.shifts) == (0, 0, 0, 0, ())


def test_ids_do_not_matter_only_their_order() -> None:
    result = diff_vocabularies(DiffSide(make("th", "the"), ()), DiffSide(make("th", "the", shift=1000), ()))
    assert not result.different


def test_what_is_only_on_one_side() -> None:
    result = diff_vocabularies(
        DiffSide(make("th", "the", name="a"), ()), DiffSide(make("th", "he", name="b"), ())
    )
    assert (result.shared, result.only_a, result.only_b) == (257, 1, 1)
    assert result.different


def test_order_and_parts_are_compared() -> None:
    a, b = make("ab", "bc", "abc"), make("bc", "ab", "abc")
    result = diff_vocabularies(DiffSide(a, ()), DiffSide(b, ()))
    assert result.reranked == 1
    assert result.remerged == 1  # ab + c here, a + bc there
    assert {shift.token for shift in result.shifts} == {"ab", "bc"}


def test_rows_add_up() -> None:
    a, b = make("th", "the", "中国", "мы"), make("th", "中国", "you")
    result = diff_vocabularies(DiffSide(a, ()), DiffSide(b, ()))
    for rows in (result.scripts, result.lengths):
        assert sum(row.shared for row in rows) == result.shared
        assert sum(row.only_a for row in rows) == result.only_a
        assert sum(row.only_b for row in rows) == result.only_b
    assert [int(row.name) for row in result.lengths] == sorted(int(row.name) for row in result.lengths)


@given(st.permutations(range(7)))
def test_moved_items_are_the_fewest(order: list[int]) -> None:
    def longest(place: int, last: int) -> int:
        if place == len(order):
            return 0
        without = longest(place + 1, last)
        return max(without, 1 + longest(place + 1, order[place])) if order[place] > last else without

    assert count_moved(order) == len(order) - longest(0, -1)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    path = tmp_path / "texts.jsonl"
    rows = [{"id": "1", "text": "the thing the", "language": "en"}, {"id": "2", "text": "中国", "lang": "zh"}]
    path.write_text("".join(msgspec.json.encode(row).decode() + "\n" for row in rows), encoding="utf-8")
    return path


def test_texts_are_compared_by_language(corpus: Path) -> None:
    options = DiffOptions(open_corpus([str(corpus)], ReadOptions()))
    result = compare_vocabularies(make("th", "the"), make("th"), options, lambda _: None)
    english = next(row for row in result.compression if row.language == "en")
    assert english.tokens == (1 + 1 + 4 + 1 + 1, 2 + 1 + 4 + 1 + 2)
    assert english.bytes_per_token(0) == 13 / 8
    change = result.segmentations[0]
    assert (change.pretoken, change.pieces_a, change.pieces_b, change.count) == (
        "the",
        ("the",),
        ("th", "e"),
        2,
    )


def test_a_vocabulary_that_cannot_encode_refuses_texts(corpus: Path) -> None:
    mute = Vocabulary("mute", BYTES, {}, PATTERN, encoding=Encoding.UNKNOWN)
    with pytest.raises(WrongCall, match="mute"):
        compare(mute, make("th"), DiffOptions(open_corpus([str(corpus)], ReadOptions())))


def test_the_record_has_the_keys_of_the_interface() -> None:
    a, b = make("天天中彩票", name="a"), make("免费视频观看", name="b")
    record = diff_record(compare_vocabularies(a, b, DiffOptions(), lambda _: None))
    assert record["schema_version"] == 1
    assert {"shared", "only_a", "only_b", "tokens"} <= record.keys()
    for token in record["tokens"]:
        assert {"id", "token", "bytes", "score", "flagged", "category", "reasons", "in"} <= token.keys()
        assert bytes.fromhex(token["bytes"]).decode() == token["token"]
        assert token["in"] in ("a", "b", "both")
    sides = {token["token"]: token["in"] for token in record["tokens"]}
    assert (sides["天天中彩票"], sides["免费视频观看"]) == ("a", "b")


def test_o200k_and_cl100k_share_85033_tokens() -> None:
    sides = [DiffSide(load_tokenizer(name).with_merges(), ()) for name in ("o200k_base", "cl100k_base")]
    result = diff_vocabularies(*sides)
    assert (result.shared, result.only_a, result.only_b) == (85_033, 114_965, 15_223)
