"""Caps per source and per template: what counts as one, and the same decisions however the work is done."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpora.errors import WinnowError, WrongCall
from corpora.sources import site_of, sources_of
from curation.caps import Cap, CapCounter, CapSettings, Share, parse_cap
from curation.templates import NO_TEMPLATE, templates

Run = Callable[..., Any]
WORDS = [
    "orange",
    "ferry",
    "basket",
    "window",
    "bench",
    "garden",
    "letter",
    "paper",
    "cloud",
    "river",
    "stone",
]


def pages(count: int, site: str, first: int = 0) -> list[dict[str, str]]:
    """Different honest pages of one site."""
    rows = []
    for number in range(first, first + count):
        picked = [WORDS[(number * 7 + place * place) % len(WORDS)] for place in range(9)]
        text = f"The {picked[0]} is near the {picked[1]}, and we saw {' and a '.join(picked[2:])} on the way."
        rows.append({"id": f"{site}-{number}", "text": text, "url": f"https://www.{site}/page/{number}"})
    return rows


def forms(count: int) -> list[dict[str, str]]:
    """One form filled in again and again, each time on another site."""
    names = ["Berlin", "New York City", "Nairobi", "São Paulo", "Osaka"]
    return [
        {
            "id": f"form-{number}",
            "text": f"Find a plumber in {names[number % 5]} today: call {5550000 + number * 13} or write to"
            f" info{number}@plumber{number}.example. Our team in {names[(number + 1) % 5]} is happy to help.",
            "url": f"https://plumber{number}.example/",
        }
        for number in range(count)
    ]


def write_jsonl(path: Path, rows: Iterable[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def decisions(folder: Path) -> dict[str, tuple[str | None, float | None, float | None]]:
    rows = [
        row for part in sorted((folder / "decisions").glob("*")) for row in pq.read_table(part).to_pylist()
    ]
    return {row["id"]: (row["rule"], row["value"], row["threshold"]) for row in rows}


@pytest.fixture(scope="module", name="rules")
def rules_fixture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A rule set without rules: only caps decide."""
    path = tmp_path_factory.mktemp("rules") / "none.toml"
    path.write_text('name = "none"\n[duplicates]\nexact = false\n', encoding="utf-8")
    return path


def test_the_first_documents_of_a_source_are_kept(tmp_path: Path, winnow: Run, rules: Path) -> None:
    rows = [*pages(5, "a.example"), *pages(2, "b.example"), *pages(2, "news.a.example", 5)]
    given_ = write_jsonl(tmp_path / "in.jsonl", rows)
    assert (
        winnow("filter", given_, "-o", tmp_path / "out", "--rules", rules, "--max-per-source", "3").code == 0
    )
    found = decisions(tmp_path / "out")
    assert [name for name, row in found.items() if row[0] is None] == [
        "a.example-0", "a.example-1", "a.example-2", "b.example-0", "b.example-1",
    ]  # fmt: skip
    assert found["a.example-3"] == ("cap:source", 4.0, 3.0)
    assert found["news.a.example-5"][0] == "cap:source"  # a subdomain is the same site
    reasons = json.loads((tmp_path / "out" / "manifest.json").read_text())["configuration"]["reasons"]
    assert "source" in reasons["cap:source"]


def test_a_cap_in_bytes_counts_the_text_kept(tmp_path: Path, winnow: Run, rules: Path) -> None:
    rows = [
        {"id": f"d{number}", "text": "x" * size, "source": "s"} for number, size in enumerate([600, 600, 300])
    ]
    given_ = write_jsonl(tmp_path / "in.jsonl", rows)
    assert (
        winnow("filter", given_, "-o", tmp_path / "out", "--rules", rules, "--max-per-source", "1KB").code
        == 0
    )
    assert decisions(tmp_path / "out") == {
        "d0": (None, None, None), "d1": ("cap:source-bytes", 1200.0, 1000.0), "d2": (None, None, None),
    }  # fmt: skip


