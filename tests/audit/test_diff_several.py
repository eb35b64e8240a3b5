"""`winnow diff` of three or more: each against the first, every intersection, and the report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from audit.comparing import DiffOptions, compare_many, compare_vocabularies, with_distinct_names
from audit.records import sets_record
from audit.report import compared_page
from corpora.documents import ReadOptions, open_corpus
from trainer.exports import write_exports
from trainer.vocabulary import Vocabulary

BYTES = {byte: bytes([byte]) for byte in range(256)}


def make(name: str, *learned: str) -> Vocabulary:
    tokens = BYTES | {256 + place: token.encode() for place, token in enumerate(learned)}
    return Vocabulary(name, tokens, {}, r" ?\S+|\s+")


A = make("a", "th", "the", "天天中彩票")
B = make("b", "th", "he", "天天中彩票")
C = make("c", "th", "the", "yo", "you")


def test_every_token_is_in_exactly_one_intersection() -> None:
    result = compare_many([A, B, C], DiffOptions(), lambda _: None)
    sets = {each.names: (each.tokens, each.flagged) for each in result.intersections}
    assert sets == {
        ("a", "b", "c"): (257, 0), ("a", "c"): (1, 0), ("a", "b"): (1, 1), ("b",): (1, 0), ("c",): (2, 0),
    }  # fmt: skip
    assert sum(each.tokens for each in result.intersections) == 262
    assert [(diff.a, diff.b) for diff in result.diffs] == [("a", "b"), ("a", "c")]
    assert result.diffs[0] == compare_vocabularies(A, B, DiffOptions(), lambda _: None)
    assert result.different
    assert not compare_many([A, A, A], DiffOptions(), lambda _: None).different


def test_texts_are_measured_under_all(tmp_path: Path) -> None:
    path = tmp_path / "texts.jsonl"
    path.write_text('{"id": "1", "text": "the you", "lang": "en"}\n', encoding="utf-8")
    corpus = open_corpus([str(path)], ReadOptions())
    result = compare_many([A, B, C], DiffOptions(corpus), lambda _: None)
    assert result.compression[0].tokens == (5, 6, 3)
    assert [diff.compression[0].tokens for diff in result.diffs] == [(5, 6), (5, 3)]
    assert sets_record(result)["compression"][0]["tokens"] == {"a": 5, "b": 6, "c": 3}


def test_vocabularies_of_one_name_stay_apart() -> None:
    named = [each.name for each in with_distinct_names([A, make("a", "xx"), make("a", "yy"), B])]
    assert named == ["a", "a (2)", "a (3)", "b"]


def test_other_parts_are_shown() -> None:
    first, second = make("x", "ab", "bc", "abc"), make("y", "bc", "ab", "abc")
    [change] = compare_vocabularies(first, second, DiffOptions(), lambda _: None).merge_changes
    assert (change.token, change.parts_a, change.parts_b) == ("abc", ("ab", "c"), ("a", "bc"))


def test_the_page_is_whole_and_inert() -> None:
    hostile = make("<script>alert(1)</script>", "th", "<b>bold</b>")
    page = compared_page(compare_many([hostile, B, C], DiffOptions(), lambda _: None))
    assert page.count("<script>") == 1
    assert "<b>bold" not in page
    assert page.count("<caption") == page.count("<table")
    for words in ("Intersections", "Differences", "Not in this report", "--text"):
        assert words in page


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    paths = []
    for vocabulary in (A, B, C):
        paths.append(tmp_path / vocabulary.name)
        paths[-1].mkdir()
        write_exports(paths[-1], vocabulary.with_merges())
    return paths


def test_the_command(folders: list[Path], tmp_path: Path, winnow) -> None:
    record = json.loads(winnow("diff", *folders, "-q", "--format", "json").stdout)
    assert record["schema_version"] == 1
    assert [each["name"] for each in record["vocabularies"]] == ["a", "b", "c"]
    polluted = next(token for token in record["tokens"] if token["token"] == "天天中彩票")
    assert polluted["in"] == ["a", "b"]
    assert "Tokens that exactly these have" in winnow("diff", *folders, "-q").stdout
    page = winnow("diff", *folders, "-q", "--format", "html").stdout
    out = tmp_path / "out"
    assert winnow("diff", *folders, "-q", "-o", out, "--exit-code").code == 3
    assert (out / "report.html").read_text(encoding="utf-8") == page
    assert winnow("diff", *folders, "-q", "-o", out, "--exit-code").code == 3  # finished: the same answer
    two = winnow("diff", *folders[:2], "-q", "--format", "html").stdout
    assert "Built from other parts" not in two
    assert "By length in bytes" in two
    assert winnow("diff", folders[0], folders[0], folders[0], "-q", "--exit-code").code == 0
