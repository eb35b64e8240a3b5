"""`winnow filter` end to end: files, columns, languages, duplicates, workers, resume, errors, wrong calls."""

from __future__ import annotations

import gzip
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from corpora.documents import Corpus, Problems
from curation.judging import JudgeSettings
from curation.pipeline import FilterSettings, filter_corpus
from curation.rules import load_rules

PROJECT = Path(__file__).parents[2]
SAMPLE = PROJECT / "corpora" / "sample"
ENGLISH = "The ferry leaves at nine, and the oranges are in the basket under the bench by the window."
GERMAN = "Die Fähre fährt um neun Uhr ab, und die Orangen sind im Korb unter der Bank am Fenster."
SPAM = "Situs judi slot gacor terpercaya, daftar sekarang, bonus new member 100, gampang menang maxwin. " * 3

Run = Callable[..., Any]


def write_jsonl(path: Path, rows: Iterable[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def read(folder: Path, kind: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for part in sorted((folder / kind).glob("*.parquet")):
        rows += pq.read_table(part).to_pylist()
    return rows


def parts(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.glob("*/*.parquet"))}


def many(count: int, start: int = 0) -> list[dict[str, Any]]:
    """Different short documents; every tenth is spam, every eleventh repeats the first."""
    rows = []
    for number in range(start, start + count):
        text = f"Entry {number}: {ENGLISH} The number of the day is {number * 7919 % 10007}, as in the book."
        text = SPAM + str(number) if number % 10 == 9 else ENGLISH if number % 11 == 10 else text
        rows.append({"id": f"d{number}", "text": text})
    return rows


@pytest.fixture
def small(tmp_path: Path) -> Path:
    rows = [
        {"id": "a", "text": ENGLISH, "url": "https://a.example", "language": "xx"},
        {"id": "b", "text": GERMAN, "url": "https://b.example", "language": "de"},
        {"id": "c", "text": SPAM, "url": "https://c.example", "language": "id"},
        {"id": "d", "text": ENGLISH.upper(), "url": "https://d.example", "language": "en"},
        {"id": "e", "text": "12", "url": "https://e.example", "language": ""},
    ]
    return write_jsonl(tmp_path / "small.jsonl", rows)


def test_documents_decisions_summary_and_manifest(winnow: Run, small: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    outcome = winnow("filter", small, "-o", out)
    assert outcome.code == 0, outcome.stderr
    assert outcome.stdout == ""
    documents, decisions = read(out, "documents"), read(out, "decisions")
    assert [row["id"] for row in documents] == ["a", "b", "e"]
    assert list(documents[0]) == [
        "id",
        "text",
        "source",
        "language",
        "language_score",
        "url",
        "input_language",
    ]
    assert [row["language"] for row in documents] == ["en", "de", "und"]
    assert documents[0]["input_language"] == "xx"
    names = ["id", "source", "kept", "rule", "value", "threshold", "language", "language_score"]
    names += ["cuts", "duplicate_of"]
    assert list(decisions[0]) == names
    assert [row["rule"] for row in decisions] == [None, None, "spam", "exact-duplicate", None]
    assert decisions[2]["value"] > decisions[2]["threshold"] == 0.41
    assert decisions[0]["value"] is None
    summary = json.loads((out / "summary.json").read_text())
    assert summary["documents"] == {"in": 5, "kept": 3, "dropped": 2}
    assert summary["dropped_by"] == {"exact-duplicate": 1, "spam": 1}
    assert summary["languages"]["de"] == {"in": 1, "kept": 1}
    assert summary["languages"]["und"] == {"in": 1, "kept": 1}
    assert summary["bytes"]["in"] == sum(len(json.loads(line)["text"].encode()) for line in small.open())
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["counts"] == {"documents_in": 5, "documents_kept": 3, "broken_records": 0}
    assert manifest["inputs"][0]["sha256"]
    assert "5 documents in, 3 kept" in outcome.stderr


def test_keep_dropped_and_full_decisions(winnow: Run, small: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert winnow("filter", small, "-o", out, "--keep-dropped", "--decisions", "full").code == 0
    dropped = read(out, "dropped")
    assert [(row["id"], row["rule"]) for row in dropped] == [("c", "spam"), ("d", "exact-duplicate")]
    rules = {row["rule"]: row for row in read(out, "decisions")[2]["rules"]}
    assert rules["spam"]["verdict"] == "drop"
    assert rules["private-use"] == {"rule": "private-use", "value": 0.0, "threshold": 0.05, "verdict": "keep"}


def test_only_some_languages(winnow: Run, small: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert winnow("filter", small, "-o", out, "--language", "de, fr").code == 0
    assert [row["id"] for row in read(out, "documents")] == ["b"]
    assert {row["rule"] for row in read(out, "decisions")} == {None, "language"}


def test_one_part_per_input_file_even_when_nothing_is_kept(winnow: Run, tmp_path: Path) -> None:
    first = write_jsonl(tmp_path / "a.jsonl", [{"id": "1", "text": SPAM}])
    second = write_jsonl(tmp_path / "b.jsonl", [{"id": "2", "text": ENGLISH}])
    out = tmp_path / "out"
    assert winnow("filter", first, second, "-o", out).code == 0
    assert sorted(path.name for path in (out / "documents").iterdir()) == [
        "part-00000.parquet",
        "part-00001.parquet",
    ]
    assert pq.read_table(out / "documents" / "part-00000.parquet").num_rows == 0
    assert [row["id"] for row in read(out, "documents")] == ["2"]


def test_the_output_is_an_input(winnow: Run, small: Path, tmp_path: Path) -> None:
    assert winnow("filter", small, "-o", tmp_path / "once").code == 0
    assert winnow("filter", tmp_path / "once", "-o", tmp_path / "twice").code == 0
    assert [row["id"] for row in read(tmp_path / "twice", "documents")] == ["a", "b", "e"]


def test_same_bytes_for_any_number_of_workers(winnow: Run, tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "many.jsonl", many(3_500))
    for workers in (1, 2):
        assert winnow("filter", source, "-o", tmp_path / f"w{workers}", "--workers", workers).code == 0
    assert parts(tmp_path / "w1") == parts(tmp_path / "w2")
    dropped = json.loads((tmp_path / "w2" / "summary.json").read_text())["dropped_by"]
    assert dropped["spam"] + dropped.get("near-duplicate", 0) >= 300
    assert dropped["exact-duplicate"] > 100


def test_resumes_after_sigkill_with_the_same_bytes(winnow: Run, tmp_path: Path) -> None:
    folder = tmp_path / "shards"
    folder.mkdir()
    for shard in range(30):
        write_jsonl(folder / f"{shard:02d}.jsonl", many(400, start=400 * shard))
    out = tmp_path / "killed"
    call = ["filter", str(folder), "-o", str(out), "--workers", "1", "-q"]
    process = subprocess.Popen(
        [sys.executable, "-c", "import sys; from winnow import main; sys.exit(main(sys.argv[1:]))", *call],
        cwd=PROJECT,
    )
    for _ in range(6_000):
        if (out / "decisions" / "part-00002.parquet").exists() or process.poll() is not None:
            break
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    finished = sorted((out / "decisions").glob("part-*.parquet"))
    assert 3 <= len(finished) < 30
    assert not (out / "manifest.json").exists()
    stamps = {path: path.stat().st_mtime_ns for path in finished}
    assert winnow(*call).code == 0
    assert winnow("filter", folder, "-o", tmp_path / "fresh", "--workers", "1", "-q").code == 0
    assert {path: path.stat().st_mtime_ns for path in finished} == stamps
    assert parts(out) == parts(tmp_path / "fresh")
    again, fresh = (json.loads((each / "summary.json").read_text()) for each in (out, tmp_path / "fresh"))
    assert {**again, "seconds": 0} == {**fresh, "seconds": 0}


def test_a_finished_run_is_left_alone_and_force_starts_over(winnow: Run, small: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert winnow("filter", small, "-o", out).code == 0
    before = parts(out)
    outcome = winnow("filter", small, "-o", out)
    assert outcome.code == 0
    assert "already finished" in outcome.stderr
    assert winnow("filter", small, "-o", out, "--rules", "gopher").code == 2
    assert winnow("filter", small, "-o", out, "--force").code == 0
    assert parts(out) == before


class BytesShard:
    """A shard whose second text is not UTF-8, as readers that do not check would yield it."""

    where = "bytes"

    def batches(self, problems: Problems) -> Iterator[pa.RecordBatch]:
        pieces = [ENGLISH.encode(), b"bad \xff\xfe bytes, and more of them here", GERMAN.encode()]
        offsets = np.cumsum([0, *map(len, pieces)]).astype(np.int64)
        texts = pa.LargeStringArray.from_buffers(3, pa.py_buffer(offsets), pa.py_buffer(b"".join(pieces)))
        names = pa.array(["a", "b", "c"], pa.large_string())
        yield pa.RecordBatch.from_pydict({"id": names, "text": texts, "source": names})


def test_a_text_that_is_not_utf_8_is_dropped_as_an_error_and_counted(tmp_path: Path) -> None:
    settings = FilterSettings(JudgeSettings(load_rules("default")))
    result = filter_corpus(Corpus((BytesShard(),)), settings, tmp_path)  # type: ignore[arg-type]
    assert result.tally.dropped_by == {"error:UnicodeDecodeError": 1}
    assert [row["rule"] for row in read(tmp_path, "decisions")] == [None, "error:UnicodeDecodeError", None]
    assert [row["id"] for row in read(tmp_path, "documents")] == ["a", "c"]


def test_broken_records_stop_or_are_counted(winnow: Run, tmp_path: Path) -> None:
    source = tmp_path / "broken.jsonl"
    source.write_text(
        '{"id": "a", "text": "A line."}\n{"id": "b", "tex\n{"id": "c", "text": "Another line."}\n'
    )
    out = tmp_path / "out"
    outcome = winnow("filter", source, "-o", out)
    assert outcome.code == 1
    assert "broken.jsonl:2" in outcome.stderr
    assert not out.exists()
    assert winnow("filter", source, "-o", out, "--on-error", "skip").code == 0
    assert json.loads((out / "summary.json").read_text())["broken_records"] == 1


def test_reads_gzip_from_a_glob(winnow: Run, tmp_path: Path) -> None:
    with gzip.open(tmp_path / "x.jsonl.gz", "wt", encoding="utf-8") as file:
        file.write(json.dumps({"body": ENGLISH, "key": 7}) + "\n")
    out = tmp_path / "out"
    call = ("filter", tmp_path / "*.jsonl.gz", "-o", out, "--text-field", "body", "--id-field", "key")
    assert winnow(*call).code == 0
    assert read(out, "documents")[0]["id"] == "7"


def test_wrong_calls_leave_nothing(winnow: Run, small: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    empty = tmp_path / "empty.jsonl"
    empty.write_text("")
    calls = [
        (2, "no such", ("filter", tmp_path / "none.jsonl", "-o", out)),
        (2, "unknown rule set", ("filter", small, "-o", out, "--rules", "strict")),
        (2, "no such language model", ("filter", small, "-o", out, "--lid-model", tmp_path / "none.ftz")),
        (2, "Ray", ("filter", small, "-o", out, "--engine", "ray", "--ray-address", "127.0.0.1:1")),
        (2, "", ("filter", small, "-o", out, "--workers", "0")),
        (1, "no documents", ("filter", empty, "-o", out)),
    ]
    for code, message, call in calls:
        outcome = winnow(*call)
        assert outcome.code == code, (call, outcome.stderr)
        assert message in outcome.stderr
        assert not out.exists(), call


def test_the_sample_is_separated(winnow: Run, tmp_path: Path) -> None:
    """At most 1 % of the clean half is dropped, at least 85 % of the other, and nearly all its spam."""
    out = tmp_path / "out"
    assert winnow("filter", SAMPLE / "clean", SAMPLE / "polluted", "-o", out, "-q").code == 0
    labels = {}
    for path in sorted(SAMPLE.glob("*/*.jsonl")):
        for document in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
            labels[document["id"]] = (document.get("label", "ham"), document.get("category"))
    decisions = {row["id"]: row["kept"] for row in read(out, "decisions")}
    assert len(decisions) == len(labels)
    clean = [kept for name, kept in decisions.items() if labels[name][0] == "ham"]
    polluted = [kept for name, kept in decisions.items() if labels[name][0] == "spam"]
    spam = [kept for name, kept in decisions.items() if labels[name][1] in ("adult", "gambling", "seo")]
    assert len(clean) >= 600
    assert len(polluted) >= 120
    assert 1 - sum(clean) / len(clean) <= 0.01
    assert 1 - sum(polluted) / len(polluted) >= 0.85
    assert 1 - sum(spam) / len(spam) >= 0.95
