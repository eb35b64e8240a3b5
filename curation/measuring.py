"""Texts → signals: packs texts for the kernels and adds what the language verdicts tell."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from curation.counting import Batch, Column, Counted, count
from curation.language_id import Verdict
from curation.signals import measure
from curation.spam_score import load_spam_model

SPAM_SCORE = "spam_score"


def pack(texts: Sequence[str], verdicts: Sequence[Verdict]) -> Batch:
    """Lay texts out as one UTF-8 buffer, with what their verdicts tell."""
    encoded = [text.encode("utf-8", "replace") for text in texts]
    offsets = np.zeros(len(encoded) + 1, dtype=np.int64)
    np.cumsum([len(data) for data in encoded], out=offsets[1:])
    shares = [verdict.function_share for verdict in verdicts]
    scores = [verdict.score for verdict in verdicts]
    data = np.frombuffer(b"".join(encoded), dtype=np.uint8)
    return Batch(texts, data, offsets, np.array(shares, dtype=np.float64), np.array(scores, dtype=np.float64))


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
