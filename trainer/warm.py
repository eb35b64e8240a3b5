"""Compile every kernel once, so that no command has to: `python -m trainer.warm`."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from trainer import count_kernel, layout_kernel, merge_kernel, occurrence_kernel, scan_kernel

_ENTRY_POINTS: tuple[Any, ...] = (
    scan_kernel.scan_documents,
    count_kernel.count_spans, count_kernel.add_counts, count_kernel.move_counts, count_kernel.fill_slots,
    occurrence_kernel.add_facts, layout_kernel.compare_rows, layout_kernel.lay_out, layout_kernel.list_pairs,
    merge_kernel.run,
)  # fmt: skip


def is_warm() -> bool:
    """Whether numba's cache on disk has every kernel; a cache made for older sources counts too."""
    return all(any(_index_files(function)) for function in _ENTRY_POINTS)


def compile_kernels() -> None:
    """Run every kernel on a few words, in the way that the commands do."""
    import numpy as np
    import pyarrow as pa

    from corpora.json_guard import crashes_arrow
    from trainer.count_batch import add_texts
    from trainer.counts import combine, from_items
    from trainer.joined_words import joined_words
    from trainer.leave_one_out import shares
    from trainer.occurrences import OccurrenceTable, occurrences
    from trainer.partitions import partitions_of
    from trainer.pretoken_table import PretokenTable
    from trainer.pretokenize import PATTERNS
    from trainer.training import train
    from trainer.words import words_of

    crashes_arrow(b"[" * 1000)  # reading JSON asks how deep it nests
    table = PretokenTable()
    texts = pa.array(["to be, or not to be", "that is the question"], pa.large_string())
    groups = np.zeros(2, dtype=np.int32)
    add_texts(table, PATTERNS["o200k"], texts, groups)
    joined_words([table, table], 1)
    OccurrenceTable().add_rows(occurrences(PATTERNS["o200k"], texts, groups, 0).rows)
    items = [(f"w{number}".encode(), "und", 2) for number in range(1 << 16)]  # enough to make a table grow
    counts = combine([from_items(items, "w")])
    train(counts, vocab_size=260)
    shares(words_of(counts), counts.counts, [b"w1"])
    partitions_of(pa.array([b"w1", b"w2"], pa.large_binary()), 2)


def _index_files(function: Any) -> Iterator[Path]:
    name = function.py_func.__qualname__
    return Path(function.stats.cache_path).glob(f"*.{name}-*.nbi")


if __name__ == "__main__":
    if not is_warm():
        print("compiling the kernels, once; about 15 seconds", file=sys.stderr)  # noqa: T201
    started = time.perf_counter()
    compile_kernels()
    print(f"kernels ready in {time.perf_counter() - started:.1f} s", file=sys.stderr)  # noqa: T201
