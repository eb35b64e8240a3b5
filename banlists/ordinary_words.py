"""Words that everybody uses: a machine must not ban one because one corpus has it in spam only."""

from __future__ import annotations

from functools import cache

from banlists.fold import ALL_VARIANTS, fold


def is_ordinary_word(token: bytes) -> bool:
    """Whether a token is, beside disguises, a word that any language has once in a million words.

    The words are those of wordfreq's small lists (43 languages, no Thai; Speer 2022); Chinese is there
    in simplified characters.
    """
    words = _words()
    return fold(token) in words or fold(token, ALL_VARIANTS - {"hans-hant"}) in words


@cache
def _words() -> frozenset[str]:
    import wordfreq

    lists = (
        wordfreq.get_frequency_list(language, "small") for language in wordfreq.available_languages("small")
    )
    return frozenset(word for bins in lists for words in bins for word in words)
