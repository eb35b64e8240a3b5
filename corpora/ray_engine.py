"""The Ray engine: tasks on a cluster's machines, retried when their process or machine dies."""

from __future__ import annotations

import os
import re
import socket
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from corpora.engine import RayOptions
from corpora.errors import WinnowError, WrongCall
from corpora.manifest import tool_version

Item = TypeVar("Item")
Result = TypeVar("Result")

_ADDRESS = re.compile(r"(?:ray://)?(?P<host>[^/:]+|\[[0-9a-fA-F:]+\]):(?P<port>\d{1,5})")
_CONNECT_SECONDS = 5.0
_PER_SLOT = 2  # tasks under way for each that can run, so that no processor waits for the driver
_QUIET = {"log_to_driver": False, "logging_level": "ERROR", "configure_logging": True}


@contextmanager
def connect(options: RayOptions) -> Iterator[RayEngine]:
    """Connect to the cluster, or start Ray on this machine, and leave it at the end of the block.

    A connection that this process has already is used, and stays. Raises WrongCall when Ray is not
    installed, nothing answers at the address, or no machine is large enough for a task.
    """
    ray = _import_ray()
    mine = not ray.is_initialized()
    if mine:
        _start(ray, options.address or os.environ.get("RAY_ADDRESS"))
    try:
        _check_resources(ray, options)
        yield RayEngine(options)
    finally:
        if mine:
            ray.shutdown()


@dataclass(frozen=True, slots=True)
class RayEngine:
    """Tasks on the cluster to which this process is connected."""

    options: RayOptions

    @property
    def by_shard(self) -> bool:
        """Yes: every machine reads its own shards."""
        return True

    def run_tasks(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """See `corpora.engine.Engine.run_tasks`. A result stays in the object store until it is yielded."""
        ray = _import_ray()
        shared = ray.put(function)
        task = self._task(function)
        stream = enumerate(items)
        waiting: deque[Any] = deque()  # in the items' order
        running: set[Any] = set()
        more = True
        try:
            while more or waiting:
                room = self._room()
                while more and len(running) < room and len(waiting) < _PER_SLOT * room:
                    number, item = next(stream, (-1, None))
                    more = number >= 0
                    if more:
                        waiting.append(task.options(name=_title(function, number)).remote([shared], item))
                        running.add(waiting[-1])
                if running:
                    running = set(ray.wait(list(running), num_returns=1, fetch_local=False)[1])
                while waiting and waiting[0] not in running:
                    yield self._result(waiting.popleft())
        finally:
            for reference in waiting:
                ray.cancel(reference, force=True)

    def check_folder(self, folder: Path) -> None:
        """Have every machine look for a file written here. Raises WinnowError naming what is wrong where."""
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        ray = _import_ray()
        nodes = [node for node in ray.nodes() if node["Alive"]]
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".winnow-seen-") as token:
            probe = ray.remote(num_cpus=0, max_retries=self.options.retries)(_look)
            seen = [
                probe.options(
                    scheduling_strategy=NodeAffinitySchedulingStrategy(node["NodeID"], soft=True)
                ).remote(str(Path(token.name).absolute()))
                for node in nodes
            ]
            for node, reference in zip(nodes, seen, strict=True):
                _check_view(node["NodeManagerAddress"], folder, *self._result(reference))

    def _task(self, function: Callable[..., Any]) -> Any:
        options = self.options
        asked = {"memory": options.memory_per_task} if options.memory_per_task else {}
        return _import_ray().remote(
            num_cpus=options.cpus_per_task, max_retries=options.retries, retry_exceptions=False,
            scheduling_strategy="SPREAD", **asked,
        )(_perform)  # fmt: skip

    def _room(self) -> int:
        """How many tasks may be under way; the cluster may have grown or shrunk since last asked."""
        if self.options.concurrency is not None:
            return self.options.concurrency
        slots = _import_ray().cluster_resources().get("CPU", 0.0) / self.options.cpus_per_task
        return max(_PER_SLOT, int(_PER_SLOT * slots))

    def _result(self, reference: Any) -> Any:
        from ray.exceptions import RayError, RayTaskError

        try:
            return _import_ray().get(reference)
        except RayTaskError as error:
            cause = error.cause
            if isinstance(cause, ImportError):
                raise WinnowError(
                    f"a machine of the cluster lacks something: {cause}",
                    hint="every machine needs this version: pip install 'winnow-bpe[ray]'",
                ) from error
            raise (cause if isinstance(cause, Exception) else error) from None
        except RayError as error:
            raise WinnowError(
                f"a task was lost with its process or machine {self.options.retries + 1} times"
                f" ({type(error).__name__})",
                hint="the same command resumes; more --ray-memory-per-task runs fewer tasks on one machine",
            ) from error


