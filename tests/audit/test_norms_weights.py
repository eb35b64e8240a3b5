"""Reading token matrices from safetensors: formats, files, names, and what can be wrong with them."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from audit.norms.labels import label_rows
from audit.norms.measures import measure_rows, row_norms
from corpora.errors import WinnowError, WrongCall
from tests.audit.norms_checkpoints import INPUT, OUTPUT, small_vocabulary, with_norms, write_tensors
from trainer.number_formats import SIZES, decode, encode
from trainer.token_matrices import find_embeddings
from trainer.weight_rows import raw_blocks, read_rows, row_blocks
from trainer.weights import find_tensor, open_checkpoint

EIGHT_BITS = ("F8_E4M3", "F8_E5M2")


def numbers(number_format: str) -> np.ndarray:
    """Every finite number of an 8- or 16-bit format."""
    count = 2 ** (8 * SIZES[number_format])
    codes = np.arange(count, dtype=np.uint8 if count == 256 else np.uint16)
    values = decode(codes.view(np.uint8), number_format)
    return values[np.isfinite(values)]


def test_eight_bit_numbers_are_those_of_the_paper() -> None:
    """Micikevicius et al. 2022 (arXiv:2209.05433), table 1."""
    largest = {"F8_E4M3": 448.0, "F8_E5M2": 57344.0}
    smallest = {"F8_E4M3": 2.0**-9, "F8_E5M2": 2.0**-16}
    for name in EIGHT_BITS:
        values = numbers(name)
        assert values.max() == largest[name] == -values.min()
        assert values[values > 0].min() == smallest[name]
    assert decode(np.array([0x38, 0xB8], dtype=np.uint8), "F8_E4M3").tolist() == [1.0, -1.0]
    assert decode(np.array([0x3C, 0x40], dtype=np.uint8), "F8_E5M2").tolist() == [1.0, 2.0]
    assert np.isnan(decode(np.array([0x7F, 0xFF], dtype=np.uint8), "F8_E4M3")).all()
    assert np.isinf(decode(np.array([0x7C], dtype=np.uint8), "F8_E5M2")).all()


def test_bfloat16_is_the_upper_half_of_a_float() -> None:
    raw = np.array([0x3F80, 0xC000, 0x0001], dtype="<u2").view(np.uint8)
    assert decode(raw, "BF16").tolist() == [1.0, -2.0, 2.0**-133]


@pytest.mark.parametrize("number_format", ["BF16", "F16", *EIGHT_BITS])
def test_every_number_comes_back(number_format: str) -> None:
    values = numbers(number_format)
    again = decode(encode(values, number_format), number_format)
    assert np.array_equal(values, again)
    assert np.array_equal(np.signbit(values), np.signbit(again))


@given(
    st.lists(st.floats(-400, 400, width=32), min_size=1, max_size=40), st.sampled_from(["BF16", *EIGHT_BITS])
)
def test_rounding_takes_the_nearest_number(values: list[float], number_format: str) -> None:
    given_values = np.array(values, dtype=np.float32)
    rounded = decode(encode(given_values, number_format), number_format).astype(np.float64)
    possible = np.unique(numbers(number_format).astype(np.float64))
    place = np.clip(np.searchsorted(possible, given_values), 1, possible.size - 1)
    best = np.minimum(np.abs(possible[place] - given_values), np.abs(possible[place - 1] - given_values))
    assert np.array_equal(np.abs(rounded - given_values), best)


def test_ties_go_to_the_even_code() -> None:
    assert decode(encode(np.float32([17.0, 19.0]), "F8_E4M3"), "F8_E4M3").tolist() == [16.0, 20.0]
    assert encode(np.array([1 + 2.0**-8], dtype=np.float32), "BF16").tolist() == [0x80, 0x3F]


@pytest.mark.parametrize("number_format", list(SIZES))
def test_rows_and_norms_of_every_format(tmp_path: Path, number_format: str) -> None:
    rows = with_norms(np.linspace(1, 40, 300), 24)
    path = write_tensors(tmp_path / "m.safetensors", {INPUT: rows}, number_format)
    tensor = find_tensor(open_checkpoint(path), INPUT)
    stored = decode(encode(rows.reshape(-1), number_format), number_format).reshape(rows.shape)
    blocks = list(row_blocks(tensor, block_bytes=7 * tensor.row_bytes))
    assert [start for start, _ in blocks] == list(range(0, 300, 7))
    assert np.array_equal(np.concatenate([block for _, block in blocks]), stored)
    assert np.array_equal(read_rows(tensor, [299, 0, 5]), stored[[299, 0, 5]])
    expected = np.linalg.norm(stored.astype(np.float64), axis=1)
    assert np.allclose(measure_rows(tensor).norms, expected, rtol=1e-5)
    assert np.allclose(measure_rows(tensor).mean_row, stored.mean(axis=0), atol=1e-5)


def test_what_we_read_is_what_the_library_reads(tmp_path: Path) -> None:
    rows = {name: with_norms(np.linspace(1, 2, 50), 8, seed) for seed, name in enumerate("abc")}
    save_file(rows, tmp_path / "m.safetensors", metadata={"format": "np"})
    checkpoint = open_checkpoint(tmp_path / "m.safetensors")
    for name, expected in load_file(tmp_path / "m.safetensors").items():
        tensor = find_tensor(checkpoint, name)
        assert np.array_equal(read_rows(tensor, range(50)), expected)
        assert next(raw_blocks(tensor))[1].tobytes() == expected.tobytes()


def test_very_large_and_very_small_rows_keep_their_norms() -> None:
    rows = np.array([[3e30, 4e30], [3e-30, 4e-30], [3, 4], [0, 0]], dtype=np.float32)
    assert np.allclose(row_norms(rows), [5e30, 5e-30, 5, 0], rtol=1e-6, atol=0)


def sharded(folder: Path) -> Path:
    rows = with_norms(np.linspace(1, 9, 6_100), 8)
    write_tensors(folder / "model-1.safetensors", {INPUT: rows})
    write_tensors(folder / "model-2.safetensors", {OUTPUT: rows[::-1].copy()})
    write_tensors(folder / "model-3.safetensors", {"model.layers.0.mlp.output.weight": rows})
    weight_map = {
        INPUT: "model-1.safetensors",
        OUTPUT: "model-2.safetensors",
        "model.layers.0.mlp.output.weight": "model-3.safetensors",
    }
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
    return index


def test_a_sharded_checkpoint_opens_only_the_shards_it_needs(tmp_path: Path) -> None:
    index = sharded(tmp_path)
    (tmp_path / "model-3.safetensors").write_bytes(b"not even a header")
    for path in (index, tmp_path):
        found = find_embeddings(open_checkpoint(path))
        assert (found.input.name, found.tied) == (INPUT, False)
        assert found.output is not None
        assert found.output.file.name == "model-2.safetensors"


def test_a_folder_without_an_index(tmp_path: Path) -> None:
    sharded(tmp_path).unlink()
    assert find_embeddings(open_checkpoint(tmp_path)).input.file.name == "model-1.safetensors"


@pytest.mark.parametrize(
    ("names", "wanted_input", "wanted_output"),
    [
        (("model.embed_tokens.weight", "lm_head.weight"), 0, 1),
        (("transformer.wte.weight", "transformer.wpe.weight"), 0, None),
        (("gpt_neox.embed_in.weight", "embed_out.weight"), 0, 1),
        (("tok_embeddings.weight", "output.weight"), 0, 1),
        (("model.transformer.wte.weight", "model.transformer.ff_out.weight"), 0, 1),
        (("transformer.word_embeddings.weight", "h.0.attn.output.weight", "h.1.attn.output.weight"), 0, None),
        (("language_model.model.embed_tokens.weight", "model.vision.tower.embed_tokens.weight"), 0, None),
        (("shared.weight", "lm_head.weight"), 0, 1),
        (("embedding.weight",), 0, None),
    ],
)
def test_names_are_found_by_rule(
    tmp_path: Path, names: tuple[str, ...], wanted_input: int, wanted_output: int | None
) -> None:
    tensors = {name: with_norms([1, 2, 3], 4, seed) for seed, name in enumerate(names)}
    found = find_embeddings(open_checkpoint(write_tensors(tmp_path / "m.safetensors", tensors)))
    assert found.input.name == names[wanted_input]
    assert (found.output.name if found.output else None) == (
        None if wanted_output is None else names[wanted_output]
    )


def test_names_can_be_given(tmp_path: Path) -> None:
    tensors = {name: with_norms([1, 2, 3], 4, seed) for seed, name in enumerate(("in", "out", INPUT))}
    checkpoint = open_checkpoint(write_tensors(tmp_path / "m.safetensors", tensors))
    found = find_embeddings(checkpoint, "in", "out")
    assert (found.input.name, found.output.name if found.output else "") == ("in", "out")


def test_tied_matrices_are_recognised(tmp_path: Path) -> None:
    rows = with_norms([1, 2, 3], 4)
    write_tensors(tmp_path / "model.safetensors", {INPUT: rows, OUTPUT: rows})
    found = find_embeddings(open_checkpoint(tmp_path))
    assert found.tied
    assert "copy" in found.notes[0]
    write_tensors(tmp_path / "model.safetensors", {INPUT: rows, OUTPUT: 2 * rows})
    (tmp_path / "config.json").write_text('{"tie_word_embeddings": true}')
    found = find_embeddings(open_checkpoint(tmp_path))
    assert not found.tied
    assert "differ" in found.notes[0]


@pytest.mark.parametrize(
    ("config", "factor"),
    [
        ({"model_type": "gemma3_text"}, 2.0),
        ({"text_config": {"model_type": "gemma3_text"}, "model_type": "gemma3"}, 2.0),
        ({"model_type": "granite", "embedding_multiplier": 12.0}, 12.0),
        ({"model_type": "minicpm", "scale_emb": 12}, 12.0),
        ({"model_type": "llama"}, None),
        ([], None),
    ],
)
def test_scaled_embeddings_are_recognised(tmp_path: Path, config: object, factor: float | None) -> None:
    write_tensors(tmp_path / "model.safetensors", {INPUT: with_norms([1, 2, 3], 4)})
    (tmp_path / "config.json").write_text(json.dumps(config))
    scaling = find_embeddings(open_checkpoint(tmp_path)).scaling
    assert (scaling.factor if scaling else None) == factor


def header(tensors: dict[str, object], data: bytes) -> bytes:
    text = json.dumps(tensors).encode()
    return struct.pack("<Q", len(text)) + text + data


def entry(shape: list[int], end: int, dtype: str = "F32") -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [0, end]}


BROKEN: list[tuple[str, Callable[[Path], object], str]] = [
    ("empty", lambda p: p.write_bytes(b""), "header"),
    ("binary", lambda p: p.write_bytes(b"\xff" * 64), "header"),
    ("shape lies", lambda p: p.write_bytes(header({INPUT: entry([600, 4], 96)}, bytes(96))), "invalid"),
    ("data missing", lambda p: p.write_bytes(header({INPUT: entry([6, 4], 96)}, bytes(90))), "not fully"),
    ("offsets lie", lambda p: p.write_bytes(header({INPUT: entry([6, 4], 960)}, bytes(96))), "invalid"),
    ("integers", lambda p: p.write_bytes(header({INPUT: entry([6, 4], 192, "I64")}, bytes(192))), "I64"),
    ("one-dimensional", lambda p: p.write_bytes(header({INPUT: entry([24], 96)}, bytes(96))), "shape"),
    ("no rows", lambda p: p.write_bytes(header({INPUT: entry([0, 4], 0)}, b"")), "shape"),
]


@pytest.mark.parametrize(
    ("make", "said"), [(make, said) for _, make, said in BROKEN], ids=[b[0] for b in BROKEN]
)
def test_broken_files_are_named(tmp_path: Path, make: Callable[[Path], object], said: str) -> None:
    path = tmp_path / "model.safetensors"
    make(path)
    with pytest.raises(WinnowError, match=said) as caught:
        find_embeddings(open_checkpoint(path))
    assert str(path) in str(caught.value)
    assert caught.value.exit_code == 1


def test_a_file_cut_short_after_opening(tmp_path: Path) -> None:
    path = write_tensors(tmp_path / "m.safetensors", {INPUT: with_norms([1, 2, 3], 4)})
    tensor = find_tensor(open_checkpoint(path), INPUT)
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(WinnowError, match="ends inside"):
        measure_rows(tensor)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_rows_that_are_not_numbers_are_named(tmp_path: Path, value: float) -> None:
    rows = with_norms(np.ones(40), 4)
    rows[[7, 31], 2] = value
    path = write_tensors(tmp_path / "m.safetensors", {INPUT: rows}, "BF16")
    with pytest.raises(WinnowError, match=r"2 rows hold NaN or infinity in .*: 7, 31"):
        measure_rows(find_tensor(open_checkpoint(path), INPUT))


def test_wrong_calls(tmp_path: Path) -> None:
    def refused(path: Path, said: str, *names: str) -> None:
        with pytest.raises(WrongCall, match=said):
            find_embeddings(open_checkpoint(path), *names)

    refused(tmp_path / "none", "no such file")
    refused(tmp_path, "holds no safetensors")
    (tmp_path / "pytorch_model.bin").touch()
    refused(tmp_path, r"\.bin is not read")
    refused(tmp_path / "pytorch_model.bin", r"\.bin is not read")
    other = write_tensors(tmp_path / "a" / "m.safetensors", {"conv.weight": with_norms([1], 4)})
    refused(other, "no tensor looks like token embeddings.*conv.weight")
    refused(other, "no tensor 'x'", "x")
    names = ("encoder.embed_tokens.weight", "decoder.embed_tokens.weight")
    twice = write_tensors(tmp_path / "b" / "m.safetensors", {name: with_norms([1], 4) for name in names})
    refused(twice, "choose with --input-tensor")
    for name in ("x", "y"):
        (tmp_path / "b" / f"{name}.safetensors.index.json").write_text('{"weight_map": {}}')
    refused(tmp_path / "b", "several checkpoints")


def test_broken_indexes(tmp_path: Path) -> None:
    index = sharded(tmp_path)
    good = index.read_text()
    for text, said in [
        ("{", "not an index"),
        ('{"weight_map": {"a": 1}}', "not an index"),
        (good.replace("model-1", "../model-1"), "outside of its folder"),
        (good.replace("model-1", "model-9"), "missing; it should hold"),
        (good.replace("model-1", "model-2"), "it does not"),
    ]:
        index.write_text(text)
        with pytest.raises(WinnowError, match=said):
            find_embeddings(open_checkpoint(tmp_path))


def test_a_vocabulary_larger_than_the_matrix_is_refused() -> None:
    with pytest.raises(WrongCall, match="the matrix has 100"):
        label_rows(100, small_vocabulary())
