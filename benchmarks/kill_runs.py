"""Commands killed at random moments and called again until they finish: what they leave, byte for byte."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

_POLL = 0.01  # seconds
_PATIENCE = 600.0  # seconds that one command may take on a loaded machine
_DIFFERENT_EACH_TIME = frozenset({"seconds", "command_line", "call"})  # see `corpora.manifest.Manifest`
FINE = frozenset({0, 3})  # finished; 3 says that a policy failed, which is a result


@dataclass(frozen=True, slots=True)
class Subject:
    """A command to kill: its arguments without `-o`, and what to write below the folder of a trial."""

    name: str
    arguments: tuple[str, ...]
    out: str = "out"

    def command(self, folder: Path) -> list[str]:
        """The command line that writes into `folder`."""
        return [sys.executable, "-m", "winnow", *self.arguments, "-o", str(folder / self.out), "-q"]


@dataclass(frozen=True, slots=True)
class Reference:
    """What a command left that nobody killed: its files, and how many seconds it wrote for."""

    files: Mapping[str, object]
    seconds: float


@dataclass(slots=True)
class Tally:
    """What became of one subject's kills."""

    subject: str
    kills: int = 0
    too_late: int = 0
    resumed: int = 0
    differences: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


def contents(folder: Path) -> dict[str, object]:
    """Every file below a folder by name, hidden ones too, without what may differ from run to run."""
    return {
        path.relative_to(folder).as_posix(): _content(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _content(path: Path) -> object:
    if not path.name.endswith(("manifest.json", "summary.json")):
        return path.read_bytes()
    record = msgspec.json.decode(path.read_bytes())
    return {key: value for key, value in record.items() if key not in _DIFFERENT_EACH_TIME}


def reference(subject: Subject, folder: Path) -> Reference:
    """Run a command to its end. Raises RuntimeError when it fails."""
    folder.mkdir(parents=True)
    with _started(subject, folder) as process:
        _wait_for_files(folder, process)
        begun = time.monotonic()
        code = process.wait(_PATIENCE)
        seconds = time.monotonic() - begun
    if code not in FINE:
        raise RuntimeError(f"{subject.name} failed before anything was killed: {_log(folder)}")
    return Reference(contents(folder / "files"), seconds)


def kill_and_resume(
    subject: Subject, whole: Reference, folder: Path, kills: int, rng: random.Random, tally: Tally
) -> None:
    """Kill a command's whole process group `kills` times, each time at a random moment of its work, then let
    it finish, and compare. Everything is added to `tally`.
    """
    folder.mkdir(parents=True)
    for _ in range(kills):
        with _started(subject, folder) as process:
            _wait_for_files(folder, process)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(rng.random() * whole.seconds)
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                tally.kills += 1
            else:
                tally.too_late += 1
            code = process.wait()
        if code not in {*FINE, -signal.SIGKILL}:
            tally.failures.append(_log(folder))
    with _started(subject, folder) as process:
        code = process.wait(_PATIENCE)
    if code not in FINE:
        tally.failures.append(_log(folder))
        return
    tally.resumed += 1
    tally.differences += different(whole.files, contents(folder / "files"))


def different(expected: Mapping[str, object], found: Mapping[str, object]) -> list[str]:
    """The names of files that are not the same in both, or in one only."""
    names = sorted(expected.keys() | found.keys())
    return [name for name in names if expected.get(name) != found.get(name)]


def run_trials(
    subjects: Sequence[tuple[Subject, int]], folder: Path, seed: int, kills_in_a_row: int = 2
) -> Iterator[Tally]:
    """Kill each subject as often as asked, at most `kills_in_a_row` before it may finish; yield tallies."""
    rng = random.Random(seed)
    for subject, kills in subjects:
        tally = Tally(subject.name)
        whole = reference(subject, folder / subject.name / "whole")
        number = 0
        while tally.kills < kills and not tally.failures:
            wanted = min(rng.randint(1, kills_in_a_row), kills - tally.kills)
            trial = folder / subject.name / f"trial-{number:03}"
            kill_and_resume(subject, whole, trial, wanted, rng, tally)
            shutil.rmtree(trial)
            number += 1
        yield tally


@contextlib.contextmanager
def _started(subject: Subject, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The command in a process group of its own, which is gone after the block."""
    (folder / "files").mkdir(exist_ok=True)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            subject.command(folder / "files"), stdout=log, stderr=log, start_new_session=True
        )
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait_for_files(folder: Path, process: subprocess.Popen[bytes]) -> None:
    """Wait until a command has claimed its output: before that there is nothing to lose."""
    while process.poll() is None and not any((folder / "files").rglob(".*")):
        time.sleep(_POLL)


def _log(folder: Path) -> str:
    return (folder / "log").read_text(errors="replace")[-2000:].strip()
