"""A scan as the JSON record of the interface: stable keys in a stable order, bytes in hexadecimal."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from audit.norms.records import MatrixScan, NormScan, RowFact
from corpora.manifest import SCHEMA_VERSION


def scan_record(scan: NormScan) -> dict[str, Any]:
    """The whole scan. The keys of the input matrix stand at the top; `output` has the same for the other."""
    embeddings = scan.embeddings
    return {
        "schema_version": SCHEMA_VERSION,
        "rows": scan.input.tensor.rows,
        "dim": scan.input.tensor.width,
        "tied": embeddings.tied,
        **_matrix_record(scan.input),
        "name": scan.name,
        "tokenizer": scan.tokenizer,
        "beyond_vocabulary": scan.labels.beyond,
        "hot_z": scan.options.hot_z,
        "scaling": None if embeddings.scaling is None else asdict(embeddings.scaling),
        "agreement": scan.agreement,
        "notes": list(scan.notes),
        "output": None
        if scan.output is None
        else {
            "rows": scan.output.tensor.rows,
            "dim": scan.output.tensor.width,
            **_matrix_record(scan.output),
        },
    }


def hot_record(fact: RowFact) -> dict[str, Any]:
    """One row of a list."""
    return {
        "id": fact.id,
        "token": fact.token,
        "norm": fact.norm,
        "z": fact.z,
        "script": fact.script,
        "category": fact.category,
        "bytes": fact.bytes.hex(),
    }


def _matrix_record(scan: MatrixScan) -> dict[str, Any]:
    lump = asdict(scan.lump)
    ordered = {key: lump.pop(key) for key in ("found", "norm", "ids")}
    return {
        "mean": scan.measures.mean,
        "std": scan.measures.std,
        "low_lump": {**ordered, **lump},
        "hot": [hot_record(fact) for fact in scan.hot],
        "top_ascii": [hot_record(fact) for fact in scan.top_ascii],
        "top_other": [hot_record(fact) for fact in scan.top_other],
        "hot_line": scan.hot_line,
        "tensor": scan.tensor.name,
        "number_format": scan.tensor.number_format,
        "zeros": scan.measures.zeros.tolist(),
        "normalised": scan.normalised,
        "scripts": [asdict(row) for row in scan.scripts],
        "categories": [asdict(row) for row in scan.categories],
        "cells": [asdict(cell) for cell in scan.body.cells],
        "unused_direction": None if scan.unused_direction is None else asdict(scan.unused_direction),
        "duplicates": [asdict(group) for group in scan.duplicates],
    }
