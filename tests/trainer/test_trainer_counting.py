"""Counting: right, the same bytes however it is done, in bounded memory, and resumed after a kill."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpora.documents import Problems
from corpora.errors import WinnowError, WrongCall
from corpora.sizes import parse_memory
from trainer.count_job import parse_source_weights
from trainer.counting import Count, CountOptions
from trainer.counts import CountTable, combine, concatenate, from_items
from trainer.counts_file import is_counts_file, read_counts, write_counts
from trainer.joined_words import joined_words
from trainer.mix import apply_mix, mix_factors, parse_mix
from trainer.pretoken_table import PretokenTable
from trainer.pretokenize import PATTERNS, split
from trainer.words import words_of

O200K = PATTERNS["o200k"]
Row = tuple[str, str | None, str]  # text, language, source


class Shard:
    """A shard in memory, in batches of two documents."""

    def __init__(self, rows: Sequence[Row], with_language: bool = True) -> None:
        self.rows, self.with_language = rows, with_language

    def batches(self, problems: Problems) -> Iterator[pa.RecordBatch]:
        for start in range(0, len(self.rows), 2):
            texts, languages, sources = zip(*self.rows[start : start + 2], strict=True)
            columns = {
                "text": pa.array(texts, pa.large_string()),
                "source": pa.array(sources, pa.large_string()),
            }
            if self.with_language:
                columns["language"] = pa.array(languages, pa.large_string())
            yield pa.record_batch(columns)


def random_rows(count: int, seed: int) -> list[Row]:
    chooser = random.Random(seed)
    syllables = ["ka", "ре", "天", "한", "the", " ", " ", "\n", "12", "!", "é", "สวัส"]
    return [
        (
            "".join(chooser.choices(syllables, k=chooser.randint(0, 60))),
            chooser.choice(["en", "ru", "zh", None]),
            chooser.choice(["web", "books"]),
        )
        for _ in range(count)
    ]


def expected(rows: Sequence[Row], pattern: str) -> dict[tuple[bytes, str], int]:
    counted: Counter[tuple[bytes, str]] = Counter()
    for text, language, _ in rows:
        counted.update((piece.encode(), language or "und") for piece in split(pattern, text))
    return dict(counted)


def counted(shards: Sequence[Shard], parts: Path, **options: object) -> Count:
    count = Count(CountOptions(**{"pattern": O200K, **options}), parts, "call")  # type: ignore[arg-type]
    count.add(shards, Problems())
    return count


def as_dict(table: CountTable) -> dict[tuple[bytes, str], int]:
    return {(pretoken, language): count for pretoken, language, count in table.items()}


@pytest.mark.parametrize("pattern", [*PATTERNS.values(), r"\w+|\s+|[^\w\s]+"])
def test_counts_are_right_and_sorted(pattern: str, tmp_path: Path) -> None:
    rows = random_rows(60, 1)
    table = counted(
        [Shard(rows[:25]), Shard(rows[25:])], tmp_path / "parts", pattern=pattern, workers=2
    ).table()
    assert as_dict(table) == expected(rows, pattern)
    order = [(pretoken, language) for pretoken, language, _ in table.items()]
    assert order == sorted(order)


def test_without_languages(tmp_path: Path) -> None:
    rows = random_rows(30, 2)
    plain = [(text, None, source) for text, _, source in rows]
    for shard, options in ((Shard(rows, with_language=False), {}), (Shard(rows), {"language_field": None})):
        count = counted([shard], tmp_path / "parts", **options)
        words = count.words()
        keys = [
            words.keys[start:stop].tobytes() for start, stop in zip(words.starts, words.stops, strict=True)
        ]
        assert {(key, "und"): n for key, n in zip(keys, words.counts.tolist(), strict=True)} == expected(
            plain, O200K
        )


def test_same_bytes_whatever_the_workers_the_order_and_the_memory(tmp_path: Path) -> None:
    rows = random_rows(400, 3)
    shards = [Shard(rows[start : start + 40]) for start in range(0, 400, 40)]
    written = set()
    for number, (order, options) in enumerate(
        [
            (shards, {"workers": 1}),
            (shards, {"workers": 3}),
            (shards[::-1], {"workers": 2}),
            (shards, {"workers": 2, "memory": 1}),
            (shards[::-1], {"workers": 1, "memory": 1}),
        ]
    ):
        count = counted(order, tmp_path / f"parts{number}", **options)
        assert bool(count.progress.runs) == ("memory" in options)
        path = tmp_path / f"{number}.parquet"
        write_counts(path, count.pieces(), O200K)
        written.add(path.read_bytes())
        count.clean()
        assert not (tmp_path / f"parts{number}").exists()
    assert len(written) == 1


def test_row_groups_do_not_depend_on_the_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainer.counts_file._ROWS_PER_GROUP", 7)
    rows = [(f"{number:05}".encode(), "en", number + 1) for number in range(40)]
    whole = from_items(rows, O200K)
    write_counts(tmp_path / "a.parquet", [whole], O200K)
    pieces = [from_items(rows[start : start + 9], O200K) for start in range(0, 40, 9)]
    write_counts(tmp_path / "b.parquet", pieces, O200K)
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    assert as_dict(concatenate(pieces)) == as_dict(whole)


def test_a_killed_count_goes_on_after_the_last_finished_shard(tmp_path: Path) -> None:
    rows = random_rows(120, 4)
    shards = [Shard(rows[start : start + 20]) for start in range(0, 120, 20)]
    options = CountOptions(O200K, weights={"web": Fraction(2)}, workers=2, keep_every=0)
    with pytest.raises(ZeroDivisionError):
        Count(options, tmp_path / "parts", "call").add([*shards[:3], Breaking()], Problems())
    resumed = Count(options, tmp_path / "parts", "call")
    assert resumed.progress.shards == 3
    resumed.add(shards, Problems())
    fresh = Count(options, tmp_path / "other", "call")
    fresh.add(shards, Problems())
    assert as_dict(resumed.table()) == as_dict(fresh.table())
    for name in ("documents", "bytes", "pretokens"):
        assert getattr(resumed.progress, name) == getattr(fresh.progress, name)
    assert Count(options, tmp_path / "parts", "another call").progress.shards == 0


class Breaking:
    """A shard on which the process dies, as far as counting can tell."""

    def batches(self, problems: Problems) -> Iterator[pa.RecordBatch]:
        yield next(Shard([("half a shard", "en", "web")]).batches(problems))
        raise ZeroDivisionError


def test_source_weights_round_half_to_even(tmp_path: Path) -> None:
    rows = [("a", "en", "web"), ("a", "en", "web"), ("a", "en", "books"), ("b", "en", "books")] + [
        ("c", "en", "books")
    ] * 3
    weights = parse_source_weights(["books=0.5", "web=3", "none=2"])
    count = counted([Shard(rows)], tmp_path / "parts", weights=weights)
    assert as_dict(count.table()) == {(b"a", "en"): 6, (b"c", "en"): 2}  # 6.5 → 6, 0.5 → 0, 1.5 → 2
    assert count.unseen_sources() == ["none"]


@pytest.mark.parametrize("wrong", ["books", "=2", "books=-1", "books=x", "books=nan", "books=inf"])
def test_wrong_source_weights(wrong: str) -> None:
    with pytest.raises(WrongCall, match="source weight"):
        parse_source_weights([wrong])


def test_amounts_of_memory() -> None:
    assert [parse_memory(text) for text in ("500MB", "2g", "1.5 kB", "700")] == [
        500_000_000,
        2_000_000_000,
        1500,
        700,
    ]
    for wrong in ("", "many", "-1GB", "0", "5XB", "1e400"):
        with pytest.raises(WrongCall):
            parse_memory(wrong)


def test_a_table_grows_and_keeps_long_and_strange_keys() -> None:
    keys = [b"\x00", b"\x00\x00", b"\xff" * 3_000_000, *(f"{number}".encode() for number in range(50_000))]
    table = from_items([(key, "en", 1 + place) for place, key in enumerate(keys)], O200K)
    assert as_dict(table) == {(key, "en"): 1 + place for place, key in enumerate(keys)}


def test_groups_are_kept_apart() -> None:
    table = PretokenTable()
    keys, offsets = np.frombuffer(b"abab", dtype=np.uint8), np.array([0, 2, 4])
    table.add_counts(keys, offsets, np.array([0, 1], dtype=np.int32), np.array([5, 2**40]))
    assert sorted(zip(table.groups().tolist(), table.counts().tolist(), strict=True)) == [(0, 5), (1, 2**40)]


def test_counts_file_round_trip(tmp_path: Path) -> None:
    table = from_items([(b"\xe4\xb8", "zh", 2**63 - 1), (b"a", "en", 1), (b"a", "de", 2)], O200K)
    path = tmp_path / "counts.parquet"
    assert write_counts(path, [table], O200K) == 3
    stored = pq.read_table(path)
    assert [(field.name, str(field.type)) for field in stored.schema] == [
        ("pretoken", "binary"), ("language", "string"), ("count", "uint64"),
    ]  # fmt: skip
    assert stored.to_pylist()[0] == {"pretoken": b"a", "language": "de", "count": 2}
    assert as_dict(read_counts([path])) == as_dict(table)
    assert is_counts_file(path)
    assert not is_counts_file(tmp_path / "absent.parquet")


def test_counts_files_of_others_may_be_unsorted(tmp_path: Path) -> None:
    path = tmp_path / "counts.parquet"
    rows = {"pretoken": [b"b", b"a", b"b"], "language": ["en", "en", "de"], "count": [1, 2, 3]}
    stored = pa.table(rows).replace_schema_metadata({"winnow.pattern": O200K})
    pq.write_table(stored, path)
    words = words_of(read_counts([path]))
    found = [words.keys[start:stop].tobytes() for start, stop in zip(words.starts, words.stops, strict=True)]
    assert dict(zip(found, words.counts.tolist(), strict=True)) == {b"a": 2, b"b": 4}
    assert as_dict(read_counts([path, path])) == {(b"a", "en"): 4, (b"b", "de"): 6, (b"b", "en"): 2}


@pytest.mark.parametrize(
    "rows",
    [
        {"pretoken": [b"a"], "language": ["en"], "count": [0]},
        {"pretoken": [b"a"], "language": ["en"], "count": [2**64 - 1]},
        {"pretoken": [b"a"], "language": ["en"], "count": [-1]},
        {"pretoken": [b"a"], "language": ["en"], "count": [None]},
        {"pretoken": [None], "language": ["en"], "count": [1]},
        {"pretoken": [b"a"], "language": ["en"], "count": ["many"]},
        {"pretoken": [b"a"], "count": [1]},
    ],
)
def test_broken_counts_files(rows: dict[str, list[object]], tmp_path: Path) -> None:
    path = tmp_path / "counts.parquet"
    columns = {
        name: pa.array(values, pa.uint64()) if values == [2**64 - 1] else values
        for name, values in rows.items()
    }
    pq.write_table(pa.table(columns).replace_schema_metadata({"winnow.pattern": O200K}), path)
    with pytest.raises(WinnowError, match=r"counts\.parquet"):
        read_counts([path])


def test_counts_without_a_pattern_or_with_two(tmp_path: Path) -> None:
    path = tmp_path / "counts.parquet"
    pq.write_table(pa.table({"pretoken": [b"a"], "language": ["en"], "count": [1]}), path)
    with pytest.raises(WinnowError, match="pattern"):
        read_counts([path])
    with pytest.raises(WinnowError, match="different patterns"):
        combine([from_items([(b"a", "en", 1)], "x"), from_items([(b"a", "en", 1)], "y")])


def test_mix_by_shares() -> None:
    table = from_items([(b"aa", "en", 30), (b"bb", "zh", 10), (b"cc", "ru", 7)], O200K)
    assert mix_factors(table, parse_mix("en=0.5,zh=0.5")) == {"en": 1.0, "ru": 0.0, "zh": 3.0}
    assert as_dict(apply_mix(table, parse_mix("en=1,zh=1"))) == {(b"aa", "en"): 30, (b"bb", "zh"): 30}


def test_mix_by_temperature() -> None:
    table = from_items([(b"aa", "en", 1600), (b"bb", "zh", 100)], O200K)
    assert as_dict(apply_mix(table, parse_mix("temperature=1"))) == as_dict(table)
    assert as_dict(apply_mix(table, parse_mix("temperature=0"))) == {(b"aa", "en"): 1600, (b"bb", "zh"): 1600}
    assert as_dict(apply_mix(table, parse_mix("temperature=0.5"))) == {
        (b"aa", "en"): 1600,
        (b"bb", "zh"): 400,
    }


@pytest.mark.parametrize(
    "wrong", ["", "en", "en=x", "en=-1", "en=1,en=2", "temperature=2", "temperature=0.3,en=1", "en=0"]
)
def test_wrong_mixes(wrong: str) -> None:
    with pytest.raises(WrongCall, match="not a mix"):
        parse_mix(wrong)


def test_a_mix_of_unknown_languages() -> None:
    with pytest.raises(WrongCall, match="'xx'"):
        apply_mix(from_items([(b"aa", "en", 1)], O200K), parse_mix("en=1,xx=1"))


@pytest.mark.parametrize("wrong", [(b"", "en", 1), (b"a", "en", 0), (b"a", "en", 2**63)])
def test_wrong_items(wrong: tuple[bytes, str, int]) -> None:
    with pytest.raises(WinnowError):
        from_items([wrong], O200K)


def test_a_language_field_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(WinnowError, match="no field 'lang'"):
        counted([Shard(random_rows(3, 5))], tmp_path / "parts", language_field="lang")


def test_a_language_that_is_no_text(tmp_path: Path) -> None:
    class Strange:
        def batches(self, problems: Problems) -> Iterator[pa.RecordBatch]:
            texts = pa.array(["a"], pa.large_string())
            yield pa.record_batch({"text": texts, "source": texts, "language": [["en"]]})

    with pytest.raises(WinnowError, match="not text"):
        counted([Strange()], tmp_path / "parts")  # type: ignore[list-item]


def test_an_error_in_a_thread_reaches_the_caller(tmp_path: Path) -> None:
    with pytest.raises(WinnowError, match="matches nothing"):
        counted([Shard([("a b", "en", "web")])], tmp_path / "parts", pattern=r"\w+", workers=2)


@given(
    st.lists(st.dictionaries(st.binary(min_size=1, max_size=20), st.integers(1, 2**40)), min_size=1),
    st.integers(1, 4),
)
def test_tables_join_to_the_sum_of_their_counts(counted: list[dict[bytes, int]], threads: int) -> None:
    tables, expected = [], Counter[bytes]()
    for counts in counted:
        expected.update(counts)
        table = PretokenTable()
        offsets = np.cumsum([0, *map(len, counts)], dtype=np.int64)
        table.add_counts(
            np.frombuffer(b"".join(counts), dtype=np.uint8),
            offsets,
            np.zeros(len(counts), dtype=np.int32),
            np.array(list(counts.values()), dtype=np.int64),
        )
        tables.append(table)
    words = joined_words(tables, threads)
    keys = [bytes(words.keys[a:b]) for a, b in zip(words.starts, words.stops, strict=True)]
    assert len(set(keys)) == words.size
    assert dict(zip(keys, words.counts.tolist(), strict=True)) == expected


def test_words_of_several_threads_are_those_of_one() -> None:
    rows = random_rows(3_000, 7)
    found = []
    for workers in (1, 3):
        count = Count(CountOptions(O200K, None, workers=workers), Path("unused"), "call")
        count.add([Shard(rows)], Problems())
        words = count.words()
        found.append(
            sorted(
                (bytes(words.keys[a:b]), times)
                for a, b, times in zip(words.starts, words.stops, words.counts.tolist(), strict=True)
            )
        )
    assert found[0] == found[1]
    assert len(found[0]) > 1_000
