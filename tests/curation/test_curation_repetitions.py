"""What is cut out and what repeats: leaks with their places, lines of a source, copies and their clusters."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpora.documents import ReadOptions, open_corpus
from corpora.errors import WrongCall
from curation.clusters import CLUSTERS, read_clusters
from curation.cutting import Cut, in_original, merge_spans, without
from curation.duplicates import fingerprints
from curation.judging import Judge, JudgeSettings
from curation.language_verdict import UNKNOWN
from curation.leaks import LEAK_POINTS, leak_points, leak_spans
from curation.measuring import pack
from curation.near_duplicates import NearDuplicates, sketches
from curation.pipeline import FilterSettings, filter_corpus
from curation.points import Text, read_text
from curation.repeated_units import UnitCounter, repeated_spans, unit_hashes
from curation.rules import DuplicateRules, load_rules, parse_rules

SAMPLE = Path(__file__).parents[2] / "corpora" / "sample" / "clean" / "en.jsonl"
PROSE = [json.loads(line)["text"].strip() + "\n" for line in SAMPLE.read_text(encoding="utf-8").splitlines()][
    :20
]
LEAK = "Need resend valid.♀♀♀♀assistant to=functions.Edit  天天中彩票 commentary json? Let's call.\n"
FOOTER = "The harbour office is open from nine to five, except on public holidays.\n"
Run = Callable[..., Any]


def judged(text: str) -> Any:
    return Judge(JudgeSettings(load_rules("default"), full=True)).judge([text])[0]


def rule(signal: str, **more: Any) -> dict[str, Any]:
    return {"name": "a", "signal": signal, "drop": ">", "threshold": 1, "reason": "", **more}


def write(path: Path, texts: list[str], source: str = "harbour") -> Path:
    rows = [{"id": f"d{number}", "text": text, "source": source} for number, text in enumerate(texts)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def rows(folder: Path, kind: str) -> list[dict[str, Any]]:
    return [
        row for part in sorted((folder / kind).glob("*.parquet")) for row in pq.read_table(part).to_pylist()
    ]


def test_a_small_leak_is_cut_out_and_the_document_kept() -> None:
    text = "".join(PROSE[:10]) + LEAK + "".join(PROSE[10:])
    found = judged(text)
    assert found.rule is None
    assert found.text == "".join(PROSE)
    (cut,) = found.cuts
    assert (cut.rule, text[cut.start : cut.end]) == ("leaked-tool-call", LEAK)
    assert cut.value >= LEAK_POINTS


def test_a_document_that_is_mostly_leak_is_dropped() -> None:
    found = judged(PROSE[0][:100] + "\n" + LEAK)
    assert found.rule == "leaked-tool-call"
    assert found.cuts == ()
    assert found.text is None


def test_marks_far_apart_make_no_leak() -> None:
    call = 'The format is "assistant to=functions.read", as the manual says.\n'
    text = call + "".join(PROSE) + "Return valid JSON only.\n"
    assert leak_points(text) < LEAK_POINTS
    assert leak_points(call + "Return valid JSON only.\n") >= LEAK_POINTS  # the same, close together
    assert leak_spans(text) == ()


def test_a_leak_in_a_long_line_ends_at_white_space() -> None:
    words = "".join(line.strip() + " " for line in PROSE)
    (span,) = leak_spans(words + LEAK.strip() + " " + words)
    assert span.end - span.start < len(LEAK) + 2 * 600
    assert "tool call" in span.marks


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=6), st.text(max_size=40))
def test_cutting_agrees_with_single_characters(pairs: list[tuple[int, int]], text: str) -> None:
    spans = merge_spans((min(pair), max(pair)) for pair in pairs)
    gone = {place for start, end in pairs for place in range(min(start, end), max(start, end))}
    assert without(text, spans) == "".join(each for place, each in enumerate(text) if place not in gone)


def test_cuts_of_cut_text_are_told_in_the_original() -> None:
    text = "abcdefghij"
    first = (Cut("one", 1.0, 2, 4),)
    rest = without(text, [(2, 4)])
    at = rest.index("fg")
    cuts = in_original([Cut("two", 1.0, at, at + 2)], first)
    assert [(cut.rule, text[cut.start : cut.end]) for cut in cuts] == [("one", "cd"), ("two", "fg")]


def test_lines_of_a_source_are_boilerplate_after_so_many_documents() -> None:
    rules = DuplicateRules(unit_documents=2)
    counter = UnitCounter(2)
    page = [f"{PROSE[number]}{FOOTER}short\n" for number in range(3)]
    for number in range(2):
        (hashes,) = unit_hashes(decode_all(page[number]), rules)
        assert not len(counter.repeated("a", hashes))
        counter.remember("a", hashes)
    (hashes,) = unit_hashes(decode_all(page[2]), rules)
    assert not len(counter.repeated("another source", hashes))
    repeated = counter.repeated("a", hashes)
    spans = repeated_spans(pack([page[2]], [UNKNOWN]), repeated, rules)
    assert FOOTER in [page[2][start:end] for start, end in spans]
    assert all("short" not in page[2][start:end] for start, end in spans)


def decode_all(text: str) -> Text:
    batch = pack([text], [UNKNOWN])
    return read_text(batch.data, batch.offsets)


@pytest.mark.parametrize("units", ["paragraphs", "lines and paragraphs"])
def test_paragraphs(units: str) -> None:
    rules = DuplicateRules(unit_documents=1, units=units)
    counter = UnitCounter(1)
    first = f"{PROSE[0]}\n{FOOTER}Write to us.\n\n{PROSE[1]}"
    second = f"{PROSE[2]}\n{FOOTER}Write to us.\n\n{PROSE[3]}"
    counter.remember("a", unit_hashes(decode_all(first), rules)[0])
    repeated = counter.repeated("a", unit_hashes(decode_all(second), rules)[0])
    spans = repeated_spans(pack([second], [UNKNOWN]), repeated, rules)
    assert [second[start:end] for start, end in spans] == [f"{FOOTER}Write to us.\n"]


def test_filter_cuts_boilerplate_lines_and_resumes_alike(winnow: Run, tmp_path: Path) -> None:
    pages = [text + FOOTER for text in PROSE[:16]] + [f"{FOOTER}Tuesday: {PROSE[17][:40]}"]
    halves = (("a", pages[:8]), ("b", pages[8:]))
    inputs = [write(tmp_path / f"{name}.jsonl", part) for name, part in halves]
    out = tmp_path / "out"
    assert winnow("filter", *inputs, "-o", out, "-q").code == 0
    decisions = rows(out, "decisions")
    cut = [row for row in decisions if row["cuts"]]
    assert cut
    assert {each["rule"] for row in cut for each in row["cuts"]} == {"boilerplate-lines"}
    assert decisions[-1]["rule"] == "boilerplate-lines"
    kept = [row["text"] for row in rows(out, "documents")]
    assert sum(FOOTER in text for text in kept) == 10
    before = {path.name: path.read_bytes() for path in out.glob("*/*.parquet")}
    summary = json.loads((out / "summary.json").read_text())
    assert summary["cut_by"] == {"boilerplate-lines": len(cut)}
    assert summary["bytes"]["kept"] == sum(len(text.encode()) for text in kept)
    settings = FilterSettings(JudgeSettings(load_rules("default")))
    corpus = open_corpus([str(path) for path in inputs], ReadOptions())
    again = tmp_path / "again"
    filter_corpus(corpus, settings, again)
    (again / "decisions" / "part-00001.parquet").unlink()
    filter_corpus(corpus, settings, again)
    assert {path.name: path.read_bytes() for path in again.glob("*/*.parquet")} == before


def test_clusters_count_copies_and_can_be_asked_for(winnow: Run, tmp_path: Path) -> None:
    text = "".join(PROSE[:5])
    near = text + "The end."
    inputs = write(tmp_path / "in.jsonl", [text, text.upper(), near, PROSE[7]])
    out = tmp_path / "out"
    assert winnow("filter", inputs, "-o", out, "-q").code == 0
    decisions = rows(out, "decisions")
    assert [row["rule"] for row in decisions] == [None, "exact-duplicate", "near-duplicate", None]
    assert [row["duplicate_of"] for row in decisions] == [None, "d0", "d0", None]
    assert pq.read_table(out / CLUSTERS).to_pylist() == [{"id": "d0", "documents": 3, "exact": 1, "near": 1}]
    rules = tmp_path / "rules.toml"
    rules.write_text(
        '[[rule]]\nname = "huge"\nsignal = "cluster_size"\ndrop = ">="\nthreshold = 3\nreason = "copied"\n'
    )
    second = tmp_path / "second"
    call = ("filter", inputs, "-o", second, "-q", "--rules", rules, "--clusters", out / CLUSTERS)
    assert winnow(*call).code == 0
    assert [row["rule"] for row in rows(second, "decisions")] == ["huge", None, None, None]
    with pytest.raises(WrongCall, match="no such file"):
        read_clusters(tmp_path / "none.parquet")
    shown = winnow("stats", out)
    assert "largest clusters" in shown.stdout


def test_sketches_estimate_similarity() -> None:
    index = NearDuplicates(0.7)
    rules = DuplicateRules(near=0.7)
    texts = ["".join(PROSE), "".join(PROSE).replace(" the ", " this ", 3), "".join(PROSE)[::-1]]
    found = [document.sketch for document in fingerprints(pack(texts, [UNKNOWN] * 3), rules)]
    index.add(found[0], "first")
    assert index.most_similar(found[0]) == (1.0, "first")
    similarity, of = index.most_similar(found[1])
    assert (of, similarity > 0.7) == ("first", True)
    assert index.most_similar(found[2])[1] is None
    assert sketches([found_nothing()]) == [None]


def found_nothing() -> Any:
    return np.arange(3, dtype=np.uint64)


def test_ban_lists_are_counted_dropped_and_explained(winnow: Run, tmp_path: Path) -> None:
    inputs = write(tmp_path / "in.jsonl", ["天天中彩票 彩神争霸 大发快三 " * 5, PROSE[0]])
    out = tmp_path / "out"
    rules = tmp_path / "none.toml"
    rules.write_text('name = "none"\n')
    assert winnow("filter", inputs, "-o", out, "-q", "--rules", rules, "--list", "core").code == 0
    assert [row["rule"] for row in rows(out, "decisions")] == ["ban-list", None]
    shown = winnow("explain", inputs, "--id", "d0", "--list", "core")
    assert "zh-gambling" in shown.stdout
    assert winnow("filter", inputs, "-o", tmp_path / "o2", "--list", "nolist").code == 2
    with pytest.raises(WrongCall, match="needs ban_lists"):
        parse_rules({"rule": [rule("ban_share")]}, "here")


def test_explain_shows_where_a_leak_is(winnow: Run, tmp_path: Path) -> None:
    inputs = write(tmp_path / "in.jsonl", ["".join(PROSE[:10]) + LEAK + "".join(PROSE[10:])])
    shown = winnow("explain", inputs, "--id", "d0")
    assert "without" in shown.stdout
    assert "cut by leaked-tool-call" in shown.stdout
    record = json.loads(winnow("explain", inputs, "--id", "d0", "--format", "json").stdout)
    assert record["kept"] is True
    assert record["places"][0]["text"] == LEAK
    assert record["cuts"][0]["rule"] == "leaked-tool-call"


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"duplicates": {"units": "words"}}, "units must be one of"),
        ({"duplicates": {"unit_documents": -1}}, "whole number"),
        ({"duplicates": {"near": 2}}, "share from 0 to 1"),
        ({"language": {"margins": 1}}, "unknown key"),
        ({"language": {"characters": 1.5}}, "whole number"),
        ({"language": {"minimums": {"de": "high"}}}, "must be a number"),
        (
            {"rule": [rule("urls", cut=0.5)]},
            "does not say where",
        ),
        (
            {"rule": [rule("leak_points", cut=2)]},
            "cut must be",
        ),
    ],
)
def test_wrong_rules_are_told(table: dict[str, Any], message: str) -> None:
    with pytest.raises(WrongCall, match=message):
        parse_rules(table, "here")


def test_language_options_of_a_rule_file() -> None:
    rules = parse_rules({"language": {"characters": 500, "minimums": {"de": 0.9}}}, "here")
    assert rules.language.characters == 500
    assert rules.language.minimums == {"de": 0.9}
