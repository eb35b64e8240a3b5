"""A fastText classifier's answer for one line of text: the package's arithmetic, without its maps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numba import njit

from curation.fasttext_file import FastTextModel, read_fasttext

_OFFSET, _PRIME = np.uint32(2166136261), np.uint32(16777619)  # FNV-1a, 32 bits
_SIGN = np.uint32(0xFFFFFF00)  # bytes are hashed as signed numbers (dictionary.cc)
_TINY = 1e-5  # added to a probability before its logarithm (loss.cc)
_OUT_OF_QUESTION = float(np.float32(np.log(_TINY)))  # logarithm below which the package names no label
_LINE_END = np.frombuffer(b"</s>", dtype=np.uint8)
_LABEL = np.frombuffer(b"__label__", dtype=np.uint8)


class FastTextClassifier:
    """Asks a model for the most probable labels of a text, as the fastText package's models are asked."""

    def __init__(self, model: FastTextModel) -> None:
        self.labels = model.labels
        self._vectors = (model.rows, model.row_of_bucket, model.grams[0], model.grams[1])
        self._names = (model.word_slots, model.arena, model.starts, model.words)
        self._tree = (model.nodes, model.children)

    def predict(self, text: str, k: int, threshold: float = 0.0) -> tuple[list[str], list[float]]:
        """The `k` most probable labels of one line of text, best first, and their probabilities in 0..1.

        Labels that are out of question (probability below 0.00001) are left out, unless `threshold` is
        negative.
        """
        line = np.frombuffer(text.encode() + b" </s>", dtype=np.uint8)
        least = _OUT_OF_QUESTION if threshold >= 0.0 else -np.inf
        found, logarithms = _best(line, self._vectors, self._names, self._tree, k, least)
        labels = [self.labels[label] for label in found.tolist()]
        return labels, np.exp(logarithms).astype(np.float32).tolist()


def load_classifier(path: Path) -> FastTextClassifier | None:
    """The classifier in a file; None when it is of a kind that only the fastText package knows."""
    model = read_fasttext(path)
    return None if model is None else FastTextClassifier(model)


@njit(cache=True, nogil=True)
def _best(line, vectors, names, tree, k, least):  # type: ignore[no-untyped-def]
    """The `k` labels with the largest logarithms of probability of at least `least`, and those; the first of
    equal ones first.
    """
    scores = _scores(line, vectors, names, tree, least)
    labels, values = np.empty(min(k, len(scores)), dtype=np.int64), np.empty(min(k, len(scores)))
    for place in range(len(labels)):
        best = np.argmax(scores)
        if scores[best] < least or scores[best] == -np.inf:
            return labels[:place], values[:place]
        labels[place], values[place] = best, scores[best]
        scores[best] = -np.inf
    return labels, values


@njit(cache=True, nogil=True)
def _scores(line, vectors, names, tree, least):  # type: ignore[no-untyped-def]
    """Logarithms of the labels' probabilities, shape (labels,), -inf for those that are less than `least`."""
    rows, row_of_bucket, shortest, longest = vectors
    hidden = np.zeros(rows.shape[1], dtype=np.float32)
    word = np.empty(len(line) + 2, dtype=np.uint8)  # `<`, the bytes of the word, `>`
    word[0] = 0x3C
    used, at = 0, 0
    while at < len(line):
        if _is_blank(line[at]):
            at += 1
            continue
        length, key = 1, _OFFSET
        while at < len(line) and not _is_blank(line[at]):
            key = _step(key, line[at])
            word[length] = line[at]
            length += 1
            at += 1
        entry = _entry(word, length, key, names)
        if 0 <= entry < names[3]:
            _add(hidden, rows, entry)
            used += 1
        if length == len(_LINE_END) + 1 and _begins(word, length, _LINE_END):
            break  # nothing is read behind it
        if entry < names[3] and not (entry < 0 and _begins(word, length, _LABEL)):
            word[length] = 0x3E
            used += _add_grams(hidden, word, length + 1, rows, row_of_bucket, shortest, longest)
    if used:
        hidden *= np.float32(1.0 / used)
    return _walk(hidden, used > 0, tree[0], tree[1], least)


@njit(cache=True, nogil=True, inline="always")
def _is_blank(byte):  # type: ignore[no-untyped-def]
    return byte == 0x20 or 0x09 <= byte <= 0x0D or byte == 0x00


@njit(cache=True, nogil=True, inline="always")
def _step(key, byte):  # type: ignore[no-untyped-def]
    signed = np.uint32(byte) | _SIGN if byte >= 0x80 else np.uint32(byte)
    return np.uint32((key ^ signed) * _PRIME)


@njit(cache=True, nogil=True)
def _begins(word, length, prefix):  # type: ignore[no-untyped-def]
    """Whether `word[1:length]` begins with the bytes of `prefix`."""
    if length <= len(prefix):
        return False
    same = 0
    while same < len(prefix) and word[1 + same] == prefix[same]:
        same += 1
    return same == len(prefix)


@njit(cache=True, nogil=True)
def _entry(word, length, key, names):  # type: ignore[no-untyped-def]
    """The number of the entry `word[1:length]`, or -1."""
    slots, arena, starts = names[0], names[1], names[2]
    mask = np.uint32(len(slots) - 1)
    slot = key & mask
    while slots[slot] >= 0:
        entry = slots[slot]
        first = starts[entry]
        if starts[entry + 1] - first == length - 1:
            same = 0
            while same < length - 1 and arena[first + same] == word[1 + same]:
                same += 1
            if same == length - 1:
                return entry
        slot = (slot + np.uint32(1)) & mask
    return np.int32(-1)


@njit(cache=True, nogil=True)
def _add_grams(hidden, word, length, rows, row_of_bucket, shortest, longest):  # type: ignore[no-untyped-def]
    """Add the rows of the n-grams of `word[:length]`, of whole characters; returns how many there were."""
    added = 0
    for first in range(length):
        if word[first] & 0xC0 == 0x80:
            continue
        key, at, size = _OFFSET, first, 1
        while at < length and size <= longest:
            key = _step(key, word[at])
            at += 1
            while at < length and word[at] & 0xC0 == 0x80:
                key = _step(key, word[at])
                at += 1
            edge = size == 1 and (first == 0 or at == length)
            if size >= shortest and not edge:
                row = row_of_bucket[key % np.uint32(len(row_of_bucket))]
                if row >= 0:
                    _add(hidden, rows, row)
                    added += 1
            size += 1
    return added


@njit(cache=True, nogil=True, inline="always")
def _add(hidden, rows, row):  # type: ignore[no-untyped-def]
    for dimension in range(len(hidden)):
        hidden[dimension] += rows[row, dimension]


@njit(cache=True, nogil=True)
def _walk(hidden, known, nodes, children, least):  # type: ignore[no-untyped-def]
    """The logarithm of every label's probability: the sum over the decisions on the way from the root."""
    labels = len(nodes)
    scores = np.full(2 * labels - 1, -np.inf, dtype=np.float32)
    if known:
        scores[2 * labels - 2] = np.float32(0.0)
    for node in range(2 * labels - 2, labels - 1, -1):
        inner = node - labels
        if scores[node] < least:
            continue
        total = np.float32(0.0)
        for dimension in range(len(hidden)):
            total += nodes[inner, dimension] * hidden[dimension]
        right = np.float32(1.0 / (np.float32(1.0) + np.exp(-total)))
        left = np.float32(1.0 - right)
        scores[children[inner, 0]] = scores[node] + np.float32(np.log(left + _TINY))
        scores[children[inner, 1]] = scores[node] + np.float32(np.log(right + _TINY))
    return scores[:labels]
