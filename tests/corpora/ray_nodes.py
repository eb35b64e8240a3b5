"""A command on a Ray cluster of this machine, waited for, killed, and compared with another by its files."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

STORE = 80 << 20  # bytes: the smallest object store that Ray takes, so that results are spilled
PATIENCE = 120.0  # seconds
TIMES = {"seconds", "command_line", "call"}  # what a manifest may differ in (corpora.manifest)


def on_ray(cluster: Any, arguments: tuple[object, ...]) -> list[str]:
    code = "import sys; from winnow import main; sys.exit(main())"
    ray = ("--engine", "ray", "--ray-address", cluster.address)
    return [sys.executable, "-c", code, *map(str, arguments), *ray]


def start(cluster: Any, arguments: tuple[object, ...], project: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        on_ray(cluster, arguments), cwd=project, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    )


def finish(process: subprocess.Popen[str]) -> str:
    _, stderr = process.communicate(timeout=PATIENCE)
    assert process.returncode in (0, 3), stderr
    return stderr


def contents(folder: Path) -> dict[str, bytes]:
    """Every file's bytes; records without what may differ between two runs."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            if path.name.endswith(("manifest.json", "summary.json")):
                record = {name: value for name, value in json.loads(data).items() if name not in TIMES}
                data = json.dumps(record).encode()
            found[str(path.relative_to(folder))] = data
    return found


def assert_same(first: Path, second: Path) -> None:
    expected, found = contents(first), contents(second)
    assert found.keys() == expected.keys()
    assert [name for name in expected if found[name] != expected[name]] == []


def wait_for(condition: Callable[[], Any], process: subprocess.Popen[str]) -> Any:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        assert process.poll() is None, process.communicate()[1]
        time.sleep(0.02)
    raise AssertionError("nothing happened for two minutes")
