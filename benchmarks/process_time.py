"""Processor seconds of a command and all its processes: `python -m benchmarks.process_time -- COMMAND`."""

from __future__ import annotations

import ctypes
import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h


@dataclass(frozen=True, slots=True)
class ProcessTime:
    """Seconds of a command: processor time of all its processes (user + system), and on the clock."""

    processor: float
    clock: float


def measure_command(command: Sequence[str]) -> ProcessTime:
    """Run a command, its output thrown away. Raises CalledProcessError when it fails.

    Processes that outlive the one that started them (a fork server) are adopted and waited for here, so that
    their time counts; that needs Linux, as the adoption does.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "processes cannot be adopted here")
    before, started = _children(), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    clock = time.perf_counter() - started
    _wait_for_adopted()
    return ProcessTime(_children() - before, clock)


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _wait_for_adopted() -> None:
    while True:
        try:
            os.wait()
        except ChildProcessError:
            return


def main() -> None:
    """Print the seconds of the command behind `--`."""
    command = sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else []
    if not command:
        raise SystemExit(__doc__)
    found = measure_command(command)
    sys.stdout.write(f"{found.processor:.1f} s of processor time, {found.clock:.1f} s on the clock\n")


if __name__ == "__main__":
    main()
