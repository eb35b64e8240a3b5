"""JSON lines: the quick ways of reading them give what the careful ones give."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpora.background import in_order
from corpora.documents import Problems, ReadOptions, open_corpus
from corpora.errors import WinnowError

PLAIN = (
    st.none()
    | st.booleans()
    | st.integers(-(2**40), 2**40)
    | st.floats(allow_nan=False, allow_infinity=False)
)
VALUES = st.recursive(
    PLAIN | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab"), inner),
)
RECORDS = st.fixed_dictionaries(
    {"text": st.text(max_size=20)},
    optional={
        "id": st.integers() | st.text(max_size=5) | PLAIN,
        "source": st.text(max_size=5) | st.none(),
        "language": st.sampled_from(["en", "zh"]) | VALUES,
        "extra": VALUES,
    },
)
BROKEN = st.sampled_from(['{"text": 1}', "{}", "null", "[1]", "{", '{"text": null}', '{"a": "b"}', "", "  "])
LINES = st.lists(RECORDS.map(lambda record: json.dumps(record, ensure_ascii=False)) | BROKEN, max_size=12)


def read(path: Path, **options: Any) -> tuple[list[dict[str, Any]], Problems]:
    problems = Problems()
    shard = open_corpus([str(path)], ReadOptions(on_error="skip", **options)).shards[0]
    return [row for batch in shard.batches(problems) for row in batch.to_pylist()], problems


@settings(max_examples=150)
@given(LINES)
def test_text_alone_is_the_text_of_everything(lines: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "some.jsonl"
        path.write_text("\n".join(lines))
        needed, met = read(path, only_text=True)
        whole, met_in_whole = read(path)
    assert [(row["text"], row["source"]) for row in needed] == [(row["text"], row["source"]) for row in whole]
    assert met == met_in_whole


@pytest.mark.parametrize("value", [[None, None], [[None, None]], {"y": [None, None, None]}])
def test_lists_of_nulls_are_read(value: object, tmp_path: Path) -> None:
    path = tmp_path / "nulls.jsonl"
    rows = [{"text": "a", "extra": value}, {"text": "b", "extra": value}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found, problems = read(path)
    assert [{name: row[name] for name in ("text", "extra")} for row in found] == rows
    assert problems.count == 0


PARTS = st.sampled_from(
    [
        '{"text": "a"}',
        '{"text": "b"}{"text": "c"}',
        '{"text":',
        '"d"}',
        ' {"text": "e"}',
        '{"text": "f"} ',
        "",
        "}{",
    ]
)


@settings(max_examples=150)
@given(st.lists(st.tuples(PARTS, st.sampled_from(["\n", "\r\n", "\r"])), max_size=6), st.booleans())
def test_a_line_is_read_as_if_it_were_alone(lines: list[tuple[str, str]], only_text: bool) -> None:
    joined = "".join(part + end for part, end in lines).encode()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "some.jsonl"
        alone = []
        for line in joined.split(b"\n"):
            path.write_bytes(line)
            alone += [row["text"] for row in read(path, only_text=only_text)[0]]
        path.write_bytes(joined)
        assert [row["text"] for row in read(path, only_text=only_text)[0]] == alone


@pytest.mark.parametrize("kind", [str, int])
def test_text_alone_has_ids_sources_and_languages(kind: type, tmp_path: Path) -> None:
    rows = [
        {"id": kind(number), "text": f"t{number}", "source": "s", "language": "en"} for number in range(9)
    ]
    path = tmp_path / "some.jsonl"
    path.write_text("".join(json.dumps(row | {"more": [row]}) + "\n" for row in rows))
    expected = [{**row, "id": str(row["id"])} for row in rows]
    assert [{name: row[name] for name in rows[0]} for row in read(path, only_text=True)[0]] == expected


@pytest.mark.parametrize("opened", ["[", '{"a":'])
def test_a_deep_field_that_is_not_needed_is_passed_over(opened: str, tmp_path: Path) -> None:
    deep = 300_000
    closed = ("]" if opened == "[" else "}") * deep
    path = tmp_path / "deep.jsonl"
    path.write_text(f'{{"text": "a", "x": {opened * deep}1{closed}}}\n{{"text": "b"}}\n')
    found, problems = read(path, only_text=True)
    assert [row["text"] for row in found] == ["a", "b"]
    assert problems.count == 0


@pytest.mark.parametrize("only_text", [True, False])
@pytest.mark.parametrize("half", [r"\ud800", r"\udc00", r"\ud800x", r"\udfff\ud800", r"\ud800\u0041"])
def test_half_a_character_is_a_broken_line(half: str, only_text: bool, tmp_path: Path) -> None:
    path = tmp_path / "some.jsonl"
    path.write_text(f'{{"text": "a"}}\n{{"text": "{half}"}}\n{{"text": "\\ud83d\\ude00"}}\n')
    found, problems = read(path, only_text=only_text)
    assert [row["text"] for row in found] == ["a", "\U0001f600"]
    assert problems.count == 1


@pytest.mark.parametrize("only_text", [True, False])
def test_text_that_looks_like_a_date_is_text(only_text: bool, tmp_path: Path) -> None:
    path = tmp_path / "dates.jsonl"
    path.write_text('{"text": "2026-11-22"}\n{"text": "2026-11-23 10:00:00"}\n')
    assert [row["text"] for row in read(path, only_text=only_text)[0]] == [
        "2026-11-22",
        "2026-11-23 10:00:00",
    ]


@pytest.mark.parametrize("only_text", [True, False])
def test_threads_change_nothing(only_text: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("corpora.readers.BATCH_BYTES", 300)
    path = tmp_path / "some.jsonl"
    lines = [json.dumps({"text": f"line {number}"}) for number in range(500)]
    for number in range(0, 500, 37):
        lines[number] = "{" if number % 2 else json.dumps({"text": "x" * 2000})
    path.write_text("\n".join(lines))
    options = {"only_text": only_text, "max_line_bytes": 1000}
    alone = read(path, **options)
    assert alone[1].count == 14
    assert read(path, **options, threads=4) == alone


def test_the_first_broken_line_stops_whatever_the_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corpora.readers.BATCH_BYTES", 100)
    path = tmp_path / "some.jsonl"
    lines = ['{"text": "good"}'] * 40 + ["{"] + ['{"text": "good"}'] * 3 + ['{"text": "%s"}' % ("x" * 4000)]
    path.write_text("\n".join(lines))
    for threads in (1, 4):
        options = ReadOptions(only_text=True, threads=threads, max_line_bytes=1000)
        with pytest.raises(WinnowError, match=r"some.jsonl:41: "):
            list(open_corpus([str(path)], options).shards[0].batches(Problems()))


@pytest.mark.parametrize("threads", [1, 3])
def test_results_come_in_order_and_failures_in_their_place(threads: int) -> None:
    assert list(in_order(str, range(50), threads)) == [str(number) for number in range(50)]
    found: list[float] = []
    with pytest.raises(ZeroDivisionError):
        found.extend(in_order(lambda number: 1 / (number - 20), range(50), threads))
    assert len(found) == 20


def test_a_failure_to_take_an_item_comes_after_the_results_before_it() -> None:
    def items() -> Any:
        yield from range(7)
        raise ValueError("no more")

    found: list[str] = []
    with pytest.raises(ValueError, match="no more"):
        found.extend(in_order(str, items(), 4))
    assert found == [str(number) for number in range(7)]


def test_who_wants_no_more_results_gets_no_more_work() -> None:
    started = []
    results = in_order(started.append, range(1000), 2)
    next(results)
    results.close()
    assert len(started) < 10
