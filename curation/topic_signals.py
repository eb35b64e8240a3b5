"""Signals of what a text says: topics of spam, advertising, sober writing, leaks, boards, generated files."""

from __future__ import annotations

import numpy as np

from curation import character_kernel as characters
from curation import line_kernel as lines
from curation.counting import TOPICS, Column, Counted
from curation.leaks import leak_points
from curation.patterns import board_lines, generated_marks, mojibake_count
from curation.signal import Signal


def _boards(counted: Counted) -> Column:
    """Only asked where there are lines and digits enough: heads of posts are full of them."""
    total, shares = counted.line(lines.LINES), np.zeros(len(counted.batch.texts))
    for document in np.flatnonzero((total >= 4) & (counted.per_point(characters.DIGITS) > 0.04)).tolist():
        shares[document] = board_lines(counted.batch.texts[document], total[document])
    return shares


def _topic(name: str, meaning: str) -> Signal:
    return Signal(f"{name}_share", "share of letters", "Winnow", meaning, lambda c: c.topic(name))


OF_TOPICS = (
    *(_topic(name, f"phrases about {name}; frequent in honest texts on the topic too") for name in TOPICS),
    Signal(
        "topic_share", "share of letters", "Winnow", "phrases of all spam topics", lambda c: c.all_topics()
    ),
    _topic("promotion", "phrases of advertising"),
    _topic("contact", "names of messengers, calls to call"),
    _topic("sober", "phrases of laws, news, research and code"),
    Signal(
        "promotion_phrases",
        "different, per 1,000 characters",
        "Winnow",
        "phrases of advertising",
        lambda c: c.phrases_per_1000("promotion"),
    ),
)

OF_LISTS = (
    Signal(
        "ban_share",
        "share of characters",
        "Winnow",
        "phrases of ban lists, as `ban_lists` or `--list` name them (else it does not apply)",
        lambda c: c.given("ban_share"),
    ),
    Signal(
        "cluster_size",
        "documents",
        "FineWeb",
        "exact and near copies that an earlier run found of the document, itself too (`--clusters`)",
        lambda c: c.given("cluster_size"),
    ),
)

OF_PATTERNS = (
    Signal(
        "leak_points",
        "points",
        "Winnow",
        "marks of a leaked tool call (curation/leaks.py)",
        lambda c: c.of_text(leak_points),
    ),
    Signal(
        "board_line_share",
        "share of lines",
        "Winnow",
        "heads of posts and signatures of message boards",
        _boards,
    ),
    Signal(
        "generated_marks",
        "marks",
        "StarCoder",
        "marks of files that programs write",
        lambda c: c.of_text(generated_marks, "generated_marks"),
    ),
    Signal(
        "mojibake_share",
        "share of characters",
        "ftfy",
        "UTF-8 that was read as Windows-1252",
        lambda c: c.of_text(mojibake_count) / np.maximum(1.0, c.count(characters.POINTS)),
    ),
    Signal(
        "furniture_phrases",
        "different, per 1,000 characters",
        "C4",
        "phrases of cookie banners and page footers",
        lambda c: c.phrases_per_1000("furniture"),
    ),
)
