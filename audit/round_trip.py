"""Round trip: every token and many random texts, encoded and decoded by each library, must agree."""

from __future__ import annotations

import random
from collections.abc import Sequence

from audit.engines import EncodedTokens, Engine
from audit.results import CheckResult, Finding
from audit.structure import token_finding
from audit.token_text import TokenText
from corpora.display import show_text
from trainer.unicode_drift import drifting_characters

_SEED = 2026
_RANDOM_TEXTS = 4000  # half joined from tokens, half random characters
_SHOWN = 60  # characters of a text in a message


def check_round_trip(encoded: EncodedTokens, engines: Sequence[Engine]) -> CheckResult:
    """Decode what every engine made of every token's text; each must give it back (law 1)."""
    title = "Every token survives encoding and decoding"
    if not engines:
        return CheckResult("round-trip", title, 0, (), "no library can encode with this vocabulary")
    findings = tuple(
        token_finding("round-trip", "error", token.id, token.bytes, f"{engine.name} loses it", str(ids))
        for engine, all_ids in zip(engines, encoded.ids, strict=True)
        for token, ids in zip(encoded.tokens, all_ids, strict=True)
        if engine.decode(ids) != token.bytes
    )
    return CheckResult("round-trip", title, len(encoded.tokens) * len(engines), findings)


def check_agreement(encoded: EncodedTokens, engines: Sequence[Engine], pattern: str) -> CheckResult:
    """All engines give the same ids for every token's text and for random texts, and lose nothing (law 3).

    Ids are not compared on texts with characters that the engines' Unicode versions class differently.
    """
    title = "Libraries agree, and lose nothing"
    if len(engines) < 2:
        return CheckResult("agreement", title, 0, (), "fewer than two libraries can encode with it")
    strange = random_texts(encoded.tokens)
    ids = [known + engine.encode(strange) for engine, known in zip(engines, encoded.ids, strict=True)]
    tried = [token.text for token in encoded.tokens] + strange
    drifting = drifting_characters(pattern, tried)
    findings = [
        Finding("agreement", "error", f"{engines[0].name} and {other.name} differ", evidence=_differing(*row))
        for other, others in zip(engines[1:], ids[1:], strict=True)
        for row in zip(tried, ids[0], others, strict=True)
        if row[1] != row[2] and drifting.isdisjoint(row[0])
    ]
    findings += [
        Finding("agreement", "error", f"{engines[0].name} does not give a text back", evidence=_short(text))
        for text, got in zip(strange, ids[0][len(encoded.tokens) :], strict=True)
        if engines[0].decode(got) != text.encode()
    ]
    return CheckResult("agreement", title, len(tried), tuple(findings))


def random_texts(texts: Sequence[TokenText]) -> list[str]:
    """Texts that stress borders: tokens joined at random, and characters of all of Unicode. Seeded."""
    chance = random.Random(_SEED)
    pieces = [text.text for text in texts]
    if not pieces:
        return []
    joined = ["".join(chance.choices(pieces, k=chance.randint(2, 8))) for _ in range(_RANDOM_TEXTS // 2)]
    return joined + ["".join(_character(chance) for _ in range(chance.randint(1, 12))) for _ in joined]


def _character(chance: random.Random) -> str:
    point = chance.choice((chance.randrange(0x80), chance.randrange(0x3000), chance.randrange(0x110000)))
    return " " if 0xD800 <= point < 0xE000 else chr(point)


def _differing(text: str, first: list[int], second: list[int]) -> str:
    return f"{_short(text)}: {first} against {second}"


def _short(text: str) -> str:
    return show_text(text[:_SHOWN])
