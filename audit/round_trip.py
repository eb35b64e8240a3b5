"""Round trip: every token and many random texts, encoded and decoded by each library, must agree."""

from __future__ import annotations

import random
from collections.abc import Sequence

from audit.engines import Engine
from audit.results import CheckResult, Finding
from audit.structure import token_finding
from audit.token_text import TokenText, Utf8Class
from corpora.display import show_text

_SEED = 2026
_RANDOM_TEXTS = 4000  # half joined from tokens, half random characters
_SHOWN = 60  # characters of a text in a message


def check_round_trip(texts: Sequence[TokenText], engines: Sequence[Engine]) -> CheckResult:
    """Encode and decode the text of every token that is text; each library must give it back (law 1)."""
    title = "Every token survives encoding and decoding"
    if not engines:
        return CheckResult("round-trip", title, 0, (), "no library can encode with this vocabulary")
    whole = [text for text in texts if text.utf8 is Utf8Class.WHOLE]
    findings = [finding for engine in engines for finding in _lost(whole, engine)]
    return CheckResult("round-trip", title, len(whole) * len(engines), tuple(findings))


def check_agreement(texts: Sequence[TokenText], engines: Sequence[Engine]) -> CheckResult:
    """All libraries give the same ids for every token's text and for random texts (law 3)."""
    title = "Libraries agree, and lose nothing"
    if len(engines) < 2:
        return CheckResult("agreement", title, 0, (), "fewer than two libraries can encode with this vocabulary")
    tried = [text.text for text in texts if text.utf8 is Utf8Class.WHOLE] + random_texts(texts)
    first, *others = engines
    expected = first.encode(tried)
    findings = [
        Finding("agreement", "error", f"{first.name} and {other.name} differ", evidence=_differing(text, a, b))
        for other in others
        for text, a, b in zip(tried, expected, other.encode(tried), strict=True)
        if a != b
    ]
    findings += [
        Finding("agreement", "error", f"{first.name} does not give a text back", evidence=_short(text))
        for text, ids in zip(tried, expected, strict=True)
        if first.decode(ids) != text.encode()
    ]
    return CheckResult("agreement", title, len(tried), tuple(findings))


def random_texts(texts: Sequence[TokenText]) -> list[str]:
    """Texts that stress borders: tokens joined at random, and characters drawn from all of Unicode. Seeded."""
    chance = random.Random(_SEED)
    pieces = [text.text for text in texts if text.utf8 is Utf8Class.WHOLE]
    joined = ["".join(chance.choices(pieces, k=chance.randint(2, 8))) for _ in range(_RANDOM_TEXTS // 2)]
    return joined + ["".join(_character(chance) for _ in range(chance.randint(1, 12))) for _ in joined]


def _character(chance: random.Random) -> str:
    point = chance.choice((chance.randrange(0x80), chance.randrange(0x3000), chance.randrange(0x110000)))
    return " " if 0xD800 <= point < 0xE000 else chr(point)


def _lost(whole: Sequence[TokenText], engine: Engine) -> list[Finding]:
    encoded = engine.encode([text.text for text in whole])
    return [
        token_finding("round-trip", "error", text.id, text.bytes, f"{engine.name} does not give it back", str(ids))
        for text, ids in zip(whole, encoded, strict=True)
        if engine.decode(ids) != text.bytes
    ]


def _differing(text: str, first: list[int], second: list[int]) -> str:
    return f"{_short(text)}: {first} against {second}"


def _short(text: str) -> str:
    return show_text(text[:_SHOWN])
