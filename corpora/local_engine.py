"""The local engine: one function over many items in processes of this machine, results in order."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar

from corpora.errors import WinnowError

Item = TypeVar("Item")
Result = TypeVar("Result")

_FORKS = sys.platform.startswith("linux")
_AHEAD = 3  # items under way per process
_INLINE = 2  # so few items are worked on here: starting processes takes longer


@dataclass(frozen=True, slots=True)
class LocalEngine:
    """Processes of this machine; with one worker, or few items, this process itself."""

    workers: int = 1

    @property
    def by_shard(self) -> bool:
        """No: one process reads, so that a single file keeps all processes busy."""
        return False

    def check_folder(self, folder: Path) -> None:
        """Nothing to check: every process is here."""

    def run_tasks(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """See `Engine.run_tasks`. Each process receives `function` once."""
        stream = iter(items)
        first = list(islice(stream, _INLINE + 1))
        if self.workers <= 1 or len(first) <= _INLINE:
            yield from map(function, chain(first, stream))
            return
        pool = ProcessPoolExecutor(
            self.workers, mp_context=_context(function), initializer=_install, initargs=(function,)
        )
        try:
            yield from _in_order(pool, chain(first, stream), self.workers * _AHEAD)
        except BrokenProcessPool as error:
            hint = "--workers 1 needs least memory; the same command resumes"
            raise WinnowError("a worker process died", hint=hint) from error
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def start_fork_server(preload: Sequence[str]) -> None:
    """Start the process that workers will be copies of, and go on while it imports `preload`; on Linux only.

    Ctrl-C reaches the whole group: it must not end that process in the middle of an import, with a traceback.
    """
    if not _FORKS:
        return
    from multiprocessing import forkserver, resource_tracker

    resource_tracker.ensure_running()  # it would let the signal through again
    multiprocessing.get_context("forkserver").set_forkserver_preload(list(preload))
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # inherited by the new process
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _context(function: Callable[[Any], Any]) -> multiprocessing.context.BaseContext:
    """How processes start: none inherits this process's threads and locks. On Linux they are copies of one
    process that has imported what `function` names in `preload`; elsewhere forking is not safe, or not there.
    """
    if not _FORKS:
        return multiprocessing.get_context("spawn")
    start_fork_server(getattr(function, "preload", ()))
    return multiprocessing.get_context("forkserver")


_installed: Callable[[Any], Any] | None = None  # one per worker process, set by _install


def _install(function: Callable[[Any], Any]) -> None:
    global _installed  # noqa: PLW0603 - a worker process has exactly one function
    _installed = function
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the command answers it
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A worker holds both ends of its queue, so it would wait for ever for a command that was killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _perform(item: Any) -> Any:
    if _installed is None:
        raise RuntimeError("a worker was asked before it was started")
    return _installed(item)


def _in_order(pool: ProcessPoolExecutor, items: Iterator[Any], limit: int) -> Iterator[Any]:
    waiting: deque[Future[Any]] = deque()
    for item in items:
        waiting.append(pool.submit(_perform, item))
        if len(waiting) >= limit:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
