"""Phrases of the lexicon counted in documents: a trie in flat arrays, walked over folded code points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from corpora.unicode_classes import CODE_POINTS
from curation.points import BLANK, WORD, Text, fold_table

_STARTS = 1 << 18  # size of the table of phrases' first code points, a power of two
_FACTOR = 31_337 * 509  # odd multipliers, so that neighbouring letters spread
_SHIFT = np.int64(21)  # code points fit in 21 bits
_ANY_ENDING = "*"


@dataclass(frozen=True, slots=True)
class PhraseTrie:
    """A trie. `root[point]` is the root's child; `keys` (node << 21 | code point) → `children` are the other
    edges, open addressing, size a power of two.

    `starts[h]` says whether a phrase's first two code points (phrases of one or two) or first three hash to
    h: most positions of a text need no other look. `exact[node]` and `prefix[node]` are bit sets of topics
    whose phrase ends at the node and needs a word's edge there, or needs none; `phrase[node]` its number.
    """

    topics: tuple[str, ...]
    starts: npt.NDArray[np.bool_]
    root: npt.NDArray[np.int32]
    keys: npt.NDArray[np.int64]
    children: npt.NDArray[np.int32]
    exact: npt.NDArray[np.uint32]
    prefix: npt.NDArray[np.uint32]
    phrases: int
    phrase: npt.NDArray[np.int32]


def build_trie(lexicon: Mapping[str, Sequence[str]]) -> PhraseTrie:
    """Build the trie of a lexicon: topic → phrases (see data/lexicon.toml for their syntax).

    Raises ValueError for a phrase of one character.
    """
    edges: dict[tuple[int, int], int] = {}
    ends: dict[int, tuple[int, int]] = {}
    for number, phrases in enumerate(lexicon.values()):
        for phrase in phrases:
            node = _insert(edges, phrase.removesuffix(_ANY_ENDING))
            exact, prefix = ends.get(node, (0, 0))
            bit = 1 << number
            open_ended = phrase.endswith(_ANY_ENDING)
            ends[node] = (exact, prefix | bit) if open_ended else (exact | bit, prefix)
    return _freeze(tuple(lexicon), _first_points(lexicon), edges, ends)


def _first_points(lexicon: Mapping[str, Sequence[str]]) -> npt.NDArray[np.bool_]:
    starts, fold = np.zeros(_STARTS, dtype=np.bool_), fold_table()
    for phrase in (phrase.removesuffix(_ANY_ENDING) for phrases in lexicon.values() for phrase in phrases):
        points = [int(fold[ord(character)]) for character in phrase[:3]]
        if len(points) < 2:
            raise ValueError(f"a phrase needs two characters: {phrase!r}")
        starts[_start_of(points[0], points[1], points[2] if len(points) == 3 else 0)] = True
    return starts


def _insert(edges: dict[tuple[int, int], int], phrase: str) -> int:
    fold, node = fold_table(), 0
    for character in phrase:
        node = edges.setdefault((node, int(fold[ord(character)])), len(edges) + 1)
    return node


def _freeze(
    topics: tuple[str, ...],
    starts: npt.NDArray[np.bool_],
    edges: Mapping[tuple[int, int], int],
    ends: Mapping[int, tuple[int, int]],
) -> PhraseTrie:
    size = 1 << max(4, (2 * len(edges)).bit_length())
    keys, children = np.full(size, -1, dtype=np.int64), np.zeros(size, dtype=np.int32)
    root = np.full(CODE_POINTS, -1, dtype=np.int32)
    for (node, point), child in edges.items():
        if node == 0:
            root[point] = child
            continue
        key = (node << int(_SHIFT)) | point
        slot = _first_slot(key, size)
        while keys[slot] != -1:
            slot = (slot + 1) & (size - 1)
        keys[slot], children[slot] = key, child
    exact, prefix = (np.zeros(len(edges) + 1, dtype=np.uint32) for _ in range(2))
    phrase = np.full(len(edges) + 1, -1, dtype=np.int32)
    for number, (node, bits) in enumerate(sorted(ends.items())):
        exact[node], prefix[node], phrase[node] = bits[0], bits[1], number
    return PhraseTrie(topics, starts, root, keys, children, exact, prefix, len(ends), phrase)


def _first_slot(key: int, size: int) -> int:
    return (key * 0x9E3779B1 >> 15) & (size - 1)


@njit(cache=True, nogil=True, inline="always")
def _start_of(first, second, third):  # type: ignore[no-untyped-def]
    """The place of a phrase's first code points in `starts`; 0 for a third that is not there."""
    return (np.int64(first) * _FACTOR + np.int64(second) * 509 + np.int64(third)) & (_STARTS - 1)


