"""Counts by source in memory: the words of a whole corpus, and of the corpus without one of its sources."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from corpora.errors import WinnowError
from trainer.arrays import key_buffers
from trainer.frequency_file import read_batches, read_pattern
from trainer.words import Words

MOSTLY = 0.5  # more than this share of something's occurrences makes it mostly one source's


@dataclass(frozen=True, slots=True)
class SourceCounts:
    """A corpus as words, and who contributed to each.

    Row i says that source `sources[source[i]]` (int32) holds word `word[i]` (int64) `counts[i]` (int64)
    times; `words` are the distinct pretokens with their counts in the whole corpus.
    """

    pattern: str
    words: Words
    sources: tuple[str, ...]
    word: npt.NDArray[np.int64]
    source: npt.NDArray[np.int32]
    counts: npt.NDArray[np.int64]

    def pretokens_of(self) -> npt.NDArray[np.int64]:
        """How many pretokens each source holds, shape (sources,)."""
        return self._by_source(self.counts)

    def own_pretokens_of(self) -> npt.NDArray[np.int64]:
        """How many of each source's pretokens are mostly its own: more than half of all there are."""
        mostly = self.counts > MOSTLY * self.words.counts[self.word]
        return self._by_source(np.where(mostly, self.counts, 0))

    def of_source(self, source: str) -> npt.NDArray[np.int64]:
        """How often one source holds each word, shape (words,)."""
        own = np.flatnonzero(self.source == self.sources.index(source))
        counts = np.zeros(self.words.size, dtype=np.int64)
        np.add.at(counts, self.word[own], self.counts[own])
        return counts

    def without(self, source: str) -> Words:
        """The words of the corpus without one source. Raises WinnowError when nothing is left."""
        counts = self.words.counts - self.of_source(source)
        left = Words(self.words.keys, self.words.starts, self.words.stops, counts).where(counts > 0)
        if not left.size:
            raise WinnowError(f"without the source {source!r} there is no text")
        return left

    def _by_source(self, counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        total = np.zeros(len(self.sources), dtype=np.int64)
        np.add.at(total, self.source, counts)
        return total


def read_source_counts(path: Path) -> SourceCounts:
    """Read what `winnow count --by-source` wrote. Raises WinnowError when it did not write this file."""
    pattern = read_pattern(path)
    table = pa.concat_tables(read_batches(path, ("pretoken", "source", "count")))
    if not table.num_rows:
        raise WinnowError("there are no counts", where=path)
    pretokens = table["pretoken"].cast(pa.large_binary()).combine_chunks()
    fresh = pc.not_equal(pretokens.slice(1), pretokens.slice(0, len(pretokens) - 1)).to_numpy(False)
    fresh = np.concatenate(([True], fresh))
    starts = np.flatnonzero(fresh)
    counts = table["count"].to_numpy().astype(np.int64)
    keys, offsets = key_buffers(pretokens.take(pa.array(starts)))
    words = Words(keys, offsets[:-1], offsets[1:], np.add.reduceat(counts, starts))
    sources, source = _places(table["source"])
    return SourceCounts(pattern, words, sources, np.cumsum(fresh) - 1, source, counts)


def _places(names: pa.ChunkedArray) -> tuple[tuple[str, ...], npt.NDArray[np.int32]]:
    encoded = names.combine_chunks().dictionary_encode()
    met: Sequence[str] = encoded.dictionary.to_pylist()
    ordered = tuple(sorted(met))
    of_met = np.array([ordered.index(name) for name in met], dtype=np.int32)
    return ordered, of_met[encoded.indices.to_numpy()]
