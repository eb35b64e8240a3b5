"""A real Ray cluster of several nodes on this machine: the local engine's bytes, whatever dies on the way."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.corpora.ray_nodes import PATIENCE, STORE, assert_same, finish, start, wait_for

pytestmark = pytest.mark.slow

SHARDS, DOCUMENTS = 6, 500


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory, project: Path) -> Path:
    """The embedded sample's documents again and again, numbered: each shard takes seconds to judge."""
    folder = tmp_path_factory.mktemp("shards")
    files = sorted((project / "corpora" / "sample").glob("*/*.jsonl"))
    rows = [json.loads(line) for path in files for line in path.open(encoding="utf-8")]
    for shard in range(SHARDS):
        with (folder / f"{shard:02}.jsonl").open("w", encoding="utf-8") as file:
            for number in range(DOCUMENTS):
                row = rows[(shard * 613 + number) % len(rows)]
                text = f"{row['text']}\n{shard} {number % 470}"
                file.write(json.dumps({"id": f"{shard}-{number}", "text": text}, ensure_ascii=False) + "\n")
    return folder


@pytest.fixture(scope="module")
def local(shards: Path, tmp_path_factory: pytest.TempPathFactory, winnow_module) -> Path:
    """What the local engine makes of the shards."""
    folder = tmp_path_factory.mktemp("local")
    for arguments in commands(shards, folder):
        assert winnow_module(*arguments, "-q").code == 0
    return folder


@pytest.fixture
def victim(cluster: Any) -> Iterator[Any]:
    """Another node, for whatever may happen to it."""
    node = cluster.add_node(num_cpus=1, object_store_memory=STORE)
    yield node
    if node in cluster.worker_nodes:
        cluster.remove_node(node)


def commands(shards: Path, folder: Path) -> list[tuple[object, ...]]:
    return [
        ("filter", shards, "-o", folder / "kept", "--keep-dropped", "--decisions", "full"),
        ("count", folder / "kept", "-o", folder / "counts.parquet", "--source-weight", "01.jsonl=0.5"),
    ]


def tasks_on(node: Any) -> dict[int, str]:
    """The worker processes of one node that are running a task of ours, by the title that Ray gives them."""
    import psutil

    raylet = psutil.Process(node.all_processes["raylet"][0].process.pid)
    running = {}
    for process in raylet.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            title = " ".join(process.cmdline())
            if title.startswith("ray::winnow "):
                running[process.pid] = title
    return running


def alive_nodes(address: str) -> int:
    """How many nodes the cluster says are alive, asked in a process of its own."""
    code = (
        f"import ray; ray.init(address={address!r}, logging_level='ERROR');"
        "print('alive', sum(node['Alive'] for node in ray.nodes()))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return int(run.stdout.split("alive")[1])


def test_filter_and_count_survive_the_death_of_a_node(
    cluster: Any, victim: Any, shards: Path, local: Path, tmp_path: Path, project: Path
) -> None:
    filtering, counting = commands(shards, tmp_path)
    process = start(cluster, filtering, project)
    running = wait_for(lambda: {p: t for p, t in tasks_on(victim).items() if "ShardJudge" in t}, process)
    finished = list((tmp_path / "kept" / "decisions").glob("part-*"))
    assert len(finished) < SHARDS, "the job was over before the node could be killed"
    cluster.remove_node(victim, allow_graceful=False)  # SIGKILL to its raylet; its workers go with it
    wait_for(lambda: not any(map(alive, running)), process)
    assert process.poll() is None, "the job was over when the node died"
    finish(process)
    assert alive_nodes(cluster.address) == 2  # the head and one
    finish(start(cluster, counting, project))
    assert_same(local, tmp_path)


def alive(pid: int) -> bool:
    import psutil

    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_a_killed_worker_and_a_killed_run_change_nothing(
    cluster: Any, victim: Any, shards: Path, local: Path, tmp_path: Path, project: Path
) -> None:
    filtering, counting = commands(shards, tmp_path)
    process = start(cluster, filtering, project)
    pid = next(iter(wait_for(lambda: tasks_on(victim), process)))
    os.kill(pid, signal.SIGKILL)  # what the kernel does when memory runs out
    first = tmp_path / "kept" / "decisions" / "part-00000.parquet"
    wait_for(first.exists, process)
    process.kill()
    process.wait()
    assert len(list(first.parent.glob("part-*"))) < SHARDS, "the job was over before it was killed"
    written = first.stat().st_mtime_ns
    stderr = finish(start(cluster, filtering, project))
    assert f"{SHARDS * DOCUMENTS:,} documents in" in stderr
    assert first.stat().st_mtime_ns == written, "a finished shard was written again"
    process = start(cluster, counting, project)
    wait_for(lambda: list(tmp_path.glob(".counts.parquet.parts/part-*.json")), process)
    process.kill()
    process.wait()
    finish(start(cluster, counting, project))
    assert_same(local, tmp_path)


def test_the_whole_job_on_the_cluster(cluster: Any, tmp_path: Path, project: Path, winnow) -> None:
    fast = ("--set", "train.vocab-size=1000")
    assert winnow("run", "sample", "-o", tmp_path / "a" / "job", "-q", *fast).code in (0, 3)
    finish(start(cluster, ("run", "sample", "-o", tmp_path / "b" / "job", *fast), project))
    assert_same(tmp_path / "a", tmp_path / "b")


def test_a_task_that_is_lost_too_often_ends_the_run(
    cluster: Any, victim: Any, shards: Path, tmp_path: Path, project: Path
) -> None:
    filtering = (*commands(shards, tmp_path)[0], "--ray-retries", 0)
    process = start(cluster, filtering, project)
    for pid in wait_for(lambda: tasks_on(victim), process):
        os.kill(pid, signal.SIGKILL)
    _, stderr = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "a task was lost with its process or machine" in stderr
    assert "the same command resumes" in stderr
    assert "Traceback" not in stderr


def test_a_task_that_no_machine_can_take_is_refused(
    cluster: Any, shards: Path, tmp_path: Path, project: Path
) -> None:
    process = start(cluster, (*commands(shards, tmp_path)[0], "--ray-cpus-per-task", 64), project)
    _, stderr = process.communicate(timeout=PATIENCE)
    assert process.returncode == 2
    assert "no machine of the cluster has 64 processors" in stderr
    assert not (tmp_path / "kept").exists()
