"""Planted lumps and hot tails are found, and a lump that is not there is not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from audit.norms.body import Body, measure_body
from audit.norms.labels import label_rows
from audit.norms.lump import find_lump
from audit.norms.records import NormScan, ScanOptions
from audit.norms.scan import scan_checkpoint
from audit.norms.tail import hot_ids, hot_line
from tests.audit.norms_checkpoints import (
    INPUT,
    OUTPUT,
    never_ids,
    plant,
    precision_recall,
    small_vocabulary,
    with_norms,
    write_tensors,
)
from trainer.weights import open_checkpoint

ROWS = 6_100  # some beyond the vocabulary, as padding is


def scan(path: Path, **options: object) -> NormScan:
    return scan_checkpoint(open_checkpoint(path), small_vocabulary(), {}, ScanOptions(**options))


@pytest.mark.parametrize(("seed", "number_format"), [(1, "BF16"), (2, "F32")])
@pytest.mark.parametrize("lump", [True, False])
@pytest.mark.parametrize("tied", [True, False])
def test_planted_rows_are_found(
    tmp_path: Path, tied: bool, lump: bool, number_format: str, seed: int
) -> None:
    first = plant(small_vocabulary(), rows=ROWS, lump=lump, seed=seed)
    second = plant(small_vocabulary(), rows=ROWS, lump=lump, seed=seed + 100)
    tensors = {INPUT: first.rows} if tied else {INPUT: first.rows, OUTPUT: second.rows}
    found = scan(write_tensors(tmp_path / "model.safetensors", tensors, number_format), duplicates=False)
    assert found.embeddings.tied is tied
    for matrix, planted in [
        (found.input, first),
        *([] if found.output is None else [(found.output, second)]),
    ]:
        assert matrix.lump.found is lump
        assert min(precision_recall(matrix.lump.ids, planted.lump)) >= 0.95
        assert min(precision_recall([fact.id for fact in matrix.hot], planted.hot)) >= 0.95


def test_hot_rows_in_a_row_do_not_hide_each_other(tmp_path: Path) -> None:
    """A run of hot ids is most of its rank bin's upper half; clipping keeps the cell's median honest."""
    norms = np.exp(0.08 * np.random.default_rng(5).standard_normal(ROWS)) * 10
    norms[1000:1150] *= 2
    rows = with_norms(norms, 32)
    found = scan(write_tensors(tmp_path / "m.safetensors", {INPUT: rows}), duplicates=False)
    assert min(precision_recall([fact.id for fact in found.input.hot], range(1000, 1150))) >= 0.95


def test_a_whole_cell_that_is_hot_is_measured_against_the_body(tmp_path: Path) -> None:
    norms = np.exp(0.08 * np.random.default_rng(5).standard_normal(ROWS)) * 10
    first_tenth = list(range(610, 1220))
    norms[first_tenth] *= 2
    found = scan(write_tensors(tmp_path / "m.safetensors", {INPUT: with_norms(norms, 32)}), duplicates=False)
    assert min(precision_recall([fact.id for fact in found.input.hot], first_tenth)) >= 0.95
    assert any(cell.unusual for cell in found.input.body.cells)


def test_many_hot_rows_in_one_script_do_not_widen_what_is_usual(tmp_path: Path) -> None:
    """Six in a hundred already decide the 95th percentile of their script."""
    vocabulary = small_vocabulary()
    random = np.random.default_rng(8)
    logs = 0.15 * random.standard_normal(ROWS)
    labels = label_rows(ROWS, vocabulary)
    common = np.flatnonzero(labels.groups[1] == labels.scripts.index("Common"))
    hot = random.permutation(common)[: common.size // 8]
    logs[hot] += 1.2
    found = scan(write_tensors(tmp_path / "m.safetensors", {INPUT: with_norms(np.exp(logs), 32)}))
    assert min(precision_recall([fact.id for fact in found.input.hot], hot)) >= 0.95


def test_single_bytes_are_not_hot_without_counts() -> None:
    """Their ids are no ranks: nothing says how frequent each of them should be."""
    logs = 0.1 * np.random.default_rng(1).standard_normal(2_000)
    logs[[5, 900]] = 2
    script, counts = np.zeros(2_000, dtype=np.int64), np.arange(2_000.0)
    plain = measure_body(logs, ("Latin",), script, unranked=range(256))
    counted = measure_body(logs, ("Latin",), script, counts, unranked=range(256))
    assert hot_ids(plain, np.exp(logs), 4).tolist() == [900]
    assert sorted(hot_ids(counted, np.exp(logs), 4).tolist()) == [5, 900]


@pytest.mark.parametrize(
    ("tail", "line"),
    [
        ([3.4, 3.7, 4.1, 4.4], 3.4),  # one group, apart from the body
        ([2.9, 3.3, 3.7, 4.1], 4.0),  # reaches down too far
        ([3.4, 4.1], 4.0),  # nothing between is cut
        ([3.4, 3.7], 4.0),  # nothing reaches the threshold
        ([5.0, 9.0], 4.0),
    ],
)
def test_the_line_does_not_cut_a_group_in_two(tail: list[float], line: float) -> None:
    z = np.array([*np.linspace(-2.5, 2.4, 500), *tail])
    body = Body(z, np.zeros(z.size, dtype=np.int64), np.ones(z.size, dtype=np.bool_), (), 0.0, 1.0)
    assert hot_line(body, 4.0) == line


def test_rows_that_were_met_once_or_twice_are_not_taken_along() -> None:
    """They follow the untrained ones without a gap; how long those are is read from the anchors."""
    random = np.random.default_rng(6)
    logs = random.standard_normal(2_000) * 0.2
    logs[:230] = -1.0 + 0.08 * random.standard_normal(230)
    logs[230:270] = random.uniform(-0.85, -0.6, 40)
    found = find_lump(logs, np.arange(80))
    assert found.found
    assert min(precision_recall(found.ids, range(230))) >= 0.95


def test_no_lump_in_a_body_alone() -> None:
    for seed in range(20):
        logs = np.random.default_rng(seed).standard_normal(3_000) * 0.1
        found = find_lump(logs, np.array([3, 500, 900]))
        assert not found.found
        assert "gap" in found.reason


def test_a_single_low_row_is_no_lump() -> None:
    logs = np.random.default_rng(0).standard_normal(3_000) * 0.1
    logs[7] = -5
    assert not find_lump(logs, np.array([3, 500, 900])).found


def test_a_skewed_body_is_no_lump() -> None:
    logs = np.log(np.random.default_rng(0).gamma(2.0, size=5_000))
    assert not find_lump(logs, np.arange(10, 20)).found


def test_a_clear_lump_needs_no_anchor() -> None:
    logs = np.random.default_rng(0).standard_normal(3_000) * 0.1
    logs[100:160] -= 4
    found = find_lump(logs, np.empty(0, dtype=np.int64))
    assert set(found.ids) == set(range(100, 160))
    assert "no row is known to be out of reach" in found.reason


def test_untrained_rows_beside_the_body_are_found_by_their_anchors() -> None:
    """Without weight decay unused rows keep their first norms: a narrow group at the body's foot, no gap."""
    random = np.random.default_rng(4)
    logs = random.standard_normal(4_000) * 0.15
    untrained = random.permutation(4_000)[:200]
    logs[untrained] = -0.75 + 0.06 * random.standard_normal(200)
    found = find_lump(logs, untrained[:13])
    assert found.method in ("gap", "mixture")
    assert min(precision_recall(found.ids, untrained)) >= 0.9


