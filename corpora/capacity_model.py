"""The arithmetic of `winnow plan`: measured on a sample, extrapolated to a corpus, assumptions named."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import linear_regression

# Settling (duplicates, boilerplate, caps) is one process on any cluster: 0.9 s for 26 MB, docs/SCALE.md.
SETTLED_PER_SECOND = 29e6
# Memory, docs/SCALE.md: training for each byte of distinct pretokens (measured: 27), and filtering for each
# kept document: its sketch while fewer are remembered than the most, and its hash.
MOST_KEY_BYTES = 1 << 31  # of distinct pretokens that training takes, docs/training.md
TRAINING_BYTES_PER_KEY_BYTE = 30.0
SKETCH_BYTES, MOST_SKETCHES = 500, 2_000_000
HASH_BYTES = 75  # 45, and an id of 30
_TABLE_ROW = 100.0  # bytes of --memory for each row that a table holds when it goes to disk (measured)
_RUN_ROW = 20.0  # bytes of a row in a run on disk, beside the pretoken itself (trainer/runs.py)
_COPIES = 2  # many runs are merged in turns: everything is on disk once more meanwhile
ASSUMPTIONS = (
    "the rest of the input is like the sample: language mix, length of documents, share that is kept",
    "distinct pretokens grow by Heaps' law, K * bytes^beta, fitted to nested samples; beyond a thousand "
    "times the sample take it as an order of magnitude",
    "time grows with bytes; twice the processors take half the time in judging and counting, while settling "
    "duplicates is one process (29 MB/s) and merging is one processor",
    "merging takes time in proportion to the bytes of distinct pretokens, of which training takes 2^31 at "
    "most; many are seen once, and --drop-singletons leaves those out",
    "the machines of a cluster are like this one, and a shared disk keeps up with them",
)


@dataclass(frozen=True, slots=True)
class Usage:
    """What one command used: seconds of wall time, peak memory in bytes, and bytes that it wrote."""

    seconds: float
    memory: int
    written: int = 0


@dataclass(frozen=True, slots=True)
class CountPoint:
    """One count: bytes of text that went in, distinct pretokens and the bytes of them, that came out."""

    text_bytes: int
    distinct: int
    key_bytes: int


@dataclass(frozen=True, slots=True)
class Measured:
    """One processor's work on a sample, each command twice: on a part (`small`) and on all of it (`large`).

    `text_bytes` and `documents` are of the whole sample, `kept` the share of its text that was kept, and
    `small` the part's share of the sample. `points` are nested counts, small to large.
    """

    text_bytes: int
    documents: int
    kept: float
    small: float
    filter_small: Usage
    filter_large: Usage
    count_small: Usage
    count_large: Usage
    train_small: Usage
    train_large: Usage
    points: Sequence[CountPoint]


@dataclass(frozen=True, slots=True)
class HeapsLaw:
    """Distinct pretokens of n bytes of text: `k * n ** beta`."""

    k: float
    beta: float

    def distinct(self, text_bytes: float) -> float:
        """Distinct pretokens that so much text has."""
        return float(self.k * text_bytes**self.beta)

    def text_bytes(self, distinct: float) -> float:
        """Text that has so many distinct pretokens."""
        return float((distinct / self.k) ** (1 / self.beta))


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a command would need for the whole input on one machine."""

    verb: str
    seconds: float
    memory_bytes: int
    disk_bytes: int


@dataclass(frozen=True, slots=True)
class ClusterEstimate:
    """So much text in so many hours for each step: machines (None: no number is enough), and training.

    `train_fits` says whether training takes so many distinct pretokens.
    """

    text_bytes: int
    hours: float
    filter_machines: int | None
    settle_hours: float
    count_machines: int
    distinct: int
    train_hours: float
    train_memory_bytes: int
    train_fits: bool


def fit_heaps(points: Sequence[CountPoint]) -> HeapsLaw:
    """Least squares on logarithms (Heaps 1978). Raises ValueError for fewer than two different points."""
    sizes = [math.log(point.text_bytes) for point in points]
    fitted = linear_regression(sizes, [math.log(point.distinct) for point in points])
    return HeapsLaw(math.exp(fitted.intercept), fitted.slope)


