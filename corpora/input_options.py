"""The Click arguments that every verb reading documents shares."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, get_args

import click

from corpora.documents import OnError, ReadOptions, TextUnit
from corpora.sizes import parse_memory

_FIELDS = ("text_field", "id_field", "on_error", "text_unit", "max_line_bytes")  # as they are


def input_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add `INPUT...` and the options on fields; the function gets `inputs` and `read_options`."""

    @functools.wraps(function)
    def collected(*args: Any, **kwargs: Any) -> Any:
        chosen = {name: kwargs.pop(name) for name in _FIELDS}
        split_bytes = parse_memory(kwargs.pop("split_size"))
        return function(*args, read_options=ReadOptions(**chosen, split_bytes=split_bytes), **kwargs)

    for decorate in reversed(_decorators()):
        collected = decorate(collected)
    return collected


def _decorators() -> list[Callable[[Callable[..., Any]], Callable[..., Any]]]:
    return [
        click.argument("inputs", metavar="INPUT...", nargs=-1, required=True),
        click.option(
            "--text-field", default="text", show_default=True, help="Field that holds a document's text."
        ),
        click.option(
            "--id-field",
            default="id",
            show_default=True,
            help="Field that holds its id; ids are FILE:ROW where there is none.",
        ),
        click.option(
            "--on-error",
            type=click.Choice(get_args(OnError)),
            default="stop",
            show_default=True,
            help="What to do at a broken record: stop, or skip and count it.",
        ),
        click.option(
            "--text-unit",
            type=click.Choice(get_args(TextUnit)),
            default="document",
            show_default=True,
            help="What one document is in a .txt file.",
        ),
        click.option(
            "--max-line-bytes",
            type=click.IntRange(min=1),
            default=ReadOptions().max_line_bytes,
            show_default=True,
            help="The longest line that is read; a longer one is a broken record.",
        ),
        click.option(
            "--split-size",
            metavar="SIZE",
            default="256MB",
            show_default=True,
            help="A larger .jsonl or .parquet file is read in parts of about this size.",
        ),
    ]