def test_a_hot_tail_does_not_hide_an_untrained_group() -> None:
    random = np.random.default_rng(4)
    logs = random.standard_normal(2_000) * 0.15
    untrained, hot = random.permutation(2_000)[:240].reshape(2, 120)[0], random.permutation(2_000)[:40]
    logs[hot] = 3 + 0.1 * random.standard_normal(40)
    logs[untrained] = -0.75 + 0.06 * random.standard_normal(120)
    found = find_lump(logs, untrained[:20])
    assert min(precision_recall(found.ids, untrained)) >= 0.9


def test_rows_that_drift_with_the_unused_ones_are_not_hot_for_it(tmp_path: Path) -> None:
    """Rare rows go some of the way that unused ones go: longer than others, not by their own training."""
    vocabulary = small_vocabulary()
    rows = plant(vocabulary, rows=ROWS, lump=False, seed=3, dim=64, share_hot=0).rows.copy()
    unused = [*never_ids(vocabulary), *range(vocabulary.rows, ROWS)]
    away = with_norms([1.0], 64, seed=77)[0]
    rows[unused] = 60 * (away + 0.02 * with_norms(np.ones(len(unused)), 64, seed=5))
    rare, hot = range(3_000, 3_060), range(4_000, 4_060)
    rows[rare] += 40 * away
    rows[hot] *= 2
    found = scan(write_tensors(tmp_path / "m.safetensors", {INPUT: rows}), duplicates=False).input
    assert found.measures.norms[rare].min() > np.median(found.measures.norms) * 1.5
    assert min(precision_recall([fact.id for fact in found.hot], hot)) >= 0.95


