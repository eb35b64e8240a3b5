"""Precision, recall and F1 of ban lists on the labelled o200k tokens, per category and per language.

python -m benchmarks.banlist_labels [LIST ...]        default: core
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from banlists.banlist import BanList
from banlists.lists import load_ban_lists
from banlists.tokens import token_bytes

LABELS = Path(__file__).resolve().parent.parent / "banlists" / "labels" / "o200k.tsv"
VOCABULARY = "o200k_base"


@dataclass(frozen=True, slots=True)
class Judged:
    """One labelled token and what the lists said: the category of their match, or empty."""

    label: str
    category: str
    language: str
    found: str


@dataclass(frozen=True, slots=True)
class Score:
    """Counts for one row of the table; precision and recall are shares (0 to 1), NaN when 0 of 0."""

    name: str
    true_hits: int
    false_hits: int
    missed: int

    @property
    def precision(self) -> float:
        """True hits per hit."""
        return _share(self.true_hits, self.true_hits + self.false_hits)

    @property
    def recall(self) -> float:
        """True hits per polluted token."""
        return _share(self.true_hits, self.true_hits + self.missed)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return _share(2 * self.true_hits, 2 * self.true_hits + self.false_hits + self.missed)


def read_labels(path: Path = LABELS) -> list[dict[str, str]]:
    """The rows of a label file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def judge(bans: BanList, rows: Iterable[dict[str, str]]) -> list[Judged]:
    """Ask the lists about every labelled token."""
    judged = []
    for row in rows:
        match = bans.match(token_bytes(f"tok:{VOCABULARY}:{row['id']}"))
        judged.append(Judged(row["label"], row["category"], row["language"], match.category if match else ""))
    return judged


def score(name: str, tokens: Sequence[Judged], in_row: Callable[[Judged], bool]) -> Score:
    """One row: `in_row` says which polluted and clean tokens it is about. Borderline ones are left out.

    A hit on a polluted token is true whatever category the list gives it.
    """
    mine = [token for token in tokens if in_row(token)]
    polluted = [token for token in mine if token.label == "polluted"]
    true_hits = sum(bool(token.found) for token in polluted)
    false_hits = sum(bool(token.found) for token in mine if token.label == "clean")
    return Score(name, true_hits, false_hits, len(polluted) - true_hits)


def scores(tokens: Sequence[Judged]) -> list[Score]:
    """All rows. A clean token that is hit counts against the category that the list gave it."""
    categories = sorted({token.category for token in tokens} - {""})
    languages = sorted({token.language for token in tokens})
    rows = [score("all", tokens, lambda token: True)]
    rows.extend(
        score(name, tokens, lambda token, name=name: name == (token.category or token.found))
        for name in categories
    )
    rows.extend(score(name, tokens, lambda token, name=name: token.language == name) for name in languages)
    return rows


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")


def main(names: Sequence[str]) -> int:
    """Print the table."""
    tokens = judge(load_ban_lists(names or ["core"]), read_labels())
    print(f"{'':<14}{'polluted':>9}{'hit':>6}{'false':>6}{'precision':>11}{'recall':>8}{'F1':>7}")
    for row in scores(tokens):
        total = row.true_hits + row.missed
        print(
            f"{row.name:<14}{total:>9}{row.true_hits:>6}{row.false_hits:>6}"
            f"{row.precision:>11.3f}{row.recall:>8.3f}{row.f1:>7.3f}"
        )
    clean = [token for token in tokens if token.label == "clean"]
    borderline = [token for token in tokens if token.label == "borderline"]
    print(f"clean tokens hit: {sum(bool(t.found) for t in clean)} of {len(clean)}")
    print(f"borderline tokens hit: {sum(bool(t.found) for t in borderline)} of {len(borderline)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
