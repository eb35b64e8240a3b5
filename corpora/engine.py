"""Where a verb's work runs: one function over many items, on this machine's processes or on a Ray cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
EngineName = Literal["local", "ray"]

DEFAULT_RETRIES = 3
_LARGE = 16 << 20  # bytes


class Engine(Protocol):
    """Something that runs a pure function over items. Functions, items and results are picklable."""

    @property
    def by_shard(self) -> bool:
        """Whether an item should be a whole shard, read where the task runs, and not data read here."""

    def run_tasks(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """Yield `function(item)` for every item, in the items' order, a bounded number under way.

        `function.preload` may name modules that processes import once for all. What `function` raises is
        raised here, for the first item in order that failed. Raises WinnowError when a process or a machine
        dies and the engine cannot make up for it.
        """

    def check_folder(self, folder: Path) -> None:
        """Make sure that every machine sees `folder`, and runs this version. Raises WinnowError."""


@dataclass(frozen=True, slots=True)
class RayOptions:
    """Which Ray cluster, and what a task may ask of it.

    `address` is `HOST:PORT`, `ray://HOST:PORT` or `auto`; None starts Ray on this machine.
    `memory_per_task` is in bytes (None: no request); `concurrency` caps the tasks under way at one step
    (None: twice what the cluster's processors take); `retries` is how often a task may be lost with its
    process or machine before the run gives up.
    """

    address: str | None = None
    cpus_per_task: float = 1.0
    memory_per_task: int | None = None
    concurrency: int | None = None
    retries: int = DEFAULT_RETRIES


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """Which engine a verb was asked for, before anything is started."""

    name: EngineName = "local"
    ray: RayOptions = RayOptions()

    def start_early(self, workers: int, size: int, preload: Sequence[str]) -> None:
        """Have processes of this machine import `preload` while this one still gets ready (a second of each).

        Does nothing for `size` bytes of input that are judged sooner than that.
        """
        if self.name == "local" and workers > 1 and size >= _LARGE:
            from corpora.local_engine import start_fork_server

            start_fork_server(preload)

    def open(self, workers: int) -> AbstractContextManager[Engine]:
        """The engine, for a `with` block: this machine with `workers` processes, or the cluster.

        Raises WrongCall when Ray is not installed or its cluster does not answer.
        """
        if self.name == "local":
            from corpora.local_engine import LocalEngine

            return nullcontext(LocalEngine(workers))
        from corpora.ray_engine import connect

        return connect(self.ray)


def over_files(
    engine: Engine | None, function: Callable[[Item], Result], items: Iterable[Item]
) -> Iterator[Result]:
    """`function` of every item, for work that waits for disks: on the cluster, or one by one here."""
    if engine is not None and engine.by_shard:
        return engine.run_tasks(function, items)
    return map(function, items)
