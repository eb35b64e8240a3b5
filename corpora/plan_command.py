"""The verb `plan`: time, memory, disk and machines for a corpus, from a sample of it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from corpora.cli import TableView, emit, format_option, verb
from corpora.documents import ReadOptions
from corpora.input_options import input_options
from corpora.progress import Progress
from corpora.sizes import parse_memory

if TYPE_CHECKING:
    from corpora.capacity_model import ClusterEstimate, Estimate, Model
    from corpora.capacity_sample import Sample

_EXAMPLE = """winnow plan corpus/*.jsonl.gz --vocab-size 128000
winnow plan corpus/ --sample 50MB --hours 12 --format json"""
_SHARES = (0.125, 0.25, 0.5, 1.0)  # nested samples: four points for the growth of distinct pretokens
_SCALES = (100_000_000_000, 1_000_000_000_000, 10_000_000_000_000)  # bytes of text


@verb("plan", example=_EXAMPLE)
@input_options
@click.option("--vocab-size", type=click.IntRange(min=300), default=100_000, show_default=True,
              help="Ids of the tokenizer to be trained.")  # fmt: skip
@click.option("--sample", "sample_size", default="20MB", show_default=True, metavar="SIZE",
              help="Text to measure on; more is better.")  # fmt: skip
@click.option("--hours", type=click.FloatRange(min=0, min_open=True), default=24.0, show_default=True,
              help="Wall time that each step may take on a cluster.")  # fmt: skip
@click.option("--memory", default="2GB", show_default=True, help="The --memory that `count` will be given.")
@format_option
def plan(
    inputs: tuple[str, ...], read_options: ReadOptions, vocab_size: int, sample_size: str, hours: float,
    memory: str, output_format: str, quiet: bool,
) -> None:  # fmt: skip
    """Estimate time, memory and disk of filter, count and train for INPUT, and machines for 100 GB to 10 TB.

    Runs the verbs on a sample (about a minute) and extrapolates; the assumptions are printed too.
    """
    import tempfile
    from pathlib import Path

    from corpora.capacity_model import Model, fit_heaps
    from corpora.capacity_probe import measure
    from corpora.capacity_sample import draw_sample
    from corpora.machine import available_cores

    progress = Progress(quiet=quiet)
    wanted, count_memory = parse_memory(sample_size), parse_memory(memory)
    with tempfile.TemporaryDirectory(prefix="winnow-plan-") as name:
        sample = draw_sample(inputs, read_options, wanted, _SHARES, Path(name))
        measured = measure(sample, vocab_size, Path(name), progress.say)
    model = Model(measured, fit_heaps(measured.points), available_cores())
    here = model.on_this_machine(sample.total_text, count_memory)
    clusters = [model.on_machines(size, hours) for size in _SCALES]
    emit(_record(model, sample, here, clusters), here, _tables(model, sample, here, clusters), output_format)


def _record(
    model: Model, sample: Sample, here: Sequence[Estimate], clusters: Sequence[ClusterEstimate]
) -> dict[str, Any]:
    from corpora.capacity_model import ASSUMPTIONS

    described = {name: value for name, value in asdict(sample).items() if name not in ("files", "shares")}
    return {
        "schema_version": 1,
        "machine": {"cores": model.cores, "memory_bytes": _physical_memory()},
        "sample": described,
        "kept": model.measured.kept,
        "heaps": {"k": model.heaps.k, "beta": model.heaps.beta, "points": list(model.measured.points)},
        "bytes_per_second_and_processor": {"filter": model.filter_rate, "count": model.count_rate},
        "here": list(here),
        "clusters": list(clusters),
        "assumptions": list(ASSUMPTIONS),
    }


def _tables(
    model: Model, sample: Sample, here: Sequence[Estimate], clusters: Sequence[ClusterEstimate]
) -> list[TableView]:
    from corpora.capacity_model import ASSUMPTIONS

    about = "" if sample.exact else "about "
    title = (
        f"{_size(sample.input_bytes)} of input, {about}{_size(sample.total_text)} of text;"
        f" measured on {_size(sample.text_bytes)}, {model.measured.kept:.0%} kept;"
        f" {model.cores} cores, {_size(_physical_memory())} of memory"
    )
    rows = [(row.verb, _time(row.seconds), _size(row.memory_bytes), _size(row.disk_bytes)) for row in here]
    rates = f"one processor judges {_size(model.filter_rate)}/s and counts {_size(model.count_rate)}/s"
    law = f"distinct pretokens = {model.heaps.k:.3g} * bytes^{model.heaps.beta:.3f}"
    machines = [_cluster_row(row) for row in clusters]
    columns = ("text", "filter: machines", "settling", "count: machines", "distinct", "train", "its memory")
    return [
        TableView(title, ("verb", "time", "memory", "disk"), rows),
        TableView(f"Machines like this one for {clusters[0].hours:g} h a step ({rates}; {law})",
                  columns, machines),
        TableView("Assumptions: " + "; ".join(ASSUMPTIONS) + ".", (), ()),
    ]  # fmt: skip


def _cluster_row(row: ClusterEstimate) -> tuple[str, ...]:
    filters = "settling is slower" if row.filter_machines is None else f"{row.filter_machines:,}"
    return (
        _size(row.text_bytes), filters, _time(row.settle_hours * 3600), f"{row.count_machines:,}",
        _number(row.distinct), _time(row.train_hours * 3600),
        _size(row.train_memory_bytes) if row.train_fits else "too many to train on",
    )  # fmt: skip


def _physical_memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _size(amount: float) -> str:
    return f"{_number(amount)}B"


def _number(amount: float) -> str:
    for unit in ("", "k", "M", "G"):
        if amount < 1000:
            return f"{amount:.3g} {unit}"
        amount /= 1000
    return f"{amount:,.3g} T"


def _time(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:,.1f} h"
