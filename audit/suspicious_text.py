"""Checks of what tokens say: hidden characters, personal data, addresses, mixed scripts, odd lengths."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, pstdev

import regex

from audit.results import CheckResult, Finding, Severity
from audit.scripts import BYTES, COMMON, is_mixed, scripts_of
from audit.structure import token_finding
from audit.text_patterns import PATTERNS, TextPattern
from audit.token_text import TokenText

LENGTH_Z = 4.0  # standard deviations of log length above the script's mean
_MIN_TOKENS = 30  # a script with fewer tokens has no distribution to stand out from

_HIDDEN = regex.compile(r"[[\p{Cf}\p{Cc}\p{Co}\p{Cn}\p{Zl}\p{Zp}\u3164\u115f\u1160]--[\t\n\r]]", regex.V1)
_BIDI = regex.compile(r"[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
# Joiners that spell words in Persian, Indic scripts and emoji (UAX 31, A1 to B2) are not hidden there.
_JOINERS = regex.compile(r"(?<=\S)[\u200c\u200d]|[\u200c\u200d](?=\S)|\ufe0f")

# Every pattern needs a digit or one of these signs, but for these beginnings of keys.
_ONLY_LETTERS = regex.compile(r"\s?[^\d@._:/-]*")
_LETTERS_OF_KEYS = ("eyJ", "PRIVATE KEY")


def check_texts(texts: Sequence[TokenText]) -> list[CheckResult]:
    """Run every check of this module."""
    return [
        check_hidden(texts),
        _check_patterns(texts, "personal", "No personal data"),
        _check_patterns(texts, "url", "No web addresses"),
        check_mixed_scripts(texts),
        check_lengths(texts),
    ]


def check_hidden(texts: Sequence[TokenText]) -> CheckResult:
    """Characters that nobody sees: controls, format and bidi characters, private use, unassigned."""
    findings = tuple(finding for text in texts if (finding := _hidden_finding(text)))
    return CheckResult("hidden", "No hidden characters", len(texts), findings)


def hidden_characters(text: str) -> str:
    """The hidden characters of `text`, each once, in order; joiners inside words do not count."""
    if text.isascii() and text.isprintable():
        return ""
    return "".join(dict.fromkeys(_HIDDEN.findall(_JOINERS.sub("", text))))


def matching_patterns(text: str) -> list[TextPattern]:
    """The patterns of `PATTERNS` that occur in `text`."""
    if _ONLY_LETTERS.fullmatch(text) and not any(letters in text for letters in _LETTERS_OF_KEYS):
        return []
    return [pattern for pattern in PATTERNS if pattern.found_in(text)]


def check_mixed_scripts(texts: Sequence[TokenText]) -> CheckResult:
    """Tokens with letters of scripts that are never written in one word."""
    findings = []
    for text in texts:
        counts = scripts_of(text.text) if not text.text.isascii() else {}
        if len(counts) > 1 and is_mixed(frozenset(counts)):
            evidence = ", ".join(f"{script} {count}" for script, count in sorted(counts.items()))
            message = "letters of several scripts"
            findings.append(token_finding("mixed-script", "note", text.id, text.bytes, message, evidence))
    return CheckResult("mixed-script", "One script in a token", len(texts), tuple(findings))


def check_lengths(texts: Sequence[TokenText]) -> CheckResult:
    """Tokens whose length stands out of their script's."""
    shapes = length_shapes(texts)
    findings = []
    for text in texts:
        z = shapes[text.script].z(text.text) if text.script in shapes else 0.0
        if z > LENGTH_Z:
            message = (
                f"{len(text.text)} characters: {z:.1f} standard deviations above other {text.script} tokens"
            )
            findings.append(token_finding("length", "note", text.id, text.bytes, message))
    return CheckResult("length", "No token of unusual length", len(texts), tuple(findings))


@dataclass(frozen=True, slots=True)
class LengthShape:
    """The distribution of ln(characters without edge spaces) over one script's tokens."""

    mean: float
    deviation: float

    def z(self, text: str) -> float:
        """Standard deviations above the mean."""
        return (math.log(max(len(text.strip()), 1)) - self.mean) / self.deviation


def length_shapes(texts: Sequence[TokenText]) -> dict[str, LengthShape]:
    """The length distribution of every script with enough tokens; runs of one character do not count."""
    logs: dict[str, list[float]] = defaultdict(list)
    for text in texts:
        stripped = text.text.strip()
        if text.script not in (COMMON, BYTES) and len(set(stripped)) > 1:
            logs[text.script].append(math.log(len(stripped)))
    return {
        script: LengthShape(fmean(values), max(pstdev(values), 0.1))
        for script, values in logs.items()
        if len(values) >= _MIN_TOKENS
    }


def _check_patterns(texts: Sequence[TokenText], check: str, title: str) -> CheckResult:
    findings = tuple(
        token_finding(check, pattern.severity, text.id, text.bytes, f"looks like {pattern.name}")
        for text in texts
        for pattern in matching_patterns(text.text)
        if pattern.check == check
    )
    return CheckResult(check, title, len(texts), findings)


def _hidden_finding(text: TokenText) -> Finding | None:
    hidden = hidden_characters(text.text)
    if not hidden:
        return None
    points = ", ".join(f"U+{ord(character):04X}" for character in hidden)
    alone = not text.text.strip(hidden + " \t\r\n")
    severity: Severity = "note" if alone and not _BIDI.search(hidden) else "warning"
    message = "only hidden characters" if alone else "hidden characters inside"
    return token_finding("hidden", severity, text.id, text.bytes, message, points)
