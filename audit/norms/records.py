"""The records of a scan of embedding norms: one for each matrix, and one for the checkpoint."""

from __future__ import annotations

from dataclasses import dataclass

from audit.norms.body import Body
from audit.norms.directions import Directions
from audit.norms.duplicates import Duplicates
from audit.norms.embeddings import Embeddings
from audit.norms.labels import Labels
from audit.norms.lump import Lump
from audit.norms.measures import RowMeasures
from audit.norms.weights import StoredTensor
from audit.results import Category

HOT_Z = 4.0  # robust standard deviations above the cell's median that make a row hot


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
    """The rows of one script or category: how many, how many of them hot or in the lump, the median norm."""

    name: str
    rows: int
    hot: int
    lump: int
    median: float


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A row outside of the lump that points as much to the unused rows' mean as the unused rows do."""

    id: int
    token: str
    norm: float
    cosine: float


@dataclass(frozen=True, slots=True)
class UnusedDirection:
    """How rows point to the unused rows' mean: cosines after subtracting the mean row.

    `threshold` is the cosine that 95 % of the unused rows pass; `rows` counts the others that pass it,
    `nearest` has the first of them.
    """

    unused: int
    threshold: float
    rows: int
    nearest: tuple[Neighbour, ...]


@dataclass(frozen=True, slots=True)
class MatrixScan:
    """Everything that was found in one matrix.

    `hot` has every row with z at or above the threshold, by z; `top_ascii` and `top_other` the largest
    norms of tokens in ASCII and of all others, hot or not. `normalised` says that all norms are equal up
    to rounding, so that they carry nothing.
    """

    tensor: StoredTensor
    measures: RowMeasures
    lump: Lump
    body: Body
    directions: Directions
    hot: tuple[RowFact, ...]
    top_ascii: tuple[RowFact, ...]
    top_other: tuple[RowFact, ...]
    scripts: tuple[GroupRow, ...]
    categories: tuple[GroupRow, ...]
    unused_direction: UnusedDirection | None
    duplicates: tuple[Duplicates, ...]
    normalised: bool


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
