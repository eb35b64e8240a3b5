"""What `winnow ban suggest` finds in o200k_base without any list, judged by the labels.

python -m benchmarks.suggestion_yield
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from audit.suggest_command import expected_share
from banlists.banlist import BanList
from banlists.suggestions import Candidate, find_candidates
from banlists.suspects import Suspect, from_vocabulary
from benchmarks.banlist_labels import VOCABULARY, read_labels
from trainer.load import load_tokenizer

_LIMITS = (200, 500, 1000, 2000)


def judge(candidates: Sequence[Candidate], suspects: Sequence[Suspect], labels: dict[int, str]) -> str:
    """One line: the labels of the candidates, and all polluted tokens that their texts stand for."""
    counted = Counter(labels.get(each.suspect.name, "unlabelled") for each in candidates)
    texts = {each.suspect.text for each in candidates}
    covered = sum(each.text in texts and labels.get(each.name) == "polluted" for each in suspects)
    polluted = sum(label == "polluted" for label in labels.values())
    return (
        f"first {len(candidates):>5,}: {counted['polluted']:>4} polluted, {counted['clean']:>4} clean, "
        f"{counted['borderline']:>4} borderline, {counted['unlabelled']:>4} without a label; "
        f"{covered:,} of {polluted:,} polluted tokens ({covered / polluted:.1%})"
    )


def main() -> None:
    """Print one line for each number of candidates."""
    labels = {int(row["id"]): row["label"] for row in read_labels()}
    suspects = from_vocabulary(load_tokenizer(VOCABULARY).tokens, BanList.empty())
    candidates = find_candidates(suspects, expected_share, max(_LIMITS))
    for limit in _LIMITS:
        print(judge(candidates[:limit], suspects, labels))


if __name__ == "__main__":
    main()
