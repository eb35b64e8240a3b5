"""The questions: what is asked about a token, and in which frame its text stays one token."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from audit.engines import Engine
from audit.probe.languages import LANGUAGES
from audit.probe.records import Ask, Candidate, Kind

# The token stands last, so that nothing that follows can be continued in place of an answer.
_QUESTIONS: dict[Kind, str] = {
    "repetition": "Repeat the following string exactly, and write nothing else: ",
    "spelling": "Spell the following string letter by letter, with a hyphen after each letter: ",
    "translation": "Translate the following string into English in a few words, or say none: ",
    "language": "Which language is the following string? Answer with one language's name: ",
}
# Tried in this order; a tokenizer may join a quote with what follows it.
_FRAMES = (('"', '"'), ("«", "»"), ("'", "'"), ("`", "`"), ("\n", "\n"), ("", ""))


def make_asks(
    candidates: Iterable[Candidate], kinds: Sequence[Kind], answers: int, engine: Engine | None
) -> Iterator[Ask]:
    """Every question: for each token its kinds, each `answers` times.

    A language is asked only of scripts that tell one. Without an engine nobody knows whether the text
    becomes the token.
    """
    for candidate in candidates:
        for kind in kinds:
            if candidate.text is None or not candidate.text.strip():
                continue
            if kind == "language" and candidate.script not in LANGUAGES:
                continue
            first = _framed(candidate, candidate.text, kind, engine)
            for number in range(answers):
                yield Ask(candidate.id, kind, number, first.before, first.text, first.after, first.exact)


def _framed(candidate: Candidate, text: str, kind: Kind, engine: Engine | None) -> Ask:
    """The question in the first frame in which the tokenizer makes the token, else in the first of all."""
    asks = [
        Ask(candidate.id, kind, 0, _QUESTIONS[kind] + left, text, right, exact=False)
        for left, right in _FRAMES
    ]
    if engine is None:
        return asks[0]
    encoded = engine.encode([ask.prompt for ask in asks])
    for ask, ids in zip(asks, encoded, strict=True):
        if candidate.id in ids:
            return Ask(ask.id, ask.kind, 0, ask.before, ask.text, ask.after, exact=True)
    return asks[0]
