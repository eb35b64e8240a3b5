"""Whether `winnow train` learns what Hugging Face learns: the same merges in the same order, the same ids."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path

import click
import msgspec

from benchmarks import results
from benchmarks.folders import CORPORA, corpus_path, data_folder, results_path
from benchmarks.peers import HUGGING_FACE, WINNOW, Peer, Task, by_name
from benchmarks.ready import need_corpora, tell, warm
from benchmarks.vocabularies import Merge, first_difference, read_model
from trainer.pretokenize import PATTERNS

_CORPORA = ("mixed-50", "chinese-20", "code-20")
_PATTERNS = ("gpt2", "cl100k", "o200k")
_VOCAB_SIZES = (32000, 100000)


class Comparison(msgspec.Struct, frozen=True):
    """One comparison; `difference` is empty when merges and ids are equal."""

    corpus: str
    pattern: str
    vocab_size: int
    merges: int
    version: str
    difference: str


def compare(ours: Path, theirs: Path) -> tuple[int, str]:
    """How many merges the second `tokenizer.json` has, and the first difference between the two, if any."""
    our_ids, our_merges = read_model(ours)
    their_ids, their_merges = read_model(theirs)
    place = first_difference(our_merges, their_merges)
    if place is not None:
        pair = f"{_at(our_merges, place)}, theirs {_at(their_merges, place)}"
        return len(their_merges), f"merge {place:,}: ours {pair}"
    return len(their_merges), _id_difference(our_ids, their_ids)


def run_comparison(corpus: Path, pattern: str, vocab_size: int) -> Comparison:
    """Train with both in fresh processes and compare. Raises CalledProcessError when a training fails."""
    winnow, hugging_face = by_name([WINNOW, HUGGING_FACE])
    with tempfile.TemporaryDirectory(dir=data_folder(), prefix="work-") as folder:
        files = [
            _train(peer, Task(corpus, Path(folder, str(place)), vocab_size, pattern, PATTERNS[pattern]))
            for place, peer in enumerate((winnow, hugging_face))
        ]
        merges, difference = compare(*files)
    return Comparison(corpus.stem, pattern, vocab_size, merges, hugging_face.version, difference)


def parity_table(comparisons: Sequence[Comparison]) -> str:
    """What was compared, and what came of it."""
    rows = [
        [c.corpus, c.pattern, f"{c.vocab_size:,}", f"{c.merges:,}", c.difference or "equal"]
        for c in comparisons
    ]
    return results.table(["corpus", "pattern", "vocabulary", "merges", "merges and ids"], rows)


def _train(peer: Peer, task: Task) -> Path:
    task.folder.mkdir()
    for command in peer.commands(task):
        subprocess.run(command, check=True, stdout=sys.stderr)
    return task.folder / peer.vocabulary


def _at(merges: Sequence[Merge], place: int) -> str:
    return " + ".join(merges[place]) if place < len(merges) else "none"


def _id_difference(ours: Mapping[str, int], theirs: Mapping[str, int]) -> str:
    differing = sorted(token for token in ours.keys() | theirs.keys() if ours.get(token) != theirs.get(token))
    if not differing:
        return ""
    token = differing[0]
    return (
        f"{len(differing):,} ids, of {token} for example: ours {ours.get(token)}, theirs {theirs.get(token)}"
    )


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.option("--corpus", "corpora", multiple=True, type=click.Choice(CORPORA), default=_CORPORA)
@click.option(
    "--file",
    "files",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    help="JSONL files instead.",
)
@click.option("--pattern", "patterns", multiple=True, type=click.Choice(list(PATTERNS)), default=_PATTERNS)
@click.option("--vocab", "vocab_sizes", multiple=True, type=click.IntRange(300), default=_VOCAB_SIZES)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Markdown file to update.")
def main(
    corpora: tuple[str, ...],
    files: tuple[Path, ...],
    patterns: tuple[str, ...],
    vocab_sizes: tuple[int, ...],
    out: Path | None,
) -> None:
    """Compare merges and ids with Hugging Face's for every combination; exit code 3 when any differ.

    Files, when given, take the place of the corpora.
    """
    if not files:
        need_corpora(corpora)
    warm()
    done: list[Comparison] = []
    for corpus, pattern, size in product(
        files or [corpus_path(name) for name in corpora], patterns, vocab_sizes
    ):
        done.append(run_comparison(corpus, pattern, size))
        tell(f"{corpus.stem}, {pattern}, {size:,}: {done[-1].difference or 'equal'}")
    rows = results.replace_rows(results_path("parity"), done, lambda c: (c.corpus, c.pattern, c.vocab_size))
    click.echo(parity_table(done))
    if out is not None:
        results.update_markdown(out, "parity", "Equality with Hugging Face", parity_table(rows))
    sys.exit(3 if any(comparison.difference for comparison in done) else 0)


if __name__ == "__main__":
    main()
