"""The GitHub Action and the pre-commit hooks: what their files say is executed on a scratch repository."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

import pytest
import yaml

from trainer.exports import write_exports
from trainer.vocabulary import Vocabulary

BIN = Path(sys.executable).parent
CLEAN, POLLUTED = ("th", "the"), ("天天", "天天中彩票")
LIST = """
[list]
id = "own"
version = "2026.11.22"
title = "Our own list"

[[group]]
id = "names"
category = "anomalous"
match = "text"
reason = "A name from one scraped page"
patterns = ["zzyzx"]
evidence = ["page:1"]
added = 2026-11-22
review_by = 2999-11-22
[group.tests]
hit = ["zzyzx"]
ok = ["zebra"]
"""


@pytest.fixture(scope="module")
def action(project: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((project / "action.yml").read_text(encoding="utf-8"))
    return loaded


@pytest.fixture(scope="module")
def hooks(project: Path) -> dict[str, dict[str, Any]]:
    text = (project / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
    return {hook["id"]: hook for hook in yaml.safe_load(text)}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with a clean and a polluted tokenizer, a list, clean and leaking code."""
    for name, learned in (("clean", CLEAN), ("polluted", POLLUTED)):
        tokens = {b: bytes([b]) for b in range(256)}
        tokens |= {256 + place: token.encode() for place, token in enumerate(learned)}
        (tmp_path / name).mkdir()
        write_exports(tmp_path / name, Vocabulary(name, tokens, {}, r" ?\S+|\s+").with_merges())
    (tmp_path / "bans").mkdir()
    (tmp_path / "bans" / "own.toml").write_text(LIST, encoding="utf-8")
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "fine.py").write_text("x = 1\n", encoding="utf-8")
    (tmp_path / "src" / "leak.py").write_text("x = '天天中彩票'\n", encoding="utf-8")
    return tmp_path


def run_step(
    step: dict[str, Any], inputs: dict[str, str], folder: Path, path: str = f"{BIN}:{os.environ['PATH']}"
) -> subprocess.CompletedProcess[str]:
    """Run one step of the action as the runner does: its script, in its shell, with its environment."""
    given = {**inputs, "action_path": str(Path(__file__).resolve().parents[2])}
    values = {
        name: re.sub(r"\$\{\{ \w+\.([\w-]+) \}\}", lambda match: given[match[1]], value)
        for name, value in step["env"].items()
    }
    files = {"GITHUB_STEP_SUMMARY": str(folder / "step.md"), "GITHUB_OUTPUT": str(folder / "step.out")}
    environment = {**os.environ, "PATH": path, **files, **values}
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def chosen(action: dict[str, Any], **given: str) -> dict[str, str]:
    """The inputs with their defaults; unknown ones are a mistake of the test."""
    assert given.keys() <= action["inputs"].keys()
    return {name: given.get(name, entry.get("default", "")) for name, entry in action["inputs"].items()}


def step_named(action: dict[str, Any], word: str) -> dict[str, Any]:
    return next(step for step in action["runs"]["steps"] if word in step["name"])


def test_the_action_is_well_formed(action: dict[str, Any]) -> None:
    assert action["runs"]["using"] == "composite"
    assert {"name", "description", "inputs", "outputs", "runs"} <= action.keys()
    for step in action["runs"]["steps"]:
        assert ("uses" in step) != ("run" in step)
        if "run" in step:
            assert step["shell"] == "bash"
            assert "${{" not in step["run"], "inputs reach scripts through the environment only"
    used = set(re.findall(r"inputs\.([\w-]+)", str(action["runs"])))
    assert used == set(action["inputs"])
    assert {step.get("id") for step in action["runs"]["steps"]} >= {"audit"}


