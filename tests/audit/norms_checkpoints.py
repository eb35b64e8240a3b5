"""Synthetic checkpoints and vocabularies for the tests of the norm audit, written by the library itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors import TensorSpec, serialize_file

from trainer.load import load_tokenizer
from trainer.number_formats import encode
from trainer.vocabulary import Vocabulary

INPUT, OUTPUT = "model.embed_tokens.weight", "lm_head.weight"
TORCH_NAMES = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E5M2": "float8_e5m2",
}
NEVER = [0xC0, 0xC1, *range(0xF5, 0x100)]

Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Planted:
    """A matrix with known lump and hot rows."""

    rows: Matrix
    lump: frozenset[int]
    hot: frozenset[int]


@cache
def small_vocabulary(tokens: int = 6_000) -> Vocabulary:
    """The first tokens of o200k (its bytes among them) and two special ones."""
    whole = load_tokenizer("o200k_base")
    kept = {id_: whole.tokens[id_] for id_ in range(tokens)}
    return Vocabulary("small", kept, {"<|end|>": tokens, "<|pad|>": tokens + 1}, whole.pattern)


def never_ids(vocabulary: Vocabulary) -> list[int]:
    """Ids of the bytes that no UTF-8 text has."""
    return [vocabulary.ids_of[bytes([byte])] for byte in NEVER]


def with_norms(norms: npt.ArrayLike, dim: int, seed: int = 0) -> Matrix:
    """Rows in random directions with exactly these norms."""
    norms = np.asarray(norms, dtype=np.float64)
    rows = np.random.default_rng(seed).standard_normal((norms.size, dim))
    return (rows * (norms / np.linalg.norm(rows, axis=1))[:, None]).astype(np.float32)


def write_tensors(path: Path, tensors: Mapping[str, Matrix], number_format: str = "F32") -> Path:
    """Write tensors with the library, in any of the formats that the audit reads."""
    stored = {name: encode(rows.reshape(-1), number_format) for name, rows in tensors.items()}
    specs = {
        name: TensorSpec(
            dtype=TORCH_NAMES[number_format],
            shape=tensors[name].shape,
            data_ptr=raw.ctypes.data,
            data_len=raw.nbytes,
        )
        for name, raw in stored.items()
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    serialize_file(specs, path)
    return path


def plant(
    vocabulary: Vocabulary, *, rows: int, lump: bool, seed: int, dim: int = 32, share_hot: float = 0.01
) -> Planted:
    """A body of log-normal norms that fall with rank, a hot tail, and perhaps a lump of unused rows.

    The lump has the rows beyond the vocabulary, the bytes that UTF-8 never has, the special tokens and some
    ordinary tokens; without it all of these have trained norms.
    """
    random = np.random.default_rng(seed)
    logs = np.log(20) - 0.05 * np.log1p(np.arange(rows)) + 0.08 * random.standard_normal(rows)
    low = [*never_ids(vocabulary), *range(vocabulary.rows - 2, rows)] if lump else []
    ordinary = np.setdiff1d(np.arange(256, vocabulary.rows - 2), low)
    chosen = random.permutation(ordinary)
    hot = chosen[: int(share_hot * rows)]
    low += chosen[hot.size : hot.size + 20].tolist() if lump else []
    logs[hot] += random.uniform(0.6, 0.9, hot.size)
    logs[low] = np.log(0.4) + 0.05 * random.standard_normal(len(low))
    return Planted(with_norms(np.exp(logs), dim, seed), frozenset(low), frozenset(hot.tolist()))


def precision_recall(found: Iterable[int], wanted: Iterable[int]) -> tuple[float, float]:
    """Precision and recall; both 1 when nothing was wanted and nothing found."""
    one, other = set(found), set(wanted)
    hits = len(one & other)
    return (hits / len(one) if one else 1.0), (hits / len(other) if other else 1.0)
