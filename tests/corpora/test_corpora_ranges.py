"""Large files read in ranges: the same documents with the same ids, the same counts, and resumed inside."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpora.documents import Problems, ReadOptions, Shard, open_corpus
from corpora.errors import WinnowError
from corpora.ranges import open_range

TEXTS = st.text(st.sampled_from("ab é水\t"), max_size=40)


def lines_of(texts: list[str], ending: str) -> bytes:
    rows = [json.dumps({"text": text}, ensure_ascii=False) if text else "" for text in texts]
    return ("\n".join(rows) + ending).encode()


def documents(path: Path, split_bytes: int, **options) -> list[tuple[str, str]]:
    corpus = open_corpus([str(path)], ReadOptions(split_bytes=split_bytes, **options))
    batches = [batch for shard in corpus.shards for batch in shard.batches(Problems())]
    rows = [row for batch in batches for row in batch.select(["id", "text"]).to_pylist()]
    return [(row["id"], row["text"]) for row in rows]


def shards_of(path: Path, split_bytes: int) -> tuple[Shard, ...]:
    return open_corpus([str(path)], ReadOptions(split_bytes=split_bytes)).shards


@given(
    st.lists(TEXTS, min_size=1, max_size=30), st.sampled_from(["", "\n"]), st.integers(1, 200), st.booleans()
)
def test_lines_in_ranges_are_the_lines_of_the_file(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], ending: str, size: int, marked: bool
) -> None:
    path = tmp_path_factory.mktemp("ranges") / "in.jsonl"
    path.write_bytes((b"\xef\xbb\xbf" if marked else b"") + lines_of([*texts, "end"], ending))
    whole = documents(path, 1 << 30)
    assert documents(path, size) == whole
    assert [text for _, text in whole] == [text for text in [*texts, "end"] if text]


def test_ranges_cover_a_file_and_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_bytes(lines_of(["x" * 90] * 50, "\n"))
    shards = shards_of(path, 1_000)
    parts = [shard.part for shard in shards if shard.part]
    assert len(parts) == len(shards) == -(-path.stat().st_size // 1_000)
    assert [part.start for part in parts[1:]] == [part.stop for part in parts[:-1]]
    assert (parts[0].start, parts[-1].stop) == (0, path.stat().st_size)
    assert len({shard.identity for shard in shards}) == len(shards)
    assert sum(shard.identity[2] for shard in shards) == path.stat().st_size
    assert len(open_corpus([str(path)], ReadOptions(split_bytes=1_000)).hashes()) == 1


def test_a_broken_line_is_named_by_its_number_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_bytes(lines_of(["good"] * 60, "\n") + b"broken\n" + lines_of(["good"] * 60, "\n"))
    with pytest.raises(WinnowError, match=r"in\.jsonl:61: not a JSON object"):
        documents(path, 100)
    assert documents(path, 100, on_error="skip") == documents(path, 1 << 30, on_error="skip")


def test_row_groups_in_ranges_are_the_rows_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "in.parquet"
    table = pa.table({"text": [f"text number {number}" for number in range(1_000)]})
    pq.write_table(table, path, row_group_size=64)
    assert len(shards_of(path, 2_000)) > 3
    assert documents(path, 2_000) == documents(path, 1 << 30)


@pytest.mark.parametrize("name", ["in.jsonl.gz", "in.json", "in.csv", "in.txt"])
def test_other_files_stay_whole(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"text\n" * 1_000)
    assert [shard.part for shard in shards_of(path, 1_000)] == [None]


def test_counts_and_decisions_do_not_depend_on_ranges(tmp_path: Path, winnow) -> None:
    path = tmp_path / "in.jsonl"
    path.write_bytes(
        lines_of([f"line {number % 37} of the river and the sea" for number in range(300)], "\n")
    )
    for split in ("1KB", "1GB"):
        options = ("--split-size", split, "-q")
        assert winnow("filter", path, "-o", tmp_path / split, *options).code == 0
        assert winnow("count", path, "-o", tmp_path / f"{split}.parquet", *options).code == 0
    assert (tmp_path / "1KB.parquet").read_bytes() == (tmp_path / "1GB.parquet").read_bytes()
    assert len(list((tmp_path / "1KB" / "documents").iterdir())) > 10
    for kind in ("documents", "decisions"):
        assert pq.read_table(tmp_path / "1KB" / kind).equals(pq.read_table(tmp_path / "1GB" / kind))
    assert (tmp_path / "1KB" / "clusters.parquet").read_bytes() == (
        tmp_path / "1GB" / "clusters.parquet"
    ).read_bytes()


def test_a_filter_that_stopped_inside_a_file_goes_on_there(tmp_path: Path, winnow) -> None:
    path = tmp_path / "in.jsonl"
    good = lines_of([f"line {number} of the river and the sea" for number in range(300)], "\n")
    path.write_bytes(good[:-2] + b"!\n")  # the last line is broken
    options = ("--split-size", "1KB", "-q")
    assert winnow("filter", path, "-o", tmp_path / "out", *options).code == 1
    kept = {part: part.stat().st_mtime_ns for part in (tmp_path / "out" / "decisions").iterdir()}
    assert len(kept) > 3
    stamp = path.stat()
    path.write_bytes(good)
    os.utime(path, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))  # the same call, to the eye
    assert winnow("filter", path, "-o", tmp_path / "out", *options).code == 0
    assert all(part.stat().st_mtime_ns == time for part, time in kept.items())
    assert winnow("filter", path, "-o", tmp_path / "whole", *options).code == 0
    for kind in ("documents", "decisions"):
        assert pq.read_table(tmp_path / "out" / kind).equals(pq.read_table(tmp_path / "whole" / kind))


@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="the system does not count bytes read")
def test_a_line_through_many_ranges_is_not_read_once_for_each(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    path.write_bytes(lines_of(["first", "x" * 24_000_000, "last"], "\n"))
    before, whole = bytes_read(), b""
    for shard in shards_of(path, 1_000_000):
        assert shard.part is not None
        with open_range(path, shard.part) as section:
            whole += section.read(1 << 30)
    assert whole == path.read_bytes()
    assert bytes_read() - before < 10 * len(whole)  # 25 ranges


def bytes_read() -> int:
    """What this process has read so far, from files and the cache."""
    first = Path("/proc/self/io").read_text().splitlines()[0]
    return int(first.removeprefix("rchar: "))
