"""Where the hot tail may come from: its enrichment in sources, and how its norms go with their hits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from audit.norms.labels import Labels
from audit.norms.measures import Doubles, Ids
from audit.norms.records import MatrixScan, RowFact
from audit.norms.sources import Kind, Source
from audit.norms.statistics import (
    Association,
    Correlation,
    benjamini_hochberg,
    correlate,
    fisher_exact,
    interval,
    power,
    smallest_detectable,
    spearman,
)
from audit.norms.tail import Categories, hot_ids, hot_line, row_facts
from corpora.errors import WrongCall

# Recognition of about 50 hot tokens against their hits on GitHub (fi-le.net/oss, 19 September 2025).
PUBLISHED_RHO, PUBLISHED_N = 0.448, 50
CAVEAT = (
    "Correlation and overlap are not origin. Frequency drives norms, hits and list membership alike; lists "
    "were written by people who had seen such tokens; tokens of one site or script are not independent; and "
    "a source that was not tested may explain all of it. An enriched source is a place to look next."
)
_LEAST_PAIRS = 4  # Fisher's z has no standard error under 4 pairs


@dataclass(frozen=True, slots=True)
class AttributeOptions:
    """How hot is hot, or how many of the largest z make the tail; how many hits put a token in a source."""

    hot_z: float
    top: int | None = None
    least_hits: float = 1.0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class SourceResult:
    """One source against the tail.

    The table: of `tail_known` tail tokens that the source speaks of, `tail_in` are in it; of `rest_known`
    others, `rest_in`. `q` is the false discovery rate over all sources. `correlation` is of the score with
    the hits over the sample, None when it has fewer than 4 tokens; `detectable` the smallest |ρ| that as
    many tokens show with 80 % power. `whole_rho` is over all tokens (with z as the score).
    """

    name: str
    kind: Kind
    tail_in: int
    tail_known: int
    rest_in: int
    rest_known: int
    association: Association
    q: float
    correlation: Correlation | None
    detectable: float | None
    whole_rho: float
    whole_interval: tuple[float, float]
    whole_n: int


@dataclass(frozen=True, slots=True)
class PowerStatement:
    """What a sample of n can show of a correlation ρ at a two-sided 5 % level."""

    rho: float
    n: int
    low: float
    high: float
    power: float
    detectable: float


@dataclass(frozen=True, slots=True)
class TailToken:
    """One token of the tail and its hits in every source, NaN where the source says nothing."""

    fact: RowFact
    hits: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Attribution:
    """The whole analysis; `score` says what was correlated with hits: `z` of the tail, or `recognition`."""

    score: str
    tail: int
    universe: int
    sources: tuple[SourceResult, ...]
    tokens: tuple[TailToken, ...]
    published: PowerStatement
    caveat: str = CAVEAT


def attribute(
    scan: MatrixScan,
    labels: Labels,
    categories: Categories,
    sources: Sequence[Source],
    options: AttributeOptions,
    recognition: Doubles | None = None,
) -> Attribution:
    """Test the tail of a matrix against sources.

    The universe are ordinary tokens outside of the lump. `recognition`, shape (ids,), NaN for tokens not
    asked about, takes the place of z in the correlation, over the tokens that it knows.
    Raises WrongCall without a source, without a vocabulary, and when the tail is empty.
    """
    if not sources:
        raise WrongCall("no source given", hint="--source [NAME=][KIND:]PLACE, as often as needed")
    universe = _universe(scan, labels)
    tail = _tail(scan, universe, options)
    score = scan.body.z if recognition is None else recognition
    sample = tail if recognition is None else np.flatnonzero(np.isfinite(recognition))
    found = [_test(source, universe, tail, score, sample, scan.body.z, options) for source in sources]
    rates = benjamini_hochberg([result.association.p_two_sided for result in found])
    facts = row_facts(tail, labels, scan.measures, scan.body, categories)
    return Attribution(
        score="z" if recognition is None else "recognition",
        tail=tail.size,
        universe=universe.size,
        sources=tuple(replace(result, q=rate) for result, rate in zip(found, rates, strict=True)),
        tokens=tuple(TailToken(each, tuple(float(s.hits[each.id]) for s in sources)) for each in facts),
        published=power_statement(PUBLISHED_RHO, PUBLISHED_N),
    )


def power_statement(rho: float, n: int) -> PowerStatement:
    """What n pairs can show of a true or measured ρ."""
    return PowerStatement(rho, n, *interval(rho, n), power(rho, n), smallest_detectable(n))


def _universe(scan: MatrixScan, labels: Labels) -> Ids:
    if labels.vocabulary is None:
        raise WrongCall("attribution needs the tokens", hint="--tokenizer TOKENIZER")
    ordinary = np.fromiter(sorted(labels.vocabulary.tokens), dtype=np.int64)
    return ordinary[np.isfinite(scan.body.z[ordinary])]


def _tail(scan: MatrixScan, universe: Ids, options: AttributeOptions) -> Ids:
    line = -np.inf if options.top else hot_line(scan.body, options.hot_z)
    by_z = hot_ids(scan.body, scan.measures.norms, line)
    tail = by_z[np.isin(by_z, universe)][: options.top]
    if not tail.size:
        raise WrongCall(f"no token reaches z = {options.hot_z:g}", hint="a smaller --hot-z, or --top K")
    return tail


def _test(
    source: Source,
    universe: Ids,
    tail: Ids,
    score: Doubles,
    sample: Ids,
    z: Doubles,
    options: AttributeOptions,
) -> SourceResult:
    known = universe[np.isfinite(source.hits[universe])]
    in_source, in_tail = source.hits[known] >= options.least_hits, np.isin(known, tail)
    tail_in, tail_known = int((in_source & in_tail).sum()), int(in_tail.sum())
    rest_in, rest_known = int(in_source.sum()) - tail_in, known.size - tail_known
    sampled = sample[np.isfinite(source.hits[sample])]
    enough = sampled.size >= _LEAST_PAIRS
    rho = spearman(z[known], source.hits[known]) if known.size else np.nan
    return SourceResult(
        name=source.name,
        kind=source.kind,
        tail_in=tail_in,
        tail_known=tail_known,
        rest_in=rest_in,
        rest_known=rest_known,
        association=fisher_exact(tail_in, tail_known - tail_in, rest_in, rest_known - rest_in),
        q=1.0,
        correlation=correlate(score[sampled], source.hits[sampled], seed=options.seed) if enough else None,
        detectable=smallest_detectable(sampled.size) if enough else None,
        whole_rho=rho,
        whole_interval=interval(rho, known.size) if np.isfinite(rho) else (np.nan, np.nan),
        whole_n=known.size,
    )
