"""Faults in the middle of the work: Ctrl-C, a full disk, a lost worker or parent, two runs at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.kill_runs import contents
from benchmarks.measure import process_tree

PATIENCE = 300  # seconds, on a loaded machine
FILTER = ("filter", "recipe:sample", "--workers", "2")
COUNT = ("count", "recipe:sample", "--memory", "1MB")

# A command that a script starts in the background is told to ignore Ctrl-C, and so would be its children.
PROGRAM = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from winnow import main
sys.exit(main())
"""


def started(*arguments: object, limit: str = "") -> subprocess.Popen[str]:
    """A command in a process group of its own; `limit` is an option of the shell's `ulimit`."""
    command = [sys.executable, "-c", PROGRAM, *map(str, arguments)]
    if limit:
        command = ["sh", "-c", f'ulimit {limit} && exec "$@"', "sh", *command]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)


def finished(process: subprocess.Popen[str]) -> tuple[int, str]:
    """The exit code and what was said; a command that hangs fails the test."""
    try:
        _, said = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    return process.returncode, said


def wait_until(condition: Callable[[], object], process: subprocess.Popen[str]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.01)


def workers_of(process: subprocess.Popen[str]) -> list[int]:
    """The processes that work for a command: started by its fork server, or each by itself."""
    started_by_it = process_tree(process.pid)[1:]
    servers = [pid for pid in started_by_it if b"forkserver" in command_line(pid)]
    return (
        process_tree(servers[0])[1:]
        if servers
        else [pid for pid in started_by_it if b"spawn_main" in command_line(pid)]
    )


def command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, object]]:
    """What filter and count leave when nothing happens."""
    folder = tmp_path_factory.mktemp("whole")
    for name, arguments, out in (("filter", FILTER, "out"), ("count", COUNT, "counts.parquet")):
        assert finished(started(*arguments, "-o", folder / name / out, "-q"))[0] == 0
    return {name: contents(folder / name) for name in ("filter", "count")}


@pytest.mark.slow
def test_ctrl_c_stops_in_seconds_and_says_how_to_go_on(tmp_path: Path, whole) -> None:
    out = tmp_path / "out"
    process = started(*FILTER, "-o", out)
    wait_until(lambda: list(out.glob("decisions/part-*")), process)
    begun = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)
    code, said = finished(process)
    assert time.monotonic() - begun < 20  # on a loaded machine; a second or two else
    assert code == 130
    assert "the same command goes on" in said
    assert "Traceback" not in said
    assert finished(started(*FILTER, "-o", out))[0] == 0
    assert contents(tmp_path) == whole["filter"]


@pytest.mark.slow
def test_ctrl_c_does_not_wait_for_hashes(tmp_path: Path) -> None:
    """Hashing 60 GB (a sparse file) takes a minute at least."""
    lines = tmp_path / "in.jsonl"
    lines.write_text('{"text": "a line of the river and the sea"}\n' * 1_000)
    os.truncate(lines, 60 << 30)
    process = started("count", lines, "-o", tmp_path / "counts.parquet", "--on-error", "skip")
    wait_until((tmp_path / ".counts.parquet.lock").exists, process)
    time.sleep(2)
    os.killpg(process.pid, signal.SIGINT)
    begun = time.monotonic()
    assert finished(process)[0] == 130
    assert time.monotonic() - begun < 15


@pytest.mark.slow
def test_a_worker_that_is_killed_ends_the_run_which_resumes(tmp_path: Path, whole) -> None:
    """As when the kernel takes the process that has most memory."""
    out = tmp_path / "out"
    process = started(*FILTER, "-o", out)
    wait_until(lambda: list(out.glob("decisions/part-*")) and workers_of(process), process)
    os.kill(workers_of(process)[0], signal.SIGKILL)
    code, said = finished(process)
    assert code == 1
    assert "a worker process died" in said
    assert "the same command resumes" in said
    assert finished(started(*FILTER, "-o", out))[0] == 0
    assert contents(tmp_path) == whole["filter"]


@pytest.mark.slow
def test_workers_do_not_outlive_a_command_that_is_killed(tmp_path: Path) -> None:
    out = tmp_path / "out"
    process = started(*FILTER, "-o", out)
    wait_until(lambda: list(out.glob("decisions/part-*")) and workers_of(process), process)
    workers = workers_of(process)
    process.kill()  # the command alone, not its group
    process.wait()
    end = time.monotonic() + 30
    while any(map(command_line, workers)):
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["filter", "count"])
def test_files_that_may_not_grow_stop_the_run_which_resumes(tmp_path: Path, whole, name: str) -> None:
    """A quota: no file may have more than 16 blocks of 512 bytes."""
    arguments, out = (FILTER, "out") if name == "filter" else (COUNT, "counts.parquet")
    code, said = finished(started(*arguments, "-o", tmp_path / out, limit="-f 16"))
    assert code == 1
    assert "File too large (make room; the same command resumes)" in said
    assert finished(started(*arguments, "-o", tmp_path / out))[0] == 0
    assert contents(tmp_path) == whole[name]


@contextmanager
def small_disk(place: Path, size: int) -> Iterator[None]:
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(place)], check=True)


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
@pytest.mark.parametrize("name", ["filter", "count", "train"])
def test_a_full_disk_stops_the_run_which_resumes(tmp_path: Path, whole, name: str) -> None:
    disk = tmp_path / "disk"
    given = {"filter": (FILTER, "out"), "count": (COUNT, "counts.parquet")}
    train = (("train", "recipe:sample", "--vocab-size", "4000"), "out")
    arguments, out = given.get(name, train)
    with small_disk(disk, 300_000):
        code, said = finished(started(*arguments, "-o", disk / out))
        assert code == 1
        assert "No space left on device (make room; the same command resumes)" in said
        subprocess.run(["mount", "-o", "remount,size=100000000", str(disk)], check=True)
        assert finished(started(*arguments, "-o", disk / out))[0] == 0
        found = contents(disk)
    if name == "train":
        assert finished(started(*arguments, "-o", tmp_path / "plain" / out))[0] == 0
        assert found == contents(tmp_path / "plain")
    else:
        assert found == whole[name]


@pytest.mark.slow
def test_a_run_without_memory_fails_and_does_not_hang(tmp_path: Path, whole) -> None:
    code, _ = finished(started(*FILTER, "-o", tmp_path / "out", limit="-v 700000"))  # KiB
    assert code != 0
    assert finished(started(*FILTER, "-o", tmp_path / "out"))[0] == 0
    assert contents(tmp_path) == whole["filter"]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["filter", "count"])
def test_two_runs_into_one_place_refuse_each_other(tmp_path: Path, whole, name: str) -> None:
    arguments, out = (FILTER, "out") if name == "filter" else (COUNT, "counts.parquet")
    first = started(*arguments, "-o", tmp_path / out)
    wait_until(lambda: list(tmp_path.rglob(".*lock")), first)
    second = started(*arguments, "-o", tmp_path / out)
    code, said = finished(second)
    assert finished(first)[0] == 0
    if "already finished" not in said:  # the second started too late
        assert code == 1
        assert "another winnow run is writing this" in said
    assert contents(tmp_path) == whole[name]