def test_forms_are_one_template_and_pages_are_not(tmp_path: Path, winnow: Run, rules: Path) -> None:
    given_ = write_jsonl(tmp_path / "in.jsonl", [*forms(6), *pages(6, "a.example")])
    call = ("filter", given_, "-o", tmp_path / "out", "--rules", rules, "--max-per-template", "2")
    assert winnow(*call).code == 0
    rules_of = Counter(row[0] for row in decisions(tmp_path / "out").values())
    assert rules_of == {None: 8, "cap:template": 4}
    assert winnow("stats", tmp_path / "out", "--format", "json").stdout.count("cap:template") >= 1


@pytest.mark.parametrize("workers", [1, 3])
def test_the_same_files_whatever_the_workers(tmp_path: Path, winnow: Run, rules: Path, workers: int) -> None:
    rows = [
        row for number in range(40) for row in (*pages(20, f"s{number % 7}.example", number * 20), *forms(2))
    ]
    rows = [{**row, "id": f"{place}"} for place, row in enumerate(rows)]
    given_ = write_jsonl(tmp_path / "in.jsonl", rows * 4)
    call = ["filter", given_, "-o", tmp_path / "out", "--rules", rules, "--workers", workers]
    assert winnow(*call, "--max-per-source", "30", "--max-per-template", "20").code == 0
    kept = Counter(row[0] for row in decisions(tmp_path / "out").values())
    text = (tmp_path / "out" / "decisions" / "part-00000.parquet").read_bytes()
    stored = tmp_path.parent / "decisions-of-one-worker"
    if workers == 1:
        stored.write_bytes(text)
    assert text == stored.read_bytes()
    assert kept["cap:template"] > 0
    assert kept["cap:source"] > 0


def test_a_resumed_run_counts_what_was_kept_before(tmp_path: Path, winnow: Run, rules: Path) -> None:
    (tmp_path / "in").mkdir()
    for number in range(3):
        write_jsonl(tmp_path / "in" / f"{number}.jsonl", [*pages(4, "a.example", 4 * number), *forms(3)])
    call = [
        "filter",
        tmp_path / "in",
        "--rules",
        rules,
        "--max-per-source",
        "6",
        "--max-per-template",
        "2",
        "--workers",
        1,
    ]
    assert winnow(*call, "-o", tmp_path / "whole").code == 0
    assert winnow(*call, "-o", tmp_path / "resumed").code == 0
    manifest = json.loads((tmp_path / "resumed" / "manifest.json").read_text())
    (tmp_path / "resumed" / "manifest.json").unlink()  # as if it had been killed after the first file
    for part in sorted((tmp_path / "resumed").glob("*/part-0000[12].parquet")):
        part.unlink()
    (tmp_path / "resumed" / ".winnow-unfinished.json").write_text(json.dumps({"call": manifest["call"]}))
    assert winnow(*call, "-o", tmp_path / "resumed").code == 0
    assert decisions(tmp_path / "resumed") == decisions(tmp_path / "whole")
    for part in sorted((tmp_path / "whole").glob("*/*.parquet")):
        assert part.read_bytes() == (tmp_path / "resumed" / part.relative_to(tmp_path / "whole")).read_bytes()


@pytest.mark.parametrize(
    "options",
    [
        ["--max-per-source", "0"],
        ["--max-per-source", "many"],
        ["--max-per-template", "5", "--max-per-template", "6"],
        ["--source-field", "site"],
        ["--max-per-source", "5", "--source-field", "language"],
    ],
)
def test_wrong_caps_are_told(tmp_path: Path, winnow: Run, options: list[str]) -> None:
    given_ = write_jsonl(tmp_path / "in.jsonl", pages(2, "a.example"))
    outcome = winnow("filter", given_, "-o", tmp_path / "out", *options)
    assert outcome.code == 2
    assert "--" in outcome.stderr or "memory" in outcome.stderr
    assert not (tmp_path / "out").exists()


def test_a_source_field_that_is_not_there_is_told(tmp_path: Path, winnow: Run) -> None:
    given_ = write_jsonl(tmp_path / "in.jsonl", pages(2, "a.example"))
    outcome = winnow(
        "filter", given_, "-o", tmp_path / "out", "--max-per-source", 1, "--source-field", "site"
    )
    assert outcome.code == 1
    assert "'site'" in outcome.stderr


