"""One shard's output: parts of the kept documents, the decisions, and the dropped if wanted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from corpora.errors import WinnowError
from corpora.files import atomic_path
from curation.judging import Judgement
from curation.tally import Tally

DOCUMENTS, DECISIONS, DROPPED = "documents", "decisions", "dropped"
TALLY_KEY = "winnow.tally"  # in the footer of a part of decisions
ADDED_COLUMNS = ("language", "language_score")
_ROW_GROUP = 32 << 20  # bytes of Arrow data gathered before a row group is written

_DECISION_FIELDS = [
    ("id", pa.large_string()),
    ("source", pa.large_string()),
    ("kept", pa.bool_()),
    ("rule", pa.string()),
    ("value", pa.float64()),
    ("threshold", pa.float64()),
    ("language", pa.string()),
    ("language_score", pa.float64()),
]
_RULE_VALUE = pa.struct(
    [("rule", pa.string()), ("value", pa.float64()), ("threshold", pa.float64()), ("verdict", pa.string())]
)
_NO_DOCUMENTS = pa.schema([(name, pa.large_string()) for name in ("id", "text", "source")])


@dataclass(frozen=True, slots=True)
class PartPaths:
    """Where a shard's output goes. The decisions are finished last: where they exist, it is done."""

    folder: Path
    number: int

    def path(self, kind: str) -> Path:
        """The file of one kind, such as DIR/documents/part-00000.parquet."""
        return self.folder / kind / f"part-{self.number:05d}.parquet"

    @property
    def finished(self) -> bool:
        """Whether an earlier run finished this shard."""
        return self.path(DECISIONS).exists()

    def read_tally(self) -> Tally:
        """The counts of a finished shard. Raises WinnowError when the file is not one of ours."""
        metadata = pq.read_metadata(self.path(DECISIONS)).metadata or {}
        if TALLY_KEY.encode() not in metadata:
            raise WinnowError(
                "not a part of decisions", where=self.path(DECISIONS), hint="--force starts over"
            )
        return Tally.from_json(metadata[TALLY_KEY.encode()])

    def kept_texts(self) -> Iterator[list[str]]:
        """The texts that a finished shard kept, some thousands at a time."""
        with pq.ParquetFile(self.path(DOCUMENTS)) as file:
            for batch in file.iter_batches(columns=["text"], batch_size=2_000):
                yield batch.column(0).to_pylist()


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files of a run that was killed while it wrote."""
    for kind in (DOCUMENTS, DECISIONS, DROPPED):
        for path in (folder / kind).glob(".part-*"):
            path.unlink()


class _Table:
    """A Parquet file that grows by batches and is written in row groups of bounded size."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: pq.ParquetWriter | None = None
        self._waiting: list[pa.RecordBatch] = []
        self._size = 0

    def append(self, batch: pa.RecordBatch) -> None:
        self._waiting.append(batch)
        self._size += batch.nbytes
        if self._size >= _ROW_GROUP:
            self._flush()

    def close(self, schema_when_empty: pa.Schema, metadata: dict[str, bytes]) -> None:
        if self._writer is None and not self._waiting:
            self._waiting = [pa.RecordBatch.from_pylist([], schema=schema_when_empty)]
        self._flush()
        if self._writer is not None:
            if metadata:
                self._writer.add_key_value_metadata(metadata)
            self._writer.close()

    def abandon(self) -> None:
        if self._writer is not None:
            self._writer.close()

    def _flush(self) -> None:
        if not self._waiting:
            return
        table = pa.Table.from_batches(self._waiting)
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._path, table.schema, compression="zstd")
        self._writer.write_table(table, row_group_size=max(1, table.num_rows))
        self._waiting, self._size = [], 0


