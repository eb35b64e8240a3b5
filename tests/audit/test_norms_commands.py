"""`winnow norms scan` and `compare` from the outside: the record's contract, the files, and wrong calls."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from audit.norms.calls import check_weights
from tests.audit.norms_checkpoints import (
    INPUT,
    OUTPUT,
    Planted,
    plant,
    precision_recall,
    small_vocabulary,
    with_norms,
    write_tensors,
)
from trainer.exports import write_tokenizer_json

ROWS = 6_100


@pytest.fixture(scope="module")
def planted() -> tuple[Planted, Planted]:
    return tuple(plant(small_vocabulary(), rows=ROWS, lump=True, seed=seed) for seed in (1, 2))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, planted: tuple[Planted, Planted]) -> Path:
    """A model folder: untied matrices, and the tokenizer beside them."""
    folder = tmp_path_factory.mktemp("models") / "model"
    tensors = {INPUT: planted[0].rows, OUTPUT: planted[1].rows}
    write_tensors(folder / "model.safetensors", tensors, "BF16")
    write_tokenizer_json(folder / "tokenizer.json", small_vocabulary())
    return folder


@pytest.fixture(name="norms")
def norms_fixture(winnow: Callable[..., Any]) -> Callable[..., Any]:
    """`winnow norms …` as a function."""
    return lambda *arguments: winnow("norms", *arguments)


def test_the_record_is_that_of_the_interface(
    norms: Callable[..., Any], model: Path, planted: tuple[Planted, Planted]
) -> None:
    outcome = norms("scan", model, "--format", "json")
    assert outcome.code == 0, outcome.stderr
    record = json.loads(outcome.stdout)
    assert list(record)[:8] == ["schema_version", "rows", "dim", "tied", "mean", "std", "low_lump", "hot"]
    assert (record["schema_version"], record["rows"], record["dim"], record["tied"]) == (1, ROWS, 32, False)
    norms_of = np.linalg.norm(planted[0].rows, axis=1)
    assert record["mean"] == pytest.approx(norms_of.mean(), rel=1e-3)
    assert record["std"] == pytest.approx(norms_of.std(), rel=1e-3)
    assert list(record["low_lump"])[:3] == ["found", "norm", "ids"]
    assert record["low_lump"]["found"] is True
    assert record["low_lump"]["norm"] == pytest.approx(0.4, abs=0.02)
    assert record["low_lump"]["ids"] == sorted(planted[0].lump)
    for fact in record["hot"]:
        assert list(fact)[:6] == ["id", "token", "norm", "z", "script", "category"]
    assert [fact["z"] for fact in record["hot"]] == sorted((f["z"] for f in record["hot"]), reverse=True)
    assert min(precision_recall([fact["id"] for fact in record["hot"]], planted[0].hot)) >= 0.95
    assert record["output"]["low_lump"]["ids"] == sorted(planted[1].lump)
    assert record["tokenizer"] == "model"
    assert record["beyond_vocabulary"] == ROWS - small_vocabulary().rows


def test_jsonl_has_one_hot_row_a_line(norms: Callable[..., Any], model: Path) -> None:
    lines = norms("scan", model, "--format", "jsonl").stdout.splitlines()
    assert all({"id", "token", "norm", "z"} <= set(json.loads(line)) for line in lines)


def test_tables_name_what_was_found(norms: Callable[..., Any], model: Path) -> None:
    printed = norms("scan", model, "--format", "markdown").stdout
    assert "untied embeddings" in printed
    assert "Hot rows (input)" in printed
    assert "Largest norms not in ASCII (output)" in printed


class Page(HTMLParser):
    """Collects what a page would load or run."""

    def __init__(self) -> None:
        super().__init__()
        self.outside: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.outside += [
            str(value) for name, value in attrs if name in ("src", "href", "style") or name[:2] == "on"
        ]


def test_files_are_complete_deterministic_and_left_alone(
    norms: Callable[..., Any], model: Path, tmp_path: Path, planted: tuple[Planted, Planted]
) -> None:
    for name in ("one", "two"):
        assert norms("scan", model, "-o", tmp_path / name, "-q").code == 0
    written = {path.name for path in (tmp_path / "one").iterdir()}
    assert written == {"norms.json", "rows.parquet", "findings.jsonl", "report.html", "manifest.json"}
    for name in written - {"manifest.json"}:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes(), name
    manifest = json.loads((tmp_path / "one" / "manifest.json").read_text())
    assert [each["path"] for each in manifest["inputs"]] == ["model.safetensors"]
    rows = pq.read_table(tmp_path / "one" / "rows.parquet").to_pydict()
    assert rows["token"][256] == small_vocabulary().tokens[256]
    assert [id_ for id_, low in zip(rows["id"], rows["in_lump"], strict=True) if low] == sorted(
        planted[0].lump
    )
    assert rows["z"][next(iter(planted[0].lump))] is None
    assert rows["output_norm"][5] == pytest.approx(np.linalg.norm(planted[1].rows[5]), rel=1e-2)
    again = norms("scan", model, "-o", tmp_path / "one")
    assert (again.code, "already finished" in again.stderr) == (0, True)


def test_findings_tell_untrained_and_hot_tokens(
    norms: Callable[..., Any], model: Path, tmp_path: Path
) -> None:
    norms("scan", model, "-o", tmp_path / "out", "-q")
    findings = [json.loads(line) for line in (tmp_path / "out" / "findings.jsonl").read_text().splitlines()]
    kinds = {finding["check"] for finding in findings}
    assert {"norm-lump", "norm-hot"} <= kinds
    untrained = [each for each in findings if each["check"] == "norm-lump" and each["id"] is not None]
    assert all(each["severity"] == "warning" for each in untrained)
    assert len(untrained) == 44  # 20 ordinary and 2 special tokens in each of two matrices


def test_the_audit_can_ask_for_the_same_checks(model: Path) -> None:
    checks = check_weights(model, small_vocabulary())
    assert [check.check for check in checks] == [
        "norm-lump",
        "norm-zero",
        "norm-hot",
        "norm-unused",
        "norm-copy",
    ]
    assert all(check.examined == 2 * ROWS and check.skipped is None for check in checks)
    assert checks[0].count("warning") == 44
    assert checks[2].findings


def test_the_report_loads_and_runs_nothing(norms: Callable[..., Any], model: Path, tmp_path: Path) -> None:
    norms("scan", model, "-o", tmp_path / "out", "-q")
    html = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    page = Page()
    page.feed(html)
    assert not page.outside
    assert not page.tags & {"script", "link", "img", "iframe", "object"}
    assert {"svg", "table"} <= page.tags
    assert "default-src 'none'" in unescape(html)
    assert "NaN" not in html
    assert len(html) < 400_000


def test_hostile_names_and_tokens_are_inert(norms: Callable[..., Any], tmp_path: Path) -> None:
    vocabulary = small_vocabulary()
    evil = "\u202e<script>alert(1)</script>"
    tokens = {**vocabulary.tokens, 5_000: evil.encode(), 5_001: b"\x1b[31m\xff<b>"}
    from dataclasses import replace

    folder = tmp_path / "<img src=x>"
    planted = plant(vocabulary, rows=ROWS, lump=False, seed=4)
    rows = planted.rows.copy()
    rows[[5_000, 5_001]] *= 5
    write_tensors(folder / "model.safetensors", {INPUT: rows})
    write_tokenizer_json(folder / "tokenizer.json", replace(vocabulary, tokens=tokens, merges=None))
    outcome = norms("scan", folder, "-o", tmp_path / "out", "--format", "json")
    html = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "<script" not in html
    assert "<img" not in html
    assert "<b>" not in html
    assert "\u202e" not in html + outcome.stdout
    assert "\x1b" not in html + outcome.stdout
    assert r"\u202e&lt;script&gt;" in html


def test_without_a_tokenizer_rows_still_speak(norms: Callable[..., Any], tmp_path: Path) -> None:
    rows = plant(small_vocabulary(), rows=ROWS, lump=True, seed=3)
    path = write_tensors(tmp_path / "m.safetensors", {INPUT: rows.rows})
    record = json.loads(norms("scan", path, "--format", "json").stdout)
    assert record["low_lump"]["ids"] == sorted(rows.lump)
    assert record["tokenizer"] is None
    assert {fact["token"] for fact in record["hot"]} == {""}


def test_counts_take_frequency_out(
    norms: Callable[..., Any], winnow: Callable[..., Any], model: Path, tmp_path: Path
) -> None:
    (tmp_path / "text.jsonl").write_text('{"text": "the cat and the dog and the end"}\n' * 50)
    assert winnow("count", tmp_path / "text.jsonl", "-o", tmp_path / "counts.parquet", "-q").code == 0
    outcome = norms("scan", model, "--counts", tmp_path / "counts.parquet", "--format", "json")
    assert outcome.code == 0, outcome.stderr
    assert json.loads(outcome.stdout)["hot"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("scan", "nowhere"), 2, "no such file"),
        (("scan", "{model}", "--tokenizer", "no-such-tokenizer"), 2, "unknown tokenizer"),
        (("scan", "{model}", "--input-tensor", "x"), 2, "no tensor 'x'"),
        (("scan", "{model}", "--tokenizer", "o200k_base"), 2, "needs 200,019 rows"),
        (("scan", "{model}", "--hot-z", "0"), 2, "hot-z"),
        (("scan", "{model}", "-o", "{model}"), 2, "would overwrite"),
        (("scan",), 2, "WEIGHTS"),
        (("compare", "{model}"), 2, "two or more"),
        (("compare", "{model}", "nowhere"), 2, "no such file"),
        (("compare", "{model}", "{model}", "--id", "99999"), 2, "no row 99999"),
    ],
)
def test_wrong_calls(
    norms: Callable[..., Any], model: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    before = sorted(path.name for path in model.iterdir())
    outcome = norms(*(argument.format(model=model) for argument in arguments))
    assert (outcome.code, said in outcome.stderr) == (code, True), outcome.stderr
    assert sorted(path.name for path in model.iterdir()) == before


def test_every_verb_has_help_and_an_example(norms: Callable[..., Any]) -> None:
    for verb in ("scan", "compare", "attribute", "repair"):
        shown = norms(verb, "--help").stdout
        assert f"winnow norms {verb}" in shown.split("Example:")[1]


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four checkpoints: the lump shrinks, token 700 grows hot, 800 cools, the rest drifts a little."""
    folder = tmp_path_factory.mktemp("series")
    random = np.random.default_rng(0)
    logs = np.log(10) + 0.08 * random.standard_normal(ROWS)
    for place, step in enumerate((1000, 2000, 3000, 4000)):
        logs = logs + 0.01 * random.standard_normal(ROWS)
        norms = np.exp(logs)
        norms[700], norms[800] = 10 * 1.35**place, 30 * 0.75**place
        norms[6_000 + 20 * place : ROWS] = 0.2 + 0.001 * np.arange(ROWS - 6_000 - 20 * place)
        write_tensors(folder / f"step{step}" / "model.safetensors", {INPUT: with_norms(norms, 16, seed=1)})
    write_tokenizer_json(folder / "tokenizer.json", small_vocabulary())
    return folder


