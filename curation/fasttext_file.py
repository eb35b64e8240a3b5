"""Reads a pruned, quantised fastText classifier with hierarchical softmax (lid.176.ftz) into flat arrays."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

# Layout and constants: fastText 0.9.2, args.cc, dictionary.cc, quantmatrix.cc, productquantizer.cc, loss.cc.
_MAGIC, _VERSION = 793712314, 12
_HIERARCHICAL, _SUPERVISED = 1, 3
_HEADER = struct.Struct("<14id")
_SIZES = struct.Struct("<iiiqq")
_ENTRY = struct.Struct("<qb")
_CENTROIDS = 256
_UNMADE = 10**15  # the count of an inner node before its children are known
_FNV_OFFSET, _FNV_PRIME = 2166136261, 16777619  # FNV-1a, 32 bits


@dataclass(frozen=True, slots=True)
class FastTextModel:
    """A classifier: a text's mean vector decides, at every inner node of a tree of labels, left or right.

    `rows`: vectors of words, then of n-grams, shape (rows, dimensions). `row_of_bucket[h]`: the row of the
    n-grams with hash h, -1 for none. `word_slots`: entries by the hash of their bytes, open addressing, size
    a power of two, -1 for none; entry e is `arena[starts[e]:starts[e + 1]]`, and the first `words` entries
    are words, the others labels. `nodes`: vectors of the inner nodes. `children`, shape (nodes, 2): where a
    decision leads, labels first, then inner nodes; the last node is the root. `grams`: fewest and most
    characters in an n-gram.
    """

    labels: tuple[str, ...]
    rows: npt.NDArray[np.float32]
    row_of_bucket: npt.NDArray[np.int32]
    word_slots: npt.NDArray[np.int32]
    arena: npt.NDArray[np.uint8]
    starts: npt.NDArray[np.int64]
    words: int
    nodes: npt.NDArray[np.float32]
    children: npt.NDArray[np.int32]
    grams: tuple[int, int]


def read_fasttext(path: Path) -> FastTextModel | None:
    """The model in a file; None when it is of another kind, or broken: the fastText package knows more."""
    data = _data_of_known_kind(path)
    if data is None:
        return None
    try:
        return _model(_Reader(data))
    except (struct.error, ValueError, IndexError):
        return None


def _data_of_known_kind(path: Path) -> bytes | None:
    with path.open("rb") as stream:
        start = stream.read(_HEADER.size)
        if len(start) < _HEADER.size:
            return None
        magic, version, *_, grams_of_words, loss, kind, _, _, _, _, _ = _HEADER.unpack(start)
        wanted = (_MAGIC, _VERSION, 1, _HIERARCHICAL, _SUPERVISED)
        if (magic, version, grams_of_words, loss, kind) != wanted:
            return None
        return start + stream.read()


class _Reader:
    """Takes values from the front of a file's bytes."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def take(self, layout: struct.Struct) -> tuple[Any, ...]:
        values = layout.unpack_from(self._data, self._at)
        self._at += layout.size
        return values

    def flag(self) -> bool:
        return bool(self.array("u1", 1)[0])

    def name(self) -> bytes:
        end = self._data.index(b"\0", self._at)
        name = self._data[self._at : end]
        self._at = end + 1
        return name

    def array(self, kind: str, count: int) -> npt.NDArray[Any]:
        found = np.frombuffer(self._data, dtype=f"<{kind}", count=count, offset=self._at)
        self._at += found.nbytes
        return found