def _title(function: Callable[..., Any], number: int) -> str:
    """What `ray` tools and the list of processes show of a task, such as `winnow ShardJudge 17`."""
    return f"winnow {getattr(function, '__name__', type(function).__name__)} {number}"


_loaded: dict[str, Callable[[Any], Any]] = {}  # in a worker process: the last function, loaded once


def _perform(shared: list[Any], item: Any) -> Any:
    """Run in a worker process: `shared` holds the reference to the function, which is fetched once."""
    key = shared[0].hex()
    if key not in _loaded:
        _loaded.clear()
        _loaded[key] = _import_ray().get(shared[0])
    return _loaded[key](item)


def _look(path: str) -> tuple[bool, str]:
    """Run on every machine: whether it sees a file, and which version of Winnow it has."""
    return Path(path).exists(), tool_version()


def _check_view(machine: str, folder: Path, sees: bool, version: str) -> None:
    if not sees:
        raise WinnowError(
            f"machine {machine} of the cluster does not see this folder",
            where=folder,
            hint="--out must be on a file system that every machine mounts at the same path",
        )
    if version != tool_version():
        raise WinnowError(
            f"machine {machine} of the cluster has Winnow {version}, here it is {tool_version()}",
            hint="install the same version everywhere",
        )


def _import_ray() -> Any:
    try:
        import ray
    except ImportError as error:
        raise WrongCall(
            "--engine ray needs Ray, which is not installed", hint="pip install 'winnow-bpe[ray]'"
        ) from error
    return ray


def _start(ray: Any, address: str | None) -> None:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # Ray asks or reports by itself otherwise
    if address in (None, "", "local"):
        ray.init(address="local", include_dashboard=False, **_QUIET)
        return
    if address != "auto":
        _check_address(str(address))
    try:
        ray.init(address=address, **_QUIET)
    except (ConnectionError, ImportError, RuntimeError, ValueError) as error:
        what = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise WrongCall(f"no Ray cluster at {address}: {what}", hint=_ADDRESS_HINT) from error


def _check_resources(ray: Any, options: RayOptions) -> None:
    """Ray itself waits for ever for a machine that is large enough."""
    cpus, memory = options.cpus_per_task, options.memory_per_task or 0
    alive = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    if not any(node.get("CPU", 0) >= cpus and node.get("memory", 0) >= memory for node in alive):
        asked = f"{cpus:g} processors" + (f" and {memory / 1e9:g} GB" if memory else "")
        raise WrongCall(
            f"no machine of the cluster has {asked} for a task",
            hint="ask for less, or start machines first: one of that size must be there at the start",
        )


_ADDRESS_HINT = "--ray-address HOST:6379, or auto on a machine of the cluster; `ray status` shows it"


def _check_address(address: str) -> None:
    """Try the port first: Ray itself waits for minutes where nothing listens."""
    parts = _ADDRESS.fullmatch(address)
    if parts is None or int(parts["port"]) > 65535:
        raise WrongCall(f"not a Ray address: {address!r}", hint=_ADDRESS_HINT)
    try:
        socket.create_connection((parts["host"].strip("[]"), int(parts["port"])), _CONNECT_SECONDS).close()
    except OSError as error:
        raise WrongCall(f"no Ray cluster at {address}: {error}", hint=_ADDRESS_HINT) from error
