"""The files of a scan or a comparison in an output folder, the manifest last."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from audit.norms.comparison import Comparison
from audit.norms.findings import norm_checks
from audit.norms.page import comparison_page, scan_page
from audit.norms.records import MatrixScan, NormScan
from audit.norms.scan_record import scan_record
from audit.output_formats import to_jsonl
from corpora.files import atomic_path, write_json, write_text
from corpora.manifest import MANIFEST_NAME, SCHEMA_VERSION, FileHash, Manifest, hash_file, write_manifest
from corpora.outputs import OutputFolder

NORMS, ROWS, FINDINGS, REPORT, COMPARISON = (
    "norms.json", "rows.parquet", "findings.jsonl", "report.html", "comparison.json",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Call:
    """What the manifest says of a call: the verb, its resolved options, and its input files."""

    command: str
    configuration: Mapping[str, Any]
    inputs: Sequence[FileHash]


def write_scan_files(folder: OutputFolder, scan: NormScan, call: Call) -> None:
    """Write norms.json, rows.parquet (every row's numbers), findings.jsonl, report.html, manifest.json."""
    findings = [finding for check in norm_checks(scan) for finding in check.findings]
    write_json(folder.path / NORMS, scan_record(scan))
    write_rows(folder.path / ROWS, scan)
    write_text(folder.path / FINDINGS, to_jsonl(findings))
    write_text(folder.path / REPORT, scan_page(scan))
    counts = {
        "rows": scan.input.tensor.rows,
        "low_lump": len(scan.input.lump.ids),
        "hot": len(scan.input.hot),
        "findings": len(findings),
    }
    _finish(folder, call, (NORMS, ROWS, FINDINGS, REPORT), counts)


def write_comparison_files(folder: OutputFolder, comparison: Comparison, call: Call) -> None:
    """Write comparison.json, report.html and manifest.json."""
    write_json(folder.path / COMPARISON, comparison_record(comparison))
    write_text(folder.path / REPORT, comparison_page(comparison))
    _finish(folder, call, (COMPARISON, REPORT), {"checkpoints": len(comparison.stages)})


def comparison_record(comparison: Comparison) -> dict[str, Any]:
    """A comparison as a JSON record."""
    return {"schema_version": SCHEMA_VERSION, **asdict(comparison)}


def write_rows(path: Path, scan: NormScan) -> None:
    """Write one Parquet row for every row of the input matrix, with the output matrix in own columns.

    Columns: id, token (bytes), script, norm, z, in_lump, untrained, unused_cosine, and for untied embeddings
    output_norm, output_z. z and cosines are null where there is none.
    """
    ids = range(scan.input.tensor.rows)
    columns: dict[str, pa.Array] = {
        "id": pa.array(ids, pa.int32()),
        "token": pa.array((scan.labels.token(id_) for id_ in ids), pa.binary()),
        "script": pa.array(map(scan.labels.script_of, ids), pa.string()),
        **_columns(scan.input, ids),
        "in_lump": pa.array(np.isin(np.arange(len(ids)), scan.input.lump.ids)),
        "untrained": pa.array(np.isin(np.arange(len(ids)), scan.input.untrained)),
        "unused_cosine": _nullable(scan.input.directions.cosine),
    }
    if scan.output is not None:
        columns |= {f"output_{name}": column for name, column in _columns(scan.output, ids).items()}
    with atomic_path(path) as temporary:
        pq.write_table(pa.table(columns), temporary, compression="zstd")


def _columns(scan: MatrixScan, ids: range) -> dict[str, pa.Array]:
    return {"norm": _fitted(scan.measures.norms, ids), "z": _fitted(scan.body.z, ids)}


def _fitted(values: np.ndarray, ids: range) -> pa.Array:
    """As many values as there are ids; a matrix with fewer rows has nulls at the end."""
    padded = np.full(len(ids), np.nan)
    padded[: min(values.size, len(ids))] = values[: len(ids)]
    return _nullable(padded)


def _nullable(values: Iterable[float]) -> pa.Array:
    return pa.array(values, pa.float64(), from_pandas=True)


def _finish(folder: OutputFolder, call: Call, names: Sequence[str], counts: Mapping[str, int]) -> None:
    manifest = Manifest(
        command=call.command,
        command_line=sys.argv[1:],
        configuration=call.configuration,
        inputs=call.inputs,
        outputs=[hash_file(folder.path / name, shown_as=name) for name in names],
        counts=counts,
        call=folder.fingerprint,
    )
    write_manifest(folder.path / MANIFEST_NAME, manifest)
