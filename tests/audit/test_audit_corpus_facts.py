"""What the audit reads of earlier steps: the filter's folder and the training log, sound and broken."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audit.auditing import AuditOptions, audit_vocabulary, find_merges
from audit.compression import BYTES_PER_LANGUAGE, compress, read_sample
from audit.corpus_facts import read_corpus_summary, read_refused_merges
from audit.engines import text_engine
from corpora.documents import ReadOptions, open_corpus
from corpora.errors import WinnowError, WrongCall
from trainer.vocabulary import Vocabulary

SUMMARY = {
    "schema_version": 1,
    "documents": {"in": 5, "kept": 2, "dropped": 3},
    "bytes": {"in": 500, "kept": 200},
    "dropped_by": {"spam": 1, "short": 2},
    "languages": {"en": {"in": 3, "kept": 1}, "zh": {"in": 2, "kept": 1}},
    "seconds": 1.5,
}
VOCABULARY = Vocabulary(
    "small",
    {byte: bytes([byte]) for byte in range(256)} | {256: b"th", 257: b"the"},
    {},
    r" ?\S+|\s+",
).with_merges()


@pytest.fixture
def filtered(tmp_path: Path) -> Path:
    folder = tmp_path / "filtered"
    for name in ("documents", "decisions"):
        (folder / name).mkdir(parents=True)
    (folder / "summary.json").write_bytes(msgspec.json.encode(SUMMARY))
    (folder / "manifest.json").write_text("{}")
    decisions = [
        {"id": str(n), "source": "s", "kept": n > 2, "rule": "" if n > 2 else ("spam" if n == 0 else "short"),
         "value": 0.5, "threshold": 0.1, "language": "en", "language_score": 1.0}
        for n in range(5)
    ]  # fmt: skip
    pq.write_table(pa.Table.from_pylist(decisions), folder / "decisions" / "part-0.parquet")
    documents = [{"id": "3", "text": "the the", "source": "s", "language": "en", "language_score": 1.0}]
    pq.write_table(pa.Table.from_pylist(documents), folder / "documents" / "part-0.parquet")
    return folder


def test_the_summary_is_read_and_ordered(filtered: Path) -> None:
    summary = read_corpus_summary(filtered)
    assert (summary.documents_in, summary.documents_kept, summary.bytes_kept) == (5, 2, 200)
    assert summary.dropped_by == (("short", 2), ("spam", 1))
    assert [row.language for row in summary.languages] == ["en", "zh"]
    assert [(example.id, example.rule) for example in summary.examples] == [
        ("0", "spam"),
        ("1", "short"),
        ("2", "short"),
    ]


def test_an_audit_with_a_corpus_measures_bytes_per_token(filtered: Path) -> None:
    options = AuditOptions(corpus=filtered, against=("cl100k_base",), policy="report-only")
    result = audit_vocabulary(VOCABULARY, options, lambda _: None)
    assert result.compared == ("small", "cl100k_base")
    (row,) = result.compression
    assert (row.language, row.bytes, row.tokens) == ("en", 7, (3, 2))
    assert result.corpus == read_corpus_summary(filtered)
    assert [diff.b for diff in result.diffs] == ["cl100k_base"]


def test_a_sample_is_capped_by_language(tmp_path: Path) -> None:
    path = tmp_path / "long.jsonl"
    rows = [{"id": str(n), "text": "x" * (BYTES_PER_LANGUAGE // 2), "language": "en"} for n in range(5)]
    path.write_text("".join(msgspec.json.encode(row).decode() + "\n" for row in rows))
    sample = read_sample(open_corpus([str(path)], ReadOptions()))
    assert len(sample.documents) == 2
    engine = text_engine(VOCABULARY)
    assert engine is not None
    assert compress(sample, [engine])[0].documents == 2


def test_a_folder_without_a_summary_is_a_wrong_call(tmp_path: Path) -> None:
    with pytest.raises(WrongCall, match=r"summary\.json"):
        read_corpus_summary(tmp_path)
    (tmp_path / "summary.json").write_text("[]")
    with pytest.raises(WinnowError, match="not a summary"):
        read_corpus_summary(tmp_path)


def test_only_refused_merges_are_read(tmp_path: Path) -> None:
    log = tmp_path / "merges.jsonl"
    log.write_text(
        '{"event":"merge","id":300,"left":"74","right":"68","token":"7468","text":"th","count":9}\n'
        '{"event":"refused","left":"e4","right":"b8","token":"e4b8","text":"x","count":7,"rank":301,'
        '"entry":"zh/g","list":"zh","category":"gambling","reason":"why"}\n'
    )
    (merge,) = read_refused_merges(log)
    assert (merge.token, merge.count, merge.rank, merge.category) == (b"\xe4\xb8", 7, 301, "gambling")
    log.write_text('{"event":"refused","left":"zz"}\n')
    with pytest.raises(WinnowError, match=r"merges\.jsonl:1"):
        read_refused_merges(log)


def test_the_log_is_found_beside_a_file_or_in_a_folder(tmp_path: Path) -> None:
    for name in ("tokenizer.json", "merges.jsonl"):
        (tmp_path / name).write_text("{}")
    assert find_merges(str(tmp_path)) == tmp_path / "merges.jsonl"
    assert find_merges(str(tmp_path / "tokenizer.json")) == tmp_path / "merges.jsonl"
    assert find_merges("o200k_base") is None
