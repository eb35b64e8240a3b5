"""`python -m benchmarks.reproduce`: the sample job under other Pythons and hash seeds, byte for byte."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import click

from benchmarks.kill_runs import FINE, contents, different
from benchmarks.ready import tell

_SEEDS = ("0", "1", "4242")
_JOB = ("run", "sample", "--set", "train.vocab-size=2048", "-q")


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.option(
    "--python", "pythons", multiple=True, metavar="PATH",
    help="Another Python that has Winnow's dependencies; as often as wanted.",
)  # fmt: skip
@click.option("--seed", "seeds", multiple=True, default=_SEEDS, help="PYTHONHASHSEED of this Python's runs.")
def main(pythons: tuple[str, ...], seeds: tuple[str, ...]) -> None:
    """Run the sample job with each hash seed and each other Python. Exit code 1 when any file differs."""
    settings = [(sys.executable, seed) for seed in seeds] + [(python, seeds[0]) for python in pythons]
    with tempfile.TemporaryDirectory(prefix="winnow-reproduce-") as name:
        whole: dict[str, object] | None = None
        wrong = 0
        for number, (python, seed) in enumerate(settings):
            folder = Path(name) / str(number)
            _run(python, seed, folder)
            found = contents(folder)
            whole = found if whole is None else whole
            differences = different(whole, found)
            wrong += len(differences)
            told = ", ".join(differences[:5]) or "the same bytes"
            tell(f"{_version(python)}, PYTHONHASHSEED={seed}: {len(found)} files, {told}")
    click.echo(f"{len(settings)} jobs, {wrong} files differ")
    sys.exit(1 if wrong else 0)


def _run(python: str, seed: str, folder: Path) -> None:
    """Raises CalledProcessError when the job fails."""
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    command = [python, "-m", "winnow", *_JOB, "-o", str(folder)]
    done = subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=False)
    if done.returncode not in FINE:
        raise subprocess.CalledProcessError(done.returncode, done.args)


def _version(python: str) -> str:
    told = subprocess.run([python, "--version"], capture_output=True, text=True, check=True)
    return told.stdout.strip()


if __name__ == "__main__":
    main()
