"""One shard's output: parts of the kept documents, the decisions, and the dropped if wanted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import pyarrow as pa
import pyarrow.parquet as pq

from corpora.errors import WinnowError
from corpora.files import atomic_path
from curation.decision_columns import (
    append_columns,
    decision_columns,
    decision_schema,
    document_columns,
    document_schema,
    kept_documents,
)
from curation.examples import example_of
from curation.judging import Judgement
from curation.tally import Tally

DOCUMENTS, DECISIONS, DROPPED = "documents", "decisions", "dropped"
TALLY_KEY = "winnow.tally"  # in the footer of a part of decisions
_ROW_GROUP = 32 << 20  # bytes of Arrow data gathered before a row group is written


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
        path = self.path(DECISIONS)
        with _reading(path):
            metadata = pq.read_metadata(path).metadata or {}
        if TALLY_KEY.encode() not in metadata:
            raise WinnowError("not a part of decisions", where=path, hint="--force starts over")
        return Tally.from_json(metadata[TALLY_KEY.encode()], path)

    def kept_batches(self) -> Iterator[pa.RecordBatch]:
        """What a finished shard kept, with every column, some thousands at a time."""
        with _reading(self.path(DOCUMENTS)), pq.ParquetFile(self.path(DOCUMENTS)) as file:
            yield from file.iter_batches(batch_size=2_000)

    def kept_documents(self) -> Iterator[tuple[list[str], list[str], list[str]]]:
        """The ids, sources and texts that a finished shard kept, some thousands at a time."""
        with _reading(self.path(DOCUMENTS)), pq.ParquetFile(self.path(DOCUMENTS)) as file:
            for batch in file.iter_batches(columns=["id", "source", "text"], batch_size=2_000):
                ids, sources, texts = (batch.column(name).to_pylist() for name in ("id", "source", "text"))
                yield ids, sources, texts


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Raises WinnowError in place of what Arrow says of a part that is damaged."""
    try:
        yield
    except (pa.ArrowException, OSError, KeyError, UnicodeDecodeError) as error:
        raise WinnowError(f"a damaged part: {error}", where=path, hint="--force starts over") from error


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
        self._count(batch, judgements)
        decisions = decision_columns(batch, judgements, full=self._full)
        self._tables[DECISIONS].append(decisions)
        documents = document_columns(batch, decisions)
        kept = decisions.column(2)
        self._tables[DOCUMENTS].append(kept_documents(documents, kept, judgements))
        if DROPPED in self._tables:
            reasons = [decisions.column(name) for name in ("rule", "value", "threshold")]
            dropped = append_columns(documents, ["rule", "value", "threshold"], reasons)
            self._tables[DROPPED].append(dropped.filter(pa.array(~kept.to_numpy(zero_copy_only=False))))

    def _count(self, batch: pa.RecordBatch, judgements: Sequence[Judgement]) -> None:
        for row, (size, judged) in enumerate(zip(_text_sizes(batch), judgements, strict=True)):
            left = size if judged.text is None else len(judged.text.encode())
            self.tally.add_document(judged.language, size, judged.rule, left)
            for rule in {cut.rule for cut in judged.cuts}:
                self.tally.cut_by[rule] += 1
            if judged.rule is not None and self.tally.wants_example(judged.rule):
                self.tally.examples[judged.rule].append(example_of(batch, row, judged))

    def finish(self) -> None:
        """Write what is left, and the tally in the footer of the decisions."""
        schema = document_schema()
        for kind, table in self._tables.items():
            metadata = {TALLY_KEY: self.tally.to_json()} if kind == DECISIONS else {}
            table.close(decision_schema(full=self._full) if kind == DECISIONS else schema, metadata)


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
