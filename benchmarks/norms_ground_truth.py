"""`python -m benchmarks.norms_ground_truth`: are known untrained and hot rows found in trained models?"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Sequence
from itertools import product
from pathlib import Path

import click
import msgspec
import numpy as np

from audit.norms.calls import Setup, load, scan_loaded
from audit.norms.records import MatrixScan, NormScan, ScanOptions
from audit.norms.scan import no_bar
from audit.norms.tail import hot_ids
from benchmarks import results
from benchmarks.folders import data_folder, results_path
from benchmarks.norms_model import TRUTH, Setting, Text, Truth, polluted_sample, read_text, read_truth, train
from benchmarks.norms_pictures import write_picture
from benchmarks.ready import tell

VOCABULARY = 2_048
SETTINGS = (
    *(Setting(tied, decay) for tied in (False, True) for decay in (True, False)),
    Setting(tied=False, decay=True, control=True),
    Setting(tied=True, decay=True, control=True),
)


class Score(msgspec.Struct, frozen=True):
    """One matrix of one model against the truth; precision and recall are 1 when both sides are empty.

    `lump` says whether a low lump was found, and `direction` whether an unused direction was.
    `hot_ranked` is the share of planted rows among as many rows of the largest z.
    """

    seed: int
    setting: str
    matrix: str
    rows: int
    untrained: int
    found_untrained: int
    untrained_precision: float
    untrained_recall: float
    hot: int
    found_hot: int
    hot_precision: float
    hot_recall: float
    hot_ranked: float
    lump: bool
    direction: bool
    loss: float


def score(folder: Path, seed: int, setting: Setting) -> list[Score]:
    """Scan a trained model as `winnow norms scan` does, and compare with what training did."""
    truth, scan = read_truth(folder), _scan(folder)
    matrices = [("tied" if scan.output is None else "input", scan.input)]
    matrices += [("output", scan.output)] if scan.output is not None else []
    return [_score(seed, setting, name, matrix, truth) for name, matrix in matrices]


def precision_recall(found: Iterable[int], wanted: Iterable[int]) -> tuple[float, float]:
    """Precision and recall; each 1 when it would be 0 of 0."""
    one, other = set(found), set(wanted)
    hits = len(one & other)
    return (hits / len(one) if one else 1.0), (hits / len(other) if other else 1.0)


def ground_truth_table(scores: Sequence[Score]) -> str:
    """The scores as Markdown."""
    header = [
        "setting", "matrix", "seed", "untrained", "found", "precision", "recall",
        "hot", "found", "precision", "recall", "ranked", "low lump", "unused direction",
    ]  # fmt: skip
    return results.table(header, [_cells(each) for each in scores])


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.option("--seed", "seeds", multiple=True, type=int, default=(1, 2, 3), help="Six models for each.")
@click.option("--steps", default=800, type=click.IntRange(1), help="Optimiser steps on clean text.")
@click.option(
    "--vocab", default=VOCABULARY, type=click.IntRange(300), help="Size of the polluted vocabulary."
)
@click.option("--threads", default=1, type=click.IntRange(1), help="Of PyTorch.")
@click.option("--only-score", is_flag=True, help="Train nothing; scan the models that are there.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Markdown file to update.")
@click.option("--pictures", type=click.Path(file_okay=False, path_type=Path), help="Folder for histograms.")
def main(
    seeds: tuple[int, ...],
    steps: int,
    vocab: int,
    threads: int,
    only_score: bool,
    out: Path | None,
    pictures: Path | None,
) -> None:
    """Train six small models for every seed and score the norm audit on them (a minute or two each)."""
    home = data_folder() / "norms"
    if not only_score:
        _train_all(home, seeds, steps, vocab, threads)
    scores = [
        each
        for setting in SETTINGS
        for seed in seeds
        for each in score(_folder(home, seed, setting), seed, setting)
    ]
    results.replace_rows(results_path("norms"), scores, lambda each: None)
    click.echo(ground_truth_table(scores))
    if pictures is not None:
        _draw(_folder(home, seeds[0], SETTINGS[0]), pictures)
    if out is not None:
        results.update_markdown(out, "norms", "Embedding norms: ground truth", ground_truth_table(scores))


def _scan(folder: Path) -> NormScan:
    setup = Setup(folder)
    return scan_loaded(setup, load(setup, categorised=False), ScanOptions(duplicates=False), no_bar)


def _draw(folder: Path, pictures: Path) -> None:
    scan = _scan(folder)
    for name, matrix in (("input", scan.input), ("output", scan.output)):
        if matrix is not None:
            write_picture(pictures / f"norms-{name}.svg", matrix)


def _train_all(home: Path, seeds: Sequence[int], steps: int, vocab: int, threads: int) -> None:
    import torch

    torch.set_num_threads(threads)
    text = _text(home / "tokenizer", vocab)
    for seed, setting in product(seeds, SETTINGS):
        folder = _folder(home, seed, setting)
        if (folder / TRUTH).is_file():
            tell(f"seed {seed}, {setting.name}: already trained")
            continue
        truth = train(text, setting, seed, steps, folder, home / "tokenizer")
        tell(f"seed {seed}, {setting.name}: loss {truth.loss:.3f}, {len(truth.untrained):,} rows untrained")


def _text(tokenizer: Path, vocab: int) -> Text:
    if not (tokenizer / "tokenizer.json").is_file():
        inputs = [str(path) for path in polluted_sample()]
        command = ["train", *inputs, "-o", str(tokenizer), "--vocab-size", str(vocab), "-q"]
        subprocess.run([sys.executable, "-m", "winnow", *command], check=True)
    return read_text(tokenizer)


def _folder(home: Path, seed: int, setting: Setting) -> Path:
    return home / f"seed-{seed}" / setting.name.replace(", ", "-").replace(" ", "-")


def _score(seed: int, setting: Setting, name: str, matrix: MatrixScan, truth: Truth) -> Score:
    found_untrained, found_hot = matrix.untrained.tolist(), [fact.id for fact in matrix.hot]
    return Score(
        seed, setting.name, name, matrix.tensor.rows,
        len(truth.untrained), len(found_untrained), *precision_recall(found_untrained, truth.untrained),
        len(truth.hot), len(found_hot), *precision_recall(found_hot, truth.hot), _ranked(matrix, truth.hot),
        matrix.lump.found, matrix.unused_direction is not None, truth.loss,
    )  # fmt: skip


def _ranked(matrix: MatrixScan, hot: Sequence[int]) -> float:
    by_z = hot_ids(matrix.body, matrix.measures.norms, -np.inf)
    return float(np.isin(by_z[: len(hot)], hot).mean()) if hot else 1.0


def _cells(each: Score) -> list[str]:
    return [
        each.setting,
        each.matrix,
        str(each.seed),
        f"{each.untrained:,}",
        f"{each.found_untrained:,}",
        f"{each.untrained_precision:.3f}",
        f"{each.untrained_recall:.3f}",
        f"{each.hot:,}",
        f"{each.found_hot:,}",
        f"{each.hot_precision:.3f}",
        f"{each.hot_recall:.3f}",
        f"{each.hot_ranked:.3f}",
        "found" if each.lump else "no lump",
        "found" if each.direction else "none",
    ]


if __name__ == "__main__":
    main()
