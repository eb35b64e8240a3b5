"""Slices of documents judged by an engine's tasks, each slice with its judgements, in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

import pyarrow as pa

from corpora.engine import Engine
from curation import WORKER_START
from curation.judging import Judge, Judgement, JudgeSettings
from curation.slices import Slice

Work = tuple[pa.Array, tuple[float, ...]]  # texts, and their cluster sizes if known


def judge_in_order(
    slices: Iterable[Slice], settings: JudgeSettings, engine: Engine
) -> Iterator[tuple[Slice, list[Judgement]]]:
    """Yield every slice with its judgements, in order, whatever runs the tasks.

    Raises WinnowError when a task's process dies (killed, or out of memory).
    """
    under_way: deque[Slice] = deque()

    def work() -> Iterator[Work]:
        for piece in slices:
            under_way.append(piece)
            # The other columns stay here; a copy, because a view travels with the whole batch.
            yield pa.concat_arrays([piece.texts]), piece.cluster_sizes

    for judgements in engine.run_tasks(SliceJudge(settings), work()):
        yield under_way.popleft(), judgements


class SliceJudge:
    """The task of a process: judges texts, with one language model for all of them."""

    preload = WORKER_START

    def __init__(self, settings: JudgeSettings) -> None:
        self._judge = Judge(settings)

    def __call__(self, work: Work) -> list[Judgement]:
        """One judgement per text."""
        texts, cluster_sizes = work
        return self._judge.judge(texts_of(texts), cluster_sizes)


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
