"""Two vocabularies side by side, keyed by bytes: what is shared, what is not, what moved, what is risky."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from audit.diff_results import DiffResult, DiffRow, DiffToken, MergeChange, RankShift, Side
from audit.results import CATEGORIES, TokenScore
from audit.scripts import main_script
from audit.vocabulary_shape import length_row_of
from corpora.display import show_bytes
from trainer.vocabulary import Vocabulary

_SHOWN = 100  # examples of moved and of remerged tokens


@dataclass(frozen=True, slots=True)
class DiffSide:
    """One vocabulary of a comparison, with its merges and its scores."""

    vocabulary: Vocabulary
    scores: Sequence[TokenScore]


def diff_vocabularies(a: DiffSide, b: DiffSide) -> DiffResult:
    """Compare two vocabularies with derived merges; texts are compared apart (`audit.compression`)."""
    first, second = a.vocabulary, b.vocabulary
    in_a, in_b = set(first.ids_of), set(second.ids_of)
    shared = in_a & in_b
    shifts = _shifts(first, second, shared)
    remerged = _remerged(first, second, shared)
    tokens = _scored(a, b)
    return DiffResult(
        a=first.name,
        b=second.name,
        size_a=len(in_a),
        size_b=len(in_b),
        shared=len(shared),
        only_a=len(in_a - in_b),
        only_b=len(in_b - in_a),
        reranked=count_moved([shift.rank_b for shift in shifts]),
        remerged=len(remerged),
        special_only_a=_only(first.special_tokens, second.special_tokens),
        special_only_b=_only(second.special_tokens, first.special_tokens),
        same_pattern=first.pattern == second.pattern,
        shifts=_largest(shifts),
        scripts=_rows(in_a, in_b, tokens, _script),
        lengths=tuple(sorted(_rows(in_a, in_b, tokens, _length), key=lambda row: int(row.name))),
        categories=_category_rows(tokens),
        tokens=tokens,
        merge_changes=tuple(remerged[:_SHOWN]),
    )


def count_moved(order: Sequence[int]) -> int:
    """The fewest items that must move to sort distinct numbers: all but a longest rising subsequence.

    Patience sorting, O(n log n) (Fredman 1975).
    """
    tails: list[int] = []
    for number in order:
        place = bisect_left(tails, number)
        tails[place : place + 1] = [number]
    return len(order) - len(tails)


def _shifts(a: Vocabulary, b: Vocabulary, shared: set[bytes]) -> list[RankShift]:
    """Every shared token by its place among the shared tokens of A, with its place among those of B."""
    by_a = sorted(shared, key=a.ids_of.__getitem__)
    place_b = {token: place for place, token in enumerate(sorted(shared, key=b.ids_of.__getitem__))}
    return [RankShift(show_bytes(token), token, place, place_b[token]) for place, token in enumerate(by_a)]


def _largest(shifts: Iterable[RankShift]) -> tuple[RankShift, ...]:
    moved = [shift for shift in shifts if shift.rank_a != shift.rank_b]
    moved.sort(key=lambda shift: (-abs(shift.rank_a - shift.rank_b), shift.rank_a))
    return tuple(moved[:_SHOWN])


def _remerged(a: Vocabulary, b: Vocabulary, shared: set[bytes]) -> list[MergeChange]:
    """Shared tokens that the two vocabularies build from different parts, by A's ids."""
    parts_a, parts_b = _split_points(a), _split_points(b)
    changed = [token for token in shared if parts_a.get(token) != parts_b.get(token)]
    return [
        MergeChange(show_bytes(token), token, _parts(token, parts_a), _parts(token, parts_b))
        for token in sorted(changed, key=a.ids_of.__getitem__)
    ]


def _parts(token: bytes, split_points: Mapping[bytes, int]) -> tuple[str, ...]:
    split = split_points.get(token)
    return () if split is None else (show_bytes(token[:split]), show_bytes(token[split:]))


def _split_points(vocabulary: Vocabulary) -> dict[bytes, int]:
    tokens = vocabulary.tokens
    return {tokens[made]: len(tokens[left]) for left, _, made in vocabulary.rules}


def _only(these: Mapping[str, int], others: Mapping[str, int]) -> tuple[str, ...]:
    return tuple(sorted(these.keys() - others.keys()))


def _scored(a: DiffSide, b: DiffSide) -> tuple[DiffToken, ...]:
    """The scored tokens of both sides; a shared token once, with A's score."""
    from_a = {score.bytes for score in a.scores}
    tokens = [DiffToken(score, "both" if score.bytes in b.vocabulary.ids_of else "a") for score in a.scores]
    for score in b.scores:
        if score.bytes not in from_a and score.bytes not in a.vocabulary.ids_of:
            tokens.append(DiffToken(score, "b"))
    return tuple(sorted(tokens, key=lambda token: (-token.score.score, token.side, token.score.id)))


def _rows(
    in_a: set[bytes], in_b: set[bytes], tokens: Sequence[DiffToken], name_of: Callable[[bytes], str]
) -> tuple[DiffRow, ...]:
    """One row for each name, most tokens first."""
    sides: Counter[tuple[str, Side]] = Counter()
    for token in in_a | in_b:
        sides[name_of(token), _side(token in in_a, token in in_b)] += 1
    flagged = Counter((name_of(t.score.bytes), t.side) for t in tokens if t.score.flagged)
    rows = [_row(name, sides, flagged) for name in {name for name, _ in sides}]
    return tuple(sorted(rows, key=lambda row: (-row.shared - row.only_a - row.only_b, row.name)))


def _row(
    name: str, sides: Mapping[tuple[str, Side], int], flagged: Mapping[tuple[str, Side], int]
) -> DiffRow:
    both = flagged.get((name, "both"), 0)
    return DiffRow(
        name=name,
        shared=sides.get((name, "both"), 0),
        only_a=sides.get((name, "a"), 0),
        only_b=sides.get((name, "b"), 0),
        flagged_a=both + flagged.get((name, "a"), 0),
        flagged_b=both + flagged.get((name, "b"), 0),
    )


def _category_rows(tokens: Sequence[DiffToken]) -> tuple[DiffRow, ...]:
    """The flagged tokens by category, in the fixed order of the categories."""
    sides: Counter[tuple[str, Side]] = Counter(
        (token.score.category or "", token.side) for token in tokens if token.score.flagged
    )
    present = [category for category in CATEGORIES if any(name == category for name, _ in sides)]
    return tuple(_row(category, sides, sides) for category in present)


def _side(in_a: bool, in_b: bool) -> Side:
    return "both" if in_a and in_b else "a" if in_a else "b"


def _script(token: bytes) -> str:
    return main_script(token.decode("utf-8", errors="ignore"))


def _length(token: bytes) -> str:
    return str(length_row_of(token))