def test_caps_are_read_as_documents_or_bytes() -> None:
    assert parse_cap("--x", []) == Cap()
    assert parse_cap("--x", ["10", "2.5MB"]) == Cap(10, 2_500_000)
    assert parse_cap("--x", ["4gb"]) == Cap(None, 4_000_000_000)
    for bad in (["-1"], ["1", "1"], ["ten"], ["٣"], [""]):
        with pytest.raises(WrongCall):
            parse_cap("--x", bad)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 50)), max_size=60))
def test_no_source_ever_has_more_than_its_cap(documents: list[tuple[str, int]]) -> None:
    counter = CapCounter(CapSettings(source=Cap(5, 100)))
    kept: Counter[str] = Counter()
    size: Counter[str] = Counter()
    for source, length in documents:
        share = Share(source, None, length)
        over = counter.check(share)
        assert (over is None) == (kept[source] < 5 and size[source] + length <= 100)
        if over is None:
            counter.add(share)
            kept[source] += 1
            size[source] += length


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            "Call 555-0199 now for the best plumber in Springfield!",
            "Call 4 now for the best plumber in Oslo!",
        ),
        ("read https://a.example/x?y=1 every morning, please", "read http://b.example every morning, please"),
        (
            "one row of a long table 1\none row of a long table 2\n\none row of a long table 3",
            "one row of a long table 7",
        ),
        ("彩票平台第12期开奖结果查询中心", "彩票平台第345期开奖结果查询中心"),
        (
            "Ԥсоура — ақыҭа, Гагра араион, рхыԥхьаӡара 12 ҩык",
            "Бедиаԥш — ақыҭа, Очамчыра араион, рхыԥхьаӡара 9 ҩык",
        ),
        ("the   garden\tof the old museum", "THE GARDEN of the old museum".lower()),
    ],
)
def test_names_numbers_and_addresses_do_not_tell_templates_apart(one: str, other: str) -> None:
    first, second = templates([one, other])
    assert first == second != NO_TEMPLATE


def test_other_words_make_another_template_and_little_text_makes_none() -> None:
    one, other, short, names = templates(
        [
            "the garden of the old museum",
            "the garden of the old hospital",
            "hello 12",
            "John Smith Anna Berg Paris Rome",
        ]
    )
    assert one != other
    assert short == names == NO_TEMPLATE
    assert list(templates(["", "the garden of the old museum", "\ud800"])) == [NO_TEMPLATE, one, NO_TEMPLATE]


@given(st.lists(st.text(max_size=200), max_size=8))
def test_a_template_depends_on_the_text_alone(texts: list[str]) -> None:
    together = templates(texts).tolist()
    assert together == [int(templates([text])[0]) for text in texts]


@pytest.mark.parametrize(
    ("value", "site"),
    [
        ("https://www.shop.example.com:8080/x?y", "example.com"),
        ("http://news.bbc.co.uk/", "bbc.co.uk"),
        ("https://Example.ORG./", "example.org"),
        ("http://user:pw@203.0.113.7/x", "203.0.113.7"),
        ("https://[2001:db8::1]:443/", "2001:db8::1"),
        ("http://[bad/", "http://[bad/"),
        ("file.jsonl", "file.jsonl"),
        ("https://co.uk/", "co.uk"),
        ("", ""),
    ],
)
def test_the_site_of_an_address(value: str, site: str) -> None:
    assert site_of(value) == site


def test_a_source_is_the_site_where_there_is_an_address() -> None:
    batch = pa.RecordBatch.from_pydict(
        {"source": ["a", "b", None], "url": ["https://x.example/1", None, ""], "n": [1, 2, 3]}
    )
    names, places = sources_of(batch)
    assert [names[place] for place in places] == ["x.example", "b", ""]
    names, places = sources_of(batch, "source")
    assert [names[place] for place in places] == ["a", "b", ""]
    with pytest.raises(WinnowError, match="no field"):
        sources_of(batch, "site")
