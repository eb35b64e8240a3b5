"""The user's own counts: what is emitted, what is only merged on, and what never occurs."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audit.engines import text_engine
from audit.merge_tree import MergeTree
from audit.risk_features import Candidate, core_of
from audit.token_text import read_token
from audit.usage import (
    UsageFeatures,
    check_residues,
    count_substrings,
    measure_usage,
    read_counts,
    residue_ids,
)
from corpora.errors import WinnowError, WrongCall
from trainer.vocabulary import Vocabulary

BYTES = {byte: bytes([byte]) for byte in range(256)}


@pytest.fixture
def tree() -> MergeTree:
    tokens = BYTES | {256: b"th", 257: b"the"}
    return MergeTree(Vocabulary("small", tokens, {}, r"\S+|\s+").with_merges())


def usage_of(tree: MergeTree, pretokens: dict[str, int]) -> object:
    engine = text_engine(tree.vocabulary)
    assert engine is not None
    return measure_usage(pretokens, tree, engine)


def test_every_merge_on_the_way_is_counted(tree: MergeTree) -> None:
    usage = usage_of(tree, {"the": 100, "thx": 1})
    assert usage.final == {257: 100, 256: 1, ord("x"): 1}
    assert usage.made[256] == 101
    assert usage.made[ord("t")] == 101
    assert usage.made[ord("e")] == 100


def test_residues_are_made_often_and_left_seldom(tree: MergeTree) -> None:
    result = check_residues(tree, usage_of(tree, {"the": 100, "thx": 1}))
    assert residue_ids(result) == {256}
    assert result.findings[0].evidence == "made 101 times, left over 1 times"
    assert not residue_ids(check_residues(tree, usage_of(tree, {"the": 10})))  # too few to tell


def test_without_counts_the_check_says_so(tree: MergeTree) -> None:
    assert check_residues(tree, None).skipped == "needs --counts"


def test_substrings_are_counted_at_every_place() -> None:
    assert count_substrings({"天天中彩票天天": 2, "The": 3}, {"天天", "the", "没"}) == {"天天": 4, "the": 3}


def test_a_count_gap_needs_a_corpus_large_enough(tree: MergeTree) -> None:
    candidate = Candidate(read_token(256, "彩票".encode()), core_of("彩票"), None)
    small = UsageFeatures(usage_of(tree, {"the": 10}), (), ["彩票"], 1000)
    assert small(candidate) == []
    large = UsageFeatures(usage_of(tree, {"the": 10_000_000}), (), ["彩票"], 1000)
    (gap,) = large(candidate)
    assert gap.code == "count-gap"
    assert gap.value > 2
    assert gap.evidence.startswith("0 times in your counts")


def test_counts_files_are_read_over_all_languages(tmp_path: Path) -> None:
    path = tmp_path / "counts.parquet"
    table = pa.table(
        {"pretoken": [b"the", b"the"], "language": ["en", "de"], "count": pa.array([2, 3], pa.uint64())}
    )
    pq.write_table(table, path)
    assert read_counts(path) == {"the": 5}


def test_broken_counts_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WrongCall, match="no such file"):
        read_counts(tmp_path / "absent.parquet")
    path = tmp_path / "text.parquet"
    path.write_text("not parquet")
    with pytest.raises(WinnowError, match="not a counts file"):
        read_counts(path)
