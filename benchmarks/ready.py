"""What must be there before anything is measured: the corpora, and compiled kernels."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

import click

from benchmarks.corpus import build
from benchmarks.folders import corpus_record_path


def tell(message: str) -> None:
    """Progress, on stderr."""
    click.echo(message, err=True)


def need_corpora(names: Sequence[str]) -> None:
    """Build those of the corpora that are not there yet."""
    missing = [name for name in names if not corpus_record_path(name).is_file()]
    if missing:
        build(missing)


def warm() -> None:
    """Compile the kernels, so that no timed run does. Raises CalledProcessError when that fails."""
    subprocess.run([sys.executable, "-m", "trainer.warm"], check=True)