@njit(cache=True, nogil=True, inline="always")
def _may_start(folded, at, end, starts):  # type: ignore[no-untyped-def]
    if at + 1 >= end:
        return False
    first, second = folded[at], folded[at + 1]
    third = folded[at + 2] if at + 2 < end else np.uint32(0)
    return starts[_start_of(first, second, third)] or starts[_start_of(first, second, 0)]


@njit(cache=True, nogil=True, inline="always")
def _child(keys, children, node, point):  # type: ignore[no-untyped-def]
    """The child of `node` for `point`, or -1."""
    key = (np.int64(node) << _SHIFT) | np.int64(point)
    mask = len(keys) - 1
    slot = (key * np.int64(0x9E3779B1) >> np.int64(15)) & mask
    while keys[slot] != -1:
        if keys[slot] == key:
            return children[slot]
        slot = (slot + 1) & mask
    return np.int32(-1)


def count_phrases(text: Text, trie: PhraseTrie) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Per document and topic: characters inside phrases, and different phrases; shape (documents, topics).

    From left to right the longest phrase counts, and the next begins after it.
    """
    covered = np.zeros((len(text.starts) - 1, len(trie.topics)))
    different = np.zeros_like(covered)
    seen = np.full(trie.phrases + 1, -1, dtype=np.int64)
    tables = (trie.starts, trie.root, trie.keys, trie.children, trie.exact, trie.prefix, trie.phrase)
    _count(text.folded, text.kinds, text.starts, *tables, seen, covered, different)
    return covered, different


@njit(cache=True, nogil=True)
def _count(  # type: ignore[no-untyped-def]
    folded, kinds, offsets, starts, root, keys, children, exact, prefix, phrase, seen, covered, distinct
):  # fmt: skip
    for document in range(len(offsets) - 1):
        at, end = offsets[document], offsets[document + 1]
        inside = False  # whether the character before is a letter of a script with spaces
        while at < end:
            kind = kinds[at]
            if (inside and kind == WORD) or not _may_start(folded, at, end, starts):
                inside = kind == WORD
                at += 1
                continue
            stop, node = _longest(folded, at, end, kinds, root, keys, children, exact, prefix)
            if stop == at:
                inside = kind == WORD
                at += 1
                continue
            new = seen[phrase[node]] != document
            seen[phrase[node]] = document
            bits = exact[node] | prefix[node]
            for topic in range(covered.shape[1]):
                if bits >> np.uint32(topic) & np.uint32(1):
                    covered[document, topic] += stop - at
                    distinct[document, topic] += new
            inside = kinds[stop - 1] == WORD
            at = stop


@njit(cache=True, nogil=True, inline="always")
def _longest(folded, at, end, kinds, root, keys, children, exact, prefix):  # type: ignore[no-untyped-def]
    """The end and the node of the longest phrase that begins at `at`; the end is `at` when there is none."""
    node, best_node, best = np.int32(0), np.int32(0), at
    position = at
    blank = False
    while position < end:
        point, kind = folded[position], kinds[position]
        if kind == BLANK and blank:
            position += 1
            continue
        blank = kind == BLANK
        node = root[point] if position == at else _child(keys, children, node, point)
        if node < 0:
            break
        position += 1
        if prefix[node]:
            best, best_node = position, node
        elif exact[node]:
            next_kind = kinds[position] if position < end else BLANK
            if not (kind == WORD and next_kind == WORD):
                best, best_node = position, node
    return best, best_node