def test_compare_follows_the_tails(norms: Callable[..., Any], series: Path) -> None:
    steps = [series / f"step{step}" for step in (1000, 2000, 3000, 4000)]
    tokenizer = ("--tokenizer", series / "tokenizer.json")
    outcome = norms("compare", *steps, *tokenizer, "--id", 700, "--id", 800, "--top", 10, "--format", "json")
    assert outcome.code == 0, outcome.stderr
    record = json.loads(outcome.stdout)
    assert (record["unit"], [stage["untrained"] for stage in record["stages"]]) == (
        "steps",
        [100, 80, 60, 40],
    )
    first = record["changes"][0]
    assert first["untrained"] == pytest.approx(80 / 100)
    assert 0.9 < first["spearman"] < 1
    low, hot, top = record["survivals"]
    assert low["lags"] == [1000, 2000, 3000]
    assert low["shares"] == pytest.approx([(80 + 60 + 40) / 240, (60 + 40) / 180, 40 / 100])
    assert 1_500 < low["half_life"] < 3_500
    assert 0 < top["shares"][0] < 1
    assert hot["name"] == "hot rows"
    grown, cooled = record["tracks"]
    assert grown["norms"] == pytest.approx([10 * 1.35**place for place in range(4)], rel=1e-5)
    assert cooled["z"][0] > 4 > cooled["z"][3]


