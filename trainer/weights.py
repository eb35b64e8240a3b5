"""A checkpoint in safetensors on disk: which tensors it has, and in which bytes of which file they lie."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
from safetensors import SafetensorError, safe_open

from corpora.errors import WinnowError, WrongCall
from corpora.json_data import decode_json
from trainer.number_formats import SIZES

ENDING = ".safetensors"
INDEX_ENDING = ".safetensors.index.json"
_LENGTH_BYTES = 8  # a safetensors file begins with the length of its header, little-endian
_LONGEST_NAME = 255  # bytes; file systems take no longer ones
_OTHER_KINDS = (".bin", ".pt", ".pth", ".gguf", ".ckpt", ".npz", ".h5", ".msgpack")


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """A tensor where it lies: `offset` is the place of its first byte in `file`.

    `number_format` is safetensors' name of the values' type, such as BF16.
    """

    name: str
    file: Path
    number_format: str
    shape: tuple[int, ...]
    offset: int

    @property
    def rows(self) -> int:
        """The first dimension."""
        return self.shape[0]

    @property
    def width(self) -> int:
        """Values in one row."""
        return math.prod(self.shape[1:])

    @property
    def row_bytes(self) -> int:
        """Bytes of one row."""
        return self.width * SIZES[self.number_format]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The tensors' names and the file that has each. Files are opened only when a tensor is asked for.

    `index` is the index of a sharded checkpoint, None for one without. `folder` holds the configuration.
    """

    path: Path
    folder: Path
    files: Mapping[str, Path]
    index: Path | None

    @property
    def shards(self) -> tuple[Path, ...]:
        """The weights' files, by name."""
        return tuple(sorted(set(self.files.values())))


def open_checkpoint(path: Path) -> Checkpoint:
    """Open a .safetensors file, a `*.safetensors.index.json`, or a folder with either.

    Raises WrongCall when there is no such thing at `path`, WinnowError when a header or the index is broken.
    """
    if path.is_dir():
        return _open_folder(path)
    if not path.exists():
        raise WrongCall("no such file or folder", where=path)
    if path.name.endswith(INDEX_ENDING):
        return _open_index(path, path)
    if path.suffix != ENDING:
        raise WrongCall("not a safetensors file", where=path, hint=_conversion_hint(path))
    return Checkpoint(path, path.parent, dict.fromkeys(_names(path), path), None)


def find_tensor(checkpoint: Checkpoint, name: str) -> StoredTensor:
    """Where the tensor `name` lies.

    Raises WrongCall when the checkpoint has none of this name, WinnowError when its file is missing or
    broken, lies about its size, or lacks the tensor.
    """
    if name not in checkpoint.files:
        raise WrongCall(f"no tensor {name!r}", where=checkpoint.path)
    file = checkpoint.files[name]
    if not file.is_file():
        raise WinnowError(f"missing; it should hold {name!r}", where=file)
    if name not in _names(file):
        raise WinnowError(f"the index says that it holds {name!r}; it does not", where=file)
    return _located(file, name)


def _open_folder(folder: Path) -> Checkpoint:
    indexes = sorted(folder.glob(f"*{INDEX_ENDING}"))
    if len(indexes) == 1:
        return _open_index(folder, indexes[0])
    if indexes:
        raise WrongCall("holds several checkpoints", where=folder, hint=f"name one: {indexes[0].name}")
    files: dict[str, Path] = {}
    for file in sorted(folder.glob(f"*{ENDING}")):
        for name in _names(file):
            if files.setdefault(name, file) != file:
                raise WinnowError(f"{name!r} is in {files[name].name} too", where=file, hint="name one file")
    if not files:
        raise WrongCall("holds no safetensors file", where=folder, hint=_folder_hint(folder))
    return Checkpoint(folder, folder, files, None)


class _Index(msgspec.Struct):
    weight_map: dict[str, str]


def _open_index(path: Path, index: Path) -> Checkpoint:
    record = decode_json(index.read_bytes(), _Index, "not an index of safetensors files", where=index)
    weight_map = record.weight_map
    outside = [file for file in weight_map.values() if not _is_plain_name(file)]
    if outside:
        raise WinnowError(f"names a file outside of its folder: {outside[0]!r}", where=index)
    files = {name: index.parent / file for name, file in weight_map.items()}
    return Checkpoint(path, index.parent, files, index)


def _is_plain_name(name: str) -> bool:
    """Whether a name can only mean a file in the folder itself."""
    whole = Path(name).name == name and name not in ("", ".", "..") and "\0" not in name
    return whole and len(name.encode("utf-8", errors="replace")) <= _LONGEST_NAME


def _names(file: Path) -> tuple[str, ...]:
    """The names of a file's tensors; the library checks the header against the file's size."""
    try:
        with safe_open(file, framework="np") as opened:
            return tuple(opened.keys())
    except SafetensorError as error:
        raise WinnowError(f"broken safetensors file: {error}", where=file) from error
    except OSError as error:
        raise WinnowError(f"cannot be read: {error}", where=file) from error


def _located(file: Path, name: str) -> StoredTensor:
    """Read a tensor's place from a header that the library has found sound."""
    with file.open("rb") as opened:
        length = int.from_bytes(opened.read(_LENGTH_BYTES), "little")
        entry = msgspec.json.decode(opened.read(length))[name]
    shape = tuple(entry["shape"])
    if entry["dtype"] not in SIZES:
        raise WinnowError(
            f"{name!r} holds {entry['dtype']} values", where=file, hint=f"readable: {', '.join(SIZES)}"
        )
    if len(shape) != 2 or not all(shape):
        raise WinnowError(f"{name!r} has shape {list(shape)}; rows × dimensions are needed", where=file)
    return StoredTensor(name, file, entry["dtype"], shape, _LENGTH_BYTES + length + entry["data_offsets"][0])


def _folder_hint(folder: Path) -> str:
    others = [path for path in sorted(folder.iterdir()) if path.suffix in _OTHER_KINDS]
    return _conversion_hint(others[0]) if others else "name a .safetensors file or a folder with some"


def _conversion_hint(path: Path) -> str:
    if path.suffix in _OTHER_KINDS:
        return f"{path.suffix} is not read; convert the weights to safetensors first"
    return "a .safetensors file, its index, or a folder is needed"
