"""`winnow explain`, `stats` and `calibrate`: what they say about one document, a run, and clean text."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from corpora.documents import ReadOptions, open_corpus
from corpora.errors import WinnowError, WrongCall
from curation.calibrating import calibrate_rules
from curation.commands import calibrate, stats
from curation.explaining import explain_document, find_document
from curation.judging import Judge, JudgeSettings
from curation.overview import calibration_tables, statistics_record, statistics_tables
from curation.rules import load_rules
from curation.statistics import read_statistics

DATA = Path(os.environ.get("WINNOW_DATA", Path(__file__).parents[2].parent / "shared" / "data"))
SAMPLE = Path(__file__).parents[2] / "corpora" / "sample"
Run = Callable[..., Any]


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    path = tmp_path / "pages.jsonl"
    rows = [
        {
            "id": "good",
            "text": "The ferry leaves at nine, and the oranges are in the basket under the bench.",
        },
        {
            "id": "bad",
            "text": "Situs judi slot gacor terpercaya, daftar sekarang, bonus new member, maxwin. " * 3,
        },
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_explain_replays_what_filter_decided(winnow: Run, pages: Path) -> None:
    outcome = winnow("explain", pages, "--id", "bad", "--format", "json")
    record = json.loads(outcome.stdout)
    assert record["schema_version"] == 1
    assert (record["kept"], record["rule"]) == (False, "spam")
    spam = next(rule for rule in record["rules"] if rule["rule"] == "spam")
    assert spam["verdict"] == "drop"
    assert spam["value"] > spam["threshold"]
    assert "at least" in spam["to_keep"]
    assert record["spam_score_parts"][0]["log_odds"] > 1
    assert json.loads(winnow("explain", pages, "--id", "good", "--format", "json").stdout)["kept"] is True


def test_the_threshold_that_explain_names_keeps_the_document(tmp_path: Path, pages: Path) -> None:
    corpus = open_corpus([str(pages)], ReadOptions())
    settings = JudgeSettings(load_rules("default"), full=True)
    explanation = explain_document(find_document(corpus, "bad"), settings)
    assert explanation.judgement.rule == "spam"
    value = next(replay.value for replay in explanation.rules if replay.rule == "spam")
    own = tmp_path / "own.toml"
    rule = '[[rule]]\nname = "spam"\nsignal = "spam_score"\ndrop = ">"\nreason = "test"\nthreshold = '
    own.write_text(f"{rule}{value!r}\n", encoding="utf-8")
    judged = Judge(JudgeSettings(load_rules(str(own)))).judge([explanation.document.text])[0]
    assert judged.rule is None


def test_explain_shows_tables_and_names_a_missing_id(winnow: Run, pages: Path) -> None:
    outcome = winnow("explain", pages, "--id", "bad")
    assert outcome.code == 0
    assert "dropped by spam" in outcome.stdout
    missing = winnow("explain", pages, "--id", "nobody")
    assert missing.code == 1
    assert "no document 'nobody'" in missing.stderr
    with pytest.raises(WinnowError):
        find_document(open_corpus([str(pages)], ReadOptions()), "nobody")


def test_stats_count_the_decisions(winnow: Run, pages: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert winnow("filter", pages, "-o", out, "-q").code == 0
    statistics = read_statistics(out)
    assert (statistics.documents_in, statistics.kept) == (2, 1)
    assert statistics.rules["spam"].examples[0].id == "bad"
    assert statistics.languages["id"].dropped_by == {"spam": 1}
    assert statistics_record(statistics)["sources"][0]["in"] == 2
    assert statistics_tables(statistics)[0].rows[0][0] == "spam"
    with pytest.raises(WrongCall, match="no decisions"):
        read_statistics(tmp_path)
    assert stats.name == "stats"


def test_calibrate_counts_false_alarms_of_every_rule(pages: Path) -> None:
    settings = JudgeSettings(load_rules("default"), full=True)
    calibration = calibrate_rules(open_corpus([str(pages)], ReadOptions()), settings)
    spam = next(rule for rule in calibration.rules if rule.rule.name == "spam")
    assert (calibration.documents, spam.asked, spam.dropped) == (2, 2, 1)
    assert spam.dropped_by_language == {"id": 1}
    assert spam.quantiles()[0] is not None
    assert len(calibration_tables(calibration)[0].rows) == len(settings.rules.rules)
    assert calibrate.name == "calibrate"


@pytest.mark.skipif(not DATA.exists(), reason="the labelled pages are not here")
def test_labelled_pages_and_leaks() -> None:
    """Floors on the development data; the coefficients were fitted on it, so these only catch regressions."""
    judge = Judge(JudgeSettings(load_rules("default")))
    with gzip.open(DATA / "pages" / "labelled.jsonl.gz", "rt", encoding="utf-8") as file:
        pages = [json.loads(line) for line in file]
    dropped = [judged.rule is not None for judged in judge.judge([page["text"] for page in pages])]

    def rate(chosen: Callable[[dict[str, Any]], bool]) -> float:
        hits = [hit for hit, page in zip(dropped, pages, strict=True) if chosen(page)]
        return sum(hits) / len(hits)

    assert rate(lambda page: page["label"] == "spam") >= 0.92
    assert rate(lambda page: page["label"] == "ham" and page["category"] != "ham_hard") <= 0.02
    assert rate(lambda page: page["category"] == "ham_hard") <= 0.04
    leaks = [json.loads(line) for line in (DATA / "leaks" / "leaks.jsonl").read_text("utf-8").splitlines()]
    found = [judged.rule is not None for judged in judge.judge([leak["text"] for leak in leaks])]
    kinds = [leak["kind"] for leak in leaks]
    assert sum(hit for hit, kind in zip(found, kinds, strict=True) if kind == "leak") >= 0.9 * kinds.count(
        "leak"
    )
    assert not any(hit for hit, kind in zip(found, kinds, strict=True) if kind == "fp")
