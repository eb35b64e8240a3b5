"""Whole comparisons: score vocabularies, compare their tokens and, on request, how they cut texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from audit.compression import Sample, compare_segmentations, compress, read_sample
from audit.diff import DiffSide, diff_vocabularies
from audit.diff_results import CompressionRow, DiffResult, SetComparison
from audit.engines import Engine, text_engine
from audit.risk import score_tokens
from audit.scoring import evidence
from audit.set_diff import compare_sets
from audit.token_text import read_tokens
from corpora.documents import Corpus
from corpora.errors import WrongCall
from trainer.vocabulary import Vocabulary

Say = Callable[[str], None]
Compared = DiffResult | SetComparison


@dataclass(frozen=True, slots=True)
class DiffOptions:
    """What one comparison was asked for; see `winnow diff --help`."""

    corpus: Corpus | None = None
    score_all: bool = False
    use_lists: bool = True


def compare(vocabularies: Sequence[Vocabulary], options: DiffOptions, say: Say) -> Compared:
    """Compare two or more vocabularies. Raises as `compare_vocabularies` and `compare_many`."""
    if len(vocabularies) == 2:
        return compare_vocabularies(vocabularies[0], vocabularies[1], options, say)
    return compare_many(vocabularies, options, say)


def compare_vocabularies(a: Vocabulary, b: Vocabulary, options: DiffOptions, say: Say) -> DiffResult:
    """Compare two vocabularies, and how they cut the corpus of the options.

    Raises WrongCall when there is a corpus and no library can encode with one of the two.
    """
    first, second = _sides((a, b), options, say)
    result = diff_vocabularies(first, second)
    if options.corpus is None:
        return result
    engines, sample = _engines((a, b)), read_sample(options.corpus)
    return _with_texts(result, (first, second), engines, sample, compress(sample, engines))


def compare_many(vocabularies: Sequence[Vocabulary], options: DiffOptions, say: Say) -> SetComparison:
    """Compare the first of three or more vocabularies with each other one, and intersect all of them.

    Raises WrongCall when there is a corpus and no library can encode with one of them.
    """
    sides = _sides(with_distinct_names(vocabularies), options, say)
    result = compare_sets(sides)
    if options.corpus is None:
        return result
    engines, sample = _engines(vocabularies), read_sample(options.corpus)
    rows = compress(sample, engines)
    diffs = [
        _with_texts(
            diff, (sides[0], sides[place]), (engines[0], engines[place]), sample, _columns(rows, 0, place)
        )
        for place, diff in enumerate(result.diffs, start=1)
    ]
    return replace(result, diffs=tuple(diffs), compression=rows)


def with_distinct_names(vocabularies: Sequence[Vocabulary]) -> list[Vocabulary]:
    """The same vocabularies; of several with one name, the later ones get a number."""
    seen: Counter[str] = Counter()
    named = []
    for vocabulary in vocabularies:
        seen[vocabulary.name] += 1
        number = seen[vocabulary.name]
        named.append(vocabulary if number == 1 else replace(vocabulary, name=f"{vocabulary.name} ({number})"))
    return named


def _sides(vocabularies: Sequence[Vocabulary], options: DiffOptions, say: Say) -> list[DiffSide]:
    say(f"scoring {', '.join(vocabulary.name for vocabulary in vocabularies)}")
    risk = evidence(options.use_lists, score_all=options.score_all)
    sides: list[DiffSide] = []
    for vocabulary in vocabularies:
        twin = next((side for side in sides if side.vocabulary.tokens == vocabulary.tokens), None)
        scores = twin.scores if twin else score_tokens(read_tokens(vocabulary.tokens), risk)
        sides.append(DiffSide(vocabulary.with_merges(), scores))
    return sides


def _engines(vocabularies: Sequence[Vocabulary]) -> list[Engine]:
    engines = []
    for vocabulary in vocabularies:
        engine = text_engine(vocabulary)
        if engine is None:
            raise WrongCall("no library can encode with it", where=vocabulary.name, hint="leave --text out")
        engines.append(engine)
    return engines


def _with_texts(
    result: DiffResult,
    sides: Sequence[DiffSide],
    engines: Sequence[Engine],
    sample: Sample,
    rows: tuple[CompressionRow, ...],
) -> DiffResult:
    a, b = sides[0].vocabulary, sides[1].vocabulary
    changes = compare_segmentations(sample, a, b, (engines[0], engines[1]))
    return replace(result, compression=rows, segmentations=changes)


def _columns(rows: Sequence[CompressionRow], *places: int) -> tuple[CompressionRow, ...]:
    """The same rows with the counts of some vocabularies only."""
    return tuple(replace(row, tokens=tuple(row.tokens[place] for place in places)) for row in rows)
