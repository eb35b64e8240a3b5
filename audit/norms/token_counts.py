"""How often a vocabulary's tokens are emitted: on pretoken counts, or on documents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from audit.engines import Engine, text_engine
from audit.norms.measures import Doubles
from audit.usage import read_counts
from corpora.documents import Corpus, Problems
from corpora.errors import WinnowError
from trainer.vocabulary import Vocabulary

_BATCH = 20_000  # pretokens encoded at once


def counts_from_file(vocabulary: Vocabulary, path: Path) -> Doubles:
    """Tokens' counts, shape (ids,), from a counts Parquet of `winnow count`: each pretoken is encoded once.

    Raises WrongCall for a missing file, WinnowError for a broken one and for a vocabulary that cannot encode.
    """
    pretokens = read_counts(path)
    return _counted(vocabulary, _pretoken_batches(pretokens))


def counts_from_documents(vocabulary: Vocabulary, corpus: Corpus) -> Doubles:
    """Tokens' counts, shape (ids,), in the documents of a corpus."""
    return _counted(vocabulary, _document_batches(corpus))


def _counted(vocabulary: Vocabulary, batches: Iterable[tuple[list[str], list[int]]]) -> Doubles:
    engine = _engine(vocabulary)
    counts = np.zeros(vocabulary.rows)
    for texts, weights in batches:
        encoded = engine.encode(texts)
        ids = np.array([id_ for each in encoded for id_ in each], dtype=np.int64)
        weight = np.repeat(np.array(weights, dtype=np.float64), [len(each) for each in encoded])
        counts += np.bincount(ids, weights=weight, minlength=counts.size)
    return counts


def _engine(vocabulary: Vocabulary) -> Engine:
    engine = text_engine(vocabulary)
    if engine is None:
        raise WinnowError(
            "no library can encode with this vocabulary, so nothing can be counted", where=vocabulary.name
        )
    return engine


def _pretoken_batches(pretokens: Mapping[str, int]) -> Iterable[tuple[list[str], list[int]]]:
    texts = sorted(pretokens)
    for start in range(0, len(texts), _BATCH):
        batch = texts[start : start + _BATCH]
        yield batch, [pretokens[text] for text in batch]


def _document_batches(corpus: Corpus) -> Iterable[tuple[list[str], list[int]]]:
    for shard in corpus.shards:
        for batch in shard.batches(Problems()):
            texts = batch.column("text").to_pylist()
            yield texts, [1] * len(texts)
