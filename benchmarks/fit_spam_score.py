"""Fit the spam score's coefficients on labelled pages, cross-validated by source, and write spam_score.toml.

Usage: python benchmarks/fit_spam_score.py [--write]

Logistic regression with an L2 penalty, Newton's method, numpy only. Training set: labelled pages (without
leaked tool calls, which have a rule of their own), every twelfth of the multilingual sentences as ham with a
small weight, and the clean half of the embedded sample. Pages have no source field; pages of one label and
language whose numbers follow one another are taken as one source and are never split between folds.
"""

from __future__ import annotations

import gzip
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from curation.counting import count
from curation.language_id import LanguageIdentifier
from curation.measuring import pack
from curation.signals import measure
from curation.spam_score import Term

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("WINNOW_DATA", ROOT.parent / "shared" / "data"))
TARGET = ROOT / "curation" / "data" / "spam_score.toml"
PENALTY, FOLDS, SEEDS, SENTENCE_WEIGHT = 30.0, 10, 5, 0.15
THRESHOLD = 0.41  # of the rule `spam` in curation/rules/default.toml

# Signal, transform, cap. Caps keep one extreme document from deciding.
FEATURES = (
    ("topic_share", "sqrt", 1.0), ("promotion_share", "sqrt", 1.0), ("promotion_phrases", "log1p", 40.0),
    ("sober_share", "sqrt", 1.0), ("contact_share", "sqrt", 1.0), ("punctuation_share", "linear", 0.15),
    ("symbol_share", "linear", 0.1), ("emoji_share", "linear", 0.02), ("styled_share", "linear", 0.1),
    ("spelled_share", "linear", 0.1), ("lucky_name_share", "linear", 0.05),
    ("mixed_word_share", "linear", 0.1),
    ("urls", "log1p", 20.0), ("stem_tails", "log1p", 12.0), ("digit_share", "linear", 0.3),
    ("glued_share", "linear", 0.05), ("function_share", "linear", 0.5), ("bracket_share", "linear", 0.06),
    ("ended_line_share", "linear", 1.0), ("template_line_share", "linear", 0.5),
    ("upper_share", "linear", 0.3), ("contact_numbers", "log1p", 5.0),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Examples:
    """Texts with their label (1 spam), weight, source number and kind."""

    texts: list[str] = field(default_factory=list)
    spam: list[bool] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)
    sources: list[int] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)

    def add(self, text: str, spam: bool, weight: float, source: int, kind: str) -> None:
        """Append one example."""
        for column, value in zip(
            (self.texts, self.spam, self.weights, self.sources, self.kinds),
            (text, spam, weight, source, kind),
            strict=True,
        ):  # type: ignore[misc]
            column.append(value)  # type: ignore[attr-defined]


def read_lines(path: Path) -> list[str]:
    """The lines of a compressed JSONL file."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return list(file)


def read_examples() -> Examples:
    """Read pages, sentences and the clean sample."""
    examples, source, last = Examples(), 0, (-10, "", "")
    for page in map(json.loads, read_lines(DATA / "pages" / "labelled.jsonl.gz")):
        if page["category"] == "harmony_leak":
            continue
        key = (int(page["id"].split("-")[1]), page["label"], page["lang"])
        source += key[0] - last[0] > 3 or key[1:] != last[1:]
        last = key
        kind = "borderline" if page["borderline"] else page["category"] if page["label"] == "ham" else "spam"
        examples.add(page["text"], page["label"] == "spam", 1.0, source, kind)
    sentences = read_lines(DATA / "multilingual" / "sentences.jsonl.gz")[::12]
    for number, line in enumerate(sentences):
        examples.add(json.loads(line)["text"], False, SENTENCE_WEIGHT, 100_000 + number // 40, "sentence")
    for path in sorted((ROOT / "corpora" / "sample" / "clean").glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            examples.add(json.loads(line)["text"], False, 1.0, 200_000 + hash_name(path.stem), "sample")
    return examples


def hash_name(name: str) -> int:
    """A number for a file name, the same in every run."""
    return sum(ord(character) << index for index, character in enumerate(name))


def read_features(texts: Sequence[str]) -> npt.NDArray[np.float64]:
    """The transformed signals, shape (texts, features); NaN replaced by the feature's mean."""
    verdicts = LanguageIdentifier().identify_all(texts)
    columns = measure(count(pack(texts, verdicts)), [name for name, _, _ in FEATURES])
    matrix = []
    for name, transform, cap in FEATURES:
        known = columns[name][~np.isnan(columns[name])]
        centre = float(Term(name, transform, cap, 0.0, 1.0).value(known).mean())
        matrix.append(Term(name, transform, cap, centre, 1.0).value(columns[name]))
    return np.column_stack(matrix)


