"""Times trainers in turns on one corpus, one vocabulary size and one pattern."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec

from benchmarks.folders import data_folder
from benchmarks.measure import CommandFailed, interleaved, measure_all
from benchmarks.peers import PEERS, WINNOW, Peer, Task, by_name
from benchmarks.results import Run
from benchmarks.vocabularies import shared_tokens

_READ = 1 << 20  # bytes at a time


class _Manifest(msgspec.Struct):
    seconds: dict[str, float]


def contenders(names: Sequence[str], pattern: str) -> list[Peer]:
    """Who runs with a pattern: those named; else all with o200k, and elsewhere those who know nothing else.

    Who is not installed or cannot use the pattern is left out.
    """
    able = [peer for peer in by_name(names or [p.name for p in PEERS]) if peer.can(pattern) and peer.version]
    if names or pattern == "o200k":
        return able
    return [peer for peer in able if peer.name == WINNOW or peer.patterns]


def time_setting(
    peers: Sequence[Peer], task: Task, rounds: int, timeout: float, tell: Callable[[str], None]
) -> list[Run]:
    """All rounds of one setting, in folders that go away; `task.folder` is not used.

    Who fails once is left out of the later rounds.
    """
    _read_once(task.corpus)
    runs: list[Run] = []
    with _work_folder() as name:
        for number, peer in interleaved(peers, rounds):
            if any(run.failure for run in runs if run.trainer == peer.name):
                continue
            run = time_once(peer, replace(task, folder=_folder(Path(name), peer)), number, timeout)
            tell(_told(run))
            runs.append(run)
        return _with_shares(runs, peers, Path(name))


def time_once(peer: Peer, task: Task, number: int, timeout: float) -> Run:
    """One training in fresh processes, in a new folder that takes the place of the last round's."""
    shutil.rmtree(task.folder, ignore_errors=True)
    task.folder.mkdir(parents=True)
    run = Run(task.corpus.stem, task.vocab_size, task.pattern, peer.name, peer.version, number)
    try:
        usage = measure_all(peer.commands(task), task.folder / "log", timeout)
    except CommandFailed as error:
        return msgspec.structs.replace(run, failure=str(error))
    stages = stages_of(task.folder / "out" / "manifest.json")
    return msgspec.structs.replace(run, wall=usage.wall, cpu=usage.cpu, peak_mb=usage.peak_mb, stages=stages)


def stages_of(manifest: Path) -> tuple[tuple[str, float], ...]:
    """The seconds that a manifest of `winnow train` tells; none where there is no such file."""
    if not manifest.is_file():
        return ()
    return tuple(msgspec.json.decode(manifest.read_bytes(), type=_Manifest).seconds.items())


def _with_shares(runs: Sequence[Run], peers: Sequence[Peer], folder: Path) -> list[Run]:
    files = {peer.name: _folder(folder, peer) / peer.vocabulary for peer in peers}
    reference = files.get(WINNOW)
    if reference is None or not reference.is_file():
        return list(runs)
    shares = {name: shared_tokens(file, reference) for name, file in files.items() if file.is_file()}
    return [
        msgspec.structs.replace(run, tokens=shares[run.trainer].tokens, shared=shares[run.trainer].fraction)
        if run.trainer in shares and not run.failure
        else run
        for run in runs
    ]


def _work_folder() -> tempfile.TemporaryDirectory[str]:
    data_folder().mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryDirectory(dir=data_folder(), prefix="work-")


def _folder(work: Path, peer: Peer) -> Path:
    return work / str(PEERS.index(peer))


def _read_once(corpus: Path) -> None:
    # So that the first to run does not pay for the disk.
    with corpus.open("rb") as file:
        while file.read(_READ):
            pass


def _told(run: Run) -> str:
    setting = f"{run.corpus}, {run.vocab_size:,}, {run.pattern}, round {run.round + 1}"
    used = f"{run.wall:.2f} s, {run.cpu:.2f} s CPU, {run.peak_mb:,.0f} MB"
    return f"{setting}: {run.trainer}: {run.failure or used}"
