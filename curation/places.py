"""Where in a text a signal finds what it counts: spans to show, or to cut out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from curation.leaks import leak_spans

Spans = Sequence[tuple[int, int]]


def _leaks(text: str, threshold: float) -> Spans:
    return [(span.start, span.end) for span in leak_spans(text, threshold)]


# Signal → function of the text and the rule's threshold, spans in characters, in order, not overlapping.
SIGNALS_WITH_PLACES: Mapping[str, Callable[[str, float], Spans]] = {"leak_points": _leaks}
