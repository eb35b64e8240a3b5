"""Texts → signals: packs texts for the kernels and adds what the language verdicts tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from curation.counting import Batch, Column, Counted, count
from curation.language_verdict import Verdict
from curation.signals import measure
from curation.spam_score import load_spam_model

SPAM_SCORE = "spam_score"


def pack(
    texts: Sequence[str], verdicts: Sequence[Verdict], given: Mapping[str, Column] | None = None
) -> Batch:
    """Lay texts out as one UTF-8 buffer, with what their verdicts tell, and signals known from elsewhere."""
    encoded = [text.encode("utf-8", "replace") for text in texts]
    offsets = np.zeros(len(encoded) + 1, dtype=np.int64)
    np.cumsum([len(data) for data in encoded], out=offsets[1:])
    data = np.frombuffer(b"".join(encoded), dtype=np.uint8)
    shares, scores, probabilities = (
        np.array([getattr(verdict, name) for verdict in verdicts], dtype=np.float64)
        for name in ("function_share", "score", "probability")
    )
    return Batch(texts, data, offsets, shares, scores, probabilities, given or {})


def measure_all(batch: Batch, names: Sequence[str]) -> dict[str, Column]:
    """The named signals of a batch (`spam_score` included), each of shape (documents,)."""
    return measure_counted(count(batch), names)


def measure_counted(counted: Counted, names: Sequence[str]) -> dict[str, Column]:
    """As `measure_all`, for a batch whose characters are counted already."""
    if SPAM_SCORE not in names:
        return measure(counted, names)
    model = load_spam_model()
    plain = [name for name in names if name != SPAM_SCORE]
    columns = measure(counted, sorted({*plain, *model.signals}))
    return {**columns, SPAM_SCORE: model.score(columns)}
