"""Rows that are nearly the same: candidates by their hashes, each pair then compared exactly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from audit.norms.directions import BANDS, Hashes
from audit.norms.measures import Doubles, Ids
from trainer.weight_rows import read_rows
from trainer.weights import StoredTensor

# ‖a - b‖ / max(‖a‖, ‖b‖). At 0.1 two rows differ in 2 of 64 hash bits on average, and at least one of the
# four bands of 16 bits is the same with 97 % probability (99.7 % at 0.05, 100 % for copies) when the mean
# row is small beside the rows.
NEAR = 0.1
_MOST_BITS = 10  # candidates that differ in more bits are not compared
_NEIGHBOURS = 24  # rows after each one in the order of a band that are compared with it
_MOST_PAIRS = 200_000  # compared exactly; a matrix with more has groups that a few of them show
_PAIR_BLOCK = 512  # pairs whose rows are in memory at once

Pairs = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Ids whose rows are nearly the same, chained pair by pair; `distance` is the largest in the chain."""

    ids: tuple[int, ...]
    distance: float


def find_duplicates(tensor: StoredTensor, hashes: Hashes, norms: Doubles, ids: Ids) -> tuple[Duplicates, ...]:
    """Groups of near-duplicates among the rows `ids`, the largest groups first."""
    pairs = _candidates(hashes[ids])
    pairs = ids[pairs[:_MOST_PAIRS]]
    near = [
        (int(one), int(other), float(distance))
        for block, distances in _distances(tensor, norms, pairs)
        for (one, other), distance in zip(block, distances, strict=True)
        if distance <= NEAR
    ]
    return _chained(near)


def _candidates(hashes: Hashes) -> Pairs:
    """Pairs of places with one equal band and few different bits, shape (pairs, 2), without repeats."""
    found = [np.empty((0, 2), dtype=np.int64)]
    for band in range(BANDS):
        order = np.lexsort((hashes[:, (band + 1) % BANDS], hashes[:, band]))
        keys = hashes[order, band]
        for shift in range(1, min(_NEIGHBOURS + 1, order.size)):
            places = np.flatnonzero(keys[:-shift] == keys[shift:])
            pairs = np.stack([order[places], order[places + shift]], axis=1)
            bits = np.bitwise_count(hashes[pairs[:, 0]] ^ hashes[pairs[:, 1]]).sum(axis=1, dtype=np.int64)
            found.append(np.sort(pairs[bits <= _MOST_BITS], axis=1))
    return np.unique(np.concatenate(found), axis=0)


def _distances(tensor: StoredTensor, norms: Doubles, pairs: Pairs) -> Iterator[tuple[Pairs, Doubles]]:
    for start in range(0, len(pairs), _PAIR_BLOCK):
        block = pairs[start : start + _PAIR_BLOCK]
        ids, places = np.unique(block, return_inverse=True)
        rows = read_rows(tensor, ids)
        one, other = rows[places.reshape(block.shape).T]
        difference = np.sqrt(np.einsum("ij,ij->i", one - other, one - other).astype(np.float64))
        yield block, difference / np.maximum(norms[block[:, 0]], norms[block[:, 1]])


def _chained(near: list[tuple[int, int, float]]) -> tuple[Duplicates, ...]:
    """Join pairs that share a row (union-find)."""
    parent: dict[int, int] = {}

    def root(id_: int) -> int:
        parent.setdefault(id_, id_)
        while parent[id_] != id_:
            parent[id_] = id_ = parent[parent[id_]]
        return id_

    for one, other, _ in near:
        first, second = sorted((root(one), root(other)))
        parent[second] = first
    members: dict[int, set[int]] = {}
    farthest: dict[int, float] = {}
    for one, other, distance in near:
        group = root(one)
        members.setdefault(group, set()).update((one, other))
        farthest[group] = max(farthest.get(group, 0.0), distance)
    ordered = sorted(members, key=lambda group: (-len(members[group]), group))
    return tuple(Duplicates(tuple(sorted(members[group])), farthest[group]) for group in ordered)
