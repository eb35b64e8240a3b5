"""What tokenizer.json and .tiktoken cannot say alike: refused before a file is written."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

from corpora.display import show_text
from corpora.errors import WinnowError
from trainer.portable import compile_pattern, is_one_piece
from trainer.pretokenize import PATTERNS
from trainer.tokenizer_json import tombstone
from trainer.vocabulary import Encoding, Vocabulary


def require_expressible(vocabulary: Vocabulary) -> None:
    """Demand that both libraries can encode alike. Raises WinnowError, saying what stands in the way."""
    require_ranks(vocabulary)
    _require_distinct_starts(vocabulary)
    _require_whole_text(vocabulary)
    _require_silent_tombstones(vocabulary)


def require_encoding(vocabulary: Vocabulary) -> None:
    """Demand that it is known how the vocabulary encodes. Raises WinnowError."""
    if vocabulary.encoding is Encoding.UNKNOWN:
        hint = "; ".join(vocabulary.notes) or None
        raise WinnowError("its tokens are known, but not how it encodes", where=vocabulary.name, hint=hint)


def require_ranks(vocabulary: Vocabulary) -> None:
    """Demand that ids are merge priorities, as tiktoken needs them. Raises WinnowError."""
    require_encoding(vocabulary)
    if vocabulary.encoding is Encoding.MERGES:
        raise WinnowError(
            "its merge rules do not follow its ids, which tiktoken cannot express",
            where=vocabulary.name,
            hint="only tokenizers can encode with it",
        )


def _require_distinct_starts(vocabulary: Vocabulary) -> None:
    """Where one special token begins another, tiktoken takes either."""
    for shorter, longer in pairwise(sorted(vocabulary.special_tokens)):
        if longer.startswith(shorter):
            raise WinnowError(
                f"special token {shorter!r} begins {longer!r}; tiktoken may take either",
                where=vocabulary.name,
            )


def _require_whole_text(vocabulary: Vocabulary) -> None:
    """tiktoken drops what the pattern does not match, so the pattern must match every character."""
    if vocabulary.pattern in PATTERNS.values():  # they match everything: a test looks, once for all
        return
    unmatched = unmatched_character(vocabulary.pattern)
    if unmatched:
        raise WinnowError(
            f"the pattern does not match {show_text(unmatched)!r} (U+{ord(unmatched):04X}); "
            "tiktoken drops such text",
            where=vocabulary.name,
            hint=r"add an alternative for it, such as |[\s\S]",
        )


@cache
def unmatched_character(pattern: str) -> str:
    """The first character that the pattern leaves out of a text of all characters; empty if none."""
    every = "".join(map(chr, (*range(0xD800), *range(0xE000, 0x110000))))
    rest: str = compile_pattern(pattern).sub("", every)
    return rest[:1]


def _require_silent_tombstones(vocabulary: Vocabulary) -> None:
    """A tombstone's name must never be one whole pre-token, or the whole-piece look-up would emit it."""
    for id_ in sorted(vocabulary.tombstones):
        if is_one_piece(vocabulary.pattern, tombstone(id_)):
            raise WinnowError(
                f"the pattern keeps {tombstone(id_)!r} in one piece, so text could produce a removed token",
                where=vocabulary.name,
                hint="use --ids compact",
            )
