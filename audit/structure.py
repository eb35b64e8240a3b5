"""Checks of a vocabulary's skeleton: bytes, duplicates, holes, order, special tokens, UTF-8 borders."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import regex

from audit.results import CheckResult, Finding, Severity
from audit.token_text import TokenText, Utf8Class
from corpora.display import show_bytes, show_text
from trainer.vocabulary import Encoding, Vocabulary

_SHOWN = 10  # ids or ranges written out in one message
# A special token of letters, digits and spaces only: any author can type it by accident.
_ORDINARY_TEXT = regex.compile(r"[\p{L}\p{M}\p{N}\s]+")
_UTF8_MESSAGES = {
    Utf8Class.STARTS_INSIDE: "starts inside a character",
    Utf8Class.ENDS_INSIDE: "ends inside a character",
    Utf8Class.BOTH: "starts and ends inside a character",
    Utf8Class.INSIDE: "is a piece of one character",
    Utf8Class.NEVER: "cannot occur in valid UTF-8",
}


def token_finding(
    check: str, severity: Severity, id_: int, token: bytes, message: str, evidence: str = ""
) -> Finding:
    """A finding on one token, shown safely."""
    return Finding(check, severity, message, id_, show_bytes(token), token, evidence)


def check_structure(vocabulary: Vocabulary, texts: Sequence[TokenText]) -> list[CheckResult]:
    """Run every check of this module, in the order of the report."""
    return [
        check_bytes(vocabulary),
        check_duplicates(vocabulary),
        check_holes(vocabulary),
        check_order(vocabulary),
        check_special_tokens(vocabulary),
        check_utf8(texts),
    ]


def check_bytes(vocabulary: Vocabulary) -> CheckResult:
    """All 256 bytes are tokens; without one of them some text cannot be encoded (law 1)."""
    findings = tuple(
        Finding("bytes", "error", f"byte 0x{byte:02X} is no token: text with it cannot be encoded")
        for byte in vocabulary.missing_bytes
    )
    return CheckResult("bytes", "All 256 bytes are tokens", 256, findings)


def check_duplicates(vocabulary: Vocabulary) -> CheckResult:
    """No two ids have the same bytes; the higher one can never be encoded.

    A sentencepiece vocabulary has a byte and its character as two tokens on purpose: there it is a note.
    """
    severity: Severity = "note" if vocabulary.encoding is Encoding.UNKNOWN else "error"
    owners: dict[bytes, list[int]] = defaultdict(list)
    for id_ in sorted(vocabulary.tokens):
        owners[vocabulary.tokens[id_]].append(id_)
    findings = tuple(
        token_finding("duplicates", severity, ids[1], token, "the same bytes have several ids", str(ids))
        for token, ids in owners.items()
        if len(ids) > 1
    )
    return CheckResult("duplicates", "No token twice", len(vocabulary.tokens), findings)


def check_holes(vocabulary: Vocabulary) -> CheckResult:
    """Ids without a token: `decode` raises in tiktoken and gives nothing in tokenizers."""
    used = {*vocabulary.tokens, *vocabulary.special_tokens.values(), *vocabulary.tombstones}
    ranges = list(_ranges(sorted(set(range(vocabulary.rows)) - used)))
    count = vocabulary.rows - len(used)
    findings: tuple[Finding, ...] = ()
    if ranges:
        shown = ", ".join(f"{a}" if a == b else f"{a}..{b}" for a, b in ranges[:_SHOWN])
        shown += ", …" if len(ranges) > _SHOWN else ""
        findings = (Finding("holes", "note", f"{count} ids have no token", evidence=shown),)
    return CheckResult("holes", "No holes in the ids", vocabulary.rows, findings)


def check_order(vocabulary: Vocabulary) -> CheckResult:
    """Where ids are ranks, a token's parts come before it; else encoders may merge in another order."""
    if vocabulary.encoding is not Encoding.RANKS:
        return CheckResult("order", "Parts come before the whole", 0, (), "its ids are not priorities")
    findings = tuple(
        token_finding(
            "order",
            "warning",
            made,
            vocabulary.tokens[made],
            "has a part of higher rank",
            f"{left} + {right}",
        )
        for left, right, made in vocabulary.rules
        if max(left, right) > made
    )
    return CheckResult("order", "Parts come before the whole", len(vocabulary.rules), findings)


def check_special_tokens(vocabulary: Vocabulary) -> CheckResult:
    """Special tokens that a learned token equals (error), that are plain words, or that hold one another."""
    findings: list[Finding] = []
    for text, id_ in sorted(vocabulary.special_tokens.items(), key=lambda item: item[1]):
        shown, token = show_text(text), text.encode()
        learned = vocabulary.ids_of.get(token)
        if learned is not None:
            message = "a special token equals a learned token: libraries disagree on it"
            findings.append(token_finding("special", "error", id_, token, message, f"learned as {learned}"))
        if _ORDINARY_TEXT.fullmatch(text):
            message = f"the special token {shown} is ordinary text: any author can write it"
            findings.append(token_finding("special", "warning", id_, token, message))
        inner = [other for other in vocabulary.special_tokens if other != text and other in text]
        if inner:
            message = f"the special token {shown} holds another one"
            findings.append(
                token_finding("special", "note", id_, token, message, show_text(", ".join(inner)))
            )
    title = "Special tokens cannot be confused with text"
    return CheckResult("special", title, len(vocabulary.special_tokens), tuple(findings))


def check_utf8(texts: Sequence[TokenText]) -> CheckResult:
    """Tokens of several bytes whose borders cut a character, by class; single bytes must be there."""
    findings = tuple(
        token_finding("utf8", _utf8_severity(text), text.id, text.bytes, _UTF8_MESSAGES[text.utf8])
        for text in texts
        if text.utf8 is not Utf8Class.WHOLE and len(text.bytes) > 1
    )
    return CheckResult("utf8", "Tokens are whole characters", len(texts), findings)


def _utf8_severity(text: TokenText) -> Severity:
    return "warning" if text.utf8 is Utf8Class.NEVER else "note"


def _ranges(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    start = 0
    for place in range(1, len(numbers) + 1):
        if place == len(numbers) or numbers[place] != numbers[place - 1] + 1:
            yield numbers[start], numbers[place - 1]
            start = place
