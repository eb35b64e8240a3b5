"""Rows of rare merges while a model trains: they behave as promised, the others stay, the loss goes down."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from corpora.errors import WrongCall
from trainer.embedding import (
    METHODS,
    ArrayRows,
    EmbeddingPlan,
    embedding_callback,
    optimizer_rows,
    rare_ids,
    refresh_model,
    refresh_rows,
    token_matrices,
)

RARE = (3, 17, 44)
ROWS, WIDTH = 200, 16


def matrix(seed: int = 0) -> np.ndarray:
    rows = np.random.default_rng(seed).standard_normal((ROWS, WIDTH)).astype(np.float32) + 0.5
    rows[list(RARE)] *= 40
    return rows


def others() -> list[int]:
    return [row for row in range(ROWS) if row not in RARE]


@pytest.mark.parametrize("method", METHODS)
def test_only_the_planned_rows_change(method: Any) -> None:
    rows, moments = matrix(), [matrix(1), np.abs(matrix(2))]
    before = [each.copy() for each in (rows, *moments)]
    plan = EmbeddingPlan(RARE, every=10, method=method)
    refresh_rows(ArrayRows(rows), [ArrayRows(each) for each in moments], plan, step=10)
    for now, then in zip((rows, *moments), before, strict=True):
        assert np.array_equal(now[others()], then[others()])
    assert not np.array_equal(rows[list(RARE)], before[0][list(RARE)])
    forgets = method in ("sample", "mean", "normal")
    for now, then in zip(moments, before[1:], strict=True):
        assert np.array_equal(now[list(RARE)], np.zeros((3, WIDTH)) if forgets else then[list(RARE)])


def test_what_the_rows_become() -> None:
    usual = matrix()[others()]
    norms = np.linalg.norm(usual, axis=1)

    def after(**settings: Any) -> np.ndarray:
        rows = matrix()
        refresh_rows(ArrayRows(rows), (), EmbeddingPlan(RARE, every=1, **settings), step=1)
        return rows[list(RARE)]

    assert np.allclose(after(method="mean"), usual.mean(axis=0), atol=1e-5)
    assert np.allclose(np.linalg.norm(after(method="equalise"), axis=1), np.median(norms), rtol=1e-5)
    assert np.allclose(np.linalg.norm(after(method="clip"), axis=1), np.percentile(norms, 99), rtol=1e-5)
    old = matrix()[list(RARE)]
    clipped = after(method="clip")
    assert np.allclose(clipped / np.linalg.norm(clipped, axis=1, keepdims=True),
                       old / np.linalg.norm(old, axis=1, keepdims=True), atol=1e-6)  # fmt: skip
    assert np.abs(after(method="normal", sigma=0.02)).max() < 0.1


def test_samples_have_the_other_rows_mean_and_covariance() -> None:
    random = np.random.default_rng(3)
    mixing = random.standard_normal((4, 4))
    rows = (random.standard_normal((3_000, 4)) @ mixing + 2).astype(np.float32)
    rare = tuple(range(1_000))
    refresh_rows(ArrayRows(rows), (), EmbeddingPlan(rare, every=1), step=1)
    assert np.allclose(rows[:1_000].mean(axis=0), rows[1_000:].mean(axis=0), atol=0.3)
    assert np.allclose(np.cov(rows[:1_000].T), np.cov(rows[1_000:].T), rtol=0.3, atol=0.4)


def test_the_same_step_gives_the_same_rows_and_another_step_others() -> None:
    def after(step: int) -> np.ndarray:
        rows = matrix()
        refresh_rows(ArrayRows(rows), (), EmbeddingPlan(RARE, every=1), step=step)
        return rows

    assert np.array_equal(after(5), after(5))
    assert not np.array_equal(after(5), after(6))


def test_rows_inside_the_bounds_are_left_bit_for_bit() -> None:
    rows = matrix()
    inside = tuple(np.argsort(np.linalg.norm(rows, axis=1))[90:95].tolist())
    before = rows.copy()
    refresh_rows(ArrayRows(rows), (), EmbeddingPlan(inside, every=1, method="clip"), step=1)
    assert np.array_equal(rows, before)


def test_zero_rows_stay_zero_and_finite() -> None:
    rows = matrix()
    rows[3] = 0
    refresh_rows(ArrayRows(rows), (), EmbeddingPlan((3,), every=1, method="equalise"), step=1)
    assert not rows[3].any()


def test_schedule_and_choice() -> None:
    plan = EmbeddingPlan(RARE, every=50, last_step=120)
    assert [step for step in range(201) if plan.due(step)] == [50, 100]
    assert rare_ids([5, 0, 9, 1], least=2) == (1, 3)


@pytest.mark.parametrize(
    "settings",
    [{"ids": ()}, {"ids": (1, 1)}, {"ids": (-1,)}, {"every": 0}, {"method": "magic"}, {"low": 99, "high": 1}],
)
def test_plans_that_cannot_be(settings: dict[str, Any]) -> None:
    with pytest.raises(WrongCall):
        EmbeddingPlan(**{"ids": RARE, "every": 10, **settings})


def test_ids_beyond_the_matrix_and_nothing_to_learn_from() -> None:
    with pytest.raises(WrongCall, match="no row 200"):
        refresh_rows(ArrayRows(matrix()), (), EmbeddingPlan((200,), every=1), step=1)
    with pytest.raises(WrongCall, match="none to learn from"):
        refresh_rows(ArrayRows(matrix()), (), EmbeddingPlan(tuple(range(ROWS)), every=1), step=1)


def test_importing_it_needs_no_framework() -> None:
    code = "import sys, trainer.embedding; assert not {'torch', 'transformers'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=__file__.rsplit("/tests/", 1)[0])


@pytest.fixture(name="torch")
def torch_fixture() -> Any:
    return pytest.importorskip("torch", reason="PyTorch is not installed (extra `torch`)")


class TinyModel:
    """Builds a next-token model with the two methods that `transformers` models have."""

    def __new__(cls, torch: Any, *, tied: bool) -> Any:
        class Model(torch.nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.embed = torch.nn.Embedding(ROWS, WIDTH)
                self.mix = torch.nn.Linear(WIDTH, WIDTH)
                self.head = torch.nn.Linear(WIDTH, ROWS, bias=False)
                if tied:
                    self.head.weight = self.embed.weight

            def forward(self, ids: Any) -> Any:
                return self.head(torch.tanh(self.mix(self.embed(ids))))

            def get_input_embeddings(self) -> Any:
                return self.embed

            def get_output_embeddings(self) -> Any:
                return self.head

        torch.manual_seed(0)
        return Model()


def train(torch: Any, *, tied: bool, plan: EmbeddingPlan | None, steps: int = 300) -> tuple[list[float], Any]:
    """Learn that each id is followed by the next one; rare ids never occur. Check every refresh."""
    model = TinyModel(torch, tied=tied)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.02, weight_decay=0.01)
    allowed = torch.tensor(others())
    losses = []
    for step in range(1, steps + 1):
        place = torch.randint(0, len(allowed) - 1, (64,))
        loss = torch.nn.functional.cross_entropy(model(allowed[place]), allowed[place + 1])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
        if plan is not None and plan.due(step):
            check_refresh(torch, model, optimizer, plan, step)
    return losses, model


def check_refresh(torch: Any, model: Any, optimizer: Any, plan: EmbeddingPlan, step: int) -> None:
    weights = token_matrices(model)
    before = [weight.detach().clone() for weight in weights]
    refresh_model(model, optimizer, plan, step)
    for weight, then in zip(weights, before, strict=True):
        assert torch.equal(weight.detach()[others()], then[others()])
        assert not torch.equal(weight.detach()[list(RARE)], then[list(RARE)])
        norms = weight.detach().norm(dim=1)
        usual = norms[others()]
        assert (norms[list(RARE)] < 2 * usual.max()).all()
        assert (norms[list(RARE)] > usual.min() / 2).all()
        states = list(optimizer_rows(optimizer, weight))
        assert len(states) == 2
        for state in states:
            assert not state.read(np.array(RARE)).any()
            assert state.read(np.array(others())).any()


@pytest.mark.slow
@pytest.mark.parametrize("tied", [True, False])
def test_a_model_that_really_trains(torch: Any, tied: bool) -> None:
    plain, _ = train(torch, tied=tied, plan=None)
    plan = EmbeddingPlan(RARE, every=50, method="sample", last_step=250)
    kept, model = train(torch, tied=tied, plan=plan)
    assert len(token_matrices(model)) == (1 if tied else 2)
    assert np.mean(kept[-20:]) < 0.5 * kept[0]
    assert np.mean(kept[-20:]) < np.mean(plain[-20:]) + 0.2
    assert np.isfinite(kept).all()


def test_half_precision_and_no_optimiser_state_yet(torch: Any) -> None:
    model = TinyModel(torch, tied=False).to(torch.bfloat16)
    optimizer = torch.optim.Adam(model.parameters())
    refresh_model(model, optimizer, EmbeddingPlan(RARE, every=1, method="mean"), step=1)
    refresh_model(model, None, EmbeddingPlan(RARE, every=1, method="equalise"), step=1)
    assert model.embed.weight.dtype == torch.bfloat16
    assert model.embed.weight.requires_grad


@pytest.mark.slow
def test_as_a_callback_of_the_trainer(torch: Any, tmp_path: Any) -> None:
    transformers = pytest.importorskip("transformers")
    pytest.importorskip("accelerate", reason="the Trainer needs accelerate")
    config = transformers.GPT2Config(vocab_size=ROWS, n_positions=16, n_embd=WIDTH, n_layer=1, n_head=2)
    torch.manual_seed(0)
    model = transformers.GPT2LMHeadModel(config)
    allowed = others()
    data = [
        {"input_ids": allowed[start : start + 12], "labels": allowed[start : start + 12]}
        for start in range(150)
    ]
    seen: list[tuple[int, bool, bool]] = []
    plan = EmbeddingPlan(RARE, every=5, method="mean")

    class Watch(transformers.TrainerCallback):
        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            weight = kwargs["model"].get_input_embeddings().weight.detach()
            mean = weight[allowed].mean(dim=0)
            is_mean = bool(torch.allclose(weight[list(RARE)], mean.expand(3, -1), atol=1e-5))
            moments = list(optimizer_rows(kwargs["optimizer"], kwargs["model"].get_input_embeddings().weight))
            forgotten = bool(moments) and not any(each.read(np.array(RARE)).any() for each in moments)
            seen.append((state.global_step, is_mean, forgotten))

    arguments = transformers.TrainingArguments(
        output_dir=str(tmp_path), max_steps=20, per_device_train_batch_size=8, learning_rate=0.01,
        report_to=[], disable_tqdm=True, use_cpu=True, save_strategy="no", logging_steps=1,
    )  # fmt: skip
    trainer = transformers.Trainer(
        model=model, args=arguments, train_dataset=data, callbacks=[embedding_callback(plan), Watch()]
    )
    trainer.train()
    assert [step for step, is_mean, forgotten in seen if is_mean and forgotten] == [5, 10, 15, 20]
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    assert losses[-1] < losses[0]
