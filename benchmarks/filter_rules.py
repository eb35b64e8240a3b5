"""Which rule of datatrove's filters is which rule of winnow's presets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

GOPHER, C4, LANGUAGE = "gopher", "c4", "language"
FAMILIES = (GOPHER, C4, LANGUAGE)
_N_GRAM_SHARES = {5: 0.15, 6: 0.14, 7: 0.13, 8: 0.12, 9: 0.11, 10: 0.10}  # Rae et al. 2021, table A1
_TOP_GRAM_SHARES = {2: 0.20, 3: 0.18, 4: 0.16}
_QUALITY_OPTIONS = (
    "min_doc_words",
    "max_doc_words",
    "min_avg_word_length",
    "max_avg_word_length",
    "max_symbol_word_ratio",
    "max_bullet_lines_ratio",
    "max_ellipsis_lines_ratio",
    "max_non_alpha_words_ratio",
    "min_stop_words",
)


@dataclass(frozen=True, slots=True)
class SharedRule:
    """One rule that both know: winnow's name, datatrove's class, and the options that leave only it."""

    winnow: str
    filter: str
    options: dict[str, Any] = field(default_factory=dict)


def _quality(winnow: str, **options: Any) -> SharedRule:
    return SharedRule(winnow, "GopherQualityFilter", {**dict.fromkeys(_QUALITY_OPTIONS), **options})


def _repetition(winnow: str, **options: Any) -> SharedRule:
    off: dict[str, Any] = dict.fromkeys(
        ("dup_line_frac", "dup_para_frac", "dup_line_char_frac", "dup_para_char_frac")
    )
    return SharedRule(
        winnow, "GopherRepetitionFilter", {**off, "top_n_grams": (), "dup_n_grams": (), **options}
    )


SHARED_RULES = {
    GOPHER: (
        _quality("gopher-too-few-words", min_doc_words=50),
        _quality("gopher-too-many-words", max_doc_words=100_000),
        _quality("gopher-short-words", min_avg_word_length=3),
        _quality("gopher-long-words", max_avg_word_length=10),
        _quality("gopher-hashes", max_symbol_word_ratio=0.1),
        _quality("gopher-bullets", max_bullet_lines_ratio=0.9),
        _quality("gopher-ellipsis-lines", max_ellipsis_lines_ratio=0.3),
        _quality("gopher-words-without-letters", max_non_alpha_words_ratio=0.8),
        _quality("gopher-stop-words", min_stop_words=2),
        _repetition("gopher-repeated-lines", dup_line_frac=0.3),
        _repetition("gopher-repeated-paragraphs", dup_para_frac=0.3),
        _repetition("gopher-repeated-line-characters", dup_line_char_frac=0.2),
        _repetition("gopher-repeated-paragraph-characters", dup_para_char_frac=0.2),
        *(
            _repetition(f"gopher-top-{n}-gram", top_n_grams=((n, share),))
            for n, share in _TOP_GRAM_SHARES.items()
        ),
        *(
            _repetition(f"gopher-repeated-{n}-grams", dup_n_grams=((n, share),))
            for n, share in _N_GRAM_SHARES.items()
        ),
    ),
    C4: (
        SharedRule("c4-sentences", "C4QualityFilter"),
        SharedRule("c4-curly-brackets", "C4QualityFilter"),
        SharedRule("c4-lorem-ipsum", "C4QualityFilter"),
    ),
    LANGUAGE: (),
}
# datatrove has one option for # signs and ellipses, so these two of winnow's are compared as one.
JOINED = {"gopher-hashes": ("gopher-hashes", "gopher-ellipses")}
# What C4QualityFilter says when it drops a document; it drops lines first, and each is about what is left.
C4_REASONS = {
    "c4-sentences": "too_few_sentences",
    "c4-curly-brackets": "curly_bracket",
    "c4-lorem-ipsum": "lorem_ipsum",
}
