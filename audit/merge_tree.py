"""Checks of the merge tree: tokens that only build one other, and scraped phrases learned in one go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from audit.results import CheckResult, Finding
from audit.structure import token_finding
from corpora.display import show_bytes
from trainer.vocabulary import Vocabulary

# A merge at most this many ranks after its part counts as learned with it: their counts were nearly equal.
# With single-use parts of at least four bytes this finds 18 pairs in o200k, nearly all of them phrases of
# scraped templates (TRAINING_AND_AUDIT §4 puts them at 19).
CHAIN_DISTANCE = 50
CHAIN_BYTES = 4


@dataclass(frozen=True)
class MergeTree:
    """The merges as a tree: `parts` of every token, and how many merges `uses` each token as a part."""

    vocabulary: Vocabulary

    @cached_property
    def parts(self) -> dict[int, tuple[int, int]]:
        """The two parts of every merged token, in the order of the merges."""
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
    """Phrases learned in one go: a token that only builds one other, learned right after it.

    The counts of such merges are nearly equal, so they come from one repeated text: the shape of
    ` SolidGoldMagikarp`.
    """
    tokens = tree.vocabulary.tokens
    findings = []
    for chain in _chains(tree):
        steps = " → ".join(show_bytes(tokens[id_]) for id_ in chain)
        message = f"learned at most {CHAIN_DISTANCE} ranks after its only part of use"
        findings.append(token_finding("chain", "note", chain[-1], tokens[chain[-1]], message, steps))
    return CheckResult("chain", "No phrase learned in one go", len(tree.parts), tuple(findings))


def check_single_use(tree: MergeTree) -> CheckResult:
    """How many merged tokens are a part of exactly one other token: candidates for residues."""
    single = sum(1 for token in tree.parts if tree.uses[token] == 1)
    leaves = sum(1 for token in tree.parts if tree.uses[token] == 0)
    message = f"{single} tokens are part of exactly one other token, {leaves} of none"
    findings = (Finding("single-use", "note", message),) if single else ()
    return CheckResult("single-use", "Tokens that build only one other", len(tree.parts), findings)


def _chains(tree: MergeTree) -> list[list[int]]:
    """Chains of single-use tokens, each extending the one before, by their first token's id."""
    following = {
        part: made for made, parts in tree.parts.items() for part in parts if _is_step(tree, part, made)
    }
    starts = sorted(following.keys() - set(following.values()))
    return [_follow(start, following) for start in starts]


def _is_step(tree: MergeTree, part: int, made: int) -> bool:
    near = part in tree.parts and 0 < made - part <= CHAIN_DISTANCE
    return near and tree.uses[part] == 1 and len(tree.vocabulary.tokens[part]) >= CHAIN_BYTES


def _follow(start: int, following: Mapping[int, int]) -> list[int]:
    chain = [start]
    while chain[-1] in following:
        chain.append(following[chain[-1]])
    return chain
