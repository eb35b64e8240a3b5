"""Several vocabularies at once: the tokens of every intersection, and the risky ones with who has them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from audit.diff import DiffSide, diff_vocabularies
from audit.diff_results import Intersection, NamedToken, SetComparison


def compare_sets(sides: Sequence[DiffSide]) -> SetComparison:
    """The first vocabulary against each other one, and all intersections; names must be distinct."""
    return SetComparison(
        names=tuple(side.vocabulary.name for side in sides),
        sizes=tuple(len(side.vocabulary.ids_of) for side in sides),
        intersections=_intersections(sides),
        diffs=tuple(diff_vocabularies(sides[0], other) for other in sides[1:]),
        tokens=_tokens(sides),
    )


def _owners(token: bytes, sides: Sequence[DiffSide]) -> tuple[str, ...]:
    return tuple(side.vocabulary.name for side in sides if token in side.vocabulary.ids_of)


def _intersections(sides: Sequence[DiffSide]) -> tuple[Intersection, ...]:
    everything = set[bytes]().union(*(side.vocabulary.ids_of for side in sides))
    flagged_tokens = {score.bytes for side in sides for score in side.scores if score.flagged}
    counts = Counter(_owners(token, sides) for token in everything)
    flagged = Counter(_owners(token, sides) for token in flagged_tokens)
    ordered = sorted(counts, key=lambda names: (-counts[names], names))
    return tuple(Intersection(names, counts[names], flagged[names]) for names in ordered)


def _tokens(sides: Sequence[DiffSide]) -> tuple[NamedToken, ...]:
    """The scored tokens of all, each once, with the first owner's score; most risky first."""
    first = {score.bytes: score for side in reversed(sides) for score in side.scores}
    tokens = [NamedToken(score, _owners(token, sides)) for token, score in first.items()]
    return tuple(sorted(tokens, key=lambda token: (-token.score.score, token.score.bytes)))
