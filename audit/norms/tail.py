"""The hot tail: rows far above what is usual for their script and rank, split by script and category."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from audit.norms.body import Body
from audit.norms.labels import BEYOND, Labels
from audit.norms.measures import Doubles, Ids, RowMeasures
from audit.norms.records import GroupRow, RowFact
from audit.results import Category, as_category
from audit.suspicious_text import hidden_characters, matching_patterns
from banlists.lists import BanList
from trainer.vocabulary import Vocabulary

Categories = Mapping[int, Category]
_ASCII_END = 0x80
# The tail's foot: rows less than NEAR under the threshold belong to it when they follow without a GAP, and
# one comes before the body. Among many rows none does; in small matrices it keeps a group in one piece.
NEAR = 1.0
GAP = 0.5


def categorise(vocabulary: Vocabulary | None, bans: BanList) -> Categories:
    """The category of every ordinary token that has one: the ban entry's, else by its characters."""
    tokens = {} if vocabulary is None else vocabulary.tokens
    found = ((id_, _category(token, bans)) for id_, token in tokens.items())
    return {id_: category for id_, category in found if category is not None}


def _category(token: bytes, bans: BanList) -> Category | None:
    match = bans.match(token)
    if match is not None:
        return as_category(match.category)
    text = token.decode("utf-8", errors="ignore")
    if any(pattern.check == "personal" for pattern in matching_patterns(text)):
        return "personal"
    return "control" if hidden_characters(text) else None


def row_facts(
    ids: Iterable[int], labels: Labels, measures: RowMeasures, body: Body, categories: Categories
) -> tuple[RowFact, ...]:
    """What is known of these rows, in their order."""
    return tuple(
        RowFact(
            id=id_,
            token=labels.shown(id_),
            bytes=labels.token(id_),
            norm=float(measures.norms[id_]),
            z=float(body.z[id_]),
            script=labels.script_of(id_),
            category=categories.get(id_),
        )
        for id_ in map(int, ids)
    )


def hot_line(body: Body, threshold: float) -> float:
    """The z from which rows are hot: `threshold`, or the foot of a group of rows that it would cut in two."""
    z = np.sort(body.z[body.expected & (body.z >= threshold - NEAR - GAP)])[::-1]
    above = int((z >= threshold).sum())
    if not above:
        return threshold
    steps = np.append(-np.diff(z), z[-1] - (threshold - NEAR - GAP))
    foot = above - 1 + int(np.argmax(steps[above - 1 :] >= GAP))
    stands_apart = steps[foot] >= GAP and z[foot] >= threshold - NEAR
    return min(threshold, float(z[foot])) if stands_apart else threshold


def hot_ids(body: Body, norms: Doubles, line: float) -> Ids:
    """Rows with z at or above `line`, by z, the largest first; ties by norm, then by id.

    Rows of which nothing is expected are left out.
    """
    ids = np.flatnonzero(body.expected & (body.z >= line))
    return ids[np.lexsort((ids, -norms[ids], -body.z[ids]))]


def top_ids(labels: Labels, norms: Doubles, count: int) -> tuple[Ids, Ids]:
    """The largest norms of tokens that are ASCII, and of all others; rows without a token are left out."""
    order = np.lexsort((np.arange(norms.size), -norms))
    ascii_ids: list[int] = []
    others: list[int] = []
    for id_ in order.tolist():
        token = labels.token(id_)
        if labels.vocabulary is not None and not token:
            continue
        side = ascii_ids if all(byte < _ASCII_END for byte in token) else others
        if len(side) < count:
            side.append(id_)
        if len(ascii_ids) == len(others) == count:
            break
    return np.array(ascii_ids, dtype=np.int64), np.array(others, dtype=np.int64)


def script_rows(labels: Labels, measures: RowMeasures, hot: Ids, untrained: Ids) -> tuple[GroupRow, ...]:
    """One row for every script, the one with most rows first, rows without a token last."""
    groups = {name: np.flatnonzero(labels.script == place) for place, name in enumerate(labels.scripts)}
    rows = _group_rows(groups, measures, hot, untrained)
    return tuple(sorted(rows, key=lambda row: (row.name == BEYOND, -row.rows, row.name)))


def category_rows(
    categories: Categories, measures: RowMeasures, hot: Ids, untrained: Ids
) -> tuple[GroupRow, ...]:
    """One row for every category that tokens have, the one with most rows first."""
    members: dict[str, list[int]] = {}
    for id_, category in categories.items():
        members.setdefault(category, []).append(id_)
    groups = {name: np.array(ids, dtype=np.int64) for name, ids in members.items()}
    return tuple(sorted(_group_rows(groups, measures, hot, untrained), key=lambda row: (-row.rows, row.name)))


def _group_rows(
    groups: Mapping[str, Ids], measures: RowMeasures, hot: Ids, untrained: Ids
) -> Iterable[GroupRow]:
    for name, ids in groups.items():
        in_hot, in_low = np.isin(ids, hot).sum(), np.isin(ids, untrained).sum()
        yield GroupRow(name, ids.size, int(in_hot), int(in_low), float(np.median(measures.norms[ids])))
