"""An optimiser's state under new ids: the moments of the token matrices lose the rows that these lose."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from corpora.errors import WinnowError, WrongCall
from corpora.files import atomic_path
from trainer.shard_files import Ids, read_header, write_with_rows

_PICKLED = (".pt", ".pth", ".bin")
# What Adafactor keeps of a matrix's rows (Shazeer & Stern 2018); other moments have the matrix's shape.
_ROW_FACTORS = ("exp_avg_sq_row",)


def carry_optimizer(
    source: Path, target: Path, shapes: Mapping[str, tuple[int, ...]], rows: Mapping[str, Ids]
) -> str:
    """Write the state with the new rows; the file's name comes back.

    `shapes` and `rows` are those of the carried tensors. State is recognised by its shape, since PyTorch
    numbers parameters and does not name them. A .safetensors file is streamed; .pt, .pth and .bin need
    PyTorch.

    Raises WrongCall for another kind of file or without PyTorch, WinnowError when no state has a token
    matrix's shape, or more parameters have it than there are matrices.
    """
    by_shape = {shapes[name]: kept for name, kept in rows.items() if len(shapes[name]) > 1}
    matrices = sum(len(shapes[name]) > 1 for name in rows)
    if source.suffix == ".safetensors":
        entries = read_header(source).entries
        found = {name: by_shape[entry.shape] for name, entry in entries.items() if entry.shape in by_shape}
        if not found:
            raise _nothing(source)
        write_with_rows(source, target, found)
    elif source.suffix in _PICKLED:
        _carry_pickled(source, target, by_shape, matrices)
    else:
        raise WrongCall("not an optimiser's state", where=source, hint=".safetensors, .pt, .pth or .bin")
    return target.name


def _carry_pickled(
    source: Path, target: Path, by_shape: Mapping[tuple[int, ...], Ids], matrices: int
) -> None:
    try:
        import torch
    except ImportError as error:
        raise WrongCall("needs PyTorch", where=source, hint="pip install 'winnow-bpe[torch]'") from error
    try:
        record = torch.load(source, map_location="cpu", weights_only=True, mmap=True)
    except Exception as error:  # the restricted unpickler has errors of its own
        raise WinnowError(f"not a state that PyTorch can read: {error}", where=source) from error
    states = _states(record)
    touched = [state for state in states if _carry_state(state, by_shape)]
    if not touched:
        raise _nothing(source)
    if len(touched) > matrices:
        raise WinnowError(
            f"{len(touched)} parameters have the shape of a token matrix, there are {matrices} matrices",
            where=source,
            hint="carry this state by hand; the map is id_remap.json",
        )
    with atomic_path(target) as temporary:
        torch.save(record, temporary)


def _states(record: Any) -> list[dict[str, Any]]:
    """The dictionaries that hold one parameter's state, wherever they are nested."""
    if not isinstance(record, dict):
        return []
    if any(hasattr(value, "shape") for value in record.values()):
        return [record]
    return [state for value in record.values() for state in _states(value)]


def _carry_state(state: dict[str, Any], by_shape: Mapping[tuple[int, ...], Ids]) -> bool:
    """Replace the state's tensors that belong to a token matrix; whether there were any."""
    by_rows = {shape[0]: kept for shape, kept in by_shape.items()}
    changed = False
    for name, value in state.items():
        shape = tuple(getattr(value, "shape", ()))
        factor = name in _ROW_FACTORS and len(shape) == 1
        kept = by_rows.get(shape[0]) if factor else by_shape.get(shape)
        if kept is not None:
            state[name] = value[kept.tolist()].clone()
            changed = True
    return changed


def _nothing(source: Path) -> WinnowError:
    return WinnowError(
        "no state in it has the shape of a token matrix", where=source, hint="the state of another model?"
    )
