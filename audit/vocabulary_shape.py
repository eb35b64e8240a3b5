"""The outline of a vocabulary for the report: tokens by script and by length, and the scores' histogram."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from audit.audit_results import HISTOGRAM_BINS, LengthRow, ScriptRow
from audit.results import TokenScore
from audit.token_text import TokenText

LONGEST_ROW = 32  # bytes; longer tokens share the last row


def script_rows(texts: Sequence[TokenText], flagged: Collection[int]) -> tuple[ScriptRow, ...]:
    """Tokens, bytes and flagged tokens of every script, most tokens first."""
    tokens = Counter(text.script for text in texts)
    sizes: Counter[str] = Counter()
    for text in texts:
        sizes[text.script] += len(text.bytes)
    risky = Counter(text.script for text in texts if text.id in flagged)
    ordered = sorted(tokens, key=lambda script: (-tokens[script], script))
    return tuple(ScriptRow(script, tokens[script], sizes[script], risky[script]) for script in ordered)


def length_row_of(token: bytes) -> int:
    """The length row of a token: its bytes, or the last row's."""
    return min(len(token), LONGEST_ROW)


def length_rows(texts: Sequence[TokenText], flagged: Collection[int]) -> tuple[LengthRow, ...]:
    """Tokens and flagged tokens of every length in bytes, shortest first, without empty rows."""
    tokens = Counter(length_row_of(text.bytes) for text in texts)
    risky = Counter(length_row_of(text.bytes) for text in texts if text.id in flagged)
    return tuple(
        LengthRow(length, tokens[length], risky[length], open_ended=length == LONGEST_ROW)
        for length in sorted(tokens)
    )


def histogram(scores: Sequence[TokenScore]) -> tuple[int, ...]:
    """How many scores fall into each of HISTOGRAM_BINS equal bins over 0..1; 1.0 belongs to the last."""
    counts = Counter(min(int(score.score * HISTOGRAM_BINS), HISTOGRAM_BINS - 1) for score in scores)
    return tuple(counts[place] for place in range(HISTOGRAM_BINS))
