"""The whole job from outside: `winnow run` on the sample, twice, and the verbs one after another."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pyarrow.parquet as pq
import pytest

WRITTEN = (
    "report.html", "manifest.json", "corpus/summary.json", "counts/counts.parquet",
    "tokenizer/tokenizer.json", "tokenizer/tokenizer.tiktoken", "tokenizer/vocab.txt",
    "tokenizer/merges.jsonl", "audit/findings.jsonl", "audit/audit.json",
)  # fmt: skip
FAST = ("--set", "train.vocab-size=2048")


def canonical(path: Path) -> object:
    """A file's content without what may differ between two runs: seconds and the command line."""
    if not path.name.endswith(("manifest.json", "summary.json")):
        return path.read_bytes()
    record = json.loads(path.read_bytes())
    return {key: value for key, value in record.items() if key not in {"seconds", "command_line", "call"}}


def contents(folder: Path) -> dict[str, object]:
    return {
        str(path.relative_to(folder)): canonical(path) for path in sorted(folder.rglob("*")) if path.is_file()
    }


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory, winnow_module) -> Path:
    out = tmp_path_factory.mktemp("job") / "out"
    outcome = winnow_module("run", "sample", "-o", out, "-q", *FAST)
    assert outcome.code in (0, 3), outcome.stderr
    return out


def test_the_job_writes_what_the_contract_names(job: Path) -> None:
    for name in ("corpus", "counts", "tokenizer", "audit"):
        assert (job / name).is_dir()
    for name in WRITTEN:
        assert (job / name).stat().st_size > 0, name
    assert not [path for path in job.rglob(".*") if path.is_file()], "no marker, lock or temporary file stays"


def test_every_document_has_one_decision(job: Path, project: Path) -> None:
    sample = project / "corpora" / "sample"
    documents = [
        json.loads(line) for path in sample.glob("*/*.jsonl") for line in path.open(encoding="utf-8")
    ]
    decisions = pq.read_table(job / "corpus" / "decisions").to_pylist()
    assert sorted(row["id"] for row in decisions) == sorted(row["id"] for row in documents)
    kept = pq.read_table(job / "corpus" / "documents")
    assert kept.num_rows == sum(row["kept"] for row in decisions)
    summary = json.loads((job / "corpus" / "summary.json").read_bytes())
    assert summary["documents"] == {
        "in": len(documents),
        "kept": kept.num_rows,
        "dropped": len(documents) - kept.num_rows,
    }
    assert sum(summary["dropped_by"].values()) == summary["documents"]["dropped"]


def test_the_filter_separates_the_sample(job: Path, project: Path) -> None:
    sample = project / "corpora" / "sample"
    labels = {
        row["id"]: row["label"]
        for path in sample.glob("*/*.jsonl")
        for row in map(json.loads, path.open(encoding="utf-8"))
    }
    decisions = pq.read_table(job / "corpus" / "decisions").to_pylist()
    dropped = {"spam": 0, "ham": 0}
    for row in decisions:
        dropped[labels[row["id"]]] += not row["kept"]
    total = {label: list(labels.values()).count(label) for label in dropped}
    assert dropped["spam"] / total["spam"] >= 0.90
    assert dropped["ham"] / total["ham"] <= 0.02


def test_a_second_run_gives_the_same_bytes(job: Path, tmp_path: Path, winnow) -> None:
    outcome = winnow("run", "sample", "-o", tmp_path / "again", "-q", *FAST)
    assert outcome.code in (0, 3)
    first, second = contents(job), contents(tmp_path / "again")
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []


def test_a_finished_job_is_left_alone(job: Path, winnow) -> None:
    outcome = winnow("run", "sample", "-o", job, *FAST)
    assert outcome.code in (0, 3)
    assert "already finished" in outcome.stderr


