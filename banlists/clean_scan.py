"""Run a list over text: false positives on clean text against a budget, and what each rule is worth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from banlists.banlist import BanList
from banlists.entries import Match

EXAMPLES_PER_RULE = 3


@dataclass(frozen=True, slots=True)
class RuleHits:
    """One pattern's hits: how many documents, how many places, a few of the texts that hit."""

    rule: str
    pattern: str
    documents: int
    places: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scan:
    """What a list found in some text. `rate` is hit documents per document (0 to 1)."""

    documents: int
    hit_documents: int
    characters: int
    hit_characters: int
    rules: tuple[RuleHits, ...]

    @property
    def rate(self) -> float:
        """Hit documents per document."""
        return self.hit_documents / self.documents if self.documents else 0.0


def scan_texts(bans: BanList, texts: Iterable[str]) -> Scan:
    """Find every banned phrase in every text. Rules are sorted by documents hit, then name."""
    documents = hit_documents = characters = hit_characters = 0
    per_document: Counter[Match] = Counter()
    places: Counter[Match] = Counter()
    examples: dict[Match, list[str]] = {}
    for text in texts:
        documents += 1
        characters += len(text)
        hits = bans.find(text)
        hit_documents += bool(hits)
        hit_characters += _covered_characters([(hit.start, hit.end) for hit in hits])
        places.update(hit.match for hit in hits)
        per_document.update({hit.match for hit in hits})
        for hit in hits:
            seen = examples.setdefault(hit.match, [])
            if len(seen) < EXAMPLES_PER_RULE:
                seen.append(text[max(hit.start - 15, 0) : hit.end + 15])
    rules = [
        RuleHits(match.entry, match.pattern, count, places[match], tuple(examples[match]))
        for match, count in per_document.items()
    ]
    rules.sort(key=lambda rule: (-rule.documents, rule.rule, rule.pattern))
    return Scan(documents, hit_documents, characters, hit_characters, tuple(rules))


def dead_entries(bans: BanList, scan: Scan) -> list[tuple[str, str]]:
    """The (rule, pattern) pairs that could hit text and did not, in list order."""
    alive = {(rule.rule, rule.pattern) for rule in scan.rules}
    return [
        (entry.name, entry.pattern)
        for entry in bans.entries
        if entry.kind not in ("bytes", "fragment_of", "pair") and (entry.name, entry.pattern) not in alive
    ]


def _covered_characters(spans: list[tuple[int, int]]) -> int:
    covered, reached = 0, 0
    for start, end in sorted(spans):
        covered += max(end - max(start, reached), 0)
        reached = max(reached, end)
    return covered
