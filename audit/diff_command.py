"""The verb `winnow diff`: two vocabularies, or several, side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from audit.shared_options_command import all_option, lists_option, out_option
from corpora.cli import FORMATS, emit, force_option, verb
from corpora.errors import GateFailed
from corpora.progress import Progress

if TYPE_CHECKING:
    from audit.comparing import Compared

DEFAULT_OTHER = "o200k_base"


@verb(
    "diff",
    example="winnow diff out/tokenizer o200k_base --text corpus.jsonl\n"
    "winnow diff out/tokenizer o200k_base qwen3 llama3 --format html > diff.html",
)
@click.argument("tokenizers", metavar="A [B]...", nargs=-1, required=True)
@click.option(
    "--text", "texts", metavar="INPUT", multiple=True, help="Compare segmentations on these documents."
)
@all_option
@lists_option
@click.option("--exit-code", is_flag=True, help="Exit with 3 when they differ.")
@out_option
@force_option
@click.option(
    "--format", "output_format", type=click.Choice((*FORMATS, "html")), default="table", show_default=True,
    help="How to print the result on stdout.",
)  # fmt: skip
def diff(
    tokenizers: tuple[str, ...],
    texts: tuple[str, ...],
    score_all: bool,
    use_lists: bool,
    exit_code: bool,
    out: Path | None,
    force: bool,
    output_format: str,
    quiet: bool,
) -> None:
    """Compare vocabulary A with B (default o200k_base): what is shared, what is not, what is risky.

    Of three or more, A is compared with each other one, and all intersections are counted. Tokens are
    compared by their bytes. Without --text only the vocabularies are compared.
    """
    from audit.comparing import DiffOptions, compare
    from audit.output_files import diff_into
    from corpora.documents import ReadOptions, open_corpus
    from trainer.load import load_tokenizer

    progress = Progress(quiet=quiet)
    names = tokenizers if len(tokenizers) > 1 else (*tokenizers, DEFAULT_OTHER)
    options = DiffOptions(open_corpus(texts, ReadOptions()) if texts else None, score_all, use_lists)
    vocabularies = [load_tokenizer(name) for name in names]
    if out is not None:
        different = diff_into(out, vocabularies, options, force=force, progress=progress)
    else:
        result = compare(vocabularies, options, progress.say)
        _print(result, output_format)
        different = result.different
    if exit_code and different:
        raise GateFailed(f"{', '.join(names[:-1])} and {names[-1]} differ")


def _print(result: Compared, output_format: str) -> None:
    from audit.records import compared_record, compared_token_records
    from audit.report import compared_page
    from audit.tables import compared_tables

    if output_format == "html":
        click.echo(compared_page(result), nl=False)
        return
    emit(compared_record(result), compared_token_records(result), compared_tables(result), output_format)
