"""Keep embedding rows sound while a model trains: re-initialise rare merges' rows, clip or equalise norms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, get_args

import numpy as np
import numpy.typing as npt

from corpora.errors import WrongCall

Floats = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int64]
Method = Literal["sample", "mean", "normal", "clip", "equalise"]
METHODS: tuple[Method, ...] = get_args(Method)

_REFERENCE_ROWS = 4_096  # other rows read to learn what is usual; more would only cost time
# What Adam and its relatives keep for each weight; rows of these start again with the row.
MOMENTS = ("exp_avg", "exp_avg_sq", "max_exp_avg_sq", "momentum_buffer")


class Rows(Protocol):
    """A matrix of any framework, row by row."""

    @property
    def count(self) -> int:
        """How many rows there are."""
        ...

    def read(self, ids: Ids) -> Floats:
        """Copies of some rows, shape (ids, width)."""
        ...

    def write(self, ids: Ids, rows: Floats) -> None:
        """Replace some rows in place."""
        ...


@dataclass(frozen=True, slots=True)
class ArrayRows:
    """A NumPy array as rows."""

    array: npt.NDArray[Any]

    @property
    def count(self) -> int:
        """How many rows there are."""
        return int(self.array.shape[0])

    def read(self, ids: Ids) -> Floats:
        """Copies of some rows."""
        return self.array[ids].astype(np.float32)

    def write(self, ids: Ids, rows: Floats) -> None:
        """Replace some rows in place, in the array's own number format."""
        self.array[ids] = rows


@dataclass(frozen=True, slots=True)
class TensorRows:
    """A PyTorch tensor or parameter as rows, on any device; gradients are not recorded."""

    tensor: Any

    @property
    def count(self) -> int:
        """How many rows there are."""
        return int(self.tensor.shape[0])

    def read(self, ids: Ids) -> Floats:
        """Copies of some rows in 32 bits on the processor."""
        rows: Floats = self.tensor.detach()[ids.tolist()].float().cpu().numpy()
        return rows

    def write(self, ids: Ids, rows: Floats) -> None:
        """Replace some rows in place, in the tensor's own number format."""
        self.tensor.detach()[ids.tolist()] = self.tensor.new_tensor(rows)


@dataclass(frozen=True, slots=True)
class EmbeddingPlan:
    """What to do to which rows, and when.

    `ids` are the rows, of rare merges for example (see `rare_ids`). `sample` draws from N(mean, covariance)
    of the other rows, `mean` takes their mean, `normal` draws from N(0, sigma²); these three also forget
    the rows' optimiser state. `clip` brings norms inside the percentiles `low` and `high` of the other
    rows' norms, `equalise` to their median. It is done after every `every` steps, up to `last_step`.

    Raises WrongCall for settings that cannot be.
    """

    ids: tuple[int, ...]
    every: int
    method: Method = "sample"
    last_step: int | None = None
    sigma: float = 0.02  # as GPT-2 and most models after it begin (Radford et al. 2019)
    low: float = 1.0
    high: float = 99.0
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.ids or min(self.ids) < 0 or len(set(self.ids)) != len(self.ids):
            raise WrongCall("an embedding plan needs ids, each once and none negative")
        if self.every < 1:
            raise WrongCall(f"every {self.every} steps is not a schedule", hint="every=1 or more")
        if self.method not in METHODS:
            raise WrongCall(f"no method {self.method!r}", hint=", ".join(METHODS))
        if not 0 <= self.low < self.high <= 100:
            raise WrongCall(f"not two percentiles: {self.low}, {self.high}")

    def due(self, step: int) -> bool:
        """Whether it is time after `step` finished steps."""
        over = self.last_step is not None and step > self.last_step
        return step > 0 and step % self.every == 0 and not over


def rare_ids(counts: Sequence[int] | npt.NDArray[Any], least: int) -> tuple[int, ...]:
    """Ids whose tokens occur less than `least` times; `counts`, shape (ids,), are of the training text."""
    return tuple(np.flatnonzero(np.asarray(counts) < least).tolist())


