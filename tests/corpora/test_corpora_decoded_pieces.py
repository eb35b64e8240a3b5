"""Batches with dictionaries: the same rows in the file's own types, in pieces no larger than they may be."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpora import decoded_pieces
from corpora.documents import Problems, ReadOptions, open_corpus

TEXT = st.none() | st.text("ab é水", max_size=12)
PAIRS = st.none() | st.dictionaries(st.text("kl", min_size=1, max_size=2), TEXT, max_size=2).map(
    lambda pairs: list(pairs.items())
)
KINDS = {
    "string": (pa.string(), TEXT),
    "large": (pa.large_string(), TEXT),
    "view": (pa.string_view(), TEXT),
    "bytes": (pa.binary(), st.none() | st.binary(max_size=6)),
    "dictionary": (pa.dictionary(pa.int32(), pa.string()), TEXT),
    "list": (pa.list_(pa.string()), st.none() | st.lists(TEXT, max_size=3)),
    "views": (pa.list_(pa.string_view()), st.none() | st.lists(TEXT, max_size=3)),
    "record": (pa.struct([("k", pa.string())]), st.none() | st.fixed_dictionaries({"k": TEXT})),
    "map": (pa.map_(pa.string(), pa.string()), PAIRS),
    "number": (pa.int64(), st.none() | st.integers(-9, 9)),
}
ROWS = st.lists(
    st.fixed_dictionaries({name: values for name, (_, values) in KINDS.items()}), min_size=1, max_size=20
)


@given(ROWS, st.sampled_from([1, 40, 1 << 20]), st.booleans())
def test_parquet_gives_every_row_in_its_own_type(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]], most: int, dictionary: bool
) -> None:
    path = tmp_path_factory.mktemp("pieces") / "in.parquet"
    columns = {name: pa.array([row[name] for row in rows], kind) for name, (kind, _) in KINDS.items()}
    table = pa.table({"text": ["t"] * len(rows), **columns})
    pq.write_table(table, path, use_dictionary=dictionary)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decoded_pieces, "DECODED_BYTES", most)
        shard = open_corpus([str(path)], ReadOptions()).shards[0]
        batches = list(shard.batches(Problems()))
    found = pa.Table.from_batches(batches)
    for name, (kind, _) in KINDS.items():
        assert found[name].to_pylist() == table[name].to_pylist()
        assert found.schema.field(name).type.equals(kind) or pa.types.is_nested(kind)
    assert found["id"].to_pylist() == [f"in.parquet:{row + 1}" for row in range(len(rows))]


def test_pieces_are_as_large_as_they_may_be_and_no_larger() -> None:
    values = pa.DictionaryArray.from_arrays(pa.array([0, 1, 0, 0, 0, 0]), pa.array(["a" * 10, "b"]))
    batch = pa.record_batch({"text": values})
    schema = pa.schema([("text", pa.string())])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decoded_pieces, "DECODED_BYTES", 25)
        pieces = list(decoded_pieces.decoded_pieces(batch, schema))
    assert [piece.num_rows for piece in pieces] == [3, 1, 2]
    assert pa.Table.from_batches(pieces)["text"].to_pylist() == values.to_pylist()
