"""Which tensors of a checkpoint embed tokens and score them, and what is known of how the model uses them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from corpora.errors import WinnowError, WrongCall
from corpora.json_data import decode_json
from trainer.weight_rows import raw_blocks
from trainer.weights import Checkpoint, StoredTensor, find_tensor

CONFIG = "config.json"  # as transformers writes it beside the weights

# Names in the order in which they are tried, as the families of open models write them. Of several tensors
# with names of one line the shortest wins, which leaves out adapters, towers and draft heads.
_INPUT_NAMES = (
    r"embed_tokens\.weight",  # Llama, Qwen, Gemma, Mistral, DeepSeek, gpt-oss, OPT
    r"wte\.weight",  # GPT-2, Falcon's ancestors, MPT, OLMo 1
    r"tok_embeddings\.weight",  # Llama and Mistral as published by their makers
    r"word_embeddings?\.weight",  # BLOOM, Falcon, BERT, Megatron
    r"embed_in\.weight",  # GPT-NeoX, Pythia
    r"(shared|tokens_embed|token_embd|token_embedding|embedder|embedding|embeddings|embed)\.weight",
)
_OUTPUT_NAMES = (
    r"lm_head\.weight",
    r"embed_out\.weight",  # GPT-NeoX, Pythia
    r"ff_out\.weight",  # OLMo 1
    r"(output_layer|output|unembed|unembedding)\.weight",
)
_EMBEDDING_NORM = re.compile(
    r"(^|\.)(word_embeddings_layernorm|embed_?(tokens|ding|dings)?_?(ln|norm|layernorm))\."
)
_GEMMA = re.compile(r"gemma")
_IN_A_LAYER = re.compile(r"(^|\.)\d+\.")
_MULTIPLIERS = ("embedding_multiplier", "scale_emb")  # Granite; MiniCPM
SCALES = ("_scale", "_scale_inv")  # beside tensors in eight-bit formats


@dataclass(frozen=True, slots=True)
class Scaling:
    """A factor that the model applies to its embeddings after the look-up, and where that is written."""

    factor: float
    source: str


@dataclass(frozen=True, slots=True)
class Embeddings:
    """The token matrices. `output` is None when the checkpoint has no matrix of its own for scoring.

    `tied` says that one matrix serves both ends: there is no second one, or it is a copy. `notes` say
    what a reader of norms has to know.
    """

    input: StoredTensor
    output: StoredTensor | None
    tied: bool
    scaling: Scaling | None
    notes: tuple[str, ...]


def find_embeddings(
    checkpoint: Checkpoint, input_name: str | None = None, output_name: str | None = None
) -> Embeddings:
    """Find the matrices by their names, or take those that are named.

    Raises WrongCall when no name fits or several fit equally, WinnowError for broken files.
    """
    names = token_matrices(checkpoint, input_name, output_name)
    matrix = find_tensor(checkpoint, names[0])
    output = find_tensor(checkpoint, names[1]) if len(names) > 1 else None
    config = read_config(checkpoint.folder)
    tied = output is None or same_content(matrix, output)
    notes = [*_tie_notes(config, output, tied), *_other_notes(checkpoint, matrix)]
    return Embeddings(matrix, output, tied, _scaling(config, matrix.width), tuple(notes))


def token_matrices(
    checkpoint: Checkpoint, input_name: str | None = None, output_name: str | None = None
) -> tuple[str, ...]:
    """The names of the input matrix and, when the checkpoint has one, of the output matrix.

    Raises WrongCall as `find_embeddings` does; no file is opened.
    """
    chosen = input_name or _by_rule(checkpoint, _INPUT_NAMES, "--input-tensor")
    if chosen is None:
        raise WrongCall(
            "no tensor looks like token embeddings",
            where=checkpoint.path,
            hint=f"--input-tensor NAME; there are {_some(checkpoint.files)}",
        )
    other = output_name or _by_rule(checkpoint, _OUTPUT_NAMES, "--output-tensor")
    return (chosen,) if other is None or other == chosen else (chosen, other)


def is_token_tensor(name: str) -> bool:
    """Whether a name is that of a token matrix, at any depth; draft heads have copies inside layers."""
    return any(re.search(rf"(^|\.){rule}$", name) for rule in (*_INPUT_NAMES, *_OUTPUT_NAMES))


def read_config(folder: Path) -> dict[str, Any]:
    """The model's `config.json`, with the part on text on top; empty when there is none that can be read."""
    try:
        config = decode_json((folder / CONFIG).read_bytes(), dict[str, Any], "not JSON", where=CONFIG)
    except (OSError, WinnowError):
        return {}
    text = config.get("text_config")
    return {**config, **text} if isinstance(text, dict) else config


def same_content(first: StoredTensor, second: StoredTensor) -> bool:
    """Whether two tensors hold the same numbers in the same format."""
    if (first.shape, first.number_format) != (second.shape, second.number_format):
        return False
    pairs = zip(raw_blocks(first), raw_blocks(second), strict=True)
    return all(np.array_equal(one, other) for (_, one), (_, other) in pairs)


def _by_rule(checkpoint: Checkpoint, rules: Iterable[str], option: str) -> str | None:
    for rule in rules:
        fitting = (name for name in checkpoint.files if re.search(rf"(^|\.){rule}$", name))
        found = sorted((name for name in fitting if not _IN_A_LAYER.search(name)), key=_depth)
        if len(found) > 1 and _depth(found[0])[0] == _depth(found[1])[0]:
            raise WrongCall(
                f"both {found[0]!r} and {found[1]!r} may be the one",
                where=checkpoint.path,
                hint=f"choose with {option}",
            )
        if found:
            return found[0]
    return None


def _depth(name: str) -> tuple[int, str]:
    return name.count("."), name


def _some(names: Iterable[str]) -> str:
    shown = sorted(names)
    return ", ".join(shown[:8]) + (f" and {len(shown) - 8} more" if len(shown) > 8 else "")


def _tie_notes(config: dict[str, Any], output: StoredTensor | None, tied: bool) -> list[str]:
    says = config.get("tie_word_embeddings")
    if output is None and says is False:
        return ["config.json says that the embeddings are not tied, but no output matrix was found"]
    if output is None:
        return ["there is no output matrix, so the embeddings are taken as tied"]
    if not tied and says is True:
        return ["config.json ties the embeddings, but the two stored matrices differ"]
    return ["the output matrix is a copy of the input's"] if tied else []


def _other_notes(checkpoint: Checkpoint, matrix: StoredTensor) -> list[str]:
    norms = [name for name in sorted(checkpoint.files) if _EMBEDDING_NORM.search(name)]
    notes = (
        [f"{norms[0]} normalises the embeddings, so that row norms hardly reach the model"] if norms else []
    )
    scales = [name for ending in SCALES if (name := matrix.name + ending) in checkpoint.files]
    return [*notes, *(f"{name} is not applied: norms are those of the stored numbers" for name in scales)]


def _scaling(config: dict[str, Any], width: int) -> Scaling | None:
    """Gemma multiplies by the root of the width (Gemma report, arXiv:2403.08295); others say so in a key."""
    for key in _MULTIPLIERS:
        value = config.get(key)
        if isinstance(value, int | float) and value != 1:
            return Scaling(float(value), f"config.json: {key}")
    if _GEMMA.match(str(config.get("model_type", ""))):
        return Scaling(width**0.5, "Gemma multiplies by the root of the width")
    return None