def rate(small: Usage, large: Usage, units: float) -> float:
    """Units a second, where `units` more took the second run longer; starting up does not count.

    Where the difference drowns in noise, the whole second run's rate is a lower bound.
    """
    longer = large.seconds - small.seconds
    return units / longer if longer > 0.1 * large.seconds else units / large.seconds


@dataclass(frozen=True, slots=True)
class Model:
    """Measurements, and what follows from them for other sizes and numbers of processors."""

    measured: Measured
    heaps: HeapsLaw
    cores: int

    @property
    def filter_rate(self) -> float:
        """Bytes of text that one processor judges in a second."""
        measured = self.measured
        return rate(measured.filter_small, measured.filter_large, self._more * measured.text_bytes)

    @property
    def count_rate(self) -> float:
        """Bytes of text that one processor counts in a second."""
        measured = self.measured
        return rate(measured.count_small, measured.count_large, self._more * measured.points[-1].text_bytes)

    @property
    def train_rate(self) -> float:
        """Bytes of distinct pretokens that merging gets through in a second."""
        measured = self.measured
        more = measured.points[-1].key_bytes - measured.points[0].key_bytes
        return rate(measured.train_small, measured.train_large, more)

    def key_bytes(self, text_bytes: float) -> float:
        """Bytes of the distinct pretokens of so much kept text."""
        last = self.measured.points[-1]
        return self.heaps.distinct(text_bytes) * last.key_bytes / last.distinct

    def on_this_machine(self, text_bytes: float, count_memory: int) -> list[Estimate]:
        """Filter, count and train one after another; `count_memory` is `--memory` in bytes."""
        kept = text_bytes * self.measured.kept
        return [self._filter(text_bytes), self._count(kept, count_memory), self._train(kept)]

    def on_machines(self, text_bytes: int, hours: float) -> ClusterEstimate:
        """How many machines like this one finish each step in `hours`."""
        kept, seconds = text_bytes * self.measured.kept, hours * 3600
        settling = text_bytes / SETTLED_PER_SECOND
        judging = text_bytes / (self.filter_rate * self.cores)
        train = self._train(kept)
        return ClusterEstimate(
            text_bytes, hours,
            math.ceil(judging / seconds) if settling <= seconds else None,
            settling / 3600,
            math.ceil(kept / (self.count_rate * self.cores) / seconds),
            round(self.heaps.distinct(kept)),
            train.seconds / 3600,
            train.memory_bytes,
            self.key_bytes(kept) <= MOST_KEY_BYTES,
        )  # fmt: skip

    @property
    def _more(self) -> float:
        return 1 - self.measured.small

    def _filter(self, text_bytes: float) -> Estimate:
        large, times = self.measured.filter_large, text_bytes / self.measured.text_bytes
        seconds = max(text_bytes / (self.filter_rate * self.cores), text_bytes / SETTLED_PER_SECOND)
        documents = self.measured.documents * self.measured.kept * times
        remembered = SKETCH_BYTES * min(documents, MOST_SKETCHES) + HASH_BYTES * documents
        memory = large.memory * self.cores + remembered
        return Estimate("filter", seconds, round(memory), round(large.written * times))

    def _count(self, kept: float, count_memory: int) -> Estimate:
        large, rows = self.measured.count_large, self.heaps.distinct(kept)
        table = min(count_memory, rows * _TABLE_ROW)
        written = large.written * rows / self.measured.points[-1].distinct
        seconds = kept / (self.count_rate * self.cores)
        disk = written + self._spilled(kept, count_memory)
        return Estimate("count", seconds, round(large.memory + table), round(disk))

    def _spilled(self, kept: float, count_memory: int) -> float:
        """Bytes of runs on disk: each time a table is full all its rows go there, new or not."""
        in_run = count_memory / _TABLE_ROW
        if self.heaps.distinct(kept) <= in_run:
            return 0.0
        last = self.measured.points[-1]
        runs = kept / self.heaps.text_bytes(in_run)
        return _COPIES * runs * in_run * (_RUN_ROW + last.key_bytes / last.distinct)

    def _train(self, kept: float) -> Estimate:
        large, keys = self.measured.train_large, self.key_bytes(kept)
        memory = large.memory + TRAINING_BYTES_PER_KEY_BYTE * keys
        return Estimate("train", keys / self.train_rate, round(memory), large.written + round(memory))