def test_anchors_inside_the_body_are_said_to_be_there() -> None:
    logs = np.random.default_rng(0).standard_normal(3_000) * 0.1
    found = find_lump(logs, np.arange(100, 120))
    assert not found.found
    assert "inside the body" in found.reason


def test_zero_rows_stand_apart(tmp_path: Path) -> None:
    planted = plant(small_vocabulary(), rows=ROWS, lump=True, seed=9)
    rows = planted.rows.copy()
    zeros = list(range(6_050, ROWS))
    rows[zeros] = 0
    found = scan(write_tensors(tmp_path / "m.safetensors", {INPUT: rows}))
    assert found.input.measures.zeros.tolist() == zeros
    assert set(found.input.lump.ids) == planted.lump - set(zeros)
    assert any("50 zero" in note for note in found.notes)


def test_rows_of_one_length_are_recognised(tmp_path: Path) -> None:
    rows = with_norms(np.ones(ROWS), 48)
    found = scan(write_tensors(tmp_path / "m.safetensors", {INPUT: rows}, "BF16"))
    assert found.input.normalised
    assert not found.input.lump.found


@pytest.mark.parametrize("tied", [True, False])
def test_unused_rows_that_a_softmax_pushed_away_are_not_hot(tmp_path: Path, tied: bool) -> None:
    """Rows that are never a target drift off together, and grow: long and alike, where others differ.

    Small models trained for the purpose look like this in their tied and output matrices.
    """
    vocabulary = small_vocabulary()
    random = np.random.default_rng(3)
    planted = plant(vocabulary, rows=ROWS, lump=False, seed=3, dim=64)
    rows = planted.rows.copy()
    unused = [*never_ids(vocabulary), *range(vocabulary.rows, ROWS)]
    like_them = sorted(set(random.choice(np.arange(300, 6_000), 60, replace=False)) - planted.hot)
    away = with_norms([1.0], 64, seed=77)[0]
    pushed = [*unused, *like_them]
    noise = with_norms(np.ones(len(pushed)), 64, seed=5)
    rows[pushed] = 60 * (away + 0.1 * noise)
    tensors = {INPUT: rows} if tied else {INPUT: planted.rows, OUTPUT: rows}
    found = scan(write_tensors(tmp_path / "m.safetensors", tensors), duplicates=False)
    matrix = found.input if tied else found.output
    assert matrix is not None
    assert not matrix.lump.found
    assert matrix.untrained.tolist() == sorted(pushed)
    assert matrix.unused_direction is not None
    assert matrix.unused_direction.rows == len(like_them)
    assert min(precision_recall([fact.id for fact in matrix.hot], planted.hot)) >= 0.95
    assert any("count as untrained, not as hot" in note for note in found.notes)


def test_unused_rows_without_a_common_direction_are_no_group(tmp_path: Path) -> None:
    rows = plant(small_vocabulary(), rows=ROWS, lump=False, seed=6).rows
    found = scan(write_tensors(tmp_path / "m.safetensors", {INPUT: rows}), duplicates=False)
    assert found.input.unused_direction is None
    assert not found.input.untrained.size


def test_near_copies_are_found(tmp_path: Path) -> None:
    planted = plant(small_vocabulary(), rows=ROWS, lump=False, seed=2)
    rows = planted.rows.copy()
    noise = np.random.default_rng(1).standard_normal((3, rows.shape[1])).astype(np.float32)
    rows[[3_001, 3_002, 3_003]] = rows[3_000] + 0.004 * noise
    rows[5_000] = rows[4_000]
    found = scan(write_tensors(tmp_path / "m.safetensors", {INPUT: rows}))
    groups = {group.ids for group in found.input.duplicates}
    assert groups == {(3_000, 3_001, 3_002, 3_003), (4_000, 5_000)}
    assert found.input.duplicates[1].distance == 0
