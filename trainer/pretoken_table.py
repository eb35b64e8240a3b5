"""A growing table of pretoken counts, fed with documents in Arrow's layout or with other counts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from corpora.errors import WinnowError
from trainer import count_kernel as kernel
from trainer.arrays import frozen, key_buffers, longer
from trainer.scanner import Scanner, spans

if TYPE_CHECKING:
    import pyarrow as pa

_FIRST_SLOTS = 1 << 16
_FIRST_ARENA = 1 << 20  # bytes
_MOST_ENTRIES = 1 << 30  # slots are 32-bit and half empty
_NEARLY_FULL = 0.75  # of the room: the next batch of documents may make the table grow


def _new_slots(count: int) -> npt.NDArray[np.int32]:
    return np.full(count, kernel.EMPTY, dtype=np.int32)


@dataclass(slots=True)
class PretokenTable:
    """Counts by (group, pretoken); a group is a small number whose meaning is the caller's."""

    slots: npt.NDArray[np.int32] = field(default_factory=lambda: _new_slots(_FIRST_SLOTS))
    entries: npt.NDArray[np.int64] = field(
        default_factory=lambda: np.empty((_FIRST_SLOTS // 2, 4), dtype=np.int64)
    )
    arena: npt.NDArray[np.uint8] = field(default_factory=lambda: np.empty(_FIRST_ARENA, dtype=np.uint8))
    state: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(kernel.STATE_CELLS, dtype=np.int64))
    block: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(kernel.BLOCK_SHAPE, dtype=np.int64))

    @property
    def size(self) -> int:
        """Distinct keys."""
        return int(self.state[kernel.ENTRIES])

    @property
    def memory(self) -> int:
        """Bytes taken, free room included."""
        return self.slots.nbytes + self.entries.nbytes + self.arena.nbytes

    @property
    def memory_soon(self) -> int:
        """Bytes that the table takes after the next batch: what is nearly full grows to twice its size."""
        soon = self.memory
        if self.size > _NEARLY_FULL * self.entries.shape[0]:
            soon += self.slots.nbytes + self.entries.nbytes
        if self.state[kernel.ARENA_USED] > _NEARLY_FULL * self.arena.size:
            soon += self.arena.nbytes
        return soon

    def add_documents(
        self,
        scanner: Scanner,
        data: npt.NDArray[np.uint8],
        offsets: npt.NDArray[np.int64],
        groups: npt.NDArray[np.int32],
    ) -> int:
        """Count the pretokens of documents `data[offsets[i]:offsets[i + 1]]` in `groups[i]`.

        Returns how many pretokens there were. Raises WinnowError for 4 GB and more at a time.
        """
        if offsets[-1] - offsets[0] > kernel.LONGEST:
            raise WinnowError("a document of 4 GB or more")
        data, offsets, groups = frozen(data), frozen(offsets), frozen(groups)
        self.state[kernel.SPAN] = self.state[kernel.DOCUMENT] = 0
        self.state[kernel.POSITION] = offsets[0]
        total = 0
        for ends in spans(scanner, data, offsets):
            total += ends.size
            while not kernel.count_spans(
                data, offsets, groups, ends, self.slots, self.entries, self.arena, self.state, self.block
            ):
                place = self.state[kernel.SPAN]
                self._grow(int(ends[place] - self.state[kernel.POSITION]))
        return total

    def add_counts(
        self,
        keys: npt.NDArray[np.uint8],
        offsets: npt.NDArray[np.int64],
        groups: npt.NDArray[np.int32],
        counts: npt.NDArray[np.int64],
    ) -> npt.NDArray[np.int64]:
        """Add counted keys `keys[offsets[i]:offsets[i + 1]]`; return the entry of each, shape (keys,)."""
        keys, offsets, groups, counts = frozen(keys), frozen(offsets), frozen(groups), frozen(counts)
        places = np.empty(groups.size, dtype=np.int64)
        self.state[kernel.SPAN] = 0
        while not kernel.add_counts(
            keys, offsets, groups, counts, places,
            self.slots, self.entries, self.arena, self.state, self.block,
        ):  # fmt: skip
            row = self.state[kernel.SPAN]
            self._grow(int(offsets[row + 1] - offsets[row]))
        return places

    def add_rows(self, rows: pa.RecordBatch) -> npt.NDArray[np.int64]:
        """Add rows as `to_rows` gives them; return the entry of each, shape (rows,)."""
        keys, offsets = key_buffers(rows.column("key"))
        groups, counts = (rows.column(name).to_numpy() for name in ("group", "count"))
        return self.add_counts(keys, offsets, groups, counts)

    def to_rows(self) -> pa.RecordBatch:
        """Rows (key, group, count) in the table's own order; the keys stay where they are."""
        import pyarrow as pa

        buffers = [None, pa.py_buffer(self.offsets()), pa.py_buffer(self.arena)]
        keys = pa.LargeBinaryArray.from_buffers(pa.large_binary(), self.size, buffers)
        columns = {"key": keys, "group": pa.array(self.groups()), "count": pa.array(self.counts())}
        return pa.RecordBatch.from_pydict(columns)

    def clear(self) -> None:
        """Forget everything that was counted, and keep the room."""
        self.slots.fill(kernel.EMPTY)
        self.state.fill(0)

    def add_table(self, other: PretokenTable) -> None:
        """Add everything that another table has counted."""
        entries = other.entries[: other.size]
        groups = (entries[:, kernel.SHAPE] >> kernel.GROUP_SHIFT).astype(np.int32)
        self.add_counts(other.arena, other.offsets(), groups, entries[:, kernel.COUNT].copy())

    def offsets(self) -> npt.NDArray[np.int64]:
        """Where each key starts in the arena, and where the last one ends."""
        starts = self.entries[: self.size, kernel.KEY]
        return np.append(starts, self.state[kernel.ARENA_USED])

    def groups(self) -> npt.NDArray[np.int32]:
        """The group of each key."""
        return (self.entries[: self.size, kernel.SHAPE] >> kernel.GROUP_SHIFT).astype(np.int32)

    def counts(self) -> npt.NDArray[np.int64]:
        """The count of each key."""
        return self.entries[: self.size, kernel.COUNT].copy()

    def _grow(self, key_length: int) -> None:
        """Make room for one more key of `key_length` bytes, and as many again as there are."""
        used = int(self.state[kernel.ARENA_USED])
        if used + key_length > self.arena.size:
            self.arena = longer(self.arena, used, max(2 * self.arena.size, used + key_length))
        if 2 * (self.size + 1) > self.slots.size:
            if self.size >= _MOST_ENTRIES:
                raise WinnowError(
                    "more than 2^30 distinct pretokens in memory", hint="give a smaller --memory"
                )
            self.entries = longer(self.entries, self.size, self.slots.size)
            self.slots = _new_slots(2 * self.slots.size)
            kernel.fill_slots(self.slots, self.entries, self.size)
