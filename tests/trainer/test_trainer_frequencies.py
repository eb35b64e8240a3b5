"""Frequencies beside counts: right, the same bytes however counted, and what they find in the sample."""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import corpora
from corpora.documents import ReadOptions, open_corpus
from corpora.errors import WinnowError
from trainer.concentration import concentrated, plateaus
from trainer.frequency_count import FrequencyCount
from trainer.frequency_file import FrequencyWriter, read_spread
from trainer.occurrences import document_marks
from trainer.pretokenize import PATTERNS, split
from trainer.source_groups import SourceGroups
from trainer.spread import expected_members, sizes_of

Run = Callable[..., Any]
SAMPLE = Path(corpora.__file__).parent / "sample"
O200K = PATTERNS["o200k"]
Document = Mapping[str, Any]


def write_jsonl(path: Path, rows: Iterable[Document]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def measured(documents: list[Document], folder: Path, workers: int = 1, memory: int = 1 << 30) -> Path:
    """Both files of some documents, made without the command line."""
    given_ = write_jsonl(folder / "in.jsonl", documents)
    groups = SourceGroups("language")
    count = FrequencyCount(O200K, groups, workers, memory, folder / "parts")
    count.add(open_corpus([str(given_)], ReadOptions()).shards)
    with FrequencyWriter(folder / "f.parquet", folder / "s.parquet", groups, O200K) as writer:
        for piece in count.pieces():
            writer.append(piece)
    count.clean()
    return folder / "f.parquet"


def slow_frequencies(documents: list[Document]) -> dict[tuple[bytes, str], tuple[int, int, int, str, float]]:
    """The same by dictionaries: count, documents, sources, largest source, its share."""
    by_source: dict[tuple[bytes, str], Counter[str]] = defaultdict(Counter)
    within: Counter[tuple[bytes, str]] = Counter()
    for document in documents:
        pretokens = Counter(split(O200K, document["text"]))
        for pretoken, times in pretokens.items():
            key = (pretoken.encode(), document["language"])
            by_source[key][document["source"]] += times
            within[key] += 1
    found = {}
    for key, sources in by_source.items():
        largest = min(sources, key=lambda name: (-sources[name], name))
        total = sources.total()
        found[key] = (total, within[key], len(sources), largest, sources[largest] / total)
    return found


def rows_of(path: Path) -> list[dict[str, Any]]:
    return pq.read_table(path).to_pylist()


documents_strategy = st.lists(
    st.fixed_dictionaries(
        {
            "text": st.text(alphabet="ab 北京é\n1", max_size=30),
            "language": st.sampled_from(["en", "zh"]),
            "source": st.sampled_from(["s", "t", "u"]),
        }
    ),
    min_size=1,
    max_size=12,
)


@given(documents_strategy)
@settings(max_examples=40)
def test_every_number_is_that_of_a_slow_count(
    tmp_path_factory: pytest.TempPathFactory, documents: list[Document]
) -> None:
    path = measured(documents, tmp_path_factory.mktemp("f"))
    names = ("count", "documents", "sources", "largest_source", "largest_share")
    found = {(row["pretoken"], row["language"]): tuple(row[name] for name in names) for row in rows_of(path)}
    assert found == slow_frequencies(documents)
    assert list(found) == sorted(found)


@given(documents_strategy)
@settings(max_examples=20)
def test_equal_document_sets_are_recognised(
    tmp_path_factory: pytest.TempPathFactory, documents: list[Document]
) -> None:
    path = measured(documents, tmp_path_factory.mktemp("f"))
    standing: dict[bytes, frozenset[int]] = defaultdict(frozenset)
    for number, document in enumerate(documents):
        for pretoken in set(split(O200K, document["text"])):
            standing[pretoken.encode(), document["language"]] |= {number}
    of_set: dict[frozenset[int], set[int]] = defaultdict(set)
    for row in rows_of(path):
        of_set[standing[row["pretoken"], row["language"]]].add(row["document_set"])
    assert all(len(marks) == 1 for marks in of_set.values())
    assert len({next(iter(marks)) for marks in of_set.values()}) == len(of_set)


def sample_documents() -> list[Document]:
    rows = []
    for path in sorted(SAMPLE.glob("*/*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            rows.append({"text": row["text"], "language": row["lang"], "source": path.stem})
    return rows


@pytest.fixture(scope="module", name="sample")
def sample_fixture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return measured(sample_documents(), tmp_path_factory.mktemp("sample"))


def test_workers_and_memory_change_no_byte(sample: Path, tmp_path: Path) -> None:
    other = measured(sample_documents(), tmp_path, workers=3, memory=1 << 20)
    assert other.read_bytes() == sample.read_bytes()
    assert (tmp_path / "s.parquet").read_bytes() == sample.with_name("s.parquet").read_bytes()
    assert not (tmp_path / "parts").exists()


def test_the_counts_of_all_sources_add_up(sample: Path) -> None:
    total: Counter[tuple[bytes, str]] = Counter()
    for row in rows_of(sample.with_name("s.parquet")):
        total[row["pretoken"], row["language"]] += row["count"]
    assert total == {(row["pretoken"], row["language"]): row["count"] for row in rows_of(sample)}


def test_a_footer_is_a_plateau_in_its_own_order(sample: Path) -> None:
    found, number = plateaus(sample, min_documents=5, least_pretokens=3, most=30)
    assert number >= len(found) > 0
    thai = next(plateau for plateau in found if plateau.largest_source == "footer-th")
    assert "ทีวีตัวอย่าง จำกัด" in b"".join(thai.pretokens).decode()
    assert thai.count == thai.documents
    assert all(plateau.documents >= 5 and len(plateau.pretokens) >= 3 for plateau in found)
    assert [plateau.size for plateau in found] == sorted((plateau.size for plateau in found), reverse=True)


def test_a_brand_of_few_pages_is_concentrated_and_a_common_word_is_not(sample: Path) -> None:
    found, number = concentrated(sample, min_count=40, least=3.0, most=200)
    pretokens = {row.pretoken for row in found}
    assert number == len(found)
    assert {b" nhacaimau", b" viagra"} <= pretokens
    assert not pretokens & {b" the", b" and", " и".encode(), b" de", b" der"}
    brand = next(row for row in found if row.pretoken == b" nhacaimau")
    assert (brand.sources, brand.largest_share) == (1, 1.0)
    assert brand.concentration > 3
    assert found[0].missing == max(row.missing for row in found)


def test_no_pretoken_is_frequent_where_every_document_is_alike(tmp_path: Path) -> None:
    documents = [{"text": "one two three", "language": "en", "source": "s"} for _ in range(40)]
    path = measured(documents, tmp_path)
    assert concentrated(path, min_count=1, least=1.5, most=9) == ([], 0)
    found, _ = plateaus(path, min_documents=2, least_pretokens=2, most=9)
    assert [plateau.pretokens for plateau in found] == [(b"one", b" two", b" three")]


def test_chance_puts_a_rare_thing_into_as_many_documents_as_it_occurs() -> None:
    buckets = sizes_of([100] * 1_000).rows()
    expected = expected_members(buckets, np.array([1, 10, 10**9]))
    assert expected == pytest.approx([1, 10, 1_000], rel=0.01)
    assert expected_members(sizes_of([1, 10**6]).rows(), np.array([100]))[0] == pytest.approx(1, abs=0.01)


def test_marks_of_documents_differ() -> None:
    marks = document_marks(np.arange(100_000))
    assert np.unique(marks).size == marks.size
    assert abs(float(np.mean(marks > 0)) - 0.5) < 0.01


def test_the_command_writes_beside_unchanged_counts(tmp_path: Path, winnow: Run) -> None:
    given_ = write_jsonl(
        tmp_path / "in.jsonl",
        [
            {"text": "an orange", "url": "https://www.a.example/1"},
            {"text": "an orange", "url": "http://b.example"},
        ],
    )
    plain, full = tmp_path / "plain.parquet", tmp_path / "full.parquet"
    assert winnow("count", given_, "-o", plain).code == 0
    assert winnow("count", given_, "-o", full, "--frequencies").code == 0
    assert full.read_bytes() == plain.read_bytes()
    row = rows_of(tmp_path / "full.frequencies.parquet")[0]
    assert (row["pretoken"], row["documents"], row["sources"]) == (b" orange", 2, 2)
    assert row["largest_source"] == "a.example"
    again = winnow("count", given_, "-o", full, "--frequencies")
    assert again.code == 0
    assert "already finished" in again.stderr
    more = winnow("count", given_, "-o", full, "--frequencies", "--by-source")
    assert more.code == 0
    assert {row["source"] for row in rows_of(tmp_path / "full.sources.parquet")} == {"a.example", "b.example"}
    by_text = winnow("count", given_, "-o", full, "--frequencies", "--source-field", "text")
    assert by_text.code == 2
    assert "different call" in by_text.stderr


def test_the_view_prints_tables_and_json(tmp_path: Path, winnow: Run, sample: Path) -> None:
    shown = winnow("frequencies", sample, "--min-count", 40)
    assert shown.code == 0
    assert "viagra" in shown.stdout
    record = json.loads(winnow("frequencies", sample, "--min-count", 40, "--format", "json").stdout)
    assert record["schema_version"] == 1
    assert record["concentrated_found"] >= len(record["concentrated"]) > 0
    row = record["concentrated"][0]
    assert bytes.fromhex(row["pretoken"]).decode() in row["text"] or "\\" in row["text"]
    assert math.isclose(row["concentration"], row["expected_documents"] / row["documents"], abs_tol=0.02)
    assert record["plateaus"][0]["texts"]


def test_a_file_without_frequencies_is_told(tmp_path: Path, winnow: Run) -> None:
    given_ = write_jsonl(tmp_path / "in.jsonl", [{"text": "an orange"}])
    counts = tmp_path / "c.parquet"
    assert winnow("count", given_, "-o", counts).code == 0
    for verb, more in (("frequencies", []), ("sources", ["--vocab-size", 300])):
        outcome = winnow(verb, counts, *more)
        assert outcome.code == 2
        assert "winnow count" in outcome.stderr
    assert winnow("count", given_, "-o", counts, "--source-field", "x").code == 2
    with pytest.raises(WinnowError):
        read_spread(counts)
