"""Accuracy of language identification on labelled sentences, against the bare model, and over thresholds.

Usage: python benchmarks/language_id.py [--thresholds] [--languages]

`right`: the labelled language; `wrong`: another one; the rest is `und`. Languages that lid.176 does not know
are left out. `no` of lid.176 counts as `nb`.
"""

from __future__ import annotations

import gzip
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from curation.language_id import LanguageIdentifier
from curation.language_model import LanguageModel
from curation.language_options import LanguageOptions

DATA = Path(os.environ.get("WINNOW_DATA", Path(__file__).parents[2] / "shared" / "data"))
UNKNOWN_TO_LID_176 = frozenset(["ts", "xh", "tn", "mi", "st", "lg", "sn", "zu"])
SAME = {"nb": "no"}


def read_sentences() -> list[tuple[str, str]]:
    """(language, text) of every sentence in a language that lid.176 knows."""
    with gzip.open(DATA / "multilingual" / "sentences.jsonl.gz", "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    return [(row["lang"], row["text"]) for row in rows if row["lang"] not in UNKNOWN_TO_LID_176]


def bare(model: LanguageModel) -> Callable[[str], str]:
    """The model's best label, for lower-case text."""
    return lambda text: model.candidates(text)[0][0]


def accuracy(sentences: Sequence[tuple[str, str]], identify: Callable[[str], str]) -> dict[str, float]:
    """The shares right, wrong and undetermined, and the speed in MB/s of processor time."""
    started = time.process_time()
    found = [identify(text) for _, text in sentences]
    seconds = time.process_time() - started
    right = sum(SAME.get(label, label) == code for (label, _), code in zip(sentences, found, strict=True))
    und = sum(code in ("und", "mixed") for code in found)
    size = sum(len(text.encode()) for _, text in sentences) / 1e6
    total = len(sentences)
    rates = {"right": right / total, "wrong": (total - right - und) / total, "und": und / total}
    return {**{name: round(rate, 4) for name, rate in rates.items()}, "MB/s": round(size / seconds, 2)}


def confusions(sentences: Sequence[tuple[str, str]], identify: Callable[[str], str]) -> list[str]:
    """The twenty most frequent confusions, `labelled → found: times`."""
    pairs = Counter((label, identify(text)) for label, text in sentences)
    wrong = {pair: n for pair, n in pairs.items() if SAME.get(pair[0], pair[0]) != pair[1] != "und"}
    ranked = sorted(wrong.items(), key=lambda item: (-item[1], item[0]))
    return [f"{label} → {found}: {times}" for (label, found), times in ranked[:20]]


def main(arguments: Sequence[str]) -> int:
    """Print the accuracies asked for."""
    sentences, model, default = read_sentences(), LanguageModel(), LanguageOptions()
    print(f"{len(sentences)} sentences in {len({label for label, _ in sentences})} languages")
    print("bare model  ", accuracy(sentences, bare(model)))
    identifier = LanguageIdentifier(model)
    print("with gates  ", accuracy(sentences, lambda text: identifier.identify(text).language))
    if "--thresholds" in arguments:
        for weight in (0.0, 1.0, 2.0, 3.0, 4.0):
            for margin in (0.0, 0.05, 0.1, 0.15, 0.2):
                options = replace(default, function_word_weight=weight, margin=margin)
                trial = LanguageIdentifier(model, options)
                print(
                    f"weight {weight} margin {margin}",
                    accuracy(sentences, lambda t, i=trial: i.identify(t).language),
                )
    if "--languages" in arguments:
        print("\n".join(confusions(sentences, lambda text: identifier.identify(text).language)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