def refresh_rows(matrix: Rows, moments: Iterable[Rows], plan: EmbeddingPlan, step: int) -> None:
    """Do what the plan says to one matrix; `moments` are its optimiser state, of the same shape.

    Only the plan's rows change. The same plan, step and rows give the same new rows. Zeroing Adam's moments
    late in training makes a row's next step larger, at most (1 - β₁) / √(1 - β₂) learning rates (3.2 for
    0.9 and 0.999), since the step count for bias correction is the whole matrix's.

    Raises WrongCall when the matrix has no row for an id or no other rows to learn from.
    """
    ids = np.array(sorted(plan.ids), dtype=np.int64)
    if ids[-1] >= matrix.count:
        raise WrongCall(
            f"no row {ids[-1]}: the matrix shows {matrix.count}",
            hint="ids of another vocabulary, or a parameter that is split over devices (FSDP, ZeRO-3)",
        )
    random = np.random.default_rng((plan.seed, step))
    if plan.method == "normal":
        new = np.float32(plan.sigma) * random.standard_normal(matrix.read(ids).shape, dtype=np.float32)
    else:
        new = _from_others(matrix, ids, plan, random)
    matrix.write(ids, new)
    if plan.method in ("sample", "mean", "normal"):
        for moment in moments:
            moment.write(ids, np.zeros_like(moment.read(ids)))


def embedding_callback(plan: EmbeddingPlan) -> Any:
    """A `transformers.TrainerCallback` that follows the plan on a model's token matrices.

    After the optimiser's step it refreshes the input embeddings, and the output embeddings when those are
    a matrix of their own, each with its optimiser state. Needs the extra `torch`.
    """
    from transformers import TrainerCallback

    class EmbeddingCallback(TrainerCallback):
        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            if plan.due(state.global_step):
                refresh_model(kwargs["model"], kwargs.get("optimizer"), plan, state.global_step)

    return EmbeddingCallback()


def refresh_model(model: Any, optimizer: Any, plan: EmbeddingPlan, step: int) -> None:
    """Refresh the token matrices of a `transformers` model, for use in a training loop of one's own.

    `optimizer` may be None, or wrapped as Accelerate does.
    """
    for weight in token_matrices(model):
        refresh_rows(TensorRows(weight), optimizer_rows(optimizer, weight), plan, step)


def token_matrices(model: Any) -> list[Any]:
    """The parameters of the input embeddings and, unless they are tied, of the output embeddings."""
    modules = (model.get_input_embeddings(), model.get_output_embeddings())
    weights = [module.weight for module in modules if module is not None]
    return weights if len(weights) < 2 or weights[0] is not weights[1] else weights[:1]


def optimizer_rows(optimizer: Any, parameter: Any) -> Iterator[Rows]:
    """The rows of what a PyTorch optimiser remembers of a parameter; nothing before its first step."""
    state = getattr(optimizer, "state", {}).get(parameter, {})
    for name in MOMENTS:
        moment = state.get(name)
        if moment is not None and tuple(moment.shape) == tuple(parameter.shape):
            yield TensorRows(moment)


def _from_others(matrix: Rows, ids: Ids, plan: EmbeddingPlan, random: np.random.Generator) -> Floats:
    others = np.setdiff1d(np.arange(matrix.count), ids)
    if not others.size:
        raise WrongCall("all rows are in the plan, so there is none to learn from", hint="method='normal'")
    if others.size > _REFERENCE_ROWS:
        others = np.sort(random.choice(others, _REFERENCE_ROWS, replace=False))
    rows = matrix.read(others)
    if plan.method in ("clip", "equalise"):
        return _rescaled(matrix.read(ids), np.linalg.norm(rows, axis=1), plan)
    mean = rows.mean(axis=0)
    if plan.method == "mean":
        return np.tile(mean, (ids.size, 1))
    # Σ gᵢ (xᵢ - mean) / √n with standard normal gᵢ has exactly the rows' covariance.
    weights = random.standard_normal((ids.size, others.size), dtype=np.float32)
    drawn: Floats = mean + weights @ (rows - mean) / np.sqrt(np.float32(others.size))
    return drawn


def _rescaled(rows: Floats, usual: Floats, plan: EmbeddingPlan) -> Floats:
    """Rows at the norms that the plan allows; a zero row has no direction and stays zero."""
    norms = np.linalg.norm(rows, axis=1)
    if plan.method == "equalise":
        wanted = np.full_like(norms, np.median(usual))
    else:
        wanted = np.clip(norms, *np.percentile(usual, [plan.low, plan.high]))
    scale: Floats = np.divide(wanted, norms, out=np.zeros_like(norms), where=norms > 0)
    return np.where((wanted == norms)[:, None], rows, rows * scale[:, None])
