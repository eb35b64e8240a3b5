"""The verb `winnow norms compare`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from audit.norms.calls import HOT_Z
from audit.norms.weights_command import bars
from corpora.cli import emit, force_option, format_option, verb
from corpora.progress import Progress


@verb(
    "compare",
    example="winnow norms compare step1000/ step2000/ step3000/ -o moves",
)
@click.argument("checkpoints", metavar="CKPT...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--tokenizer", metavar="TOKENIZER", help="Whose rows they are; default: the last folder's own.")
@click.option("--matrix", type=click.Choice(("input", "output")), default="input", show_default=True,
              help="Which token matrix.")  # fmt: skip
@click.option("--tensor", metavar="NAME", help="The matrix's tensor, when the rule does not find it.")
@click.option("--hot-z", type=click.FloatRange(min=0, min_open=True), default=HOT_Z, show_default=True,
              help="Robust z from which a row is hot.")  # fmt: skip
@click.option("--top", default=50, show_default=True, type=click.IntRange(1), help="k of the top-k overlap.")
@click.option("--id", "ids", multiple=True, type=click.IntRange(0), metavar="ID",
              help="A token to follow; repeatable. Default: the last checkpoint's hottest.")  # fmt: skip
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Folder for the files and report.html.")
@force_option
@format_option
def compare(
    checkpoints: tuple[Path, ...],
    tokenizer: str | None,
    out: Path | None,
    force: bool,
    output_format: str,
    quiet: bool,
    **chosen: Any,
) -> None:
    """Follow norms and their tails over checkpoints, oldest first: overlap, half-life, single tokens."""
    from audit.norms.calls import make_call, tokenizer_of
    from audit.norms.comparing import CompareOptions, compare_checkpoints, matrix_file
    from audit.norms.output_files import comparison_record, write_comparison_files
    from audit.norms.tables import comparison_tables
    from corpora.outputs import output_folder
    from trainer.load import load_tokenizer

    options = CompareOptions(tokens=chosen.pop("ids"), **chosen)
    spec, bar = tokenizer_of(checkpoints[-1], tokenizer), bars(Progress(quiet=quiet))
    vocabulary = None if spec is None else load_tokenizer(spec)
    if out is None:
        result = compare_checkpoints(checkpoints, vocabulary, options, bar)
        record = comparison_record(result)
        emit(record, record["tracks"], comparison_tables(result), output_format)
        return
    files = [matrix_file(path, options) for path in checkpoints]
    configuration = {"tokenizer": spec, "options": options}
    call, fingerprint = make_call("norms compare", configuration, files, out)
    with output_folder(out, fingerprint, force=force) as folder:
        result = compare_checkpoints(checkpoints, vocabulary, options, bar)
        write_comparison_files(folder, result, call)
    emit(comparison_record(result), [], comparison_tables(result)[:2], output_format)
