"""Runs commands in fresh processes and measures them: wall time, CPU time, peak memory; and the spread."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import statistics
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

_T = TypeVar("_T")
_SAMPLE_SECONDS = 0.05
_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
_ORPHANS_END = 10.0  # seconds after the command itself
_TAIL = 2000  # characters of a failed command's output that are told


class CommandFailed(Exception):
    """A measured command failed or took too long; the message ends with what it printed last."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a command used: seconds of wall time, of CPU (user + system, child processes too), peak MB."""

    wall: float
    cpu: float
    peak_mb: float

    def then(self, later: Usage) -> Usage:
        """Two commands, one after the other: times add up, the larger peak counts."""
        return Usage(self.wall + later.wall, self.cpu + later.cpu, max(self.peak_mb, later.peak_mb))


@dataclass(frozen=True, slots=True)
class Spread:
    """The median, least and greatest of some runs."""

    median: float
    least: float
    most: float


def spread(values: Sequence[float]) -> Spread:
    """Median, least and greatest. Raises ValueError when there is no value."""
    if not values:
        raise ValueError("no values")
    return Spread(statistics.median(values), min(values), max(values))


def interleaved(things: Sequence[_T], rounds: int) -> Iterator[tuple[int, _T]]:
    """Everything once in round 0, then in round 1, …; each round starts one further on.

    A machine that slows down in the middle then slows all alike, and nobody is always first.
    """
    for number in range(rounds):
        start = number % len(things) if things else 0
        for thing in (*things[start:], *things[:start]):
            yield number, thing


def measure(command: Sequence[str], log: Path, timeout: float) -> Usage:
    """Run a command to its end in a process group of its own, its output in `log`.

    Processor time is of all processes of the group: those that outlive the one that started them (a fork
    server and its workers) are adopted and waited for, on Linux; elsewhere theirs is missing.
    The peak is the process's own high-water mark as the kernel tells it (wait4), or the greatest sum of
    its and its children's resident memory seen every 50 ms, if that is more (Linux only). A new process
    inherits the mark of the one that starts it: a mark no higher than ours says nothing, so keep ours low.
    Raises CommandFailed when the command fails, or is stopped after `timeout` seconds.
    """
    adopt_orphans()
    with log.open("wb") as output:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
        with _Watch(process.pid, timeout) as watch:
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        reason = f"stopped after {timeout:.0f} s" if watch.expired else f"exit code {process.returncode}"
        raise CommandFailed(f"{reason}: {log.read_text(errors='replace')[-_TAIL:].strip()}")
    inherited = usage.ru_maxrss <= resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    peak = watch.peak if inherited else max(usage.ru_maxrss * 1024, watch.peak)
    return Usage(wall, usage.ru_utime + usage.ru_stime + _seconds_of_orphans(process.pid), peak / 1e6)


def adopt_orphans() -> None:
    """Become the parent of what our children leave behind; nothing where that cannot be done."""
    prctl = getattr(ctypes.CDLL(None), "prctl", None)
    if prctl is not None:
        prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _seconds_of_orphans(group: int) -> float:
    """Processor time of what is left of a process group; what does not end soon is not waited for."""
    seconds, end = 0.0, time.monotonic() + _ORPHANS_END
    while time.monotonic() < end:
        try:
            pid, _, usage = os.wait4(-group, os.WNOHANG)
        except ChildProcessError:
            break
        seconds += usage.ru_utime + usage.ru_stime if pid else 0.0
        if not pid:
            time.sleep(_SAMPLE_SECONDS)
    return seconds


def measure_all(commands: Sequence[Sequence[str]], log: Path, timeout: float) -> Usage:
    """Measure commands that belong together, one after another."""
    first, *rest = (measure(command, log, timeout) for command in commands)
    for usage in rest:
        first = first.then(usage)
    return first


class _Watch:
    """A thread that adds up the memory of a process and its children, and ends the group when time is up."""

    def __init__(self, pid: int, timeout: float) -> None:
        self.peak = 0
        self.expired = False
        self._pid = pid
        self._end = time.monotonic() + timeout
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> _Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._done.wait(_SAMPLE_SECONDS):
            self.peak = max(self.peak, sum(map(resident_bytes, process_tree(self._pid))))
            if time.monotonic() > self._end and not self.expired:
                self.expired = True
                os.killpg(self._pid, signal.SIGKILL)


def process_tree(pid: int) -> list[int]:
    """A process and all that it started; only the process itself where there is no /proc."""
    found = [pid]
    for parent in found:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                found.extend(map(int, children.read_text().split()))
            except OSError:
                continue  # a thread that ended between the listing and the reading
    return found


def resident_bytes(pid: int) -> int:
    """Resident memory of one process; 0 when it has ended, or where there is no /proc."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")
