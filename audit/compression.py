"""How well vocabularies compress a text, by language: bytes per token, and pretokens cut differently."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from audit.diff_results import CompressionRow, SegmentationChange
from audit.engines import Engine
from corpora.display import show_bytes, show_text
from corpora.documents import Corpus, Problems
from trainer.reference_encoder import split
from trainer.vocabulary import Vocabulary

UNKNOWN_LANGUAGE = "und"
BYTES_PER_LANGUAGE = 500_000  # bytes per token settle to about 1 % on this much text
_BATCH = 256  # documents encoded at a time
_PRETOKENS = 200_000  # distinct pretokens whose segmentations are compared
_CHANGES_SHOWN = 100


@dataclass(slots=True)
class _Tally:
    documents: int = 0
    bytes: int = 0
    tokens: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Sample:
    """Documents to compare on: (language, text) pairs in input order, capped for each language."""

    documents: tuple[tuple[str, str], ...]


def read_sample(corpus: Corpus) -> Sample:
    """The first BYTES_PER_LANGUAGE bytes of every language, by the input's `language` or `lang` column."""
    used: Counter[str] = Counter()
    kept = []
    for language, text in _documents(corpus):
        if used[language] < BYTES_PER_LANGUAGE and text:
            used[language] += len(text.encode())
            kept.append((language, text))
    return Sample(tuple(kept))


def compress(sample: Sample, engines: Sequence[Engine]) -> tuple[CompressionRow, ...]:
    """Token counts by language under every engine, most bytes first."""
    tallies: dict[str, _Tally] = defaultdict(lambda: _Tally(tokens=[0] * len(engines)))
    for start in range(0, len(sample.documents), _BATCH):
        batch = sample.documents[start : start + _BATCH]
        texts = [text for _, text in batch]
        encoded = [engine.encode(texts) for engine in engines]
        for place, (language, text) in enumerate(batch):
            tally = tallies[language]
            tally.documents += 1
            tally.bytes += len(text.encode())
            for number, ids in enumerate(encoded):
                tally.tokens[number] += len(ids[place])
    rows = (CompressionRow(name, t.documents, t.bytes, tuple(t.tokens)) for name, t in tallies.items())
    return tuple(sorted(rows, key=lambda row: (-row.bytes, row.language)))


def compare_segmentations(
    sample: Sample, a: Vocabulary, b: Vocabulary, engines: tuple[Engine, Engine]
) -> tuple[SegmentationChange, ...]:
    """The pretokens of A's pattern that A and B cut differently, most frequent first."""
    counts: Counter[tuple[str, str]] = Counter()
    for language, text in sample.documents:
        counts.update((language, pretoken) for pretoken in split(a.pattern, text))
    frequent = sorted(counts, key=lambda key: (-counts[key], key))[:_PRETOKENS]
    pretokens = [pretoken for _, pretoken in frequent]
    changes = [
        SegmentationChange(language, show_text(pretoken), pieces_a, pieces_b, counts[language, pretoken])
        for (language, pretoken), ids_a, ids_b in zip(
            frequent, engines[0].encode(pretokens), engines[1].encode(pretokens), strict=True
        )
        if (pieces_a := _pieces(a, ids_a)) != (pieces_b := _pieces(b, ids_b))
    ]
    return tuple(changes[:_CHANGES_SHOWN])


def _pieces(vocabulary: Vocabulary, ids: list[int]) -> tuple[str, ...]:
    return tuple(show_bytes(vocabulary.bytes_of(id_)) for id_ in ids)


def _documents(corpus: Corpus) -> Iterator[tuple[str, str]]:
    problems = Problems()
    for shard in corpus.shards:
        for batch in shard.batches(problems):
            yield from zip(_languages(batch), batch.column("text").to_pylist(), strict=True)


def _languages(batch: pa.RecordBatch) -> list[str]:
    for name in ("language", "lang"):
        if name in batch.schema.names:
            return [value or UNKNOWN_LANGUAGE for value in batch.column(name).to_pylist()]
    return [UNKNOWN_LANGUAGE] * batch.num_rows
