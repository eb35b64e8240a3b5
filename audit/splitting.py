"""Differential fuzz of the pre-tokenizer: every library must cut made-up texts into the same pieces."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from audit.results import CheckResult, Finding
from corpora.display import show_text
from trainer.exports import to_tiktoken, to_tokenizers
from trainer.reference_encoder import split
from trainer.unicode_drift import drifting_characters
from trainer.vocabulary import Encoding, Vocabulary

CHECK, TITLE = "pre-tokenizer", "Libraries cut text alike"
_SEED = 2026
_TEXTS = 3_000
_LONGEST = 10  # characters of a text
_SHOWN = 20  # findings written out; one more says how many are left
# What published patterns tell apart: letters of every case and of none, marks, numbers, every kind of
# space and line end, contractions (also with ſ and K, which case folding makes s and k), signs, emoji.
_ALPHABET = (
    *"aszAZéÉßſİıKǅЖжΣσς", *"中あがハ가אم", *"\u0301\u0308\u094d\u200d\u200c\ufe0f", *"019٣½Ⅷ²",
    *"   \t\u00a0\u2003\u3000\u200b\ufeff", *"\n\r\u0085\u2028\x0b\x0c", *"'’.,!?-_/#$@&*()“”·", *"€☃♀😀👩🏽",
    "\r\n", "'s", "'S", "'ſ", "'t", "'re", "'RE", "'ve", "'m", "'ll", "'LL", "'d", "’s",
)  # fmt: skip


def check_splitting(vocabulary: Vocabulary) -> CheckResult:
    """Compare tiktoken, tokenizers and the reference on the same made-up texts.

    Texts with characters that the libraries' Unicode versions class differently are a note, others errors.
    """
    if vocabulary.encoding is Encoding.UNKNOWN or vocabulary.missing_bytes:
        return CheckResult(CHECK, TITLE, 0, (), "no library can encode with this vocabulary")
    texts = fuzz_texts()
    expected = [list(split(vocabulary.pattern, text)) for text in texts]
    drifting = drifting_characters(vocabulary.pattern, texts)
    findings: list[Finding] = []
    for library, pieces in _other_splits(vocabulary, texts).items():
        differing = [row for row in zip(texts, expected, pieces, strict=True) if row[1] != row[2]]
        known = [row for row in differing if not drifting.isdisjoint(row[0])]
        findings += _errors(library, [row for row in differing if drifting.isdisjoint(row[0])])
        if known:
            message = f"{library} knows another Unicode version: {len(known)} texts are cut differently"
            findings.append(Finding(CHECK, "note", message, evidence=_differing(*known[0])))
    return CheckResult(CHECK, TITLE, len(texts), tuple(findings))


def fuzz_texts() -> list[str]:
    """Short texts of characters that patterns tell apart. Seeded."""
    chance = random.Random(_SEED)
    made = ["".join(chance.choices(_ALPHABET, k=chance.randint(2, _LONGEST))) for _ in range(_TEXTS)]
    return [text[:_LONGEST] for text in made]


def _other_splits(vocabulary: Vocabulary, texts: Sequence[str]) -> dict[str, list[list[str]]]:
    """Every library that can express the pattern, and how it cuts the texts."""
    bare = replace(vocabulary, tokens=_bytes(), special_tokens={}, merges=(), tombstones=frozenset())
    splits = {"tokenizers": _split_by_tokenizers(bare, texts)}
    if vocabulary.encoding is Encoding.RANKS:
        splits["tiktoken"] = _split_by_tiktoken(bare, texts)
    return splits


def _split_by_tokenizers(bare: Vocabulary, texts: Sequence[str]) -> list[list[str]]:
    pre_tokenizer = to_tokenizers(bare).pre_tokenizer
    return [[text[start:end] for _, (start, end) in pre_tokenizer.pre_tokenize_str(text)] for text in texts]


def _split_by_tiktoken(bare: Vocabulary, texts: Sequence[str]) -> list[list[str]]:
    """tiktoken shows no pieces, but looks each up whole: where every substring is a token, ids are pieces."""
    substrings = {
        text[start:end].encode()
        for text in texts
        for start in range(len(text))
        for end in range(start + 1, len(text) + 1)
    }
    longer = sorted(part for part in substrings if len(part) > 1)
    tokens = _bytes() | dict(enumerate(longer, start=256))
    encoding = to_tiktoken(replace(bare, tokens=tokens))
    return [[tokens[id_].decode() for id_ in encoding.encode_ordinary(text)] for text in texts]


def _bytes() -> dict[int, bytes]:
    return {byte: bytes([byte]) for byte in range(256)}


def _errors(library: str, rows: Sequence[tuple[str, list[str], list[str]]]) -> list[Finding]:
    message = f"{library} cuts a text differently"
    findings = [Finding(CHECK, "error", message, evidence=_differing(*row)) for row in rows[:_SHOWN]]
    if len(rows) > _SHOWN:
        findings.append(
            Finding(CHECK, "error", f"{library} cuts {len(rows) - _SHOWN} more texts differently")
        )
    return findings


def _differing(text: str, ours: list[str], theirs: list[str]) -> str:
    return show_text(f"{text}: {' | '.join(theirs)} against {' | '.join(ours)}")
