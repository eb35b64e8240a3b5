"""The tables of kept documents: exact, as small as they say, and deciding as the library's index does."""

from __future__ import annotations

import random

import numpy as np
import pytest

from curation.digest_table import DigestTable
from curation.names import Names
from curation.near_duplicates import NearDuplicates

NAMES = ["", "a", "файл.jsonl:1", "x\x00y", "new\nline", "\ud800", "ÿ", "a" * 5000]


def test_names_come_back() -> None:
    names = Names()
    places = [names.add(name) for name in NAMES]
    assert [names.at(place) for place in places] == NAMES


def test_digests_are_looked_up_as_in_a_dictionary() -> None:
    chooser, table, known = random.Random(1), DigestTable(), dict[bytes, str]()
    digests = [chooser.randbytes(16) for _ in range(20_000)]
    # One part, one home slot, and halves that others have too: as bad as it gets.
    digests += [bytes([7, *divmod(number, 256)]) + bytes(13) for number in range(300)]
    digests += [bytes(8) + number.to_bytes(8, "little") for number in range(300)]
    chooser.shuffle(digests)
    for number, digest in enumerate(digests + digests[:500]):
        assert table.get(digest) == known.get(digest)
        table.add(digest, f"document {number}")
        known.setdefault(digest, f"document {number}")
    assert all(table.get(digest) == name for digest, name in known.items())
    assert not any(table.get(chooser.randbytes(16)) for _ in range(5_000))


def test_a_digest_takes_some_forty_bytes() -> None:
    chooser, table = random.Random(2), DigestTable()
    for _ in range(60_000):
        table.add(chooser.randbytes(16), "")
    assert sum(slots.nbytes for slots in table._parts) / 60_000 < 42


def documents_like_each_other(chooser: np.random.Generator, count: int) -> list[list[bytes]]:
    """Sets of n-grams with every similarity: variants of a few, a random number of elements exchanged."""
    bases = chooser.integers(0, 1 << 40, (30, 60))
    found = []
    for _ in range(count):
        grams = bases[chooser.integers(len(bases))].copy()
        places = chooser.choice(60, chooser.integers(0, 60), replace=False)
        grams[places] = chooser.integers(0, 1 << 40, len(places))
        found.append([b"%d" % gram for gram in grams])
    return found


@pytest.mark.parametrize(
    "threshold", [0.5, 0.703125, 0.9]
)  # the second is 45/64: the limit itself is no copy
def test_near_duplicates_are_those_of_the_library(threshold: float) -> None:
    from rensa import RMinHash, RMinHashLSH

    index, kept, table = RMinHashLSH(threshold, 64, 16), list[RMinHash](), NearDuplicates(threshold)
    hits = 0
    for number, grams in enumerate(documents_like_each_other(np.random.default_rng(3), 2_500)):
        sketch = RMinHash(64, 42)
        sketch.update(grams)
        best, of = 0.0, None
        for other in sorted(index.query(sketch)):
            similarity = sketch.jaccard(kept[other])
            if similarity > max(best, threshold):
                best, of = similarity, str(other)
        digest = np.array(sketch.digest(), dtype=np.uint32)
        assert table.most_similar(digest) == (best, of)
        hits += of is not None
        if of is None or number % 3 == 0:  # some copies are kept: the first of equals is told
            index.insert(len(kept), sketch)
            table.add(digest, str(len(kept)))
            kept.append(sketch)
    assert hits > 100
    assert len(kept) > 1_024  # the table has grown


def test_a_remembered_document_takes_half_a_kilobyte() -> None:
    table, rows = (
        NearDuplicates(0.7),
        np.random.default_rng(4).integers(0, 1 << 32, (5_000, 64), dtype=np.uint32),
    )
    for row in rows:
        table.add(row, "")
    room = len(table._sketches)
    assert (table._sketches.nbytes + table._heads.nbytes + table._following.nbytes) / room < 400
    assert table.most_similar(rows[4_321]) == (1.0, "")


def test_a_full_index_remembers_what_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("curation.near_duplicates._MOST", 2)
    table, rows = NearDuplicates(0.7), np.random.default_rng(5).integers(0, 1 << 32, (3, 64), dtype=np.uint32)
    for number, row in enumerate(rows):
        assert table.is_full == (number == 2)
        table.add(row, str(number))
    assert [table.most_similar(row)[1] for row in rows] == ["0", "1", None]
