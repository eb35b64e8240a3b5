"""The verbs of curation: `filter`, `explain`, `stats` and `calibrate`."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from corpora.cli import emit, force_option, format_option, verb
from corpora.documents import ReadOptions
from corpora.engine import EngineChoice
from corpora.engine_options import engine_options
from corpora.input_options import input_options
from curation import WORKER_START
from curation.cap_options import cap_options
from curation.rule_options import RuleChoice, rule_options

if TYPE_CHECKING:
    from curation.caps import CapSettings

_CLUSTERS_HELP = "The clusters.parquet of an earlier run: rules can ask for `cluster_size`."
_DECISIONS_HELP = "Record the rule that dropped a document, or every rule's value as well."
_FILTER_EXAMPLE = """winnow filter pages.jsonl.gz -o kept
winnow filter hub:wikimedia/wikipedia:20231101.sw -o kept --language sw"""
_EXPLAIN_EXAMPLE = """winnow explain pages.jsonl.gz --id page-17
winnow explain pages.jsonl.gz --id page-17 --rules gopher --format json"""


@verb("filter", example=_FILTER_EXAMPLE)
@input_options
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True, help="Folder for the result.")
@rule_options()
@click.option(
    "--workers", type=click.IntRange(min=1), help="Processes; default all cores. The result is the same."
)
@engine_options
@click.option(
    "--decisions",
    type=click.Choice(["first", "full"]),
    default="first",
    show_default=True,
    help=_DECISIONS_HELP,
)
@cap_options
@click.option("--clusters", type=click.Path(path_type=Path), help=_CLUSTERS_HELP)
@click.option("--keep-dropped", is_flag=True, help="Write the dropped documents to DIR/dropped as well.")
@force_option
def filter_documents(
    inputs: tuple[str, ...], read_options: ReadOptions, out: Path, choice: RuleChoice, workers: int | None,
    engine: EngineChoice, decisions: str, keep_dropped: bool, caps: CapSettings, clusters: Path | None,
    force: bool, quiet: bool,
) -> None:  # fmt: skip
    """Keep the documents worth training on: language ID, rules, deduplication; a decision for each.

    Writes DIR/documents, DIR/decisions (one row for every document that came in) and DIR/summary.json.
    """
    from corpora.documents import open_corpus
    from corpora.machine import available_cores

    corpus = open_corpus(inputs, read_options)
    cores = workers or available_cores()
    engine.start_early(cores, sum(path.stat().st_size for path in corpus.paths), WORKER_START)
    # What follows takes as long to import as what workers need: the two go on beside each other.
    from corpora.progress import Progress
    from curation.clusters import read_clusters
    from curation.filter_run import run_filter
    from curation.pipeline import FilterSettings
    from curation.reporting import filter_lines

    judge = choice.settings(full=decisions == "full")
    sizes = read_clusters(clusters) if clusters else None
    progress = Progress(quiet=quiet)
    options = {"rules": choice.rule_set, "language": choice.language, "decisions": decisions,
               "keep_dropped": keep_dropped}  # fmt: skip
    started = time.perf_counter()
    with engine.open(cores) as opened, progress.reading("filtering", corpus.paths) as bar:
        settings = FilterSettings(judge, opened, keep_dropped, cluster_sizes=sizes, caps=caps)
        result = run_filter(corpus, settings, out, sys.argv[1:], options, force=force, advance=bar.advance)
    for line in filter_lines(result, time.perf_counter() - started, out):
        progress.say(line)


@verb("explain", example=_EXPLAIN_EXAMPLE)
@input_options
@click.option("--id", "document_id", required=True, help="The document's id.")
@rule_options()
@format_option
def explain(
    inputs: tuple[str, ...], read_options: ReadOptions, document_id: str, choice: RuleChoice,
    output_format: str,
) -> None:  # fmt: skip
    """Replay every rule on one document: value, threshold, verdict, and what would have kept it.

    Rules on duplicates compare a document with all earlier ones and are not replayed; the decisions that
    `winnow filter` wrote have them.
    """
    from corpora.documents import open_corpus
    from curation.explaining import explain_document, find_document
    from curation.reporting import explanation_record, explanation_tables

    settings = choice.settings(full=True)
    document = find_document(open_corpus(inputs, read_options), document_id)
    explanation = explain_document(document, settings)
    record = explanation_record(explanation)
    emit(record, record["rules"], explanation_tables(explanation), output_format)


@verb("stats", example="winnow stats kept\nwinnow stats kept --format json")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@format_option
def stats(folder: Path, output_format: str) -> None:
    """Show what `winnow filter` dropped, by rule (with examples), by language and by source."""
    from curation.overview import statistics_record, statistics_tables
    from curation.statistics import read_statistics

    statistics = read_statistics(folder)
    record = statistics_record(statistics)
    emit(record, record["rules"], statistics_tables(statistics), output_format)


@verb(
    "calibrate", example="winnow calibrate clean.jsonl.gz\nwinnow calibrate clean.jsonl.gz --rules mine.toml"
)
@input_options
@rule_options(language=False)
@format_option
def calibrate(
    inputs: tuple[str, ...],
    read_options: ReadOptions,
    choice: RuleChoice,
    output_format: str,
) -> None:
    """Show what each rule would drop from text known to be clean, and the quantiles of its signal.

    INPUT is text that should all be kept: what is dropped here is a false alarm.
    """
    from corpora.documents import open_corpus
    from curation.calibrating import calibrate_rules
    from curation.overview import calibration_record, calibration_tables

    settings = choice.settings(full=True)
    calibration = calibrate_rules(open_corpus(inputs, read_options), settings)
    record = calibration_record(calibration)
    emit(record, record["rules"], calibration_tables(calibration), output_format)
