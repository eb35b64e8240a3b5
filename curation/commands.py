"""The verbs of curation: `filter`, `explain`, `stats` and `calibrate`."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from corpora.cli import emit, force_option, format_option, verb
from corpora.documents import ReadOptions
from corpora.errors import WrongCall, unknown_name
from corpora.input_options import input_options

if TYPE_CHECKING:
    from curation.judging import JudgeSettings
    from curation.language_model import LanguageModel

_RULES_HELP = "Rules: a built-in name (default, gopher, c4, fineweb) or a TOML file."
_DECISIONS_HELP = "Record the rule that dropped a document, or every rule's value as well."
_FILTER_EXAMPLE = """winnow filter pages.jsonl.gz -o kept
winnow filter hub:wikimedia/wikipedia:20231101.sw -o kept --language sw"""
_EXPLAIN_EXAMPLE = """winnow explain pages.jsonl.gz --id page-17
winnow explain pages.jsonl.gz --id page-17 --rules gopher --format json"""
_MODEL_HELP = "fastText language model (.ftz or .bin); lid.176, GlotLID and OpenLID labels are understood."


@verb("filter", example=_FILTER_EXAMPLE)
@input_options
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True, help="Folder for the result.")
@click.option("--language", metavar="CODES", default="", help="Keep only these languages, such as en,zh.")
@click.option("--rules", "rule_set", default="default", show_default=True, help=_RULES_HELP)
@click.option("--lid-model", type=click.Path(path_type=Path), help=_MODEL_HELP)
@click.option(
    "--workers", type=click.IntRange(min=1), help="Processes; default all cores. The result is the same."
)
@click.option(
    "--engine", type=click.Choice(["local", "ray"]), default="local", show_default=True, help="Where to run."
)
@click.option(
    "--decisions",
    type=click.Choice(["first", "full"]),
    default="first",
    show_default=True,
    help=_DECISIONS_HELP,
)
@click.option("--keep-dropped", is_flag=True, help="Write the dropped documents to DIR/dropped as well.")
@force_option
def filter_documents(
    inputs: tuple[str, ...], read_options: ReadOptions, out: Path, language: str, rule_set: str,
    lid_model: Path | None, workers: int | None, engine: str, decisions: str, keep_dropped: bool,
    force: bool, quiet: bool,
) -> None:  # fmt: skip
    """Keep the documents worth training on: language ID, rules, deduplication; a decision for each.

    Writes DIR/documents, DIR/decisions (one row for every document that came in) and DIR/summary.json.
    """
    from corpora.documents import open_corpus
    from corpora.machine import available_cores
    from corpora.progress import Progress
    from curation.filter_run import run_filter
    from curation.pipeline import FilterSettings
    from curation.reporting import filter_lines

    if engine == "ray":
        raise WrongCall("this build has only --engine local", hint="--workers N uses more cores")
    judge = _judge_settings(rule_set, lid_model, language, full=decisions == "full")
    settings = FilterSettings(judge, workers or available_cores(), keep_dropped)
    progress = Progress(quiet=quiet)
    corpus = open_corpus(inputs, read_options)
    options = {"rules": rule_set, "language": language, "decisions": decisions, "keep_dropped": keep_dropped}
    started = time.perf_counter()
    with progress.bar("filtering", unit="documents") as bar:
        result = run_filter(corpus, settings, out, sys.argv[1:], options, force=force, advance=bar.advance)
    for line in filter_lines(result, time.perf_counter() - started, out):
        progress.say(line)


@verb("explain", example=_EXPLAIN_EXAMPLE)
@input_options
@click.option("--id", "document_id", required=True, help="The document's id.")
@click.option("--language", metavar="CODES", default="", help="Keep only these languages, such as en,zh.")
@click.option("--rules", "rule_set", default="default", show_default=True, help=_RULES_HELP)
@click.option("--lid-model", type=click.Path(path_type=Path), help=_MODEL_HELP)
@format_option
def explain(
    inputs: tuple[str, ...], read_options: ReadOptions, document_id: str, language: str, rule_set: str,
    lid_model: Path | None, output_format: str,
) -> None:  # fmt: skip
    """Replay every rule on one document: value, threshold, verdict, and what would have kept it.

    Rules on duplicates compare a document with all earlier ones and are not replayed; the decisions that
    `winnow filter` wrote have them.
    """
    from corpora.documents import open_corpus
    from curation.explaining import explain_document, find_document
    from curation.reporting import explanation_record, explanation_tables

    settings = _judge_settings(rule_set, lid_model, language, full=True)
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
@click.option("--rules", "rule_set", default="default", show_default=True, help=_RULES_HELP)
@click.option("--lid-model", type=click.Path(path_type=Path), help=_MODEL_HELP)
@format_option
def calibrate(
    inputs: tuple[str, ...],
    read_options: ReadOptions,
    rule_set: str,
    lid_model: Path | None,
    output_format: str,
) -> None:
    """Show what each rule would drop from text known to be clean, and the quantiles of its signal.

    INPUT is text that should all be kept: what is dropped here is a false alarm.
    """
    from corpora.documents import open_corpus
    from curation.calibrating import calibrate_rules
    from curation.overview import calibration_record, calibration_tables

    settings = _judge_settings(rule_set, lid_model, "", full=True)
    calibration = calibrate_rules(open_corpus(inputs, read_options), settings)
    record = calibration_record(calibration)
    emit(record, record["rules"], calibration_tables(calibration), output_format)


def _judge_settings(rule_set: str, lid_model: Path | None, language: str, *, full: bool) -> JudgeSettings:
    from curation.judging import JudgeSettings
    from curation.language_model import LanguageModel
    from curation.rules import load_rules

    model = LanguageModel(lid_model)  # a wrong --lid-model is told before anything is read
    codes = _language_codes(language, model)
    return JudgeSettings(load_rules(rule_set), model.path if lid_model else None, codes, full=full)


def _language_codes(listed: str, model: LanguageModel) -> frozenset[str]:
    """The codes of `--language en,zh`; one that the model never names would silently keep nothing."""
    from curation.language_codes import UNDETERMINED
    from curation.language_id import MIXED

    codes = frozenset(code.strip() for code in listed.split(",") if code.strip())
    known = model.languages() | {UNDETERMINED, MIXED}
    for code in sorted(codes - known):
        error = unknown_name("language", code, sorted(known))
        raise WrongCall(error.what, where="--language", hint=error.hint)
    return codes
