"""Readers: every format, compression and kind of breakage, each read back against what was written."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from corpora.documents import Problems, ReadOptions, open_corpus
from corpora.errors import WinnowError, WrongCall

ROWS = [
    {"id": "a", "text": "Guten Tag", "n": 1},
    {"id": "b", "text": "สวัสดี\nครับ", "n": 2},
    {"id": "c", "text": "", "n": 3},
]


def read(*inputs: object, problems: Problems | None = None, **options: object) -> list[dict[str, object]]:
    corpus = open_corpus([str(each) for each in inputs], ReadOptions(**options))
    found = problems if problems is not None else Problems()
    return [row for shard in corpus.shards for batch in shard.batches(found) for row in batch.to_pylist()]


def as_jsonl(rows: list[dict[str, object]]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def write_csv(path: Path) -> None:
    pyarrow.csv.write_csv(pa.Table.from_pylist(ROWS), path)


def write_stream(path: Path) -> None:
    table = pa.Table.from_pylist(ROWS)
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)


WRITERS = {
    "rows.jsonl": lambda path: path.write_bytes(as_jsonl(ROWS)),
    "rows.ndjson": lambda path: path.write_bytes(b"\xef\xbb\xbf" + as_jsonl(ROWS)),
    "rows.jsonl.gz": lambda path: path.write_bytes(
        gzip.compress(as_jsonl(ROWS[:1])) + gzip.compress(as_jsonl(ROWS[1:]))
    ),
    "rows.jsonl.zst": lambda path: path.write_bytes(zstandard.compress(as_jsonl(ROWS))),
    "rows.json": lambda path: path.write_text(json.dumps(ROWS)),
    "lines.json": lambda path: path.write_bytes(as_jsonl(ROWS)),
    "rows.json.gz": lambda path: path.write_bytes(gzip.compress(json.dumps(ROWS).encode())),
    "rows.parquet": lambda path: pq.write_table(pa.Table.from_pylist(ROWS), path),
    "rows.arrow": lambda path: pyarrow.feather.write_feather(pa.Table.from_pylist(ROWS), str(path)),
    "stream.arrow": write_stream,
    "rows.csv": write_csv,
}


@pytest.mark.parametrize("name", WRITERS)
def test_every_format_gives_the_same_documents(name: str, tmp_path: Path) -> None:
    WRITERS[name](tmp_path / name)
    rows = read(tmp_path / name)
    assert [(row["id"], row["text"], row["source"]) for row in rows] == [
        (row["id"], row["text"], name) for row in ROWS
    ]
    assert [int(str(row["n"])) for row in rows] == [1, 2, 3]


def test_datasets_own_arrow_files_are_read(tmp_path: Path) -> None:
    import datasets

    datasets.Dataset.from_list(ROWS).save_to_disk(str(tmp_path / "saved"))
    files = sorted((tmp_path / "saved").glob("*.arrow"))
    assert [row["text"] for row in read(*files)] == [row["text"] for row in ROWS]


def test_made_up_ids_name_the_file_and_the_line(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_bytes(
        b'{"text": "one"}\n\n{"text": "three"}\n{"id": null, "text": "four"}\n'
    )
    assert [row["id"] for row in read(tmp_path / "x.jsonl")] == ["x.jsonl:1", "x.jsonl:3", "x.jsonl:4"]


def test_other_fields_can_be_the_text_and_the_id(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_bytes(b'{"key": 7, "content": "hello", "text": 1}\n')
    (row,) = read(tmp_path / "x.jsonl", text_field="content", id_field="key")
    assert (row["id"], row["text"]) == ("7", "hello")


def test_large_integer_ids_stay_exact(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_bytes(b'{"id": 13835058055282163713, "text": "big"}\n')
    assert read(tmp_path / "x.jsonl")[0]["id"] == "13835058055282163713"


BROKEN_LINES = {
    "syntax": (b'{"text": "x"', "not a JSON object"),
    "array": (b"[1, 2]", "not a JSON object"),
    "no text": (b'{"body": "x"}', "no field 'text'"),
    "number as text": (b'{"text": 5}', "is not text"),
    "null text": (b'{"text": null}', "is not text"),
    "invalid UTF-8": (b'{"text": "\xff\xfe"}', "not a JSON object"),
    "lone surrogate": (b'{"text": "\\ud800"}', "not a JSON object"),
    "deep nesting": (b'{"text": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", ":2: "),
}


@pytest.mark.parametrize("kind", BROKEN_LINES)
def test_a_broken_line_stops_with_its_place_or_is_counted(kind: str, tmp_path: Path) -> None:
    line, message = BROKEN_LINES[kind]
    path = tmp_path / "x.jsonl"
    path.write_bytes(b'{"text": "before"}\n' + line + b'\n{"text": "after"}\n')
    with pytest.raises(WinnowError) as raised:
        read(path)
    assert f"{path}:2" in str(raised.value)
    assert message in str(raised.value)
    assert raised.value.exit_code == 1
    problems = Problems()
    rows = read(path, problems=problems, on_error="skip")
    assert [row["text"] for row in rows] == ["before", "after"]
    assert [row["id"] for row in rows] == ["x.jsonl:1", "x.jsonl:3"]
    assert problems.count == 1
    assert f"{path}:2" in problems.examples[0]


def test_a_csv_row_of_the_wrong_width_is_reported(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text('id,text\n1,"a\nb"\n2\n3,NA\n')
    with pytest.raises(WinnowError, match="columns"):
        read(tmp_path / "x.csv")
    problems = Problems()
    rows = read(tmp_path / "x.csv", problems=problems, on_error="skip")
    assert [row["text"] for row in rows] == ["a\nb", "NA"]
    assert problems.count == 1


def test_null_text_in_a_table_is_a_problem_with_its_row(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": pa.array(["a", None, "c"])}), tmp_path / "x.parquet")
    problems = Problems()
    assert [row["text"] for row in read(tmp_path / "x.parquet", problems=problems, on_error="skip")] == [
        "a",
        "c",
    ]
    assert problems.examples == [f"{tmp_path / 'x.parquet'}:2: no text in field 'text'"]


DAMAGED = {
    "truncated.jsonl.gz": gzip.compress(as_jsonl(ROWS * 500))[:-40],
    "truncated.jsonl.zst": zstandard.compress(as_jsonl(ROWS * 500))[:-10],
    "fake.jsonl.gz": b"this is not gzip",
    "fake.parquet": b"PAR1 this is not parquet",
    "fake.arrow": b"ARROW1 no",
    "binary.csv": bytes(range(256)) * 8,
    "binary.json": bytes(range(256)),
    "binary.txt": bytes(range(256)),
    "binary.jsonl": bytes(range(256)) * 8,
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_files_fail_with_their_name(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(DAMAGED[name])
    with pytest.raises(WinnowError) as raised:
        read(tmp_path / name)
    assert name in str(raised.value)
    assert raised.value.exit_code == 1
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", ["x.parquet", "x.arrow"])
def test_text_that_is_not_utf8_inside_arrow_is_refused(name: str, tmp_path: Path) -> None:
    text = pa.Array.from_buffers(
        pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\2\0\0\0"), pa.py_buffer(b"\xff\xfe")]
    )
    table = pa.table({"text": text})
    if name.endswith(".arrow"):
        pyarrow.feather.write_feather(table, str(tmp_path / name), compression="uncompressed")
    else:
        pq.write_table(table, tmp_path / name)
    with pytest.raises(WinnowError, match="not valid UTF-8"):
        read(tmp_path / name)


def test_a_wrong_text_field_names_the_fields_there_are(tmp_path: Path) -> None:
    pq.write_table(pa.table({"body": ["a"], "url": ["b"]}), tmp_path / "x.parquet")
    with pytest.raises(WinnowError, match=r"body, url.*--text-field"):
        read(tmp_path / "x.parquet")


def test_columns_that_change_their_type_become_text_and_lose_nothing(tmp_path: Path) -> None:
    rows = [{"text": "t", "meta": number} for number in range(3)] + [
        {"text": "t", "meta": "many"},
        {"text": "t", "new": [1]},
    ]
    (tmp_path / "x.jsonl").write_bytes(as_jsonl(rows))
    read_rows = read(tmp_path / "x.jsonl")
    assert [row["meta"] for row in read_rows] == ["0", "1", "2", "many", None]
    assert read_rows[-1]["new"] == [1]


def test_one_shard_has_one_schema_over_many_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("corpora.readers.BATCH_BYTES", 64)
    rows = [{"text": "x" * 40, "n": 1}] * 3 + [{"text": "y" * 40, "n": 1.5, "late": True}] * 3
    (tmp_path / "x.jsonl").write_bytes(as_jsonl(rows))
    (shard,) = open_corpus([str(tmp_path / "x.jsonl")], ReadOptions()).shards
    batches = list(shard.batches(Problems()))
    assert len(batches) > 1
    assert len({str(batch.schema) for batch in batches}) == 1
    assert [row["id"] for batch in batches for row in batch.to_pylist()] == [
        f"x.jsonl:{n}" for n in range(1, 7)
    ]


@settings(max_examples=60, deadline=None)
@given(
    texts=st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=50), min_size=1),
    block=st.integers(1, 300),
)
def test_block_size_never_changes_what_is_read(
    texts: list[str], block: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("blocks") / "x.jsonl"
    path.write_bytes(as_jsonl([{"text": text, "n": index} for index, text in enumerate(texts)]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("corpora.readers.BATCH_BYTES", block)
        rows = read(path)
    assert [row["text"] for row in rows] == texts
    assert [row["n"] for row in rows] == list(range(len(texts)))


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("document", ["one\ntwo\n\nthree\n"]),
        ("paragraph", ["one\ntwo", "three"]),
        ("line", ["one", "two", "three"]),
    ],
)
def test_text_units(unit: str, expected: list[str], tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("one\ntwo\n\nthree\n")
    assert [row["text"] for row in read(tmp_path / "x.txt", text_unit=unit)] == expected


def test_folders_globs_and_several_inputs(tmp_path: Path) -> None:
    for name in ("b/2.jsonl", "a/1.jsonl", "a/.hidden.jsonl", "a/notes.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(as_jsonl([{"text": name}]))
    assert [row["text"] for row in read(tmp_path)] == ["a/1.jsonl", "b/2.jsonl"]
    assert [row["source"] for row in read(tmp_path)] == ["a/1.jsonl", "b/2.jsonl"]
    assert [row["text"] for row in read(f"{tmp_path}/**/*.jsonl")] == ["a/1.jsonl", "b/2.jsonl"]
    assert len(read(tmp_path / "a", tmp_path / "b/2.jsonl")) == 2


def test_files_of_one_name_get_distinct_ids(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.jsonl").write_bytes(b'{"text": "t"}\n')
    ids = [row["id"] for row in read(tmp_path / "a/x.jsonl", tmp_path / "b/x.jsonl")]
    assert len(set(ids)) == 2


def test_what_filter_wrote_is_an_input(tmp_path: Path) -> None:
    for part in ("documents", "decisions"):
        (tmp_path / part).mkdir()
        pq.write_table(
            pa.table({"id": [part], "text": [part], "source": ["web"]}),
            tmp_path / part / "part-00000.parquet",
        )
    assert [(row["text"], row["source"]) for row in read(tmp_path)] == [("documents", "web")]


WRONG_CALLS = {
    "missing file": lambda path: [str(path / "missing.jsonl")],
    "empty folder": lambda path: [str(path)],
    "unknown ending": lambda path: [str(path / "x.docx")],
    "glob without a match": lambda path: [str(path / "*.jsonl")],
    "bad hub name": lambda path: ["hub:a:b:c:d"],
    "empty hub name": lambda path: ["hub:"],
    "unknown recipe": lambda path: ["recipe:simple"],
    "nothing": lambda path: [],
}


@pytest.mark.parametrize("kind", WRONG_CALLS)
def test_wrong_inputs_are_wrong_calls(kind: str, tmp_path: Path) -> None:
    (tmp_path / "x.docx").write_bytes(b"x")
    with pytest.raises(WrongCall):
        open_corpus(WRONG_CALLS[kind](tmp_path), ReadOptions())


def test_the_same_file_twice_is_a_wrong_call(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_bytes(b'{"text": "t"}\n')
    with pytest.raises(WrongCall, match="twice"):
        open_corpus([str(tmp_path / "x.jsonl"), str(tmp_path)], ReadOptions())


def test_reading_only_text_always_has_a_language_column(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_bytes(b'{"text": "t", "extra": 1}\n')
    (tmp_path / "y.jsonl").write_bytes(b'{"text": "t", "language": "de"}\n')
    assert read(tmp_path / "x.jsonl", only_text=True)[0] == {
        "id": "x.jsonl:1", "text": "t", "source": "x.jsonl", "language": None,
    }  # fmt: skip
    assert read(tmp_path / "y.jsonl", only_text=True)[0]["language"] == "de"


def test_the_hub_code_streams_through_datasets(tmp_path: Path) -> None:
    """`datasets` takes a local folder where a hub name is expected: the same code path, no network."""
    (tmp_path / "train.jsonl").write_bytes(as_jsonl(ROWS))
    rows = read(f"hub:{tmp_path}")
    assert [row["text"] for row in rows] == [row["text"] for row in ROWS]


def test_a_hub_name_that_cannot_be_reached_is_a_clear_error() -> None:
    with pytest.raises(WinnowError, match="cannot stream"):
        read("hub:no-such-user-xyz/no-such-data")


def test_development_sentences_are_read_whole(shared_data: Path) -> None:
    rows = read(shared_data / "multilingual" / "sentences.jsonl.gz")
    assert len(rows) == 36_654
    assert len({row["id"] for row in rows}) == len(rows)