def test_compare_draws_a_page(norms: Callable[..., Any], series: Path, tmp_path: Path) -> None:
    steps = [series / f"step{step}" for step in (1000, 2000, 3000, 4000)]
    for name in ("one", "two"):
        outcome = norms(
            "compare", *steps, "--tokenizer", series / "tokenizer.json", "-o", tmp_path / name, "-q"
        )
        assert outcome.code == 0, outcome.stderr
    html = (tmp_path / "one" / "report.html").read_text(encoding="utf-8")
    assert html == (tmp_path / "two" / "report.html").read_text(encoding="utf-8")
    assert len(re.findall(r"<polyline", html)) >= 20
    assert "<script" not in html
    assert "nan" not in re.sub(r">[^<]*<", "><", html)


def test_compare_refuses_what_cannot_be_compared(
    norms: Callable[..., Any], series: Path, tmp_path: Path
) -> None:
    other = write_tensors(tmp_path / "step5000" / "model.safetensors", {INPUT: with_norms(np.ones(50), 16)})
    outcome = norms("compare", series / "step1000", other)
    assert (outcome.code, "50 rows" in outcome.stderr) == (2, True)
    backwards = norms("compare", series / "step2000", series / "step1000", "--format", "json")
    assert json.loads(backwards.stdout)["unit"] == "checkpoints"
    assert norms("compare", series / "step2000", series / "step1000", "--matrix", "output").code == 2