def _model(reader: _Reader) -> FastTextModel | None:
    *_, buckets, shortest, longest, _, _ = reader.take(_HEADER)
    entries, words, labels, _, pruned = reader.take(_SIZES)
    names, counts = _entries(reader, entries)
    if pruned <= 0:
        return None
    row_of_bucket = np.full(buckets, -1, dtype=np.int32)
    pairs = reader.array("i4", 2 * pruned).reshape(pruned, 2)
    row_of_bucket[pairs[:, 0]] = words + pairs[:, 1]
    if not reader.flag():  # not quantised
        return None
    rows = _quantised_rows(reader)
    if reader.flag() or len(rows) != words + pruned:  # quantised output
        return None
    nodes, dimensions = reader.take(struct.Struct("<qq"))
    output = reader.array("f4", nodes * dimensions).reshape(nodes, dimensions).astype(np.float32)
    starts = np.cumsum([0, *map(len, names)], dtype=np.int64)
    return FastTextModel(
        labels=tuple(name.decode() for name in names[words:]),
        rows=rows,
        row_of_bucket=row_of_bucket,
        word_slots=_slots(names),
        arena=np.frombuffer(b"".join(names), dtype=np.uint8),
        starts=starts,
        words=words,
        nodes=output,
        children=_tree(counts[words : words + labels]),
        grams=(shortest, longest),
    )


def _entries(reader: _Reader, entries: int) -> tuple[list[bytes], list[int]]:
    """The words and labels, most frequent first, and how often each was seen."""
    names, counts = [], []
    for _ in range(entries):
        names.append(reader.name())
        counts.append(reader.take(_ENTRY)[0])
    return names, counts


def _quantised_rows(reader: _Reader) -> npt.NDArray[np.float32]:
    """The rows of a product-quantised matrix: the centroids that the codes name, times the norm."""
    has_norms, rows, _, size = reader.take(struct.Struct("<?qqi"))
    codes = reader.array("u1", size).reshape(rows, -1)
    centroids = _centroids(reader)
    vectors = np.concatenate([part[codes[:, index]] for index, part in enumerate(centroids)], axis=1)
    if has_norms:
        norms = reader.array("u1", rows)
        vectors = vectors * _centroids(reader)[0][norms]
    return np.ascontiguousarray(vectors, dtype=np.float32)


def _centroids(reader: _Reader) -> list[npt.NDArray[np.float32]]:
    """The 256 centroids of every part of a vector, each of shape (256, part)."""
    dimensions, parts, size, last = reader.take(struct.Struct("<4i"))
    flat = reader.array("f4", dimensions * _CENTROIDS)
    cuts = np.split(flat, [_CENTROIDS * size * part for part in range(1, parts)])
    return [cut.reshape(_CENTROIDS, last if part == parts - 1 else size) for part, cut in enumerate(cuts)]


def _slots(names: Sequence[bytes]) -> npt.NDArray[np.int32]:
    size = 1 << (2 * len(names)).bit_length()
    slots = np.full(size, -1, dtype=np.int32)
    for number, name in enumerate(names):
        slot = _hash(name) & (size - 1)
        while slots[slot] >= 0:
            slot = (slot + 1) & (size - 1)
        slots[slot] = number
    return slots


def _hash(name: bytes) -> int:
    """FNV-1a, bytes taken as signed (dictionary.cc)."""
    value = _FNV_OFFSET
    for byte in name:
        value = ((value ^ (byte if byte < 0x80 else byte | 0xFFFFFF00)) * _FNV_PRIME) & 0xFFFFFFFF
    return value


def _tree(counts: Sequence[int]) -> npt.NDArray[np.int32]:
    """The Huffman tree of the labels, most frequent first, as fastText builds it: children of inner nodes."""
    labels = len(counts)
    total = [*counts, *[_UNMADE] * (labels - 1)]
    children = np.zeros((labels - 1, 2), dtype=np.int32)
    leaf, inner = labels - 1, labels
    for node in range(labels, 2 * labels - 1):
        for side in range(2):
            if leaf >= 0 and total[leaf] < total[inner]:
                children[node - labels, side], leaf = leaf, leaf - 1
            else:
                children[node - labels, side], inner = inner, inner + 1
        left, right = children[node - labels]
        total[node] = total[left] + total[right]
    return children
