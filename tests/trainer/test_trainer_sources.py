"""Leaving a source out: the tokens that only it brings are found, and no other."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import corpora
from corpora.errors import WrongCall
from trainer.counts import from_items
from trainer.leave_one_out import choose_sources, shares
from trainer.pretokenize import PATTERNS, split
from trainer.source_counts import SourceCounts, read_source_counts
from trainer.training import train

Run = Callable[..., Any]
SAMPLE = Path(corpora.__file__).parent / "sample"
VOCABULARY = 2_500


def sample_lines(half: str, pattern: str = "*.jsonl") -> list[dict[str, Any]]:
    paths = sorted((SAMPLE / half).glob(pattern))
    return [json.loads(line) for path in paths for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module", name="counts")
def counts_fixture(tmp_path_factory: pytest.TempPathFactory, winnow_module: Run) -> Path:
    """Chinese of two honest sources and one of lottery spam, counted by source."""
    folder = tmp_path_factory.mktemp("sources")
    rows = [
        {"text": row["text"], "source": "lottery"} for row in sample_lines("polluted", "lottery-zh.jsonl")
    ]
    for half, name in (("zh-hans.jsonl", "news"), ("en.jsonl", "books"), ("de.jsonl", "books")):
        rows += [{"text": row["text"], "source": name} for row in sample_lines("clean", half)]
    given = folder / "in.jsonl"
    given.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert winnow_module("count", given, "-o", folder / "c.parquet", "--by-source").code == 0
    return folder / "c.parquet"


def effects(winnow: Run, counts: Path, *more: object) -> dict[str, Any]:
    outcome = winnow("sources", counts, "--vocab-size", VOCABULARY, "--format", "json", *more)
    assert outcome.code == 0, outcome.stderr
    record = json.loads(outcome.stdout)
    assert record["schema_version"] == 1
    return {each["source"]: each for each in record["sources"]}


def test_the_spam_source_brings_the_spam_tokens(winnow: Run, counts: Path) -> None:
    found = effects(winnow, counts)
    assert set(found) == {"lottery", "news", "books"}
    lottery = [token["token"] for token in found["lottery"]["tokens"] if token["share"] > 0.5]
    assert found["lottery"]["tokens_brought"] == len(lottery) > 50
    assert any("彩票" in token for token in lottery)
    assert not any("彩票" in token["token"] for token in found["news"]["tokens"])
    assert all(token["share"] == 0 or token["count"] > 0 for token in found["books"]["tokens"])


def test_lost_tokens_are_those_of_a_training_without_the_source(winnow: Run, counts: Path) -> None:
    lost = {bytes.fromhex(token["bytes"]) for token in effects(winnow, counts)["lottery"]["tokens"]}
    rows = sample_lines("polluted", "lottery-zh.jsonl")
    rest = [row for name in ("zh-hans", "en", "de") for row in sample_lines("clean", f"{name}.jsonl")]
    whole, without = (tokens_of([row["text"] for row in texts]) for texts in ([*rows, *rest], rest))
    assert lost == whole - without


def tokens_of(texts: list[str]) -> set[bytes]:
    items = [(piece.encode(), "und", 1) for text in texts for piece in split(PATTERNS["o200k"], text)]
    return set(train(from_items(items, PATTERNS["o200k"]), vocab_size=VOCABULARY, allow_fewer=True).tokens)


def test_named_sources_and_bans(winnow: Run, counts: Path) -> None:
    found = effects(winnow, counts, "--source", "lottery", "--ban", "core")
    assert list(found) == ["lottery"]
    assert not any("天天中彩票" in token["token"] for token in found["lottery"]["tokens"])
    table = winnow("sources", counts, "--vocab-size", VOCABULARY, "--source", "lottery")
    assert "彩" in table.stdout
    wrong = winnow("sources", counts, "--vocab-size", VOCABULARY, "--source", "lotery")
    assert wrong.code == 2
    assert "lottery" in wrong.stderr
    assert winnow("sources", counts, "--vocab-size", 12).code == 2


def test_shares_are_of_all_places_where_the_bytes_stand(counts: Path) -> None:
    by_source = read_source_counts(counts.with_name("c.sources.parquet"))
    tokens = ["彩票".encode(), b"the", "。".encode(), b"aa", b"e", b"no such bytes"]
    own = by_source.of_source("books")
    expected = [slow_share(by_source, token, own.tolist()) for token in tokens]
    assert shares(by_source.words, own, tokens) == pytest.approx(expected)
    assert shares(by_source.words, own, []).size == 0
    assert by_source.pretokens_of().sum() == by_source.words.counts.sum()
    of_all = [shares(by_source.words, by_source.of_source(name), [b"e"])[0] for name in by_source.sources]
    assert sum(of_all) == pytest.approx(1)


def slow_share(counts: SourceCounts, token: bytes, own: list[int]) -> float:
    words = counts.words
    mine = everything = 0
    for word in range(words.size):
        text = words.keys[words.starts[word] : words.stops[word]].tobytes()
        times = sum(text.startswith(token, place) for place in range(len(text)))
        mine += times * own[word]
        everything += times * int(words.counts[word])
    return mine / max(1, everything)


def test_sources_with_words_of_their_own_come_first(counts: Path) -> None:
    by_source = read_source_counts(counts.with_name("c.sources.parquet"))
    assert set(choose_sources(by_source, [], 9)) == {"lottery", "news", "books"}
    assert len(choose_sources(by_source, [], 1)) == 1
    assert choose_sources(by_source, ["news", "news"], 1) == ["news"]
    with pytest.raises(WrongCall):
        choose_sources(by_source, ["nobody"], 1)


def test_one_source_alone_cannot_be_left_out(tmp_path: Path, winnow: Run) -> None:
    (tmp_path / "in.jsonl").write_text('{"text": "an orange, an orange"}\n', encoding="utf-8")
    assert winnow("count", tmp_path / "in.jsonl", "-o", tmp_path / "c.parquet", "--by-source").code == 0
    outcome = winnow("sources", tmp_path / "c.parquet", "--vocab-size", 260)
    assert outcome.code == 1
    assert "no text" in outcome.stderr
