"""The benchmark beside datatrove: its rules exist, its tables add up, winnow decides as the filter does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.filter_peers import DATATROVE, WINNOW, Measured, Sample, main, measure_winnow, read_samples
from benchmarks.filter_rules import C4, C4_REASONS, GOPHER, JOINED, LANGUAGE, SHARED_RULES
from benchmarks.filters import _agreement_row as agreement_row
from benchmarks.filters import _language_line as language_line
from benchmarks.filters import _speed_table as speed_table
from curation.judging import Judge, JudgeSettings
from curation.rules import load_rules

HONEST = "The ferry leaves at nine and the oranges are in the basket that we have with us to the market. " * 7
REPEATED = "Buy now, buy here. " * 60
CODE = "function f() { return 1; }\nThis line ends. And that one. One more here. A fourth. A fifth one."
SAMPLES = [Sample(str(number), text, "en") for number, text in enumerate((HONEST, REPEATED, CODE, "Short."))]


def test_the_rules_compared_are_those_of_the_presets() -> None:
    for family in (GOPHER, C4):
        known = {rule.name for rule in load_rules(family).rules}
        compared = {part for rule in SHARED_RULES[family] for part in JOINED.get(rule.winnow, (rule.winnow,))}
        assert compared <= known
    assert {rule.winnow for rule in SHARED_RULES[C4]} == set(C4_REASONS)
    gopher = {rule.name for rule in load_rules(GOPHER).rules}
    assert gopher == {
        part for rule in SHARED_RULES[GOPHER] for part in JOINED.get(rule.winnow, (rule.winnow,))
    }


@pytest.mark.parametrize("family", [GOPHER, C4])
def test_what_is_timed_decides_as_the_filter_does(family: str) -> None:
    dropped = measure_winnow(family, SAMPLES, decisions=True).dropped
    judged = Judge(JudgeSettings(load_rules(family), full=True)).judge([each.text for each in SAMPLES])
    for number, judgement in enumerate(judged):
        if judgement.language != "en":
            continue
        verdicts = {value.rule: value.verdict == "drop" for value in judgement.rules}
        for rule in SHARED_RULES[family]:
            parts = JOINED.get(rule.winnow, (rule.winnow,))
            assert dropped[rule.winnow][number] == any(verdicts[part] for part in parts), rule.winnow
    drops = [any(row) for row in zip(*dropped.values(), strict=True)]
    assert drops[1] if family == GOPHER else drops[2] and not drops[0]


def test_one_process_writes_what_it_measured(tmp_path: Path) -> None:
    documents, out = tmp_path / "documents.jsonl", tmp_path / "measured.json"
    rows = [{"id": each.id, "text": each.text, "lang": each.lang} for each in SAMPLES]
    documents.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    assert read_samples(documents) == SAMPLES
    main([WINNOW, LANGUAGE, str(documents), str(out), "--decisions"])
    record = json.loads(out.read_text())
    assert record["labels"][0] == "en"
    assert record["cpu"] > 0
    main([WINNOW, C4, str(documents), str(out)])
    assert json.loads(out.read_text())["dropped"] == {}


def test_the_tables_count_and_divide() -> None:
    row = agreement_row(
        "r", [[True, True, False, False], [True, False, True, False], [True, True, False, False]]
    )
    assert row == ["r", "50.00%", "1", "1", "1", "100.00%"]
    runs = {
        (family, name): [Measured("1", cpu, cpu, {}, ["en", "und"])]
        for family in (GOPHER, C4, LANGUAGE)
        for name, cpu in ((WINNOW, 0.5), (DATATROVE, 5.0))
    }
    assert "| winnow 1 | 0.50 | 20.00 | 10.0 |" in speed_table(runs, megabytes=10)
    first = {key: done[0] for key, done in runs.items()}
    assert "winnow 50.0% (and 50.0% `und`" in language_line(first, SAMPLES[:2])
