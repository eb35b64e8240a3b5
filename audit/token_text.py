"""What a token's bytes are as text: its whole characters, the broken ones at its edges, its script."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from audit.scripts import BYTES, main_script

_LONGEST = 4  # bytes of a UTF-8 character (RFC 3629)


class Utf8Class(StrEnum):
    """How a token's borders lie between characters.

    WHOLE: only whole characters. STARTS_INSIDE and ENDS_INSIDE: the first or the last character is cut;
    BOTH: both are. INSIDE: a piece of one character. NEVER: cannot occur in valid UTF-8.
    """

    WHOLE = "whole"
    STARTS_INSIDE = "starts-inside"
    ENDS_INSIDE = "ends-inside"
    BOTH = "both"
    INSIDE = "inside"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class TokenText:
    """One token as text: `text` holds its whole characters, `head` and `tail` the cut ones' bytes."""

    id: int
    text: str
    head: bytes
    tail: bytes
    bytes: bytes
    utf8: Utf8Class
    script: str


def read_tokens(tokens: Mapping[int, bytes]) -> list[TokenText]:
    """Every token as text, by ascending id."""
    return [read_token(id_, tokens[id_]) for id_ in sorted(tokens)]


def read_token(id_: int, token: bytes) -> TokenText:
    """Split one token into cut head, whole characters and cut tail."""
    try:
        text = token.decode("utf-8")
    except UnicodeDecodeError:
        return _read_broken(id_, token)
    return TokenText(id_, text, b"", b"", token, Utf8Class.WHOLE, main_script(text))


def _read_broken(id_: int, token: bytes) -> TokenText:
    head = token[: _continuation_bytes(token)]
    tail = token[len(head) + _whole_length(token[len(head) :]) :]
    core = token[len(head) : len(token) - len(tail)]
    try:
        text = core.decode("utf-8")
    except UnicodeDecodeError:
        return TokenText(id_, "", token, b"", token, Utf8Class.NEVER, BYTES)
    utf8 = _class(head, text, tail)
    return TokenText(id_, text, head, tail, token, utf8, main_script(text) if text else BYTES)


def _class(head: bytes, text: str, tail: bytes) -> Utf8Class:
    if len(head) >= _LONGEST or not _can_continue(tail):
        return Utf8Class.NEVER
    if head and tail:
        return Utf8Class.BOTH
    if not text:
        return Utf8Class.INSIDE
    return Utf8Class.STARTS_INSIDE if head else Utf8Class.ENDS_INSIDE


def _continuation_bytes(token: bytes) -> int:
    count = 0
    while count < len(token) and 0x80 <= token[count] < 0xC0:
        count += 1
    return count


def _whole_length(data: bytes) -> int:
    """The length of `data` without a character that is cut at its end."""
    for back in range(1, min(_LONGEST, len(data)) + 1):
        lead = data[-back]
        if lead >= 0xC0:
            return len(data) - back if back < _length(lead) else len(data)
        if lead < 0x80:
            break
    return len(data)


def _length(lead: int) -> int:
    return 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4


def _can_continue(tail: bytes) -> bool:
    """Whether some bytes after `tail` make it a character (RFC 3629, table 3-7 of the Unicode standard)."""
    if not tail:
        return True
    lead = tail[0]
    if not 0xC2 <= lead <= 0xF4:
        return False
    low, high = {0xE0: (0xA0, 0xBF), 0xED: (0x80, 0x9F), 0xF0: (0x90, 0xBF), 0xF4: (0x80, 0x8F)}.get(
        lead, (0x80, 0xBF)
    )
    return len(tail) == 1 or low <= tail[1] <= high
