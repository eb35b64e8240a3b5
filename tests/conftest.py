"""What every test may use: the command line run in-process, and the folder of development data."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import hypothesis
import pytest

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))


@dataclass(frozen=True)
class Outcome:
    """What one command printed and returned."""

    code: int
    stdout: str
    stderr: str


def winnow(*arguments: object) -> Outcome:
    """Run `winnow ARGUMENTS` in this process."""
    from winnow import main

    stdout, stderr = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
        code = main([str(argument) for argument in arguments])
    return Outcome(code, stdout.getvalue(), stderr.getvalue())


@pytest.fixture(name="winnow")
def winnow_fixture():
    """The command line as a function."""
    return winnow


@pytest.fixture(scope="module", name="winnow_module")
def winnow_module_fixture():
    """The command line as a function, for fixtures that outlive one test."""
    return winnow


@pytest.fixture(scope="session")
def project() -> Path:
    """The project's folder."""
    return PROJECT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Other people's text for development; tests that need it skip where it is absent."""
    folder = Path(os.environ.get("WINNOW_DATA", PROJECT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no development data at {folder} (set WINNOW_DATA)")
    return folder


# The first example of a test may build a table or compile a kernel; time limits per example would be noise.
hypothesis.settings.register_profile("winnow", deadline=None)
hypothesis.settings.load_profile("winnow")
