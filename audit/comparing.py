"""One whole comparison: load two tokenizers, score both, compare tokens and, on request, texts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from audit.auditing import evidence
from audit.compression import compare_segmentations, compress, read_sample
from audit.diff import DiffSide, diff_vocabularies
from audit.engines import text_engine
from audit.results import DiffResult
from audit.risk import score_tokens
from audit.token_text import read_tokens
from corpora.documents import Corpus
from corpora.errors import WrongCall
from trainer.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class DiffOptions:
    """What one comparison was asked for; see `winnow diff --help`."""

    corpus: Corpus | None = None
    score_all: bool = False
    use_lists: bool = True


def compare_vocabularies(
    a: Vocabulary, b: Vocabulary, options: DiffOptions, say: Callable[[str], None]
) -> DiffResult:
    """Compare two vocabularies, and how they cut the corpus of the options.

    Raises WrongCall when there is a corpus and no library can encode with one of the two.
    """
    risk = replace(evidence(options.use_lists), score_all=options.score_all)
    a, b = a.with_merges(), b.with_merges()
    say(f"scoring {a.name} and {b.name}")
    scores_a = score_tokens(read_tokens(a.tokens), risk)
    scores_b = scores_a if a.tokens == b.tokens else score_tokens(read_tokens(b.tokens), risk)
    result = diff_vocabularies(DiffSide(a, scores_a), DiffSide(b, scores_b))
    return result if options.corpus is None else _with_texts(result, a, b, options.corpus)


def _with_texts(result: DiffResult, a: Vocabulary, b: Vocabulary, corpus: Corpus) -> DiffResult:
    engine_a, engine_b = text_engine(a), text_engine(b)
    if engine_a is None or engine_b is None:
        missing = a.name if engine_a is None else b.name
        raise WrongCall("no library can encode with it", where=missing, hint="leave --text out")
    sample = read_sample(corpus)
    return replace(
        result,
        compression=compress(sample, (engine_a, engine_b)),
        segmentations=compare_segmentations(sample, a, b, (engine_a, engine_b)),
    )
