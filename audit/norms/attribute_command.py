"""The verb `winnow norms attribute`."""

from __future__ import annotations

from pathlib import Path

import click

from audit.norms.calls import Setup
from audit.norms.weights_command import bars, weights_options
from corpora.cli import emit, format_option, verb
from corpora.progress import Progress


@verb(
    "attribute",
    example="winnow norms attribute model/ --source core --source mine=text:corpus.jsonl\n"
    "winnow norms attribute model/ --source github=hits:github.csv --recognition probe.csv --format json",
)
@weights_options
@click.option(
    "--source", "sources", metavar="[NAME=][KIND:]PLACE", multiple=True, required=True,
    help="A source; repeatable. KIND: counts (Parquet), ban (list), words (a line each), text (INPUT), "
    "hits (CSV/TSV: id or token, hits). Told by the ending when left out.",
)  # fmt: skip
@click.option("--recognition", type=click.Path(path_type=Path), metavar="CSV",
              help="Scores to correlate in place of z: columns id or token, and score.")  # fmt: skip
@click.option("--matrix", type=click.Choice(("input", "output")), default="input", show_default=True,
              help="Which token matrix.")  # fmt: skip
@click.option(
    "--top", type=click.IntRange(1), metavar="K", help="The tail: the K largest z, in place of --hot-z."
)
@click.option(
    "--least-hits", type=float, default=1.0, show_default=True, help="Hits that put a token in a source."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of the bootstrap and the permutations.")
@format_option
def attribute(
    setup: Setup,
    sources: tuple[str, ...],
    recognition: Path | None,
    matrix: str,
    top: int | None,
    least_hits: float,
    seed: int,
    output_format: str,
    quiet: bool,
) -> None:
    """Where may hot tokens come from? Test the tail against lists, counts, texts and hit tables.

    Prints odds ratios with exact tests, rank correlations, and what such numbers cannot show.
    """
    from audit.norms.attribution import AttributeOptions
    from audit.norms.attribution import attribute as attribute_tail
    from audit.norms.attribution_views import attribution_record, attribution_tables, token_records
    from audit.norms.calls import load, scan_loaded
    from audit.norms.records import ScanOptions
    from audit.norms.sources import load_source, parse_source, table_hits
    from corpora.errors import WrongCall

    loaded, progress = load(setup), Progress(quiet=quiet)
    if loaded.vocabulary is None:
        raise WrongCall("attribution needs the tokens", hint="--tokenizer TOKENIZER")
    specs = [parse_source(text) for text in sources]
    found = [load_source(spec, loaded.vocabulary) for spec in specs]
    scores = table_hits(recognition, "score", loaded.vocabulary) if recognition else None
    result = scan_loaded(setup, loaded, ScanOptions(setup.hot_z, duplicates=False), bars(progress))
    chosen = result.output if matrix == "output" else result.input
    if chosen is None:
        raise WrongCall("has no output matrix of its own", where=setup.weights, hint="--matrix input")
    options = AttributeOptions(setup.hot_z, top, least_hits, seed)
    found_out = attribute_tail(chosen, result.labels, loaded.categories, found, options, scores)
    emit(
        attribution_record(found_out), token_records(found_out), attribution_tables(found_out), output_format
    )
    progress.say(found_out.caveat)
