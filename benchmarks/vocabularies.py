"""Reads the vocabulary files that trainers leave, and says where two of them differ."""

from __future__ import annotations

import base64
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any, cast

import msgspec

from trainer.byte_alphabet import from_mapped

Merge = tuple[str, str]


class _Model(msgspec.Struct):
    vocab: dict[str, int]
    merges: list[str | Merge]


class _TokenizerJson(msgspec.Struct):
    model: _Model


@dataclass(frozen=True, slots=True)
class Shared:
    """How many tokens a vocabulary has, and which fraction of another's it holds as well."""

    tokens: int
    fraction: float


def read_model(path: Path) -> tuple[dict[str, int], list[Merge]]:
    """The ids and the merges of a `tokenizer.json`, in its own spelling of bytes."""
    model = msgspec.json.decode(path.read_bytes(), type=_TokenizerJson).model
    return model.vocab, [cast(Merge, tuple(m.split(" "))) if isinstance(m, str) else m for m in model.merges]


def read_tokens(path: Path) -> set[bytes]:
    """The tokens of a `tokenizer.json` or a `.tiktoken` file, as bytes."""
    if path.suffix == ".json":
        return {from_mapped(token) for token in read_model(path)[0]}
    return {base64.b64decode(line.split(b" ")[0]) for line in path.read_bytes().splitlines()}


def first_difference(ours: Sequence[Any], theirs: Sequence[Any]) -> int | None:
    """The first place where two sequences differ, a missing end included; None when they are equal."""
    absent = object()
    pairs = enumerate(zip_longest(ours, theirs, fillvalue=absent))
    return next((place for place, (left, right) in pairs if left != right), None)


def shared_tokens(path: Path, other: Path) -> Shared:
    """Compare in a process of its own, so that this one stays small (see `measure`)."""
    command = [sys.executable, "-m", "benchmarks.vocabularies", str(path), str(other)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    tokens, fraction = done.stdout.split()
    return Shared(int(tokens), float(fraction))


def main(arguments: Sequence[str]) -> None:
    """Print how many tokens the first file has, and the fraction of the second's tokens that it has too."""
    ours, theirs = (read_tokens(Path(argument)) for argument in arguments)
    print(len(ours), len(ours & theirs) / len(theirs))


if __name__ == "__main__":
    main(sys.argv[1:])
