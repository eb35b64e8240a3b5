"""The command line as a whole: help everywhere, documentation that agrees, quick start-up."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from winnow import cli

PROJECT = Path(__file__).resolve().parent.parent


def commands(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    yield path
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None, name
            yield from commands(found, (*path, name))


PATHS = list(commands(cli, ()))


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_every_command_has_help_with_an_example(path: tuple[str, ...], winnow) -> None:
    for flag in ("-h", "--help"):
        outcome = winnow(*path, flag)
        assert outcome.code == 0
    if path and path != ("ban",) and path != ("norms",):
        assert f"winnow {' '.join(path)}" in outcome.stdout.split("Example")[-1], "an example to copy"


def test_the_documentation_of_the_command_line_is_current() -> None:
    spec = importlib.util.spec_from_file_location("build_cli", PROJECT / "docs" / "build_cli.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (PROJECT / "docs" / "cli.md").read_text(encoding="utf-8") == module.build(), "run `make docs`"


def test_help_is_instant() -> None:
    """The goal is 0.3 s; the test allows for a slow, busy machine."""
    started = time.monotonic()
    subprocess.run([sys.executable, "-m", "winnow", "--help"], cwd=PROJECT, check=True, capture_output=True)
    assert time.monotonic() - started < 3


def test_errors_show_a_traceback_only_on_request(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "winnow", "filter", "none.jsonl", "-o", "out", "--debug"],
        cwd=PROJECT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode != 0
    assert "Traceback" in run.stderr


def test_data_goes_to_stdout_and_notes_to_stderr() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "winnow", "diff", "cl100k_base", "cl100k_base", "--format", "json"],
        cwd=PROJECT, capture_output=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith(b"{")
