"""Asking: every question once, at most so many a minute, several at a time, each noted before it is sent."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from threading import Event, Lock

from audit.probe.journal import History, Journal
from audit.probe.records import AnswerLost, Ask, Backend
from corpora.errors import WinnowError


class Pace:
    """Spreads calls evenly: at most `per_minute` of them; None for no limit."""

    def __init__(self, per_minute: float | None) -> None:
        self._gap = 60 / per_minute if per_minute else 0.0
        self._next = time.monotonic()
        self._lock = Lock()

    def wait(self) -> None:
        """Sleep until it is this call's turn."""
        with self._lock:
            turn = max(self._next, time.monotonic())
            self._next = turn + self._gap
        time.sleep(max(0.0, turn - time.monotonic()))


def remaining(asks: Sequence[Ask], history: History, *, ask_lost: bool) -> list[Ask]:
    """The questions without an answer; those asked unheard only with `ask_lost`."""
    done = set(history.replies) if ask_lost else {*history.replies, *history.lost}
    return [ask for ask in asks if ask.key not in done]


def ask_all(
    asks: Sequence[Ask], backend: Backend, journal: Journal, pace: Pace, advance: Callable[[int], None]
) -> None:
    """Ask all questions. The first error stops the rest and is raised when those under way are done."""
    stop = Event()

    def ask_one(ask: Ask) -> None:
        if not stop.is_set():
            _ask(ask, backend, journal, pace)
            advance(1)

    with ThreadPoolExecutor(max_workers=backend.parallel) as pool:
        futures = [pool.submit(ask_one, ask) for ask in asks]
        try:
            done, _ = wait(futures, return_when=FIRST_EXCEPTION)
        finally:
            stop.set()
    for future in done:
        future.result()


def _ask(ask: Ask, backend: Backend, journal: Journal, pace: Pace) -> None:
    pace.wait()
    journal.asked(ask.key)
    try:
        reply = backend.answer(ask)
    except AnswerLost:
        return  # the journal keeps it as asked without an answer
    except WinnowError:
        journal.refused(ask.key)
        raise
    journal.answered(ask.key, reply)
