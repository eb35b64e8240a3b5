"""The Click arguments that the verbs of `winnow norms` share: the weights, the tokenizer, the tensors."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import click

from audit.norms.calls import HOT_Z, Setup
from corpora.progress import Progress

_FIELDS = ("weights", "tokenizer", "input_tensor", "output_tensor", "hot_z")


def weights_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add WEIGHTS, --tokenizer, --input-tensor, --output-tensor and --hot-z; the function gets `setup`."""

    @functools.wraps(function)
    def collected(*args: Any, **kwargs: Any) -> Any:
        chosen = {name: kwargs.pop(name) for name in _FIELDS}
        return function(*args, setup=Setup(**chosen), **kwargs)

    for decorate in reversed(_decorators()):
        collected = decorate(collected)
    return collected


def bars(progress: Progress) -> Callable[[str, int], AbstractContextManager[Callable[[int], None]]]:
    """Progress bars as the pure modules want them: open one for a title and a number of rows."""

    @contextmanager
    def bar(title: str, rows: int) -> Iterator[Callable[[int], None]]:
        with progress.bar(title, rows, "rows") as opened:
            yield opened.advance

    return bar


def _decorators() -> list[Callable[[Callable[..., Any]], Callable[..., Any]]]:
    return [
        click.argument("weights", metavar="WEIGHTS", type=click.Path(path_type=Path)),
        click.option(
            "--tokenizer", metavar="TOKENIZER", help="Whose rows they are; default: the folder's own."
        ),
        click.option("--input-tensor", metavar="NAME", help="The input matrix, when the rule fails."),
        click.option("--output-tensor", metavar="NAME", help="The output matrix, when the rule fails."),
        click.option(
            "--hot-z",
            type=click.FloatRange(min=0, min_open=True),
            default=HOT_Z,
            show_default=True,
            help="Robust z from which a row is hot.",
        ),
    ]
