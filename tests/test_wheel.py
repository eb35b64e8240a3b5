"""The wheel: built, installed into a fresh environment, and run from there."""

from __future__ import annotations

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(PROJECT)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return next(out.glob("*.whl"))


def data_files() -> set[str]:
    """Every file in the rooms that is not Python source must travel."""
    rooms = ("corpora", "curation", "banlists", "trainer", "audit")
    listed = subprocess.run(
        ["git", "ls-files", *rooms], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    return set(listed.stdout.split("\n")) - {""}


def test_the_wheel_holds_every_file_of_the_rooms(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert data_files() <= names
    assert "winnow.py" in names
    assert not any(name.startswith("tests/") for name in names)


@pytest.mark.slow
def test_the_wheel_runs_in_a_fresh_environment(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", str(wheel)], check=True)
    command = [tmp_path / "env" / "bin" / "winnow", "--help"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "winnow run" in run.stdout
    command = [
        tmp_path / "env" / "bin" / "winnow",
        "run",
        "sample",
        "-o",
        "out",
        "--set",
        "train.vocab-size=1024",
        "-q",
    ]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode in (0, 3), run.stderr
    assert (tmp_path / "out" / "report.html").stat().st_size > 10_000
