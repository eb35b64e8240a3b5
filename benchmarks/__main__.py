"""`python -m benchmarks`: time `winnow train` and the other trainers on the same corpora, in turns."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from pathlib import Path

import click

from benchmarks import results
from benchmarks.corpus import read_record
from benchmarks.folders import CORPORA, corpus_path, corpus_record_path, results_path
from benchmarks.peers import PEERS, WINNOW, Task
from benchmarks.ready import need_corpora, tell, warm
from benchmarks.results import Run
from benchmarks.timing import contenders, time_setting
from trainer.pretokenize import PATTERNS

_SIZES = tuple(name.removeprefix("mixed-") for name in CORPORA if name.startswith("mixed-"))


def write_report(path: Path, runs: Sequence[Run]) -> None:
    """Bring the generated parts of RESULTS.md up to date with all stored runs."""
    results.update_markdown(path, "machine", "Machine", results.machine())
    records = [read_record(name) for name in CORPORA if corpus_record_path(name).is_file()]
    results.update_markdown(path, "corpora", "Corpora", results.corpora_section(records))
    for corpus, vocab_size, pattern in results.settings(runs):
        own = [run for run in runs if run.setting == (corpus, vocab_size, pattern)]
        heading = f"{corpus}, vocabulary {vocab_size:,}, pattern {pattern}"
        block = f"training {corpus} {vocab_size} {pattern}"
        results.update_markdown(path, block, heading, results.training_section(own, WINNOW))
    if runs:
        results.update_markdown(path, "growth", "How it grows", results.growth_section(runs))


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.option(
    "--size", "sizes", multiple=True, type=click.Choice(_SIZES), default=("10", "50"), help="MB of text."
)
@click.option("--vocab", "vocab_sizes", multiple=True, type=click.IntRange(300), default=(32768,))
@click.option(
    "--pattern", "patterns", multiple=True, type=click.Choice(list(PATTERNS)), default=("o200k", "gpt2")
)
@click.option(
    "--peers", "names", multiple=True, type=click.Choice([p.name for p in PEERS]), help="All, if none given."
)
@click.option("--repeat", default=3, type=click.IntRange(1), help="Rounds; the trainers take turns in each.")
@click.option("--timeout", default=1800.0, help="Seconds after which a training is stopped and left out.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Markdown file to update.")
@click.option("--only-report", is_flag=True, help="Run nothing; write --out from what is stored.")
def main(
    sizes: tuple[str, ...],
    vocab_sizes: tuple[int, ...],
    patterns: tuple[str, ...],
    names: tuple[str, ...],
    repeat: int,
    timeout: float,
    out: Path | None,
    only_report: bool,
) -> None:
    """Time the trainers on every combination of sizes, vocabularies and patterns (repeat the options)."""
    if not only_report:
        need_corpora([f"mixed-{size}" for size in sizes])
        warm()
        for absent in (peer.name for peer in PEERS if not peer.version):
            tell(f"{absent} is not installed: pip install -r benchmarks/requirements.txt")
        for size, vocab_size, pattern in product(sizes, vocab_sizes, patterns):
            task = Task(corpus_path(f"mixed-{size}"), Path(), vocab_size, pattern, PATTERNS[pattern])
            runs = time_setting(contenders(names, pattern), task, repeat, timeout, tell)
            results.replace_rows(results_path("training"), runs, lambda run: run.setting)
            click.echo(f"\n{task.corpus.stem}, vocabulary {vocab_size:,}, pattern {pattern}\n")
            click.echo(results.training_section(runs, WINNOW))
    if out is not None:
        write_report(out, results.read_rows(results_path("training"), Run))


if __name__ == "__main__":
    main()
