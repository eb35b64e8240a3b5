"""What every reader promises about any bytes at all, and a check that it holds for some of them."""

from __future__ import annotations

import os
import resource
import signal
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from corpora.display import show_text
from corpora.errors import WinnowError, outcome

SECONDS = 5.0  # for one input; seeds are small, so this is a hang
MEMORY_BYTES = 1 << 30  # by which one input may raise the process's peak
_ROOMS = ("corpora", "banlists", "curation", "trainer", "audit", "fuzz")


class BrokenPromise(Exception):
    """A harness saw a result that the reader must not give."""


class TooSlow(BaseException):
    """The time for one input is over; no reader may catch this."""


@dataclass(frozen=True, slots=True)
class Target:
    """One reader: a name, inputs to start from, and a call that reads bytes with the help of a folder.

    `words` are byte strings that mean something in the format. `placed` says that every error has to
    name a file, `file:line` or row.
    """

    name: str
    seeds: Callable[[], Sequence[bytes]]
    call: Callable[[bytes, Path], None]
    words: Sequence[bytes] = field(default=())
    placed: bool = True


@dataclass(frozen=True, slots=True)
class Finding:
    """A broken promise: which target, what happened in one line, where in the sources, and the input."""

    target: str
    what: str
    place: str
    data: bytes


def warm(target: Target, folder: Path) -> None:
    """Read the first seed without a limit: what is compiled or loaded then is not the next input's fault."""
    with suppress(WinnowError):
        target.call(target.seeds()[0], folder)


def check(target: Target, data: bytes, folder: Path, *, alarm: bool = True) -> Finding | None:
    """Give `data` to the reader; None when it gives a result, or refuses with an error made for people.

    Broken promises are: any other exception, an error without a place or that a terminal would obey,
    more than SECONDS, a peak that grows by more than MEMORY_BYTES, and files left half-written.
    `alarm` interrupts what takes too long; without it the time is only looked at afterwards.
    """
    started, peak = time.perf_counter(), _peak()
    try:
        with _time_limit() if alarm else _no_limit():
            target.call(data, folder)
    except WinnowError as error:
        problem = _bad_error(error, target)
        if problem:
            return Finding(target.name, problem, _place(error), data)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:
        # Panics of Rust libraries are no Exception either.
        return Finding(target.name, _one_line(error), _place(error), data)
    return _afterwards(target, data, folder, time.perf_counter() - started, _peak() - peak)


def _afterwards(target: Target, data: bytes, folder: Path, seconds: float, grown: int) -> Finding | None:
    if seconds > SECONDS:
        return Finding(target.name, f"slow: {seconds:.1f} s", "time", data)
    if grown > MEMORY_BYTES:
        return Finding(target.name, f"memory: {grown >> 20} MiB more", "memory", data)
    left = [name for _, _, names in os.walk(folder) for name in names if name.startswith(".")]
    if left:
        return Finding(target.name, f"half-written files: {left}", "files", data)
    return None


def _bad_error(error: WinnowError, target: Target) -> str | None:
    shown, code = outcome(error)
    if not error.what.strip():
        return "an error without a message"
    if target.placed and error.where is None:
        return f"an error without a place: {error.what[:80]!r}"
    if show_text(shown) != shown:
        return f"an error that a terminal would obey: {shown[:120]!r}"
    return None if code in (1, 2) else f"exit code {code}"


@contextmanager
def _time_limit() -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> None:
        raise TooSlow(f"more than {SECONDS} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def _no_limit() -> Iterator[None]:
    yield


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


def _one_line(error: BaseException) -> str:
    first = (str(error).splitlines() or [""])[0]
    return f"{type(error).__name__}: {first[:160]}"


def _place(error: BaseException) -> str:
    """The last line of our own sources that the error passed."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).parts[-2:-1] and _is_own(frame.filename)]
    return f"{Path(own[-1].filename).name}:{own[-1].lineno}" if own else "?"


def _is_own(filename: str) -> bool:
    path = Path(filename)
    return "site-packages" not in path.parts and any(room in path.parts for room in _ROOMS)
