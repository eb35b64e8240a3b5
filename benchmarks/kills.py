"""`python -m benchmarks.kills`: filter, count, train, run killed at random moments, resumed, compared."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import click
import msgspec

from benchmarks.kill_runs import Subject, Tally, run_trials
from benchmarks.ready import tell, warm
from corpora.documents import ReadOptions, open_corpus

_VOCABULARY = "6000"
# Of the kills: `run` takes longest.
_SHARES = {"filter": 0.2, "count": 0.2, "train": 0.2, "ranges": 0.15, "count-ranges": 0.15, "run": 0.1}
_COPIES = 4  # of the sample in one file
_RANGE = "300KB"


def subjects(folder: Path) -> dict[str, Subject]:
    """The commands on the embedded sample; `train` gets counts that are made in `folder`, `ranges` and
    `count-ranges` one file with all documents, which they read in ranges.

    They keep their progress as often as they can, so that there is something to go on from.
    """
    counts = folder / "counts.parquet"
    often = ("--checkpoint-every", "0")
    sizes = ("--vocab-size", _VOCABULARY)
    command = [sys.executable, "-m", "winnow", "count", "recipe:sample", "-o", str(counts), "-q"]
    subprocess.run(command, check=True)
    ranges = (str(_one_file(folder / "huge.jsonl")), "--split-size", _RANGE)
    recipe = ("--set", f"train.vocab-size={_VOCABULARY}", "--set", "train.checkpoint-every=0")
    found = (
        Subject("filter", ("filter", "recipe:sample", "--workers", "2")),
        Subject("count", ("count", "recipe:sample", "--memory", "1MB", *often), "counts.parquet"),
        Subject("ranges", ("filter", *ranges, "--workers", "2")),
        Subject("count-ranges", ("count", *ranges, "--memory", "1MB", *often), "counts.parquet"),
        Subject("train", ("train", str(counts), *sizes, "--ban", "core", *often)),
        Subject("run", ("run", "sample", *recipe, "--set", "count.checkpoint-every=0")),
    )
    return {subject.name: subject for subject in found}


def _one_file(path: Path) -> Path:
    """The sample's documents some times over, each time with a number in its text, without ids."""
    texts = list(open_corpus(["recipe:sample"], ReadOptions()).texts())
    with path.open("wb") as file:
        for copy in range(_COPIES):
            for number, text in enumerate(texts):
                file.write(msgspec.json.encode({"text": f"{text}\n{copy} {number}"}) + b"\n")
    return path


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.option("--kills", default=60, type=click.IntRange(1), help="Kills in all.")
@click.option("--only", type=click.Choice(list(_SHARES)), multiple=True, help="These commands; all if none.")
@click.option("--seed", default=1, help="Seed of the random moments.")
def main(kills: int, only: tuple[str, ...], seed: int) -> None:
    """Kill commands at random moments with SIGKILL (the whole process group), call them again, compare bytes.

    Exit code 1 when anything is lost, wrong or left over.
    """
    warm()
    with tempfile.TemporaryDirectory(prefix="winnow-kills-") as name:
        known = subjects(Path(name))
        wanted = [known[each] for each in only or known]
        whole = sum(_SHARES[each.name] for each in wanted)
        plan = [(each, max(1, round(kills * _SHARES[each.name] / whole))) for each in wanted]
        tallies = []
        for tally in run_trials(plan, Path(name), seed):
            tallies.append(tally)
            tell(_told(tally))
    click.echo(f"{sum(each.kills for each in tallies)} kills, "
               f"{sum(each.resumed for each in tallies)} resumed outputs compared, "
               f"{sum(len(each.differences) + len(each.failures) for each in tallies)} wrong")  # fmt: skip
    if any(each.differences or each.failures for each in tallies):
        sys.exit(1)


def _told(tally: Tally) -> str:
    lines = [
        f"{tally.subject}: {tally.kills} kills ({tally.too_late} came too late), "
        f"{tally.resumed} outputs compared, {len(tally.differences)} files differ, "
        f"{len(tally.failures)} failures",
        *(f"  differs: {name}" for name in tally.differences),
        *(f"  failed: {message}" for message in tally.failures),
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
