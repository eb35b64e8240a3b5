"""Which rows a repair is asked to change: the lump, hot rows, zero rows, ids and ranges, or a file of ids."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from audit.norms.labels import Labels
from audit.norms.measures import Ids
from audit.norms.records import MatrixScan
from corpora.errors import WinnowError, WrongCall

NAMED = ("lump", "untrained", "hot", "zeros", "all")
_RANGE = re.compile(r"(\d+)(?:-(\d+))?")


def chosen_rows(choices: Sequence[str], scan: MatrixScan, labels: Labels) -> Ids:
    """The rows that `choices` name in one matrix, sorted, without repeats.

    `lump`, `untrained`, `hot` and `zeros` are those of this matrix; `all` is every row with a token;
    `12,40-49` are ids; anything else is a file with one id a line. Raises WrongCall for what names no row,
    WinnowError for a file that holds something else.
    """
    if not choices:
        raise WrongCall("no rows were asked for", hint=f"--rows {'|'.join(NAMED)}, ids, or a file of ids")
    found = [_chosen(choice, scan, labels) for choice in choices]
    ids = np.unique(np.concatenate(found))
    if ids.size and ids[-1] >= scan.tensor.rows:
        raise WrongCall(f"no row {ids[-1]}", hint=f"{scan.tensor.name} has {scan.tensor.rows:,} rows")
    return ids


def _chosen(choice: str, scan: MatrixScan, labels: Labels) -> Ids:
    if choice in NAMED:
        return _named(choice, scan, labels)
    if all(_RANGE.fullmatch(part) for part in choice.split(",")):
        return np.concatenate([_range(part, choice) for part in choice.split(",")])
    return _from_file(Path(choice))


def _named(choice: str, scan: MatrixScan, labels: Labels) -> Ids:
    if choice == "lump":
        return np.array(scan.lump.ids, dtype=np.int64)
    if choice == "untrained":
        return scan.untrained
    if choice == "hot":
        return np.array([fact.id for fact in scan.hot], dtype=np.int64)
    if choice == "zeros":
        return scan.measures.zeros
    return np.array([row for row in range(labels.rows) if labels.token(row)], dtype=np.int64)


def _range(part: str, choice: str) -> Ids:
    first, _, last = part.partition("-")
    start, stop = int(first), int(last or first)
    if stop < start:
        raise WrongCall(f"{part} runs backwards", where=f"--rows {choice}")
    return np.arange(start, stop + 1, dtype=np.int64)


def _from_file(path: Path) -> Ids:
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise WrongCall(
            f"neither {', '.join(NAMED)}, nor ids, nor a readable file", where=path, hint="--rows 12,40-49"
        ) from error
    ids = []
    for number, line in enumerate(lines, start=1):
        if line.strip() and not line.strip().isdigit():
            raise WinnowError(f"not an id: {line.strip()!r}", where=f"{path}:{number}")
        if line.strip():
            ids.append(int(line))
    return np.array(ids, dtype=np.int64)
