"""Work beside the work: threads that an interrupted command does not wait for, and results in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Thread
from typing import ParamSpec, TypeVar

_Arguments = ParamSpec("_Arguments")
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
_AHEAD = 2  # results that wait for each thread: enough to keep it busy, and little memory


def in_background(
    function: Callable[_Arguments, _Result], *args: _Arguments.args, **kwargs: _Arguments.kwargs
) -> Future[_Result]:
    """Run `function` in a thread that ends with the process; what it raises, `result()` raises.

    An executor's threads are waited for, even after Ctrl-C: hashing a large corpus takes hours.
    """
    future: Future[_Result] = Future()

    def run() -> None:
        try:
            future.set_result(function(*args, **kwargs))
        except BaseException as error:  # whoever asks for the result gets it
            future.set_exception(error)

    Thread(target=run, daemon=True).start()
    return future


def in_order(function: Callable[[_Item], _Result], items: Iterable[_Item], threads: int) -> Iterator[_Result]:
    """Yield `function` of every item, in order; with more than one thread, of the next few ahead of time.

    An item is taken when a thread is about to need it. What `function` or taking an item raises is
    raised at its place in the order.
    """
    if threads == 1:
        yield from map(function, items)
        return
    waiting = deque[Future[_Result]]()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for future in _submitted(pool, function, items):
                waiting.append(future)
                if len(waiting) >= _AHEAD * threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:  # the caller may want no more
            pool.shutdown(wait=False, cancel_futures=True)


def _submitted(
    pool: ThreadPoolExecutor, function: Callable[[_Item], _Result], items: Iterable[_Item]
) -> Iterator[Future[_Result]]:
    try:
        for item in items:
            yield pool.submit(function, item)
    except Exception as error:  # in its turn, as if the function had raised it
        failed = Future[_Result]()
        failed.set_exception(error)
        yield failed
