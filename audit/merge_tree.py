"""Checks of the merge tree: tokens that exist only to build one other, and scraped phrases built step by step."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from audit.results import CheckResult, Finding
from audit.structure import token_finding
from corpora.display import show_bytes
from trainer.vocabulary import Vocabulary

# Merges at most this far apart in rank count as learned together (TRAINING_AND_AUDIT §4: 50 finds 19
# chains in o200k, all of them phrases of scraped templates).
CHAIN_DISTANCE = 50
CHAIN_LENGTH = 3  # this many merges in a row make a chain


@dataclass(frozen=True)
class MergeTree:
    """The merges as a tree: `parts` of every token, and how many merges `uses` each token as a part."""

    vocabulary: Vocabulary

    @cached_property
    def parts(self) -> Mapping[int, tuple[int, int]]:
        """The two parts of every merged token."""
        return {made: (left, right) for left, right, made in self.vocabulary.rules}

    @cached_property
    def uses(self) -> Counter[int]:
        """In how many merges a token is a part."""
        return Counter(part for parts in self.parts.values() for part in set(parts))

    def depth(self, token: int) -> int:
        """How many merges lie on the longest way down to single bytes; 0 for a byte."""
        deepest, level = 0, [(token, 0)]
        while level:
            id_, depth = level.pop()
            deepest = max(deepest, depth)
            level.extend((part, depth + 1) for part in self.parts.get(id_, ()))
        return deepest


def check_merge_tree(tree: MergeTree) -> list[CheckResult]:
    """Both checks of this module."""
    return [check_chains(tree), check_single_use(tree)]


def check_chains(tree: MergeTree) -> CheckResult:
    """Phrases learned in one go: three or more merges in a row, each extending the one before.

    The counts of such merges are nearly equal, so they come from one repeated text: the shape of
    ` SolidGoldMagikarp`.
    """
    tokens = tree.vocabulary.tokens
    findings = []
    for chain in _chains(tree):
        steps = " → ".join(show_bytes(tokens[id_]) for id_ in chain)
        message = f"built by {len(chain)} merges in a row, at most {CHAIN_DISTANCE} ranks apart"
        findings.append(token_finding("chain", "warning", chain[-1], tokens[chain[-1]], message, steps))
    return CheckResult("chain", "No phrase learned in one go", len(tree.parts), tuple(findings))


def check_single_use(tree: MergeTree) -> CheckResult:
    """How many merged tokens are a part of exactly one other token: candidates for residues."""
    single = sum(1 for token in tree.parts if tree.uses[token] == 1)
    leaves = sum(1 for token in tree.parts if tree.uses[token] == 0)
    message = f"{single} tokens are part of exactly one other token, {leaves} of none"
    findings = (Finding("single-use", "note", message),) if single else ()
    return CheckResult("single-use", "Tokens that build only one other", len(tree.parts), findings)


def _chains(tree: MergeTree) -> Iterator[tuple[int, ...]]:
    """Chains of merges, longest form only, by their last token's id."""
    next_steps: dict[int, list[int]] = defaultdict(list)
    for made, parts in tree.parts.items():
        near = [part for part in parts if part in tree.parts and 0 < made - part <= CHAIN_DISTANCE]
        if near:
            next_steps[max(near)].append(made)
    extended = set(next_steps)
    starts = extended - {made for steps in next_steps.values() for made in steps}
    chains = [chain for start in starts for chain in _extend((start,), next_steps)]
    yield from sorted((chain for chain in chains if len(chain) >= CHAIN_LENGTH), key=lambda chain: chain[-1])


def _extend(chain: tuple[int, ...], next_steps: Mapping[int, list[int]]) -> Iterator[tuple[int, ...]]:
    steps = next_steps.get(chain[-1], [])
    if not steps:
        yield chain
    for step in steps:
        yield from _extend((*chain, step), next_steps)
