"""`python -m benchmarks.memory`: peak memory of filter, count and train while the input grows."""

from __future__ import annotations

import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import msgspec
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.folders import corpus_path
from benchmarks.measure import Usage, measure
from benchmarks.ready import need_corpora, tell, warm

_TIMEOUT = 3600.0
_EXCHANGED = 0.5  # of the pieces of a drawn document come from others, so that no two are near-duplicates
_PIECE = 60  # characters


@dataclass(frozen=True, slots=True)
class Row:
    """One command over one input: its size in MB, what was used, distinct pretokens and MB of them."""

    command: str
    megabytes: float
    usage: Usage
    distinct: int = 0
    key_megabytes: float = 0.0


def grow(documents: Sequence[str], size: int, path: Path, rng: random.Random) -> None:
    """Write JSON lines of `size` bytes: drawn documents, with half of their pieces from others."""
    written = 0
    with path.open("wb") as file:
        while written < size:
            own = rng.choice(documents)
            pieces = [own[start : start + _PIECE] for start in range(0, len(own), _PIECE)]
            mixed = [_piece(documents, rng) if rng.random() < _EXCHANGED else piece for piece in pieces]
            written += file.write(msgspec.json.encode({"text": "".join(mixed)}) + b"\n")


def _piece(documents: Sequence[str], rng: random.Random) -> str:
    text = rng.choice(documents)
    start = rng.randrange(len(text))
    return text[start : start + _PIECE]


def rows(sizes: Sequence[float], memory: str, vocab_size: int, folder: Path) -> Iterator[Row]:
    """Measure every command on every size (MB); inputs are removed when they have been used."""
    with corpus_path("mixed-50").open("rb") as file:
        documents = [msgspec.json.decode(line)["text"] for line in file]
    for size in sizes:
        source, log, rng = folder / f"{size:g}.jsonl", folder / "log", random.Random(1)
        grow(documents, int(size * 1e6), source, rng)
        counts = folder / f"{size:g}.parquet"
        commands = {
            "filter": ("filter", source, "-o", folder / f"{size:g}-kept", "--workers", "2"),
            "count": ("count", source, "-o", counts, "--workers", "2", "--memory", memory),
            "count --frequencies": (
                "count", source, "-o", counts, "--workers", "2", "--memory", memory, "--frequencies",
            ),
            "train": ("train", counts, "-o", folder / f"{size:g}-tok", "--vocab-size", str(vocab_size)),
        }  # fmt: skip
        for name, arguments in commands.items():
            command = [sys.executable, "-m", "winnow", *map(str, arguments), "-q"]
            usage = measure(command, log, _TIMEOUT)
            row = Row(name, size, usage, *_distinct(counts)) if name == "train" else Row(name, size, usage)
            tell(f"{name}, {size:g} MB: {usage.peak_mb:,.0f} MB at most, {usage.wall:,.0f} s")
            yield row
        source.unlink()


def table(found: Sequence[Row]) -> str:
    """The measurements as Markdown."""
    lines = [
        "| command | input | peak memory | distinct pretokens | seconds of processor |",
        "|---|---|---|---|---|",
    ]
    for row in sorted(found, key=lambda row: (row.command, row.megabytes)):
        distinct = f"{row.distinct:,} ({row.key_megabytes:,.1f} MB)" if row.distinct else ""
        lines.append(
            f"| `{row.command}` | {row.megabytes:g} MB | {row.usage.peak_mb:,.0f} MB | {distinct} |"
            f" {row.usage.cpu:,.0f} |"
        )
    return "\n".join(lines)


def _distinct(counts: Path) -> tuple[int, float]:
    keys = pq.read_table(counts, columns=["pretoken"]).column("pretoken").unique()
    return len(keys), pc.sum(pc.binary_length(keys)).as_py() / 1e6


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.option("--size", "sizes", multiple=True, type=float, default=(100.0, 500.0), help="MB of input.")
@click.option("--memory", default="100MB", help="What `count` may take for its tables.")
@click.option("--vocab-size", default=32768, type=click.IntRange(300))
def main(sizes: tuple[float, ...], memory: str, vocab_size: int) -> None:
    """Measure peak memory (resident, of the process and its workers) for inputs of several sizes.

    The input is drawn from the corpus of 50 MB, with half of all text exchanged between documents.
    """
    need_corpora(["mixed-50"])
    warm()
    with tempfile.TemporaryDirectory(prefix="winnow-memory-") as name:
        click.echo(table(list(rows(sizes, memory, vocab_size, Path(name)))))


if __name__ == "__main__":
    main()
