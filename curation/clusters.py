"""Clusters of copies: how many documents each kept one stands for; written by a run, read by a later one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from corpora.errors import WrongCall
from corpora.files import atomic_path
from curation.duplicates import EXACT, NEAR

CLUSTERS = "clusters.parquet"


def write_clusters(decisions: Sequence[Path], target: Path) -> None:
    """Write `id, documents, exact, near` of every kept document that has copies, the largest clusters first.

    `documents` counts the kept one too; `exact` and `near` the copies that were dropped.
    """
    columns = ["rule", "duplicate_of"]
    tables = [pq.read_table(part, columns=columns, filters=pc.field("rule").isin([EXACT, NEAR]))
              for part in decisions]  # fmt: skip
    copies = pa.concat_tables(tables)
    exact = pc.equal(copies.column("rule"), EXACT).cast(pa.int64())
    counted = (
        pa.table({"id": copies.column("duplicate_of"), "exact": exact})
        .group_by("id")
        .aggregate([("exact", "sum"), ("exact", "count")])
    )
    documents = pc.add(counted.column("exact_count"), 1)
    near = pc.subtract(counted.column("exact_count"), counted.column("exact_sum"))
    clusters = pa.table(
        {
            "id": counted.column("id"),
            "documents": documents,
            "exact": counted.column("exact_sum"),
            "near": near,
        }
    ).sort_by([("documents", "descending"), ("id", "ascending")])
    with atomic_path(target) as temporary:
        pq.write_table(clusters, temporary, compression="zstd")


def read_clusters(path: Path) -> dict[str, int]:
    """Document id → size of its cluster. Raises WrongCall when `winnow filter` did not write the file."""
    hint = f"--clusters takes the {CLUSTERS} of `winnow filter`"
    if not path.is_file():
        raise WrongCall("no such file", where=path, hint=hint)
    try:
        table = pq.read_table(path, columns=["id", "documents"])
    except (pa.ArrowException, OSError, KeyError, UnicodeDecodeError) as error:
        raise WrongCall(f"no clusters: {error}", where=path, hint=hint) from error
    return dict(zip(table.column("id").to_pylist(), table.column("documents").to_pylist(), strict=True))
