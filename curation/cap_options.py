"""The options of `winnow filter` on caps per source and per template."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import click

from corpora.errors import WrongCall

_CAP = "DOCUMENTS|SIZE"
_OWN_COLUMNS = ("id", "text", "language", "language_score")  # that `winnow filter` writes itself
_DECORATORS = (
    click.option(
        "--max-per-source",
        multiple=True,
        metavar=_CAP,
        help="Keep at most 1000 documents, or 10MB of text, of one source; may be given twice.",
    ),
    click.option(
        "--max-per-template",
        multiple=True,
        metavar=_CAP,
        help="Keep as much of documents that are the same but for names, numbers and addresses.",
    ),
    click.option(
        "--source-field",
        metavar="FIELD",
        help="What --max-per-source calls a source; the site of `url`, else `source`, unless given.",
    ),
)


def cap_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options; the function gets `caps`, a `curation.caps.CapSettings`."""

    @functools.wraps(function)
    def collected(
        *args: Any,
        max_per_source: tuple[str, ...],
        max_per_template: tuple[str, ...],
        source_field: str | None,
        **kwargs: Any,
    ) -> Any:
        from curation.caps import CapSettings, parse_cap

        if source_field in _OWN_COLUMNS:
            raise WrongCall(f"--source-field {source_field}: the filter writes this column itself")
        if source_field is not None and not max_per_source:
            raise WrongCall("--source-field without --max-per-source")
        source = parse_cap("--max-per-source", max_per_source)
        template = parse_cap("--max-per-template", max_per_template)
        return function(*args, caps=CapSettings(source, template, source_field), **kwargs)

    for decorate in reversed(_DECORATORS):
        collected = decorate(collected)
    return collected
