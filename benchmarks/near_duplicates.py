"""Recall of near-duplicates by true Jaccard similarity, on documents of mixed-50 and edited copies of them.

Usage: python -m benchmarks.near_duplicates [--threshold 0.7]
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Sequence

from benchmarks.folders import corpus_path
from curation.duplicates import fingerprints
from curation.language_verdict import UNKNOWN
from curation.measuring import pack
from curation.near_duplicates import NearDuplicates
from curation.rules import DuplicateRules

SOLID = frozenset({"zh", "zh-hant", "ja", "th", "my", "km", "lo", "bo"})
DOCUMENTS, COPIES, BANDS = 2_500, 1_500, (0.9, 0.8, 0.7, 0.6, 0.5, 0.0)


def units(row: dict[str, str]) -> list[str]:
    """The words of a document, or its letters where words have no spaces."""
    text = row["text"].lower()
    return list("".join(text.split())) if row["lang"] in SOLID else text.split()


def grams(words: Sequence[str], size: int) -> set[tuple[str, ...]]:
    """The n-grams of units."""
    return {tuple(words[at : at + size]) for at in range(len(words) - size + 1)} or {tuple(words)}


def edited(words: list[str], chance: random.Random) -> list[str]:
    """A copy with single units changed, or with one block replaced."""
    if chance.random() < 0.4:
        size = int(len(words) * chance.uniform(0, 0.5))
        at = chance.randrange(len(words) - size + 1)
        return words[:at] + [chance.choice(words) for _ in range(size // 2)] + words[at + size :]
    rate, copy = chance.uniform(0, 0.12), []
    for word in words:
        draw = chance.random()
        if draw < rate / 3:
            continue
        copy.append(chance.choice(words) if draw < 2 * rate / 3 else word)
        if 2 * rate / 3 <= draw < rate:
            copy.append(chance.choice(words))
    return copy


def main(arguments: Sequence[str]) -> int:
    """Print the share of copies found, per band of true similarity, and the speed."""
    threshold = float(arguments[1]) if arguments[:1] == ["--threshold"] else 0.7
    chance = random.Random(1)
    with corpus_path("mixed-50").open(encoding="utf-8") as file:
        rows = [row for row in map(json.loads, file) if len(row["text"]) > 300]
    base = chance.sample(rows, DOCUMENTS)
    texts, copies = [row["text"] for row in base], []
    for row in chance.sample(base, COPIES):
        words, size = units(row), 8 if row["lang"] in SOLID else 5
        if len(words) >= 50:
            copy = edited(words, chance)
            first, second = grams(words, size), grams(copy, size)
            joint = "" if row["lang"] in SOLID else " "
            copies.append((joint.join(copy), len(first & second) / len(first | second)))
    everything = [*texts, *(text for text, _ in copies)]
    started, index, found = time.process_time(), NearDuplicates(threshold), []
    for at in range(0, len(everything), 100):
        piece = everything[at : at + 100]
        for number, document in enumerate(
            fingerprints(pack(piece, [UNKNOWN] * len(piece)), DuplicateRules(near=threshold)), at
        ):
            known = document.sketch is not None and index.most_similar(document.sketch)[1] is not None
            if number >= len(texts):
                found.append(known)
            elif document.sketch is not None:
                index.add(document.sketch, str(number))
    size = sum(len(text.encode()) for text in everything) / 1e6
    print(f"{size / (time.process_time() - started):.0f} MB/s with fingerprints")
    above = 1.1
    for least in BANDS:
        hits = [
            hit for hit, (_, similarity) in zip(found, copies, strict=True) if least <= similarity < above
        ]
        print(f"{least:.1f} to {min(above, 1.0):.1f}: {sum(hits) / max(1, len(hits)):.3f} of {len(hits)}")
        above = least
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
