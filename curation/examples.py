"""Short excerpts of dropped documents, so that a person sees what a rule drops."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from corpora.display import show_text

if TYPE_CHECKING:
    from curation.judging import Judgement

EXAMPLES = 3  # documents per rule
_EXCERPT = 200  # characters


@dataclass(frozen=True, slots=True)
class Example:
    """One dropped document: where it is, why it was dropped, and how it begins, made safe to display."""

    id: str
    source: str
    language: str
    value: float | None
    threshold: float | None
    excerpt: str


def example_of(batch: pa.RecordBatch, row: int, judged: Judgement) -> Example:
    """The example that one row of a batch makes."""
    return Example(
        id=batch.column("id")[row].as_py(),
        source=batch.column("source")[row].as_py(),
        language=judged.language,
        value=_number(judged.value),
        threshold=_number(judged.threshold),
        excerpt=excerpt(batch.column("text"), row),
    )


def excerpt(texts: pa.Array, row: int) -> str:
    """The beginning of a text, control and direction characters made visible."""
    try:
        text = texts[row].as_py()
    except UnicodeDecodeError:
        return "(not UTF-8)"
    short = show_text(text[:_EXCERPT])
    return short + " …" if len(text) > _EXCERPT else short


def _number(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 6)
