"""The cleanest way to write a flagged token where no lexicon reads it: as a row of tokens that stay."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from audit.lexicons import Lexicon, explain
from audit.results import TokenScore
from audit.risk_features import core_of, implied_log_share
from audit.token_text import TokenText

_FEWEST_CHARACTERS = 2  # single letters always remain: `explain` falls back to them


def with_clean_readings(scores: Sequence[TokenScore], texts: Sequence[TokenText]) -> list[TokenScore]:
    """The same scores; flagged tokens without a reading get one from the vocabulary's unflagged ones."""
    unread = {score.id for score in scores if score.flagged and not score.segmentation}
    if not unread:
        return list(scores)
    flagged = {score.id for score in scores if score.flagged}
    by_id = {text.id: text for text in texts}
    scripts = {by_id[id_].script for id_ in unread}
    staying = (text for text in texts if text.id not in flagged and text.script in scripts)
    banned = {core_of(by_id[id_].text) for id_ in flagged}
    lexicon = _as_lexicon(staying, banned, len(texts))
    return [_read(score, by_id[score.id], lexicon) if score.id in unread else score for score in scores]


def _as_lexicon(staying: Iterable[TokenText], banned: set[str], size: int) -> Lexicon:
    """The texts of tokens with the share that their rank implies; the lowest rank speaks for a text."""
    words: dict[str, float] = {}
    for text in staying:
        core = core_of(text.text)
        if len(core) >= _FEWEST_CHARACTERS and core not in banned:
            words.setdefault(core, implied_log_share(text.id, size))
    return Lexicon("tokens", words)


def _read(score: TokenScore, text: TokenText, lexicon: Lexicon) -> TokenScore:
    # What is left of signs alone is each sign by itself.
    words = explain(core, lexicon).words if (core := core_of(text.text)) else tuple(text.text.strip())
    return replace(score, segmentation=words)
