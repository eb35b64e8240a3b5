"""`python -m benchmarks.memory`: peak memory of filter, count and train while the input grows."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.measure import Usage, measure
from benchmarks.ready import need_corpora, tell, warm

_TIMEOUT = 7200.0
COMMANDS = ("filter", "count", "count --frequencies", "train")


@dataclass(frozen=True, slots=True)
class Row:
    """One command over one input: its size in MB, what was used, distinct pretokens and MB of them."""

    command: str
    megabytes: float
    usage: Usage
    distinct: int = 0
    key_megabytes: float = 0.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure: sizes in MB, names of `COMMANDS`, and what the commands are told."""

    sizes: Sequence[float]
    commands: Sequence[str]
    memory: str
    vocab_size: int


def rows(plan: Plan, folder: Path) -> Iterator[Row]:
    """Measure the commands on every size; inputs are removed when they have been used.

    The input is drawn in a process of its own: a new process inherits the memory mark of the one that starts
    it, see `benchmarks.measure`.
    """
    for size in plan.sizes:
        source = folder / f"{size:g}.jsonl"
        drawing = [sys.executable, "-m", "benchmarks.drawn_corpus", str(source), "--megabytes", str(size)]
        subprocess.run(drawing, check=True)
        for name, arguments in _calls(plan, source).items():
            command = [sys.executable, "-m", "winnow", *map(str, arguments), "-q"]
            usage = measure(command, folder / "log", _TIMEOUT)
            tell(f"{name}, {size:g} MB: {usage.peak_mb:,.0f} MB at most, {usage.wall:,.0f} s")
            if name in plan.commands:
                found = _distinct(_counts_of(source)) if name == "train" else (0, 0.0)
                yield Row(name, size, usage, *found)
        source.unlink()


def _calls(plan: Plan, source: Path) -> Mapping[str, Sequence[object]]:
    """The commands and their arguments; `train` works on the counts of `count`, which then comes before."""
    counts, limits = _counts_of(source), ("--workers", "2", "--memory", plan.memory)
    calls: dict[str, Sequence[object]] = {
        "filter": ("filter", source, "-o", source.with_suffix(".kept"), "--workers", "2"),
        "count": ("count", source, "-o", counts, *limits),
        "count --frequencies": (
            "count", source, "-o", source.with_suffix(".again.parquet"), *limits, "--frequencies",
        ),
        "train": ("train", counts, "-o", source.with_suffix(".tokenizer"), "--vocab-size", plan.vocab_size),
    }  # fmt: skip
    wanted = {*plan.commands, "count"} if "train" in plan.commands else {*plan.commands}
    return {name: arguments for name, arguments in calls.items() if name in wanted}


def _counts_of(source: Path) -> Path:
    return source.with_suffix(".parquet")


def table(found: Sequence[Row]) -> str:
    """The measurements as Markdown."""
    lines = [
        "| command | input | peak memory | distinct pretokens | seconds | of processor |",
        "|---|---|---|---|---|---|",
    ]
    for row in sorted(found, key=lambda row: (row.command, row.megabytes)):
        distinct = f"{row.distinct:,} ({row.key_megabytes:,.1f} MB)" if row.distinct else ""
        lines.append(
            f"| `{row.command}` | {row.megabytes:g} MB | {row.usage.peak_mb:,.0f} MB | {distinct} |"
            f" {row.usage.wall:,.0f} | {row.usage.cpu:,.0f} |"
        )
    return "\n".join(lines)


def _distinct(counts: Path) -> tuple[int, float]:
    """Distinct pretokens of a counts file and the MB of them, read a row group at a time: rows are sorted."""
    distinct, size, last = 0, 0, None
    with pq.ParquetFile(counts) as file:
        for number in range(file.num_row_groups):
            keys = file.read_row_group(number, columns=["pretoken"]).column("pretoken").unique()
            fresh = keys.slice(int(len(keys) > 0 and keys[0].as_py() == last))
            distinct += len(fresh)
            size += pc.sum(pc.binary_length(fresh)).as_py() or 0
            last = keys[-1].as_py() if len(keys) else last
    return distinct, size / 1e6


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.option("--size", "sizes", multiple=True, type=float, default=(100.0, 500.0), help="MB of input.")
@click.option("--command", "commands", multiple=True, type=click.Choice(COMMANDS), default=COMMANDS,
              help="What to measure.")  # fmt: skip
@click.option("--memory", default="100MB", help="What `count` may take for its tables.")
@click.option("--vocab-size", default=32768, type=click.IntRange(300))
def main(sizes: tuple[float, ...], commands: tuple[str, ...], memory: str, vocab_size: int) -> None:
    """Measure peak memory (resident, of the process and its workers) for inputs of several sizes.

    The input is drawn from the corpus of 50 MB, with half of all text exchanged between documents. Everything
    is written to a temporary folder ($TMPDIR): three times the input.
    """
    need_corpora(["mixed-50"])
    warm()
    with tempfile.TemporaryDirectory(prefix="winnow-memory-") as name:
        plan = Plan(sizes, commands, memory, vocab_size)
        click.echo(table(list(rows(plan, Path(name)))))


if __name__ == "__main__":
    main()
