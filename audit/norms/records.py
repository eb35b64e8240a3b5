"""The records of a scan of embedding norms: one for each matrix, and one for the checkpoint."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audit.norms.body import Body
from audit.norms.calls import HOT_Z
from audit.norms.directions import Directions
from audit.norms.duplicates import Duplicates
from audit.norms.labels import Labels
from audit.norms.lump import Lump
from audit.norms.measures import Ids, RowMeasures
from audit.results import Category
from trainer.token_matrices import Embeddings
from trainer.weights import StoredTensor


@dataclass(frozen=True, slots=True)
class ScanOptions:
    """What a scan is asked for: how hot is hot, how many rows the lists hold, and whether to compare rows."""

    hot_z: float = HOT_Z
    top: int = 50
    duplicates: bool = True


@dataclass(frozen=True, slots=True)
class RowFact:
    """One row: its token as safe text and as bytes, its norm, and its robust z (NaN where it has none)."""

    id: int
    token: str
    bytes: bytes
    norm: float
    z: float
    script: str
    category: Category | None


@dataclass(frozen=True, slots=True)
class GroupRow:
    """The rows of one script or category: how many, how many of them hot or untrained, the median norm."""

    name: str
    rows: int
    hot: int
    untrained: int
    median: float


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A row that points where the unused rows do without being one of them."""

    id: int
    token: str
    norm: float
    cosine: float


@dataclass(frozen=True, slots=True)
class UnusedDirection:
    """The rows that point where the unused rows do, apart from all others (by cosine, after centring).

    `unused` rows gave the direction. `ids` are the group, those of them included; `rows` counts its other
    members, and `nearest` has the first of these.
    """

    unused: int
    ids: tuple[int, ...]
    least_cosine: float
    median_norm: float
    rows: int
    nearest: tuple[Neighbour, ...]


@dataclass(frozen=True, slots=True)
class Parts:
    """A matrix taken apart: its lump by length, and the group `aligned` with the `unused` rows, if any."""

    measures: RowMeasures
    lump: Lump
    unused: Ids
    directions: Directions
    aligned: Lump | None

    @property
    def untrained(self) -> Ids:
        """Rows that are untrained by length or by direction, sorted."""
        aligned = () if self.aligned is None else self.aligned.ids
        return np.array(sorted({*self.lump.ids, *aligned}), dtype=np.int64)


@dataclass(frozen=True, slots=True)
class MatrixScan:
    """Everything that was found in one matrix.

    `hot` has every row with z at or above `hot_line`, by z; `top_ascii` and `top_other` the largest
    norms of tokens in ASCII and of all others, hot or not. `normalised` says that all norms are equal up
    to rounding, so that they carry nothing.
    """

    tensor: StoredTensor
    measures: RowMeasures
    lump: Lump
    body: Body
    directions: Directions
    hot_line: float
    hot: tuple[RowFact, ...]
    top_ascii: tuple[RowFact, ...]
    top_other: tuple[RowFact, ...]
    scripts: tuple[GroupRow, ...]
    categories: tuple[GroupRow, ...]
    unused_direction: UnusedDirection | None
    duplicates: tuple[Duplicates, ...]
    normalised: bool

    @property
    def untrained(self) -> Ids:
        """Rows of the lump and rows that point where unused rows do, sorted."""
        aligned = () if self.unused_direction is None else self.unused_direction.ids
        return np.array(sorted({*self.lump.ids, *aligned}), dtype=np.int64)


@dataclass(frozen=True, slots=True)
class NormScan:
    """The scan of a checkpoint: its input matrix, its output matrix unless tied, and how they agree.

    `agreement` is Spearman's ρ of the two matrices' norms outside of both lumps; None with one matrix.
    """

    name: str
    tokenizer: str | None
    embeddings: Embeddings
    labels: Labels
    options: ScanOptions
    input: MatrixScan
    output: MatrixScan | None
    agreement: float | None
    notes: tuple[str, ...]