class PartWriter:
    """Writes one shard's parts; they appear under their names when `finish` was called, or not at all."""

    def __init__(self, paths: PartPaths, *, keep_dropped: bool, full: bool) -> None:
        self.tally = Tally()
        self._paths, self._full = paths, full
        self._kinds = [DECISIONS, DOCUMENTS, *([DROPPED] if keep_dropped else [])]
        self._stack = ExitStack()
        self._tables: dict[str, _Table] = {}

    def __enter__(self) -> PartWriter:
        for kind in self._kinds:  # decisions first: files are renamed in reverse order
            self._tables[kind] = self._stack.enter_context(_table(self._paths.path(kind)))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def append(self, batch: pa.RecordBatch, judgements: Sequence[Judgement]) -> None:
        """Write a batch's decisions, and its documents where they belong."""
        for size, judged in zip(_text_sizes(batch), judgements, strict=True):
            self.tally.add_document(judged.language, size, judged.rule)
        decisions = _decision_columns(batch, judgements, full=self._full)
        self._tables[DECISIONS].append(decisions)
        documents = _with_language(batch, decisions)
        kept = decisions.column(2)
        self._tables[DOCUMENTS].append(documents.filter(kept))
        if DROPPED in self._tables:
            reasons = [decisions.column(name) for name in ("rule", "value", "threshold")]
            dropped = _append(documents, ["rule", "value", "threshold"], reasons)
            self._tables[DROPPED].append(dropped.filter(pa.array(~kept.to_numpy(zero_copy_only=False))))

    def finish(self) -> None:
        """Write what is left, and the tally in the footer of the decisions."""
        schema = _with_language_schema()
        for kind, table in self._tables.items():
            metadata = {TALLY_KEY: self.tally.to_json()} if kind == DECISIONS else {}
            table.close(_decision_schema(full=self._full) if kind == DECISIONS else schema, metadata)


@contextmanager
def _table(path: Path) -> Iterator[_Table]:
    with atomic_path(path) as temporary:
        table = _Table(temporary)
        try:
            yield table
        except BaseException:
            table.abandon()
            raise


def _text_sizes(batch: pa.RecordBatch) -> list[int]:
    import pyarrow.compute as pc

    sizes: list[int] = pc.binary_length(batch.column("text").cast(pa.large_binary())).to_pylist()
    return sizes


def _decision_schema(*, full: bool) -> pa.Schema:
    fields = [*_DECISION_FIELDS, ("rules", pa.list_(_RULE_VALUE))] if full else _DECISION_FIELDS
    return pa.schema(fields)


def _decision_columns(
    batch: pa.RecordBatch, judgements: Sequence[Judgement], *, full: bool
) -> pa.RecordBatch:
    columns: list[Any] = [
        batch.column("id"),
        batch.column("source"),
        pa.array([judged.rule is None for judged in judgements], pa.bool_()),
        pa.array([judged.rule for judged in judgements], pa.string()),
        _numbers([judged.value for judged in judgements]),
        _numbers([judged.threshold for judged in judgements]),
        pa.array([judged.language for judged in judgements], pa.string()),
        _numbers([judged.language_score for judged in judgements]),
    ]
    if full:
        columns.append(pa.array([_rule_values(judged) for judged in judgements], pa.list_(_RULE_VALUE)))
    return pa.RecordBatch.from_arrays(columns, schema=_decision_schema(full=full))


def _numbers(values: Sequence[float]) -> pa.Array:
    """Float64 with null for NaN."""
    return pa.array(np.array(values, dtype=np.float64), from_pandas=True)


def _rule_values(judged: Judgement) -> list[dict[str, Any]]:
    return [
        {
            "rule": each.rule,
            "value": None if np.isnan(each.value) else each.value,
            "threshold": each.threshold,
            "verdict": each.verdict,
        }
        for each in judged.rules
    ]


def _with_language(batch: pa.RecordBatch, decisions: pa.RecordBatch) -> pa.RecordBatch:
    """`id, text, source, language, language_score`, then the input's others (`input_NAME` where taken)."""
    names = ["id", "text", "source", *ADDED_COLUMNS]
    columns = [batch.column(name) for name in names[:3]] + [decisions.column(name) for name in ADDED_COLUMNS]
    others = [name for name in batch.schema.names if name not in ("id", "text", "source")]
    return _append(
        pa.RecordBatch.from_arrays(columns, names=names), others, [batch.column(name) for name in others]
    )


def _append(batch: pa.RecordBatch, names: Sequence[str], columns: Sequence[pa.Array]) -> pa.RecordBatch:
    all_names = list(batch.schema.names)
    for name in names:
        all_names.append(_free_name(name, all_names))
    return pa.RecordBatch.from_arrays([*batch.columns, *columns], names=all_names)


def _free_name(name: str, taken: Sequence[str]) -> str:
    while name in taken:
        name = f"input_{name}"
    return name


def _with_language_schema() -> pa.Schema:
    fields = [*_NO_DOCUMENTS, pa.field("language", pa.string()), pa.field("language_score", pa.float64())]
    return pa.schema(fields)
