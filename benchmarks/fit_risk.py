"""Fit the Han weights of audit/data/risk.toml on banlists/labels, cross-validate them, measure the score.

Run `python -m benchmarks.fit_risk`. It prints the table for `[group.weights]`, the points of lists, and
what the score reaches; docs/audit.md explains the method. Boilerplate and borderline labels are left out of
the fit. Points of lists are no fit: lists and labels know each other, so they come from a reader who had
seen neither (banlists/labels/README.md).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from audit.results import TokenScore
from audit.risk import score_tokens
from audit.risk_model import load_risk_model
from audit.scoring import evidence
from benchmarks.risk_data import (
    CODES,
    HOLDS,
    O200K,
    Data,
    Label,
    hash_of,
    make_data,
    o200k_texts,
    read_labels,
)
from benchmarks.risk_fit import (
    FOLDS,
    SEEDS,
    Floats,
    average_precision,
    calibration,
    fit,
    held_out_points,
    precision_recall,
)
from benchmarks.risk_transfer import LANGUAGES, UNSCORED, print_other_vocabularies, print_without_language

EDGES = (0.0, 0.01, 0.05, 0.1, 0.3, 0.5, 0.7, 0.9, 0.95, 0.99, 1.0)


@dataclass(frozen=True, slots=True)
class ListCounts:
    """What `core` hit when the independent reader had just finished: of polluted and of clean tokens."""

    name: str
    hit: int
    polluted: int
    false_hits: int
    clean: int

    @property
    def points(self) -> tuple[float, float]:
        """Log likelihood ratios of a match and of none, half a count added to every cell."""
        caught, wrong = (self.hit + 0.5) / (self.polluted + 1), (self.false_hits + 0.5) / (self.clean + 1)
        return math.log(caught / wrong), math.log((1 - caught) / (1 - wrong))


LISTS = (
    ListCounts("han", 923, 987, 21, 2841),
    ListCounts("kana, hangul, unspaced", 63, 64, 0, 11_243),
    ListCounts("spaced", 82, 100, 0, 11_243),
)


def main() -> None:
    """Fit, validate, print."""
    texts = o200k_texts()
    data = make_data(texts, load_risk_model().group_of("Han"))
    print(f"o200k.tsv {hash_of(O200K)}: {len(data.y)} Han labels, {int(data.y.sum())} polluted; ", end="")
    print(f"{FOLDS} folds, mean of {SEEDS} splits")
    points = held_out_points(data.x, data.y, data.cores, data.family)
    _print_validation(data, points)
    _print_weights(data)
    print_without_language(texts)
    scores = {score.id: score for score in score_tokens(texts, evidence(True))}
    _print_shipped(scores)
    _print_scripts([text.script for text in texts], scores)
    print_other_vocabularies()


def _print_validation(data: Data, points: Floats) -> None:
    lift = data.x[:, CODES.index("lift")]
    print(f"average precision without lists: lift alone {average_precision(data.y, lift):.3f}, ", end="")
    print(f"all features, held out {average_precision(data.y, points):.3f}")
    listed, unlisted = LISTS[0].points
    whole = points + np.where(data.listed, listed, unlisted)
    for name, each in (("without lists", points), ("with lists", whole)):
        precision, recall = precision_recall(data.y, each >= 0)
        print(f"held out, {name}: precision {precision:.3f}, recall {recall:.3f} at even odds")
        for step in calibration(data.y, each, EDGES):
            low, high = step.interval
            print(
                f"  score {step.low:.2f}-{step.high:.2f}: {step.rows:>5} tokens, mean {step.expected:.3f}, "
                f"polluted {step.polluted / step.rows:.3f} ({low:.3f}-{high:.3f})"
            )


def _print_weights(data: Data) -> None:
    line, share = fit(data.x, data.y), float(data.y.mean())
    print(f"base = {line.base:.2f}\nshare = {share:.3f}")
    for place, code in enumerate(CODES):
        scale = data.scale
        limits = (
            f", low = {scale.low[place]:.2f}, high = {scale.high[place]:.2f}" if code not in HOLDS else ""
        )
        zero = f", zero = {scale.zero[place]:.3f}" if code not in HOLDS else ""
        print(f"{code} = {{ per = {line.per[place]:.3f}{zero}{limits} }}")
    for counts in LISTS:
        print(f"{counts.name}: listed = {counts.points[0]:.2f}, unlisted = {counts.points[1]:.2f}")


def _print_shipped(scores: dict[int, TokenScore]) -> None:
    """What the scorecard as it stands says of all labels, lists included; they know each other."""
    print(
        "shipped scorecard, all labels: language, polluted, clean, AP, precision, recall, borderline flagged"
    )
    value = {id_: sum(reason.points for reason in score.reasons) for id_, score in scores.items()}
    by_language: dict[str, list[Label]] = defaultdict(list)
    for label in read_labels():
        by_language[label.language if label.language in LANGUAGES else "others"].append(label)
    for language in (*LANGUAGES, "others"):
        print(f"  {language}: {_measured(by_language[language], value)}")


def _measured(labels: Sequence[Label], value: Mapping[int, float]) -> str:
    mine = [label for label in labels if label.fits]
    y = np.array([float(label.polluted) for label in mine])
    points = np.array([value.get(label.id, UNSCORED) for label in mine])
    precision, recall = precision_recall(y, points >= 0)
    unsure = [label.id for label in labels if label.label == "borderline"]
    flagged = sum(value.get(id_, UNSCORED) >= 0 for id_ in unsure)
    return (
        f"{int(y.sum())}, {int((1 - y).sum())}, {average_precision(y, points):.3f}, {precision:.3f}, "
        f"{recall:.3f}, {flagged} of {len(unsure)}"
    )


def _print_scripts(scripts: list[str], scores: dict[int, TokenScore]) -> None:
    print("flagged tokens of o200k by script")
    for script in sorted({score.script for score in scores.values() if score.flagged}):
        flagged = sum(score.flagged and score.script == script for score in scores.values())
        print(f"  {script}: {flagged} of {scripts.count(script)} ({flagged / scripts.count(script):.2%})")


if __name__ == "__main__":
    main()
