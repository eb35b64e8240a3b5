"""A checkpoint's rows follow compacted ids: bit for bit, in every part that has rows by id."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from corpora.errors import WinnowError, WrongCall
from trainer.carried_config import IdMap, carried_config
from trainer.carry import CarryRequest, carry, old_rows, plan_carry
from trainer.exports import write_exports
from trainer.load import load_tokenizer
from trainer.shard_files import read_header, write_with_rows
from trainer.vocabulary import Vocabulary

Maker = Callable[..., Vocabulary]
WIDTH = 8
LEARNED = (b"lu", b"ck", b"luck", b"lucky", b"luckyx", b"ing")
_LIST = """
[list]
id = "words"
version = "2026.11.22"
title = "One word"

[[group]]
id = "luck"
category = "gambling"
match = "text"
reason = "a test"
patterns = ["lucky"]
"""


@pytest.fixture
def vocabulary(make_vocabulary: Maker) -> Vocabulary:
    return replace(make_vocabulary(*LEARNED, pattern=r"\w+|\W+", special=("<s>", "</s>")), name="source")


@pytest.fixture
def ban_file(tmp_path: Path) -> Path:
    path = tmp_path / "words.toml"
    path.write_text(_LIST, encoding="utf-8")
    return path


def gpt2(folder: Path, vocabulary: Vocabulary, *, tied: bool, padding: int, shard: str = "5GB") -> Any:
    """A model with random weights beside its tokenizer, as transformers writes it."""
    torch = pytest.importorskip("torch", reason="PyTorch is not installed (extra `torch`)")
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    config = transformers.GPT2Config(
        vocab_size=vocabulary.rows + padding, n_positions=16, n_embd=WIDTH, n_layer=1, n_head=2,
        tie_word_embeddings=tied, bos_token_id=vocabulary.special_tokens["<s>"],
        eos_token_id=vocabulary.special_tokens["</s>"], pad_token_id=vocabulary.rows if padding else None,
    )  # fmt: skip
    model = transformers.GPT2LMHeadModel(config).eval()
    model.save_pretrained(folder, max_shard_size=shard)
    write_exports(folder, vocabulary)
    return model


@pytest.mark.parametrize(
    ("tied", "padding", "shard"),
    [
        (True, 7, "4KB"),
        pytest.param(True, 0, "5GB", marks=pytest.mark.slow),
        (False, 0, "4KB"),
        pytest.param(False, 7, "5GB", marks=pytest.mark.slow),
    ],
)
def test_a_real_model_scores_kept_tokens_as_before(
    winnow: Any, vocabulary: Vocabulary, ban_file: Path, tmp_path: Path, tied: bool, padding: int, shard: str
) -> None:
    before = gpt2(tmp_path / "model", vocabulary, tied=tied, padding=padding, shard=shard)
    import torch
    import transformers

    ran = winnow(
        "ban", "apply", tmp_path / "model" / "tokenizer.json", "--ban", ban_file, "--ids", "compact",
        "--weights", tmp_path / "model", "-o", tmp_path / "out",
    )  # fmt: skip
    assert ran.code == 0, ran.stderr
    after = transformers.GPT2LMHeadModel.from_pretrained(tmp_path / "out").eval()
    remap = {
        int(old): new for old, new in json.loads((tmp_path / "out" / "id_remap.json").read_text()).items()
    }
    assert len(remap) == vocabulary.rows - 2  # lucky, and luckyx that is built on it
    kept = np.array(sorted(remap))
    old_ids = torch.tensor([kept[[0, 104, 97, 257, 258]].tolist()])
    new_ids = torch.tensor([[remap[id_] for id_ in old_ids[0].tolist()]])
    with torch.no_grad():
        scores, again = before(old_ids).logits[0].numpy(), after(new_ids).logits[0].numpy()
    order = [remap[id_] for id_ in kept.tolist()]
    assert again.shape[1] == vocabulary.rows - 2 + padding
    np.testing.assert_allclose(again[:, order], scores[:, kept], rtol=0, atol=1e-6)
    one, other = (m.get_input_embeddings().weight.detach().numpy() for m in (before, after))
    assert np.array_equal(other[order], one[kept])
    assert np.array_equal(other[len(kept) :], one[vocabulary.rows :])
    config = after.config
    assert config.vocab_size == vocabulary.rows - 2 + padding
    assert config.eos_token_id == remap[vocabulary.special_tokens["</s>"]]
    assert config.pad_token_id == (vocabulary.rows - 2 if padding else None)


def test_the_carried_folder_is_complete(
    winnow: Any, vocabulary: Vocabulary, ban_file: Path, tmp_path: Path
) -> None:
    model = tmp_path / "model"
    gpt2(model, vocabulary, tied=False, padding=2, shard="4KB")
    (model / "README.md").write_text("kept as it is\n")
    (model / "model.gguf").write_bytes(b"GGUF")
    call = (
        "ban", "apply", model / "tokenizer.json", "--ban", ban_file, "--ids", "compact", "--weights", model,
        "-o", tmp_path / "out",
    )  # fmt: skip
    ran = winnow(*call)
    assert ran.code == 0, ran.stderr
    assert "model.gguf is left out" in ran.stderr
    assert (tmp_path / "out" / "README.md").read_text() == "kept as it is\n"
    assert load_tokenizer(str(tmp_path / "out")).size == vocabulary.size - 2
    index = json.loads((tmp_path / "out" / "model.safetensors.index.json").read_text())
    shards = {tmp_path / "out" / name for name in index["weight_map"].values()}
    sizes = [entry.size for shard in shards for entry in read_header(shard).entries.values()]
    assert index["metadata"]["total_size"] == sum(sizes)
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    names = {each["path"] for each in manifest["outputs"]}
    assert {"config.json", "README.md", "tokenizer.json", *(shard.name for shard in shards)} <= names
    rows = manifest["weights"]["rows"]
    assert rows["lm_head.weight"] == {"before": vocabulary.rows + 2, "after": vocabulary.rows}
    assert "already finished" in winnow(*call).stderr


@pytest.mark.parametrize("ending", ["pt", "safetensors"])
def test_the_optimisers_state_follows(vocabulary: Vocabulary, tmp_path: Path, ending: str) -> None:
    model = gpt2(tmp_path / "model", vocabulary, tied=False, padding=3)
    import torch

    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    ids = torch.arange(12)[None]
    model(ids, labels=ids).loss.backward()
    optimizer.step()
    state = optimizer.state_dict()
    path = tmp_path / f"optimizer.{ending}"
    if ending == "pt":
        torch.save(state, path)
    else:
        flat = {f"{n}.{k}": v.numpy() for n, each in state["state"].items() for k, v in each.items()}
        save_file(flat, path)
    remap = {
        old: new for new, old in enumerate(id_ for id_ in range(vocabulary.rows) if id_ not in (259, 260))
    }
    plan = plan_carry(CarryRequest(tmp_path / "model", path), remap, vocabulary.rows)
    (tmp_path / "out").mkdir()
    carry(plan, tmp_path / "out", ())
    kept = [id_ for id_ in range(vocabulary.rows + 3) if id_ not in (259, 260)]
    written = tmp_path / "out" / path.name
    after = (
        {f"{n}.{k}": v.numpy() for n, each in torch.load(written)["state"].items() for k, v in each.items()}
        if ending == "pt"
        else load_file(written)
    )
    matrices = 0
    for n, each in state["state"].items():
        for name, value in each.items():
            old, new = value.numpy(), after[f"{n}.{name}"]
            by_id = old.shape == (vocabulary.rows + 3, WIDTH)
            matrices += by_id
            assert np.array_equal(new, old[kept] if by_id else old)
    assert matrices == 4  # two moments of two matrices


def test_every_format_is_carried_as_bytes(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    tensors = {
        "a": random.standard_normal((9, 4)).astype(np.float16),
        "b": random.integers(0, 255, (9, 3), dtype=np.uint8),
        "c": random.standard_normal(9),
        "d": random.standard_normal((5, 4)).astype(np.float32),
        "empty": np.empty((0, 4), dtype=np.float32),
    }
    save_file(tensors, tmp_path / "one.safetensors", metadata={"format": "pt"})
    kept = np.array([8, 0, 1, 2, 5])
    write_with_rows(tmp_path / "one.safetensors", tmp_path / "two.safetensors", dict.fromkeys("abc", kept))
    after = load_file(tmp_path / "two.safetensors")
    for name, before in tensors.items():
        assert np.array_equal(after[name], before[kept] if name in "abc" else before)
    assert read_header(tmp_path / "two.safetensors").metadata == {"format": "pt"}


@given(st.permutations(range(12)), st.integers(0, 5), st.integers(0, 4))
def test_new_rows_are_the_old_ones(order: list[int], removed: int, padding: int) -> None:
    survivors = order[removed:]
    rows = old_rows({old: new for new, old in enumerate(survivors)}, 12, 12 + padding)
    assert rows.tolist() == [*survivors, *range(12, 12 + padding)]


@pytest.mark.parametrize("remap", [{0: 0, 1: 2}, {0: 0, 1: 0}, {0: 0, 99: 1}])
def test_a_broken_map_is_refused(remap: dict[int, int]) -> None:
    with pytest.raises(WinnowError, match="map is broken"):
        old_rows(remap, 12, 12)


def checkpoint(folder: Path, tensors: dict[str, Any]) -> Path:
    folder.mkdir()
    save_file(tensors, folder / "model.safetensors")
    return folder


def matrix(rows: int, width: int = WIDTH) -> Any:
    return np.random.default_rng(rows).standard_normal((rows, width)).astype(np.float32)


def test_draft_heads_biases_and_row_scales_go_along(tmp_path: Path) -> None:
    tensors = {
        "model.embed_tokens.weight": matrix(20),
        "model.layers.3.embed_tokens.weight": matrix(20, 4),
        "lm_head.weight": matrix(20),
        "lm_head.bias": matrix(20, 1)[:, 0],
        "lm_head.weight_scale": matrix(20, 1),
        "model.layers.0.up.weight": matrix(20),
        "model.norm.weight": matrix(8, 1)[:, 0],
    }
    folder = checkpoint(tmp_path / "m", tensors)
    plan = plan_carry(CarryRequest(folder), {old: old for old in range(15)}, 18)
    assert set(plan.rows) == set(tensors) - {"model.layers.0.up.weight", "model.norm.weight"}
    assert plan.notes == (
        "model.layers.0.up.weight also has a dimension of the vocabulary's size; copied as it is",
    )
    (tmp_path / "out").mkdir()
    carry(plan, tmp_path / "out", ())
    after = load_file(tmp_path / "out" / "model.safetensors")
    kept = [*range(15), 18, 19]
    assert all(np.array_equal(after[name], tensors[name][kept]) for name in plan.rows)


def test_what_cannot_be_carried_is_refused(tmp_path: Path) -> None:
    remap = {old: old for old in range(10)}
    small = checkpoint(tmp_path / "small", {"embed_tokens.weight": matrix(9)})
    with pytest.raises(WrongCall, match="has 9 rows, the vocabulary needs 12"):
        plan_carry(CarryRequest(small), remap, 12)
    scaled = {"embed_tokens.weight": matrix(12), "embed_tokens.weight_scale_inv": matrix(2)}
    with pytest.raises(WinnowError, match="scales blocks of rows"):
        plan_carry(CarryRequest(checkpoint(tmp_path / "scaled", scaled)), remap, 12)
    with pytest.raises(WrongCall, match="is not a folder"):
        plan_carry(CarryRequest(small / "model.safetensors"), remap, 9)


def test_states_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path / "m", {"embed_tokens.weight": matrix(12)})
    save_file({"state.0.exp_avg": matrix(13)}, tmp_path / "other.safetensors")
    (tmp_path / "out").mkdir()
    for name, error in (("other.safetensors", "no state"), ("state.npz", "not an optimiser's state")):
        (tmp_path / "state.npz").touch()
        plan = plan_carry(CarryRequest(folder, tmp_path / name), {old: old for old in range(10)}, 12)
        with pytest.raises(WinnowError, match=error):
            carry(plan, tmp_path / "out", ())


def test_ids_in_configurations(tmp_path: Path) -> None:
    ids = IdMap({0: 0, 2: 1, 3: 2}, 4, 6)
    path = tmp_path / "generation_config.json"
    path.write_text(json.dumps({
        "eos_token_id": [3, 2], "pad_token_id": 4, "bos_token_id": 1, "unk_token_id": None, "vocab_size": 6,
        "text_config": {"vocab_size": 4, "image_token_id": 3}, "suppress_tokens": [1, 2],
        "bad_words_ids": [[1, 2], [3]], "hidden_size": 4,
    }))  # fmt: skip
    data, notes = carried_config(path, ids)
    assert json.loads(data) == {
        "eos_token_id": [2, 1], "pad_token_id": 3, "bos_token_id": 1, "unk_token_id": None, "vocab_size": 5,
        "text_config": {"vocab_size": 3, "image_token_id": 2}, "suppress_tokens": [1],
        "bad_words_ids": [[2]], "hidden_size": 4,
    }  # fmt: skip
    assert notes == ["generation_config.json: bos_token_id 1 is no id that is left: kept as it was"]


def test_wrong_calls(winnow: Any, vocabulary: Vocabulary, ban_file: Path, tmp_path: Path) -> None:
    write_exports(tmp_path / "t", vocabulary)
    base = ("ban", "apply", tmp_path / "t", "--ban", ban_file, "-o", tmp_path / "out")
    kept = winnow(*base, "--weights", tmp_path / "t")
    assert (kept.code, "nothing to carry" in kept.stderr) == (2, True)
    alone = winnow(*base, "--ids", "compact", "--optimizer", ban_file)
    assert (alone.code, "goes with its weights" in alone.stderr) == (2, True)
