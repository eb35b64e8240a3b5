"""Slices of documents judged in other processes, results in order, a bounded number under way."""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import chain, islice

import pyarrow as pa

from corpora.errors import WinnowError
from curation.judging import Judge, Judgement, JudgeSettings

_AHEAD = 3  # slices under way per worker
_INLINE = 2  # so few slices are judged here: starting processes takes longer


@dataclass(frozen=True, slots=True)
class Slice:
    """Some documents of one shard: the unit of work that a worker judges."""

    shard: int
    batch: pa.RecordBatch

    @property
    def texts(self) -> pa.Array:
        """The column of texts."""
        return self.batch.column("text")


_judge: Judge | None = None  # one per worker process, set by _start


def judge_in_order(
    slices: Iterable[Slice], settings: JudgeSettings, workers: int
) -> Iterator[tuple[Slice, list[Judgement]]]:
    """Yield every slice with its judgements, in order, whatever the number of workers.

    Raises WinnowError when a worker process dies (killed, or out of memory).
    """
    stream = iter(slices)
    first = list(islice(stream, _INLINE + 1))
    if workers <= 1 or len(first) <= _INLINE:
        judge = Judge(settings)
        for piece in chain(first, stream):
            yield piece, judge.judge(texts_of(piece.texts))
        return
    context = multiprocessing.get_context("spawn")  # no threads or locks of this process are inherited
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_start, initargs=(settings,))
    try:
        yield from _through(pool, chain(first, stream), workers * _AHEAD)
    except BrokenProcessPool as error:
        hint = "--workers 1 needs least memory; the same command resumes"
        raise WinnowError("a worker process died", hint=hint) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _through(
    pool: ProcessPoolExecutor, slices: Iterator[Slice], limit: int
) -> Iterator[tuple[Slice, list[Judgement]]]:
    waiting: deque[tuple[Slice, Future[list[Judgement]]]] = deque()
    for piece in slices:
        waiting.append((piece, pool.submit(_judge_texts, piece.texts)))
        if len(waiting) >= limit:
            done, future = waiting.popleft()
            yield done, future.result()
    while waiting:
        done, future = waiting.popleft()
        yield done, future.result()


def texts_of(column: pa.Array) -> list[str | Exception]:
    """The texts of an Arrow column; in place of bytes that are not UTF-8, the error."""
    try:
        texts: list[str | Exception] = column.to_pylist()
    except UnicodeDecodeError:
        texts = [_text_at(column, row) for row in range(len(column))]
    return texts


def _text_at(column: pa.Array, row: int) -> str | Exception:
    try:
        text: str = column[row].as_py()
    except UnicodeDecodeError as error:
        return error
    return text


def _start(settings: JudgeSettings) -> None:
    global _judge  # noqa: PLW0603 - a worker process has exactly one judge
    _judge = Judge(settings)


def _judge_texts(column: pa.Array) -> list[Judgement]:
    if _judge is None:
        raise RuntimeError("a worker was asked before it was started")
    return _judge.judge(texts_of(column))
