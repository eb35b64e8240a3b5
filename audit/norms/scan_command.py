"""The verb `winnow norms scan`."""

from __future__ import annotations

from pathlib import Path

import click

from audit.norms.calls import Setup
from audit.norms.weights_command import bars, weights_options
from corpora.cli import emit, force_option, format_option, verb
from corpora.progress import Progress


@verb("scan", example="winnow norms scan model/ --tokenizer o200k_base -o norms")
@weights_options
@click.option("--counts", type=click.Path(path_type=Path), help="Pretoken counts: free norms of frequency.")
@click.option("--top", default=50, show_default=True, type=click.IntRange(1), help="Rows in lists by norm.")
@click.option("--duplicates/--no-duplicates", default=True, show_default=True, help="Look for near-copies.")
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Folder for the files and report.html.")
@force_option
@format_option
def scan(
    setup: Setup,
    counts: Path | None,
    top: int,
    duplicates: bool,
    out: Path | None,
    force: bool,
    output_format: str,
    quiet: bool,
) -> None:
    """Find untrained rows, hot rows, near-copies and rows like the unused ones in WEIGHTS.

    WEIGHTS is a .safetensors file, the index of a sharded checkpoint, or a folder.
    """
    from audit.norms.calls import load, make_call, scan_loaded, used_files
    from audit.norms.output_files import write_scan_files
    from audit.norms.records import ScanOptions
    from audit.norms.scan_record import hot_record, scan_record
    from audit.norms.tables import scan_tables
    from corpora.outputs import output_folder
    from trainer.token_matrices import find_embeddings

    loaded, bar = load(setup), bars(Progress(quiet=quiet))
    options = ScanOptions(setup.hot_z, top, duplicates)
    if out is None:
        result = scan_loaded(setup, loaded, options, bar, counts)
        hot = [hot_record(fact) for fact in result.input.hot]
        emit(scan_record(result), hot, scan_tables(result), output_format)
        return
    embeddings = find_embeddings(loaded.checkpoint, setup.input_tensor, setup.output_tensor)
    files = used_files(loaded.checkpoint, embeddings) + ([counts] if counts else [])
    configuration = {**setup.configuration, "top": top, "duplicates": duplicates}
    call, fingerprint = make_call("norms scan", configuration, files, out)
    with output_folder(out, fingerprint, force=force) as folder:
        result = scan_loaded(setup, loaded, options, bar, counts)
        write_scan_files(folder, result, call)
    emit(scan_record(result), [], scan_tables(result)[:2], output_format)