@pytest.mark.parametrize(("tokenizer", "code"), [("clean", 0), ("polluted", 3)])
def test_the_audit_step(action: dict[str, Any], repository: Path, tokenizer: str, code: int) -> None:
    inputs = chosen(action, tokenizer=tokenizer, ban="core\n\nbans/own.toml\n", output="out dir")
    run = run_step(step_named(action, "Audit"), inputs, repository)
    assert run.returncode == code, run.stderr
    outputs = dict(line.split("=") for line in (repository / "step.out").read_text().splitlines())
    assert outputs == {"report": "out dir/report.html", "sarif": "out dir/findings.sarif"}
    assert all((repository / name).is_file() for name in outputs.values())
    assert f'"uri": "{tokenizer}/tokenizer.json"' in (repository / outputs["sarif"]).read_text()
    assert "Tokenizer gate" in (repository / "step.md").read_text()


def test_the_scan_and_list_steps(action: dict[str, Any], repository: Path) -> None:
    scan, lists = step_named(action, "Scan"), step_named(action, "Lint")
    found = run_step(scan, chosen(action, scan="src\n"), repository)
    assert found.returncode == 3
    assert "file=src/leak.py,line=1" in found.stdout
    passed = run_step(scan, chosen(action, scan="src", exclude="leak.*\n*.md"), repository)
    assert passed.returncode == 0, passed.stderr
    assert run_step(lists, chosen(action, lists="bans/own.toml"), repository).returncode == 0
    (repository / "bans" / "own.toml").write_text(LIST.replace('["zebra"]', '["zzyzx"]'), encoding="utf-8")
    assert run_step(lists, chosen(action, lists="bans/own.toml"), repository).returncode != 0


def run_hook(hook: dict[str, Any], repository: Path, *arguments: str) -> int:
    """Run a hook as pre-commit does: its entry, the user's arguments, and the files that match."""
    assert hook["language"] == "python"
    files = [
        path.relative_to(repository).as_posix() for path in sorted(repository.rglob("*")) if path.is_file()
    ]
    matching = [name for name in files if re.search(hook.get("files", ""), name)]
    passed = matching if hook.get("pass_filenames", True) else []
    assert matching
    command = [*shlex.split(hook["entry"]), *arguments, *passed]
    environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"}
    run = subprocess.run(
        command, cwd=repository, env=environment, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in run.stderr
    return run.returncode


@pytest.mark.slow
def test_the_hooks(hooks: dict[str, dict[str, Any]], repository: Path) -> None:
    assert set(hooks) == {"winnow-scan", "winnow-audit", "winnow-ban-lint", "winnow-ban-test"}
    assert run_hook(hooks["winnow-ban-lint"], repository) == 0
    assert run_hook(hooks["winnow-ban-test"], repository) == 0
    assert run_hook(hooks["winnow-audit"], repository, "clean") == 0
    assert run_hook(hooks["winnow-audit"], repository, "polluted") == 3
    assert run_hook(hooks["winnow-scan"], repository, "--exclude", "polluted/*") == 3
    (repository / "src" / "leak.py").unlink()
    assert run_hook(hooks["winnow-scan"], repository, "--exclude", "polluted/*", "--exclude", "bans/*") == 0


@pytest.mark.slow
def test_the_install_step_gives_a_working_command(action: dict[str, Any], repository: Path) -> None:
    """The step's own command, in a fresh environment that finds this one's libraries, without a network."""
    venv.create(repository / "env", with_pip=True)
    python = repository / "env" / "bin" / "python"
    old = [python, "-m", "pip", "uninstall", "--quiet", "--yes", "setuptools"]  # older than the build needs
    subprocess.run(old, check=True)
    libraries = next(Path(entry) for entry in sys.path if entry.endswith("site-packages"))
    inside = next((repository / "env" / "lib").glob("python*/site-packages"))
    (inside / "libraries.pth").write_text(f"{libraries}\n", encoding="utf-8")
    path = f"{python.parent}:{os.environ['PATH']}"
    step = dict(step_named(action, "Install"))
    offline = {"PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0", "PIP_IGNORE_INSTALLED": "0"}
    step["env"] = {**step["env"], **offline}
    run = run_step(step, chosen(action), repository, path)
    assert run.returncode == 0, run.stdout + run.stderr
    assert (python.parent / "winnow").is_file()
    found = run_step(step_named(action, "Scan"), chosen(action, scan="src"), repository, path)
    assert found.returncode == 3, found.stderr
