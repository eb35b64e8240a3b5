"""Ranges of large files as tasks of a cluster, and runs begun with one engine and finished with the other."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.corpora.ray_nodes import assert_same, finish, on_ray, wait_for

pytestmark = pytest.mark.slow

DOCUMENTS = 1_200
BROKEN_EVERY = 97
LINES, ROWS = "lines.jsonl", "rows.parquet"
OPTIONS = ("--split-size", "150KB", "--on-error", "skip", "-q")
COUNT = ("--memory", "1MB", "--checkpoint-every", "0")  # so that a killed count leaves something
Command = Callable[[Path], tuple[object, ...]]


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory, project: Path) -> Path:
    """One file of lines, some of them broken, none with an id, and one of row groups."""
    folder = tmp_path_factory.mktemp("inputs")
    files = sorted((project / "corpora" / "sample").glob("*/*.jsonl"))
    texts = [json.loads(line)["text"] for path in files for line in path.open(encoding="utf-8")]
    lines = [line_of(number, f"{texts[number % len(texts)]}\n{number}") for number in range(DOCUMENTS)]
    (folder / LINES).write_text("\n".join(lines) + "\n", encoding="utf-8")
    rows = pa.table({"text": [f"{texts[-number % len(texts)]}\n{-number}" for number in range(DOCUMENTS)]})
    pq.write_table(rows, folder / ROWS, row_group_size=100)
    return folder


def line_of(number: int, text: str) -> str:
    return "broken" if number % BROKEN_EVERY == 0 else json.dumps({"text": text}, ensure_ascii=False)


@pytest.fixture(scope="module")
def local(inputs: Path, tmp_path_factory: pytest.TempPathFactory, winnow_module) -> Path:
    """What the local engine makes of them."""
    folder = tmp_path_factory.mktemp("local")
    for command in (filtering, counting):
        assert winnow_module(*command(inputs)(folder)).code == 0
    return folder


def filtering(inputs: Path) -> Command:
    return lambda folder: ("filter", inputs, "-o", folder / "kept", "--keep-dropped", *OPTIONS)


def counting(inputs: Path) -> Command:
    return lambda folder: ("count", inputs, "-o", folder / "counts.parquet", *COUNT, *OPTIONS)


def started(engine: str, cluster: Any, arguments: tuple[object, ...], project: Path) -> subprocess.Popen[str]:
    command = on_ray(cluster, arguments)
    if engine == "local":
        command = [sys.executable, "-m", "winnow", *map(str, arguments)]
    return subprocess.Popen(
        command, cwd=project, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    )


def test_ranges_are_tasks_and_give_the_local_bytes(
    cluster: Any, inputs: Path, local: Path, tmp_path: Path, project: Path
) -> None:
    cluster.add_node(num_cpus=1)
    for command in (filtering, counting):
        finish(started("ray", cluster, command(inputs)(tmp_path), project))
    assert_same(local, tmp_path)
    assert len(list((tmp_path / "kept" / "decisions").iterdir())) > 6, "the files were not cut"
    decisions = pq.read_table(tmp_path / "kept" / "decisions").column("id").to_pylist()
    good = [number for number in range(DOCUMENTS) if number % BROKEN_EVERY]
    assert decisions == [f"{LINES}:{number + 1}" for number in good] + [
        f"{ROWS}:{number + 1}" for number in range(DOCUMENTS)
    ]
    summary = json.loads((tmp_path / "kept" / "summary.json").read_text())
    assert summary["broken_records"] == DOCUMENTS - len(good)


@pytest.mark.parametrize(("first", "second"), [("local", "ray"), ("ray", "local")])
def test_what_one_engine_began_the_other_finishes(
    first: str, second: str, cluster: Any, inputs: Path, local: Path, tmp_path: Path, project: Path
) -> None:
    process = started(first, cluster, filtering(inputs)(tmp_path), project)
    part = tmp_path / "kept" / "decisions" / "part-00000.parquet"
    wait_for(part.exists, process)
    stop(process)
    assert not (tmp_path / "kept" / "manifest.json").exists(), "the job was over before it was killed"
    written = part.stat().st_mtime_ns
    finish(started(second, cluster, filtering(inputs)(tmp_path), project))
    assert part.stat().st_mtime_ns == written, "a finished range was judged again"
    process = started(first, cluster, counting(inputs)(tmp_path), project)
    parts = tmp_path / ".counts.parquet.parts"
    wait_for(lambda: list(parts.glob("part-*.json" if first == "ray" else "run-*")), process)
    stop(process)
    assert parts.exists(), "the count was over before it was killed"
    finish(started(second, cluster, counting(inputs)(tmp_path), project))
    assert_same(local, tmp_path)


def stop(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()
