"""Judgements as Arrow columns: the rows of DIR/decisions, and what documents get of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from curation.judging import Judgement

_FIELDS = [
    ("id", pa.large_string()),
    ("source", pa.large_string()),
    ("kept", pa.bool_()),
    ("rule", pa.string()),
    ("value", pa.float64()),
    ("threshold", pa.float64()),
    ("language", pa.string()),
    ("language_score", pa.float64()),
]
_CUT = pa.struct([("rule", pa.string()), ("value", pa.float64()), ("start", pa.int64()), ("end", pa.int64())])
_LATER_FIELDS = [("cuts", pa.list_(_CUT)), ("duplicate_of", pa.large_string())]
_RULE_VALUE = pa.struct(
    [("rule", pa.string()), ("value", pa.float64()), ("threshold", pa.float64()), ("verdict", pa.string())]
)
_SHARE = pa.struct([("language", pa.string()), ("share", pa.float64())])
_FULL_FIELDS = [("rules", pa.list_(_RULE_VALUE)), ("paragraph_languages", pa.list_(_SHARE))]
ADDED_COLUMNS = ("language", "language_score")
_NO_DOCUMENTS = pa.schema([(name, pa.large_string()) for name in ("id", "text", "source")])


def decision_schema(*, full: bool) -> pa.Schema:
    """The columns of the decisions; `full` adds every rule's value and the paragraphs' languages."""
    return pa.schema([*_FIELDS, *_LATER_FIELDS, *(_FULL_FIELDS if full else [])])


def document_schema() -> pa.Schema:
    """The columns of documents when there are none."""
    fields = [*_NO_DOCUMENTS, pa.field("language", pa.string()), pa.field("language_score", pa.float64())]
    return pa.schema(fields)


def decision_columns(batch: pa.RecordBatch, judgements: Sequence[Judgement], *, full: bool) -> pa.RecordBatch:
    """One row per document of the batch."""
    columns: list[Any] = [
        batch.column("id"),
        batch.column("source"),
        pa.array([judged.rule is None for judged in judgements], pa.bool_()),
        pa.array([judged.rule for judged in judgements], pa.string()),
        _numbers([judged.value for judged in judgements]),
        _numbers([judged.threshold for judged in judgements]),
        pa.array([judged.language for judged in judgements], pa.string()),
        _numbers([judged.verdict.score for judged in judgements]),
        pa.array([_cuts(judged) for judged in judgements], pa.list_(_CUT)),
        pa.array([judged.duplicate_of for judged in judgements], pa.large_string()),
    ]
    if full:
        columns.append(pa.array([_rule_values(judged) for judged in judgements], pa.list_(_RULE_VALUE)))
        columns.append(pa.array([_shares(judged) for judged in judgements], pa.list_(_SHARE)))
    return pa.RecordBatch.from_arrays(columns, schema=decision_schema(full=full))


def document_columns(batch: pa.RecordBatch, decisions: pa.RecordBatch) -> pa.RecordBatch:
    """`id, text, source, language, language_score`, then the input's others (`input_NAME` where taken)."""
    names = ["id", "text", "source", *ADDED_COLUMNS]
    columns = [batch.column(name) for name in names[:3]] + [decisions.column(name) for name in ADDED_COLUMNS]
    others = [name for name in batch.schema.names if name not in ("id", "text", "source")]
    return append_columns(
        pa.RecordBatch.from_arrays(columns, names=names), others, [batch.column(name) for name in others]
    )


def kept_documents(
    documents: pa.RecordBatch, kept: pa.Array, judgements: Sequence[Judgement]
) -> pa.RecordBatch:
    """The kept documents, with the texts that cuts have left."""
    if any(judged.text is not None for judged in judgements):
        index = documents.schema.get_field_index("text")
        originals = documents.column(index)
        texts = [
            originals[row] if judged.text is None or judged.rule else judged.text
            for row, judged in enumerate(judgements)
        ]
        column = pa.array([each if isinstance(each, str) else each.as_py() for each in texts], originals.type)
        documents = documents.set_column(index, documents.schema.field(index), column)
    return documents.filter(kept)


def append_columns(
    batch: pa.RecordBatch, names: Sequence[str], columns: Sequence[pa.Array]
) -> pa.RecordBatch:
    """The batch with more columns; a name that is taken gets `input_` before it."""
    all_names = list(batch.schema.names)
    for name in names:
        all_names.append(_free_name(name, all_names))
    return pa.RecordBatch.from_arrays([*batch.columns, *columns], names=all_names)


def _free_name(name: str, taken: Sequence[str]) -> str:
    while name in taken:
        name = f"input_{name}"
    return name


def _numbers(values: Sequence[float]) -> pa.Array:
    """Float64 with null for NaN."""
    return pa.array(np.array(values, dtype=np.float64), from_pandas=True)


def _cuts(judged: Judgement) -> list[dict[str, Any]] | None:
    if not judged.cuts:
        return None
    return [{"rule": cut.rule, "value": cut.value, "start": cut.start, "end": cut.end} for cut in judged.cuts]


def _rule_values(judged: Judgement) -> list[dict[str, Any]]:
    return [
        {
            "rule": each.rule,
            "value": None if np.isnan(each.value) else each.value,
            "threshold": each.threshold,
            "verdict": each.verdict,
        }
        for each in judged.rules
    ]


def _shares(judged: Judgement) -> list[dict[str, Any]] | None:
    shares = judged.verdict.shares
    return [{"language": language, "share": share} for language, share in shares] or None
