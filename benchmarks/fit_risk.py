"""Fit the Han weights of audit/data/risk.toml on banlists/labels/o200k.tsv, and cross-validate them.

Run `python -m benchmarks.fit_risk`. It prints the table for `[group.weights]` and what the score reaches:
a weighted logistic regression (ridge 1) on the list-free features. The labels hold every token of three or
more Han characters and a sample of those of two, so each label of two counts for as many tokens as it
stands for. Boilerplate and borderline labels are left out.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from audit.lexicons import load_lexicon
from audit.risk_features import Candidate, FeatureMaker, explain_candidates
from audit.risk_model import load_risk_model
from audit.token_text import read_tokens
from trainer.load import load_tokenizer

LABELS = Path(__file__).parents[1] / "banlists" / "labels" / "o200k.tsv"
CODES = ("lift", "words", "pairs", "characters", "length", "space", "glue", "mixed", "supers")
BINARY = ("space", "glue", "mixed")  # absent when they do not hold, so their points start at 0
FOLDS, SEEDS, RIDGE, CLIP = 5, 4, 1.0, (1.0, 99.0)
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Data:
    """Labelled tokens: features (rows, codes), labels 0 or 1, weights, and clipping limits."""

    x: Floats
    y: Floats
    weight: Floats
    low: Floats
    high: Floats


def read_labels() -> dict[int, bool]:
    """Token id → polluted, for the labels that count."""
    with LABELS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    counted = [r for r in rows if r["label"] != "borderline" and r["category"] != "boilerplate"]
    return {int(row["id"]): row["label"] == "polluted" for row in counted}


def make_data() -> Data:
    """Features of all Han tokens of o200k, and the rows that have a label."""
    vocabulary = load_tokenizer("o200k_base")
    texts = read_tokens(vocabulary.tokens)
    group = load_risk_model().group_of("Han")
    lexicons = [load_lexicon(language) for language in group.languages]
    tokens = [t for t in texts if t.script in group.scripts and sum(map(str.isalpha, t.text)) >= 2]
    candidates = explain_candidates(tokens, lexicons)
    x = _matrix(candidates, FeatureMaker(candidates, lexicons, len(texts), CODES))
    labels = read_labels()
    rows = [place for place, token in enumerate(tokens) if token.id in labels]
    y = np.array([float(labels[tokens[place].id]) for place in rows])
    short = np.array([len(candidate.core) <= 2 for candidate in candidates])
    weight = np.where(short[rows], short.sum() / short[rows].sum(), 1.0)
    low, high = np.percentile(x, CLIP, axis=0)
    return Data(np.clip(x, low, high)[rows], y, weight, low, high)


def fit(x: Floats, y: Floats, weight: Floats) -> tuple[Floats, float]:
    """Weights in the features' own units, and the intercept (Newton's method on standardized features)."""
    mean, deviation = x.mean(0), x.std(0) + 1e-9
    z = np.c_[np.ones(len(x)), (x - mean) / deviation]
    ridge = np.diag(np.r_[1e-6, np.full(x.shape[1], RIDGE)])
    w = np.zeros(z.shape[1])
    for _ in range(40):
        p = 1 / (1 + np.exp(-z @ w))
        hessian = (z * (weight * p * (1 - p))[:, None]).T @ z + ridge
        w += np.linalg.solve(hessian, z.T @ (weight * (y - p)) - ridge @ w)
    per = w[1:] / deviation
    return per, float(w[0] - per @ mean)


def cross_validate(data: Data, seed: int) -> Floats:
    """Held-out points of every row."""
    order = np.random.default_rng(seed).permutation(len(data.y))
    points = np.zeros(len(data.y))
    for fold in range(FOLDS):
        held = order[fold::FOLDS]
        rest = np.setdiff1d(order, held)
        per, intercept = fit(data.x[rest], data.y[rest], data.weight[rest])
        points[held] = data.x[held] @ per + intercept
    return points


def average_precision(y: Floats, points: Floats, weight: Floats) -> float:
    """Area under the precision-recall curve, step-wise, each row counted `weight` times."""
    order = np.argsort(-points, kind="stable")
    positive, total = (y * weight)[order], weight[order]
    return float((np.cumsum(positive) / np.cumsum(total) * positive).sum() / positive.sum())


def main() -> None:
    """Fit, validate, print."""
    data = make_data()
    print(f"# {len(data.y)} labels, {int(data.y.sum())} polluted; average precision, weighted:")
    print(f"# lift alone {average_precision(data.y, data.x[:, 0], data.weight):.3f}")
    scores = [average_precision(data.y, cross_validate(data, s), data.weight) for s in range(SEEDS)]
    print(f"# all features, {FOLDS}-fold, mean of {SEEDS} seeds: {np.mean(scores):.3f}")
    per, intercept = fit(data.x, data.y, data.weight)
    zero = np.average(data.x, axis=0, weights=data.weight)
    zero[[CODES.index(code) for code in BINARY]] = 0.0
    print(f"base = {intercept + per @ zero:.2f}")
    _print_weights(per, zero, data)


def _matrix(candidates: Sequence[Candidate], maker: FeatureMaker) -> Floats:
    rows = [{f.code: f.value for f in maker.features(candidate)} for candidate in candidates]
    return np.array([[row.get(code, 0.0) for code in CODES] for row in rows])


def _print_weights(per: Floats, zero: Floats, data: Data) -> None:
    for place, code in enumerate(CODES):
        limits = f"low = {data.low[place]:.2f}, high = {data.high[place]:.2f}"
        print(f"{code} = {{ per = {per[place]:.3f}, zero = {zero[place]:.3f}, {limits} }}")


if __name__ == "__main__":
    main()