def fit(
    features: npt.NDArray[np.float64], spam: npt.NDArray[np.bool_], weights: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Newton's method; returns the coefficients, the intercept last. Features must be standardised."""
    design = np.c_[features, np.ones(len(features))]
    penalty = np.diag([PENALTY] * features.shape[1] + [1e-6])
    beta = np.zeros(design.shape[1])
    for _ in range(50):
        probability = 1 / (1 + np.exp(-np.clip(design @ beta, -30, 30)))
        curvature = weights * np.maximum(probability * (1 - probability), 1e-6)
        gradient = design.T @ (weights * (probability - spam)) + penalty @ beta
        step = np.linalg.solve((design * curvature[:, None]).T @ design + penalty, gradient)
        beta -= step
        if np.abs(step).max() < 1e-8:
            break
    return beta


def cross_validate(features: npt.NDArray[np.float64], examples: Examples) -> npt.NDArray[np.float64]:
    """Out-of-fold probabilities, averaged in log-odds over several divisions of the sources into folds."""
    spam, weights, sources = (
        np.array(column) for column in (examples.spam, examples.weights, examples.sources)
    )
    total = np.zeros(len(spam))
    for seed in range(SEEDS):
        names = np.unique(sources)
        fold_of = dict(zip(names, np.random.default_rng(seed).permutation(len(names)) % FOLDS, strict=True))
        folds = np.array([fold_of[source] for source in sources])
        for fold in range(FOLDS):
            train = folds != fold
            mean, deviation = features[train].mean(0), features[train].std(0) + 1e-9
            beta = fit((features[train] - mean) / deviation, spam[train], weights[train])
            total[~train] += np.c_[(features[~train] - mean) / deviation, np.ones((~train).sum())] @ beta
    probabilities: npt.NDArray[np.float64] = 1 / (1 + np.exp(-total / SEEDS))
    return probabilities


def rates(probability: npt.NDArray[np.float64], examples: Examples, threshold: float) -> dict[str, float]:
    """The share dropped at a threshold, per kind of example."""
    kinds, dropped, spam = np.array(examples.kinds), probability > threshold, np.array(examples.spam)
    ham = ~spam & ~np.isin(kinds, ["ham_hard", "sentence", "sample"])
    groups = {"spam": spam, "spam, borderline left out": kinds == "spam", "ham": ham,
              "hard ham": kinds == "ham_hard",
              "sentences": kinds == "sentence", "clean sample": kinds == "sample"}  # fmt: skip
    return {name: round(float(dropped[mask].mean()), 4) for name, mask in groups.items()}


def write_model(features: npt.NDArray[np.float64], examples: Examples, measured: dict[str, float]) -> None:
    """Fit on everything and write the TOML file."""
    mean, deviation = features.mean(0), features.std(0) + 1e-9
    beta = fit((features - mean) / deviation, np.array(examples.spam), np.array(examples.weights))
    rows = [
        "# Coefficients of the spam score. Written by benchmarks/fit_spam_score.py; do not edit by hand.",
        f"# Logistic regression, L2 penalty {PENALTY} on standardised features,",
        f"# {sum(examples.spam)} spam and",
        f"# {len(examples.spam) - sum(examples.spam)} honest texts (sentences weighted {SENTENCE_WEIGHT}).",
        f"# Dropped above {THRESHOLD} in {FOLDS}-fold cross-validation by source, mean of {SEEDS} divisions:",
        *(f"#   {name}: {100 * value:.2f} %" for name, value in measured.items()),
        f"intercept = {beta[-1]:.6g}",
    ]
    for (name, transform, cap), weight, centre in zip(FEATURES, beta[:-1] / deviation, mean, strict=True):
        rows += ["", "[[term]]", f'signal = "{name}"', f'transform = "{transform}"', f"cap = {cap}",
                 f"centre = {centre:.6g}", f"weight = {weight:.6g}"]  # fmt: skip
    TARGET.write_text("\n".join(rows) + "\n", encoding="utf-8")


def main(arguments: Sequence[str]) -> int:
    """Cross-validate; with --write, fit and write the model."""
    examples = read_examples()
    features = read_features(examples.texts)
    probability = cross_validate(features, examples)
    for threshold in (0.3, 0.35, THRESHOLD, 0.45, 0.5, 0.6):
        print(threshold, rates(probability, examples, threshold))
    if "--write" in arguments:
        write_model(features, examples, rates(probability, examples, THRESHOLD))
        print(f"wrote {TARGET}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
