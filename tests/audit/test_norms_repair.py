"""Repair: only the rows asked for change, bit for bit, into what was asked; and all is reversible."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from audit.norms.constituents import constituents
from audit.norms.labels import label_rows
from audit.norms.measures import measure_rows
from audit.norms.patches import Patch, verify, write_patched
from corpora.errors import WinnowError
from tests.audit.norms_checkpoints import (
    INPUT,
    OUTPUT,
    Planted,
    never_ids,
    plant,
    small_vocabulary,
    with_norms,
    write_tensors,
)
from trainer.exports import write_tokenizer_json
from trainer.weight_rows import read_raw_rows, read_rows
from trainer.weights import find_tensor, open_checkpoint

ROWS = 6_100
OTHER = "model.layers.0.weight"


@pytest.fixture(name="norms")
def norms_fixture(winnow: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *arguments: winnow("norms", *arguments)


def make_model(folder: Path, number_format: str = "BF16", *, tied: bool = False) -> tuple[Planted, Planted]:
    first, second = (plant(small_vocabulary(), rows=ROWS, lump=True, seed=seed) for seed in (1, 2))
    tensors = {INPUT: first.rows, OTHER: with_norms(np.ones(64), 16)}
    if not tied:
        tensors[OUTPUT] = second.rows
    write_tensors(folder / "model.safetensors", tensors, number_format)
    write_tokenizer_json(folder / "tokenizer.json", small_vocabulary())
    (folder / "config.json").write_text('{"hidden_size": 32}')
    return first, second


def rows_of(folder: Path, name: str = INPUT) -> np.ndarray:
    tensor = find_tensor(open_checkpoint(folder), name)
    return read_rows(tensor, range(tensor.rows))


def raw_of(folder: Path, name: str = INPUT) -> np.ndarray:
    tensor = find_tensor(open_checkpoint(folder), name)
    return read_raw_rows(tensor, range(tensor.rows))


def changed(before: Path, after: Path, name: str = INPUT) -> set[int]:
    return set(np.flatnonzero((raw_of(before, name) != raw_of(after, name)).any(axis=1)).tolist())


METHODS = ("mean", "subtokens", "sample", "clip", "equalise")


@pytest.mark.parametrize(
    ("method", "number_format"),
    [*((method, "BF16") for method in METHODS), ("sample", "F32"), ("clip", "F16"), ("mean", "F8_E4M3")],
)
def test_only_the_rows_asked_for_change_and_come_back(
    norms: Callable[..., Any], tmp_path: Path, method: str, number_format: str
) -> None:
    source, fixed, back = tmp_path / "model", tmp_path / "fixed", tmp_path / "back"
    make_model(source, number_format)
    before = {path.name: path.read_bytes() for path in source.iterdir()}
    outcome = norms("repair", source, "--rows", "300-340,777", "--method", method, "-o", fixed)
    if method == "clip":  # nothing to clip among ordinary rows, or very little
        assert outcome.code in (0, 2), outcome.stderr
        if outcome.code == 2:
            assert "nothing would change" in outcome.stderr
            return
    assert outcome.code == 0, outcome.stderr
    asked = {*range(300, 341), 777}
    for name in (INPUT, OUTPUT):
        assert changed(source, fixed, name) <= asked
    assert not changed(source, fixed, OTHER)
    assert {path.name: path.read_bytes() for path in source.iterdir()} == before
    assert norms("repair", "--reverse", fixed / "manifest.json", "-o", back).code == 0
    for name, data in before.items():
        assert (back / name).read_bytes() == data


def test_mean_and_sample_look_like_trained_rows(norms: Callable[..., Any], tmp_path: Path) -> None:
    source = tmp_path / "model"
    first, _ = make_model(source, "F32")
    lump = sorted(first.lump)
    trained = np.setdiff1d(np.arange(ROWS), [*lump, *never_ids(small_vocabulary())])
    mean = first.rows[trained].mean(axis=0)
    norms(
        "repair", source, "--rows", "lump", "--method", "mean", "--matrix", "input", "-o", tmp_path / "mean"
    )
    assert changed(source, tmp_path / "mean") == set(lump)
    assert not changed(source, tmp_path / "mean", OUTPUT)
    assert np.allclose(rows_of(tmp_path / "mean")[lump], mean, atol=1e-5)
    norms("repair", source, "--rows", "lump", "--method", "sample", "-o", tmp_path / "sample", "-q")
    drawn = rows_of(tmp_path / "sample")[lump].astype(np.float64)
    covariance = np.cov(first.rows[trained].T)
    expected = np.sqrt(np.trace(covariance) + mean @ mean)
    assert np.sqrt((drawn**2).sum(axis=1).mean()) == pytest.approx(expected, rel=0.05)
    found = np.cov(drawn.T)
    assert np.linalg.norm(found - covariance) / np.linalg.norm(covariance) < 1.0
    assert np.diag(found).mean() == pytest.approx(np.diag(covariance).mean(), rel=0.1)


def test_spread_zero_is_the_mean(norms: Callable[..., Any], tmp_path: Path) -> None:
    source = tmp_path / "model"
    make_model(source, "F32")
    for method, out in (("mean", "a"), ("sample", "b")):
        norms(
            "repair", source, "--rows", "lump", "--method", method, "--spread", 0, "-o", tmp_path / out, "-q"
        )
    assert np.allclose(rows_of(tmp_path / "a"), rows_of(tmp_path / "b"), atol=1e-6)


def test_parts_give_direction_and_the_script_gives_length(norms: Callable[..., Any], tmp_path: Path) -> None:
    source, vocabulary = tmp_path / "model", small_vocabulary()
    first, _ = make_model(source, "F32")
    id_ = next(i for i in range(5_000, 5_900) if vocabulary.tokens[i].isalpha() and i not in first.lump)
    outcome = norms("repair", source, "--rows", id_, "--method", "subtokens", "-o", tmp_path / "out")
    assert outcome.code == 0, outcome.stderr
    parts = constituents(vocabulary, id_, first.lump | {id_})
    assert b"".join(vocabulary.tokens[part] for part in parts) == vocabulary.tokens[id_]
    new = rows_of(tmp_path / "out")[id_]
    mean = first.rows[list(parts)].mean(axis=0)
    assert new @ mean / np.linalg.norm(new) / np.linalg.norm(mean) == pytest.approx(1, abs=1e-5)
    labels = label_rows(ROWS, vocabulary)
    alike = set(np.flatnonzero(labels.script == labels.script[id_]).tolist()) - first.lump - {id_}
    median = np.median(np.linalg.norm(first.rows[sorted(alike)], axis=1))
    assert np.linalg.norm(new) == pytest.approx(median, rel=1e-4)


def test_refused_parts_are_split_further() -> None:
    vocabulary = small_vocabulary()
    id_ = vocabulary.ids_of[b" function"]
    whole = constituents(vocabulary, id_, set())
    deeper = constituents(vocabulary, id_, set(whole))
    assert len(deeper) > len(whole) == 2
    assert b"".join(vocabulary.tokens[part] for part in deeper) == b" function"
    special = constituents(vocabulary, vocabulary.special_tokens["<|end|>"], set())
    assert b"".join(vocabulary.tokens[part] for part in special) == b"<|end|>"
    assert constituents(vocabulary, vocabulary.rows + 5, set()) == ()
    assert constituents(vocabulary, vocabulary.ids_of[b"a"], set()) == ()


def test_rows_without_parts_get_the_mean_row(norms: Callable[..., Any], tmp_path: Path) -> None:
    """A whole lump can be repaired at once, with its padding and the bytes that no text has."""
    source = tmp_path / "model"
    first, _ = make_model(source, "F32")
    call = ("repair", source, "--rows", "lump", "--method", "subtokens", "--matrix", "input")
    outcome = norms(*call, "-o", tmp_path / "out")
    assert outcome.code == 0, outcome.stderr
    mean = first.rows[sorted(set(range(small_vocabulary().rows)) - first.lump)].mean(axis=0)
    new = rows_of(tmp_path / "out")[ROWS - 1]
    assert new @ mean / np.linalg.norm(new) / np.linalg.norm(mean) == pytest.approx(1, abs=1e-4)


def test_clip_and_equalise_keep_directions(norms: Callable[..., Any], tmp_path: Path) -> None:
    source = tmp_path / "model"
    first, _ = make_model(source, "F32")
    hot = sorted(first.hot)
    for method in ("clip", "equalise"):
        out = tmp_path / method
        call = ("repair", source, "--rows", "hot", "--method", method, "--matrix", "input", "-o", out)
        assert norms(*call).code == 0
        old, new = first.rows[hot], rows_of(out)[hot]
        cosine = (old * new).sum(axis=1) / np.linalg.norm(old, axis=1) / np.linalg.norm(new, axis=1)
        assert np.allclose(cosine, 1, atol=1e-5)
        assert (np.linalg.norm(new, axis=1) <= np.linalg.norm(old, axis=1) + 1e-4).all()
    body = np.setdiff1d(np.arange(ROWS), [*hot, *first.lump])
    usual = np.linalg.norm(first.rows[body], axis=1)
    equal = np.linalg.norm(rows_of(tmp_path / "equalise")[hot], axis=1)
    assert usual.min() < equal.min() < equal.max() < usual.max()
    clipped = np.linalg.norm(rows_of(tmp_path / "clip")[hot], axis=1)
    assert (clipped >= equal - 1e-3).all()


def test_equal_norms_everywhere(norms: Callable[..., Any], tmp_path: Path) -> None:
    """All rows with a token get the median norm of their cell: a few lengths are left, nothing in between."""
    source = tmp_path / "model"
    make_model(source, "F32", tied=True)
    assert norms("repair", source, "--rows", "all", "--method", "equalise", "-o", tmp_path / "out").code == 0
    lengths = np.linalg.norm(rows_of(tmp_path / "out")[: small_vocabulary().rows], axis=1)
    assert np.unique(lengths.round(3)).size < 60
    assert lengths.max() / lengths.min() < 1.6  # they differed by a factor of a hundred before


def test_a_tied_copy_gets_the_same_rows(norms: Callable[..., Any], tmp_path: Path) -> None:
    planted = plant(small_vocabulary(), rows=ROWS, lump=True, seed=1)
    source = tmp_path / "model"
    write_tensors(source / "model.safetensors", {INPUT: planted.rows, OUTPUT: planted.rows}, "BF16")
    write_tokenizer_json(source / "tokenizer.json", small_vocabulary())
    outcome = norms("repair", source, "--rows", "lump", "--method", "sample", "-o", tmp_path / "out")
    assert outcome.code == 0, outcome.stderr
    assert np.array_equal(raw_of(tmp_path / "out"), raw_of(tmp_path / "out", OUTPUT))
    assert changed(source, tmp_path / "out") == changed(source, tmp_path / "out", OUTPUT) == set(planted.lump)


def test_shards_that_hold_nothing_of_it_are_copied_as_they_are(
    norms: Callable[..., Any], tmp_path: Path
) -> None:
    source, planted = tmp_path / "model", plant(small_vocabulary(), rows=ROWS, lump=True, seed=1)
    write_tensors(source / "model-1.safetensors", {INPUT: planted.rows})
    write_tensors(source / "model-2.safetensors", {OTHER: with_norms(np.ones(9), 4)})
    weight_map = {INPUT: "model-1.safetensors", OTHER: "model-2.safetensors"}
    (source / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))
    outcome = norms(
        "repair",
        source / "model.safetensors.index.json",
        "--rows",
        "12-20",
        "--method",
        "mean",
        "-o",
        tmp_path / "out",
    )
    assert outcome.code == 0, outcome.stderr
    for name in ("model-2.safetensors", "model.safetensors.index.json"):
        assert (tmp_path / "out" / name).read_bytes() == (source / name).read_bytes()
    assert changed(source, tmp_path / "out") == set(range(12, 21))


def test_the_manifest_and_the_changes_tell_what_was_done(norms: Callable[..., Any], tmp_path: Path) -> None:
    source = tmp_path / "model"
    first, second = make_model(source)
    norms("repair", source, "--rows", "lump", "--method", "mean", "-o", tmp_path / "out", "-q")
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["command"] == "norms repair"
    assert [each["tensor"] for each in manifest["repaired"]] == [INPUT, OUTPUT]
    assert [each["ids"] for each in manifest["repaired"]] == [sorted(first.lump), sorted(second.lump)]
    kept = load_file(tmp_path / "out" / manifest["reverse"])
    assert np.array_equal(kept[INPUT], raw_of(source)[sorted(first.lump)])
    changes = [json.loads(line) for line in (tmp_path / "out" / "changes.jsonl").read_text().splitlines()]
    assert len(changes) == len(first.lump) + len(second.lump) == manifest["counts"]["rows"]
    stored = np.linalg.norm(rows_of(tmp_path / "out").astype(np.float64), axis=1)
    for change in changes[:50]:
        assert change["norm_after"] == pytest.approx(stored[change["id"]], rel=1e-6)
    assert norms("scan", tmp_path / "out", "--format", "json").code == 0


def test_the_same_call_gives_the_same_bytes(norms: Callable[..., Any], tmp_path: Path) -> None:
    source = tmp_path / "model"
    make_model(source)
    for name in ("a", "b"):
        norms("repair", source, "--rows", "lump", "--method", "sample", "-o", tmp_path / name, "-q")
    for name in ("model.safetensors", "changes.jsonl", "reverse/rows.safetensors"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    again = norms("repair", source, "--rows", "lump", "--method", "sample", "-o", tmp_path / "a")
    assert (again.code, "already finished" in again.stderr) == (0, True)


def test_a_repaired_model_can_be_repaired_again_and_both_undone(
    norms: Callable[..., Any], tmp_path: Path
) -> None:
    source = tmp_path / "model"
    make_model(source)
    norms("repair", source, "--rows", "lump", "--method", "mean", "-o", tmp_path / "one", "-q")
    assert (
        norms("repair", tmp_path / "one", "--rows", "hot", "--method", "clip", "-o", tmp_path / "two").code
        == 0
    )
    assert norms("repair", "--reverse", tmp_path / "two" / "manifest.json", "-o", tmp_path / "back").code == 0
    name = "model.safetensors"
    assert (tmp_path / "back" / name).read_bytes() == (tmp_path / "one" / name).read_bytes()


def test_a_reversal_refuses_what_has_changed(norms: Callable[..., Any], tmp_path: Path) -> None:
    source = tmp_path / "model"
    make_model(source)
    norms("repair", source, "--rows", "lump", "--method", "mean", "-o", tmp_path / "out", "-q")
    path = tmp_path / "out" / "model.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    outcome = norms("repair", "--reverse", tmp_path / "out" / "manifest.json", "-o", tmp_path / "back")
    assert (outcome.code, "has changed since the repair" in outcome.stderr) == (1, True)
    assert not (tmp_path / "back").exists()


def test_verification_sees_a_single_bit(tmp_path: Path) -> None:
    path = write_tensors(tmp_path / "m.safetensors", {INPUT: with_norms(np.ones(50), 8)})
    tensor = find_tensor(open_checkpoint(path), INPUT)
    patch = Patch(tensor, np.array([3, 9]), np.zeros((2, tensor.row_bytes), dtype=np.uint8))
    write_patched(path, tmp_path / "new.safetensors", [patch])
    written = (tmp_path / "new.safetensors").read_bytes()
    assert measure_rows(find_tensor(open_checkpoint(tmp_path / "new.safetensors"), INPUT)).zeros.tolist() == [
        3,
        9,
    ]
    row = tensor.row_bytes
    outside = (4, tensor.offset + 4 * row, len(written) - 1)
    for place, said in [
        *((place, "outside") for place in outside),
        (tensor.offset + 3 * row + 1, "not what"),
    ]:
        broken = bytearray(written)
        broken[place] ^= 1
        (tmp_path / "bad.safetensors").write_bytes(broken)
        with pytest.raises(WinnowError, match=said):
            verify(path, tmp_path / "bad.safetensors", [patch])
    (tmp_path / "bad.safetensors").write_bytes(written + b"x")
    with pytest.raises(WinnowError, match="another size"):
        verify(path, tmp_path / "bad.safetensors", [patch])


def test_ids_from_a_file(norms: Callable[..., Any], tmp_path: Path) -> None:
    source = tmp_path / "model"
    make_model(source)
    (tmp_path / "ids.txt").write_text("400\n\n402\n")
    norms("repair", source, "--rows", tmp_path / "ids.txt", "--method", "mean", "-o", tmp_path / "out", "-q")
    assert changed(source, tmp_path / "out") == {400, 402}
    (tmp_path / "ids.txt").write_text("400\nx\n")
    outcome = norms(
        "repair", source, "--rows", tmp_path / "ids.txt", "--method", "mean", "-o", tmp_path / "no"
    )
    assert (outcome.code, "ids.txt:2: not an id" in outcome.stderr) == (1, True)
    assert not (tmp_path / "no").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("{model}", "--rows", "lump"), "needs --rows and --method"),
        (("{model}", "--method", "mean"), "needs --rows and --method"),
        (("--rows", "lump", "--method", "mean"), "WEIGHTS or --reverse"),
        (("{model}", "--reverse", "x"), "WEIGHTS or --reverse"),
        (("--reverse", "nowhere.json"), "no such file"),
        (("{model}", "--rows", "99999", "--method", "mean"), "no row 99999"),
        (("{model}", "--rows", "9-3", "--method", "mean"), "runs backwards"),
        (("{model}", "--rows", "nowhere.txt", "--method", "mean"), "nor a readable file"),
        (("{model}", "--rows", "zeros", "--method", "mean"), "nothing would change"),
        (("{model}", "--rows", "hot", "--method", "clip", "--percentiles", "99,1"), "not two percentiles"),
        (("{model}", "--rows", "0-6099", "--method", "mean"), "no trained row"),
    ],
)
def test_wrong_calls(
    norms: Callable[..., Any], tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    make_model(tmp_path / "model")
    call = (argument.format(model=tmp_path / "model") for argument in arguments)
    outcome = norms("repair", *call, "-o", tmp_path / "out")
    assert (outcome.code, said in outcome.stderr) == (2, True), outcome.stderr
    assert not (tmp_path / "out").exists()


def test_zero_rows_cannot_be_made_longer(norms: Callable[..., Any], tmp_path: Path) -> None:
    rows = plant(small_vocabulary(), rows=ROWS, lump=False, seed=1).rows.copy()
    rows[500] = 0
    write_tensors(tmp_path / "m" / "model.safetensors", {INPUT: rows})
    write_tokenizer_json(tmp_path / "m" / "tokenizer.json", small_vocabulary())
    outcome = norms(
        "repair", tmp_path / "m", "--rows", "zeros", "--method", "equalise", "-o", tmp_path / "out"
    )
    assert (outcome.code, "row 500 is zero" in outcome.stderr) == (2, True)
    assert (
        norms(
            "repair", tmp_path / "m", "--rows", "zeros", "--method", "subtokens", "-o", tmp_path / "out"
        ).code
        == 0
    )
    assert changed(tmp_path / "m", tmp_path / "out") == {500}
