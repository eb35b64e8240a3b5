"""The statistics of attribution, against exact fractions, published examples and brute force."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.norms.attribution import power_statement
from audit.norms.body import count_residuals, measure_body
from audit.norms.mixture import fit_two, gain
from audit.norms.robust import spread_of
from audit.norms.statistics import (
    benjamini_hochberg,
    correlate,
    fisher_exact,
    hypergeometric_tail,
    interval,
    power,
    ranks,
    smallest_detectable,
    spearman,
)

cells = st.integers(0, 30)


def exact_chances(marked: int, drawn: int, population: int) -> dict[int, Fraction]:
    whole = math.comb(population, drawn)
    return {
        hit: Fraction(math.comb(marked, hit) * math.comb(population - marked, drawn - hit), whole)
        for hit in range(max(0, drawn + marked - population), min(marked, drawn) + 1)
    }


@given(cells, cells, cells, cells)
def test_fisher_against_exact_fractions(a: int, b: int, c: int, d: int) -> None:
    chances = exact_chances(a + c, a + b, a + b + c + d)
    found = fisher_exact(a, b, c, d)
    greater = sum((chance for hit, chance in chances.items() if hit >= a), Fraction(0))
    either = sum((chance for chance in chances.values() if chance <= chances[a]), Fraction(0))
    assert found.p_greater == pytest.approx(float(greater), rel=1e-9)
    assert found.p_two_sided == pytest.approx(float(either), rel=1e-9)
    assert hypergeometric_tail(a, a + b + c + d, a + c, a + b) == pytest.approx(float(greater), rel=1e-9)
    if b * c:
        assert found.odds_ratio == a * d / (b * c)
    assert 0 < found.low < found.high < math.inf


def test_fisher_on_the_lady_tasting_tea() -> None:
    """Fisher 1935: three of four cups right has p = 17/70 one-sided, 34/70 two-sided."""
    found = fisher_exact(3, 1, 1, 3)
    assert found.p_greater == pytest.approx(17 / 70)
    assert found.p_two_sided == pytest.approx(34 / 70)


def test_fisher_on_a_whole_vocabulary() -> None:
    """Large tables keep their precision: the expected share has p = 1, a strong one is tiny but above 0."""
    assert fisher_exact(5, 495, 2_000, 198_000).p_two_sided == pytest.approx(1.0)
    assert 0 < fisher_exact(30, 20, 2_000, 198_000).p_two_sided < 1e-30


def test_benjamini_hochberg_on_their_own_example() -> None:
    """Benjamini & Hochberg 1995, section 4.1: of these 15, the first four count at a rate of 5 %."""
    p_values = [
        0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719,
        0.6528, 0.7590, 1.0000,
    ]  # fmt: skip
    adjusted = benjamini_hochberg(p_values)
    assert [rate <= 0.05 for rate in adjusted] == [True] * 4 + [False] * 11
    assert adjusted == sorted(adjusted)
    shuffled = benjamini_hochberg(p_values[::-1])
    assert shuffled[::-1] == adjusted
    assert benjamini_hochberg([]) == []


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=30))
def test_ranks_by_counting(values: list[int]) -> None:
    expected = [
        sum(other < value for other in values) + (1 + sum(other == value for other in values)) / 2
        for value in values
    ]
    assert ranks(np.array(values, dtype=float)).tolist() == expected


def test_spearman_of_known_pairs() -> None:
    rising = np.arange(10.0)
    assert spearman(rising, rising**3) == pytest.approx(1)
    assert spearman(rising, -rising) == pytest.approx(-1)
    assert math.isnan(spearman(rising, np.ones(10)))
    # 1 - 6 Σd² / (n (n² - 1)) with Σd² = 194 of ten pairs
    iq = np.array([86, 97, 99, 100, 101, 103, 106, 110, 112, 113.0])
    hours = np.array([2, 20, 28, 27, 50, 29, 7, 17, 6, 12.0])
    assert spearman(iq, hours) == pytest.approx(1 - 6 * 194 / (10 * 99))


def test_permutation_p_is_near_the_exact_one() -> None:
    first, second = np.arange(6.0), np.array([0, 2, 1, 3, 5, 4.0])
    rho = spearman(first, second)
    every = [abs(spearman(first, np.array(order))) for order in permutations(second)]
    exact = np.mean([value >= rho - 1e-12 for value in every])
    assert correlate(first, second).p == pytest.approx(exact, abs=0.01)


def test_correlation_is_the_same_for_the_same_seed() -> None:
    random = np.random.default_rng(0)
    first, second = random.standard_normal((2, 50))
    assert correlate(first, second, 200, seed=3) == correlate(first, second, 200, seed=3)
    assert correlate(first, second, 200, seed=3) != correlate(first, second, 200, seed=4)


def test_the_bootstrap_interval_covers_as_promised() -> None:
    random = np.random.default_rng(1)
    held = 0
    for _ in range(60):
        first = random.standard_normal(60)
        second = first + 1.5 * random.standard_normal(60)
        found = correlate(first, second, 200)
        held += found.low <= 0.533 <= found.high  # Spearman's ρ of this normal pair: 6/π asin(r/2)
    assert held >= 50


def test_power_against_simulation() -> None:
    random = np.random.default_rng(2)
    rho, n, critical = 0.448, 50, math.tanh(1.959964 / math.sqrt(47))
    pearson = 2 * math.sin(math.pi / 6 * rho)  # of the normal pair whose Spearman's ρ this is
    first = random.standard_normal((2_000, n))
    second = pearson * first + math.sqrt(1 - pearson**2) * random.standard_normal((2_000, n))
    found = np.mean([abs(spearman(a, b)) > critical for a, b in zip(first, second, strict=True)])
    assert power(rho, n) == pytest.approx(found, abs=0.03)


def test_what_the_published_correlation_can_show() -> None:
    """ρ = 0.448 on 50 tokens: clearly above zero, but from weak to strong."""
    said = power_statement(0.448, 50)
    assert (said.low, said.high) == (pytest.approx(0.18, abs=0.01), pytest.approx(0.66, abs=0.01))
    assert said.power == pytest.approx(0.90, abs=0.01)
    assert said.detectable == pytest.approx(0.39, abs=0.01)
    assert power(said.detectable, 50) == pytest.approx(0.8, abs=1e-3)


def test_small_samples_promise_nothing() -> None:
    assert interval(0.9, 3) == (-1.0, 1.0)
    assert power(0.9, 3) == 0.0
    assert smallest_detectable(3) == 1.0


def test_two_groups_are_told_from_one() -> None:
    random = np.random.default_rng(3)
    one = np.sort(random.standard_normal(2_000))
    two = np.sort(np.concatenate([random.standard_normal(1_800), -8 + random.standard_normal(200)]))
    assert gain(one, fit_two(one, one < -2)) < 10
    mixture = fit_two(two, two < -4)
    assert gain(two, mixture) > 1_000
    assert mixture.low_rows == 200
    assert mixture.means[0] == pytest.approx(-8, abs=0.2)
    assert mixture.shares[0] == pytest.approx(0.1, abs=0.01)
    assert mixture.distance == pytest.approx(8, rel=0.1)


def test_spread_is_sigma_for_normal_values() -> None:
    assert spread_of(3 * np.random.default_rng(4).standard_normal(50_000)) == pytest.approx(3, rel=0.02)


def test_counts_explain_what_grows_with_frequency() -> None:
    """A row that is long for its count stands out only after the count's share is taken away."""
    random = np.random.default_rng(5)
    counts = np.floor(np.exp(random.uniform(0, 12, 4_000)))
    logs = 0.1 * np.log1p(counts) + 0.03 * random.standard_normal(4_000)
    odd = int(np.argmin(np.abs(counts - 20)))
    logs[odd] += 0.4
    script = np.zeros(4_000, dtype=np.int64)
    plain = measure_body(logs, ("Latin",), script)
    freed = measure_body(logs, ("Latin",), script, counts)
    assert plain.z[odd] < 2
    assert np.flatnonzero(freed.z > 4).tolist() == [odd]
    assert abs(np.corrcoef(np.log1p(counts), count_residuals(logs, counts))[0, 1]) < 0.05