def test_both_exports_encode_ten_thousand_texts_alike(job: Path) -> None:
    import tokenizers

    from trainer.exports import to_tiktoken
    from trainer.load import load_tokenizer

    vocabulary = load_tokenizer(str(job / "tokenizer"))
    ours = tokenizers.Tokenizer.from_file(str(job / "tokenizer" / "tokenizer.json"))
    theirs = to_tiktoken(load_tokenizer(str(job / "tokenizer" / "tokenizer.tiktoken")))
    kept = pq.read_table(job / "corpus" / "documents", columns=["text"])["text"].to_pylist()
    rng = random.Random(20_261_122)
    pieces = sorted(vocabulary.tokens.values())
    random_texts = [
        b"".join(rng.choices(pieces, k=rng.randint(1, 12))).decode("utf-8", errors="ignore")
        for _ in range(10_000 - len(kept))
    ]
    texts = [*kept, *random_texts]
    for text, encoding in zip(texts, ours.encode_batch_fast(texts, add_special_tokens=False), strict=True):
        assert encoding.ids == theirs.encode_ordinary(text), text


def test_no_banned_token_was_learned_and_every_refusal_names_its_entry(job: Path) -> None:
    from banlists.lists import load_ban_lists
    from trainer.load import load_tokenizer

    bans = load_ban_lists(["core"])
    vocabulary = load_tokenizer(str(job / "tokenizer"))
    assert [token for token in vocabulary.tokens.values() if bans.match(token)] == []
    events = [json.loads(line) for line in (job / "tokenizer" / "merges.jsonl").open(encoding="utf-8")]
    assert all(event["entry"] for event in events if event["event"] == "refused")
    assert sum(event["event"] == "merge" for event in events) + 256 + 1 == vocabulary.size


def test_the_built_in_lists_cover_what_pollutes_the_sample(tmp_path: Path, winnow) -> None:
    """Without the filter, training alone: what the lists refuse, and what is learned all the same."""
    arguments = (
        "train",
        "recipe:sample",
        "-o",
        tmp_path / "tok",
        "--vocab-size",
        6000,
        "--ban",
        "core",
        "-q",
    )
    assert winnow(*arguments).code == 0
    events = [json.loads(line) for line in (tmp_path / "tok" / "merges.jsonl").open(encoding="utf-8")]
    refused = [event for event in events if event["event"] == "refused"]
    assert {"gambling", "adult", "seo", "boilerplate", "anomalous"} <= {
        event["category"] for event in refused
    }
    lists = {event["list"].split("-")[0] for event in refused}
    assert {"zh", "ja", "ko", "th", "ru", "vi", "id", "tool"} <= lists
    learned = {event["text"].strip() for event in events if event["event"] == "merge"}
    assert not learned & {
        "天天中彩票",
        "大发快三",
        "สล็อต",
        "카지노",
        "出張",
        "名無しさん",
        "maxwin",
        "numerusform",
    }


def test_the_verbs_one_after_another_on_real_sentences(shared_data: Path, tmp_path: Path, winnow) -> None:
    sentences = shared_data / "multilingual" / "sentences.jsonl.gz"
    steps = [
        ("filter", sentences, "-o", tmp_path / "kept"),
        ("count", tmp_path / "kept", "-o", tmp_path / "counts.parquet"),
        ("train", tmp_path / "counts.parquet", "-o", tmp_path / "tok", "--vocab-size", 16000),
        ("diff", tmp_path / "tok", "--format", "json"),
        ("audit", tmp_path / "tok", "--format", "json"),
    ]
    outcomes = {step[0]: winnow(*step, "-q") for step in steps}
    assert all(outcome.code in (0, 3) for outcome in outcomes.values()), outcomes
    diff = json.loads(outcomes["diff"].stdout)
    assert diff["schema_version"] == 1
    assert diff["shared"] + diff["only_a"] == 16_000
    audit = json.loads(outcomes["audit"].stdout)
    assert {"id", "token", "bytes", "score", "flagged", "category", "reasons"} <= audit["tokens"][0].keys()
