"""Scores of answers: how far each shows that the model read the token, or knows what it means."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher

from audit.probe.languages import LANGUAGES
from audit.probe.records import Candidate, Kind, ScoredAnswer

_CLOSE = 0.8  # share of the characters in common (Ratcliff & Obershelp) that makes an answer half right
_SPELLED = 0.6
_COMMON = 0.25  # share of the tokens whose translations have a word, from which on it is common
_SHOWN = 40
_SEPARATORS = re.compile(r"[\s\-‐-―,.;:|/·\"'«»`]+")
_WORDS = re.compile(r"\w\w+")
_NO_MEANING = re.compile(
    r"\b(none|no (known )?(meaning|translation)|unknown|not sure|unsure|cannot|can't|don't know|gibberish|"
    r"meaningless|nonsense|not a (real )?word)\b"
)
# Words of which one in a translation shows that a spam phrase was understood; by the ban entry's category.
_MEANINGS = {
    "gambling": (
        "bet",
        "casino",
        "lottery",
        "gambl",
        "slot",
        "poker",
        "racing",
        "odds",
        "jackpot",
        "baccarat",
    ),
    "adult": ("sex", "porn", "adult", "erotic", "nude", "escort", "massage", "video"),
}


def score_answers(
    candidate: Candidate, kind: Kind, answers: Sequence[str], common: frozenset[str] = frozenset()
) -> tuple[ScoredAnswer, ...]:
    """Score the answers to one kind of question about one token, in their order.

    `common` are words that the model says in translating any token (see `common_words`).
    """
    wanted = _normal(candidate.text or "")
    scored: list[tuple[float, str]]
    if kind == "repetition":
        scored = [_repetition(wanted, _normal(answer)) for answer in answers]
    elif kind == "spelling":
        scored = [_spelling(wanted, _normal(answer)) for answer in answers]
    elif kind == "language":
        scored = [_language(candidate.script, answer) for answer in answers]
    else:
        scored = [_translation(candidate, wanted, answers, place, common) for place in range(len(answers))]
    return tuple(
        ScoredAnswer(kind, answer, score, why) for answer, (score, why) in zip(answers, scored, strict=True)
    )


def _normal(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip()


def _repetition(wanted: str, answer: str) -> tuple[float, str]:
    if wanted in answer:
        return 1.0, "repeats it"
    if wanted.casefold() in answer.casefold():
        return 0.5, "repeats it in other letters"
    bare = answer.strip("\"'«»`. \n")
    if SequenceMatcher(None, bare, wanted).ratio() >= _CLOSE:
        return 0.5, f"nearly repeats it: {bare[:_SHOWN]}"
    return 0.0, f"says {bare[:_SHOWN]!r}" if bare else "says nothing"


def _spelling(wanted: str, answer: str) -> tuple[float, str]:
    letters = [letter for letter in wanted.casefold() if not letter.isspace()]
    singles = [part for part in _SEPARATORS.split(answer.casefold()) if len(part) == 1]
    if _inside(letters, singles):
        return 1.0, "spells it"
    common = SequenceMatcher(None, singles, letters).ratio()
    if singles and common >= _SPELLED:
        return 0.5, f"spells {common:.0%} of it"
    return 0.0, f"spells {'-'.join(singles)[:_SHOWN]!r}" if singles else "spells nothing"


def _inside(part: list[str], whole: list[str]) -> bool:
    return any(whole[at : at + len(part)] == part for at in range(len(whole) - len(part) + 1))


def _language(script: str, answer: str) -> tuple[float, str]:
    said = answer.casefold()
    hit = next((name for name in LANGUAGES.get(script, ()) if name in said), None)
    return (1.0, f"names {hit}") if hit else (0.0, f"names no language written in {script}")


def common_words(translations: Sequence[Sequence[str]]) -> frozenset[str]:
    """Words in the translations of many tokens, each token's answers one item: they tell nothing of one."""
    said = Counter(word for answers in translations for word in {w for a in answers for w in _words(a)})
    return frozenset(word for word, tokens in said.items() if tokens > max(1, _COMMON * len(translations)))


def _translation(
    candidate: Candidate, wanted: str, answers: Sequence[str], place: int, common: frozenset[str]
) -> tuple[float, str]:
    """Agreement with the other answers, or a word that the token's category leads to expect.

    There is no dictionary of suspicious tokens. A model that makes something up makes up something else
    each time (at a temperature above zero), or says the same of every token; one that knows does neither.
    """
    answer = answers[place].casefold()
    hit = next((word for word in _MEANINGS.get(candidate.category or "", ()) if word in answer), None)
    if hit:
        return 1.0, f"says {hit!r}, as {candidate.category} tokens mean"
    if _NO_MEANING.search(answer):
        return 0.0, "says that it has no meaning"
    empty = common | _words(wanted)
    words = _words(answer) - empty
    if not words:
        return 0.0, "says nothing that it does not say of other tokens too"
    others = [_words(other) - empty for at, other in enumerate(answers) if at != place]
    if not others:
        return 0.5, "one answer, which nothing confirms"
    agreement = sum(len(words & other) / len(words | other) for other in others) / len(others)
    return agreement, f"{agreement:.0%} of its words agree with the other answers'"


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORDS.findall(text.casefold()))
