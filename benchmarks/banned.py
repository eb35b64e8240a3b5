"""What ban lists cost: banned and unbanned trainings in turns, from documents and from counts."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import click
import msgspec

from benchmarks import results
from benchmarks.folders import CORPORA, corpus_path, data_folder, results_path
from benchmarks.measure import interleaved, measure, spread
from benchmarks.peers import Task, winnow_command, winnow_count_command
from benchmarks.ready import need_corpora, tell, warm
from trainer.pretokenize import PATTERNS


class BannedRun(msgspec.Struct, frozen=True):
    """One training; `given` is what it starts from, `bans` the lists, empty for none. Seconds; MB."""

    corpus: str
    vocab_size: int
    given: str
    bans: str
    round: int
    wall: float
    cpu: float
    peak_mb: float
    merge: float
    refused: int


class _Manifest(msgspec.Struct):
    refused_merges: int
    seconds: dict[str, float]


def time_pair(task: Task, counts: Path, bans: Sequence[str], rounds: int, timeout: float) -> list[BannedRun]:
    """Trainings with and without the lists, from the corpus and from its counts, in turns.

    `task.folder` holds each output until the next takes its place.
    """
    cases = [(given, chosen) for given in (task.corpus, counts) for chosen in ((), tuple(bans))]
    runs: list[BannedRun] = []
    for number, (given, chosen) in interleaved(cases, rounds):
        options = [option for name in chosen for option in ("--ban", name)]
        command = [*winnow_command(task, given, *options), "--force"]
        usage = measure(command, task.folder / "log", timeout)
        manifest = msgspec.json.decode((task.folder / "out" / "manifest.json").read_bytes(), type=_Manifest)
        kind = "counts" if given == counts else "documents"
        runs.append(
            BannedRun(
                task.corpus.stem, task.vocab_size, kind, " ".join(chosen), number, usage.wall, usage.cpu,
                usage.peak_mb, manifest.seconds["merge"], manifest.refused_merges,
            )
        )  # fmt: skip
        tell(f"{kind}, {'bans' if chosen else 'no bans'}, round {number + 1}: {usage.wall:.2f} s")
    return runs


def banned_table(runs: Sequence[BannedRun]) -> str:
    """With and without lists side by side: seconds, and the difference of the medians."""
    rows = []
    for corpus, size, given in sorted({(run.corpus, run.vocab_size, run.given) for run in runs}):
        own = [run for run in runs if (run.corpus, run.vocab_size, run.given) == (corpus, size, given)]
        free, banned = [run for run in own if not run.bans], [run for run in own if run.bans]
        walls = [spread([run.wall for run in kind]) for kind in (free, banned)]
        merges = [spread([run.merge for run in kind]).median for kind in (free, banned)]
        rows.append(
            [
                f"{corpus}, {size:,}, from {given}",
                *(results.ranged(wall, 2) for wall in walls),
                f"{walls[1].median / walls[0].median - 1:+.1%}",
                " / ".join(f"{seconds:.2f}" for seconds in merges),
                f"{banned[0].refused:,}",
            ]
        )
    return results.table(
        ["training", "no bans, s", "bans, s", "difference", "merging alone, s", "refused"], rows
    )


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.option("--corpus", type=click.Choice(CORPORA), default="mixed-50")
@click.option("--vocab", "vocab_size", type=click.IntRange(300), default=32768)
@click.option("--pattern", type=click.Choice(list(PATTERNS)), default="o200k")
@click.option("--ban", "bans", multiple=True, default=("core",), help="Ban lists.")
@click.option("--repeat", default=5, type=click.IntRange(1), help="Rounds; the cases take turns in each.")
@click.option("--timeout", default=1800.0, help="Seconds after which a training is stopped.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Markdown file to update.")
def main(
    corpus: str,
    vocab_size: int,
    pattern: str,
    bans: tuple[str, ...],
    repeat: int,
    timeout: float,
    out: Path | None,
) -> None:
    """Time trainings with and without ban lists."""
    need_corpora([corpus])
    warm()
    with tempfile.TemporaryDirectory(dir=data_folder(), prefix="work-") as folder:
        task = Task(corpus_path(corpus), Path(folder), vocab_size, pattern, PATTERNS[pattern])
        counts = Path(folder, "counts.parquet")
        subprocess.run(winnow_count_command(task, counts), check=True)
        runs = time_pair(task, counts, bans, repeat, timeout)
    rows = results.replace_rows(results_path("banned"), runs, lambda run: (run.corpus, run.vocab_size))
    click.echo(banned_table(runs))
    if out is not None:
        results.update_markdown(out, "banned", "What bans cost", banned_table(rows))


if __name__ == "__main__":
    main()
