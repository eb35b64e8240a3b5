"""Imported by the process that workers are copies of, so that modules, kernels and tables load only once."""

from __future__ import annotations

from curation.judging import Judge, JudgeSettings
from curation.rules import load_rules

_TEXT = "One line of text, with a number: 12.\nAnd another line of text, with a word more.\n" * 8


def load_all() -> None:
    """Judge a small text, which loads everything that judging needs."""
    Judge(JudgeSettings(load_rules("default"))).judge([_TEXT])


load_all()
