"""The named pre-tokenization patterns, and any pattern applied through the `regex` module."""

from __future__ import annotations

from corpora.errors import WinnowError, WrongCall, nearest
from trainer.portable import compile_pattern

_CONTRACTION = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"

# The public patterns of the tokenizers they are named after, in the spelling that `regex`,
# tiktoken's fancy-regex and tokenizers' Oniguruma read alike (no possessive quantifiers, which
# Oniguruma reads differently after `{1,3}`).
_GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
_CL100K = (
    _CONTRACTION + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_O200K = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+" + _CONTRACTION + r"?|"
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*" + _CONTRACTION + r"?|"
    r"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_QWEN = _CL100K.replace(r"\p{N}{1,3}", r"\p{N}")

PATTERNS = {
    "gpt2": _GPT2,
    "cl100k": _CL100K,
    "o200k": _O200K,
    "o200k_harmony": _O200K,
    "llama3": _CL100K,
    "qwen": _QWEN,
}
DEFAULT_PATTERN = "o200k"


def resolve_pattern(name_or_regex: str) -> str:
    """The regex for a name in `PATTERNS`, or the argument itself when it is a regex.

    Raises WrongCall for a regex that does not compile or that the exports could not carry (see
    `trainer.portable`), and for a plain word that is no name.
    """
    known = PATTERNS.get(name_or_regex)
    if known is not None:
        return known
    if name_or_regex.isidentifier():
        guess = nearest(name_or_regex, tuple(PATTERNS))
        hint = f"did you mean {guess!r}?" if guess else f"known: {', '.join(PATTERNS)}, or a regex"
        raise WrongCall(f"unknown pattern {name_or_regex!r}", hint=hint)
    compile_pattern(name_or_regex)
    return name_or_regex


def _seconds(text: str) -> float:
    """How long a pattern may take for a text; the slowest of `PATTERNS` is some 100 times as fast."""
    return 10.0 + len(text) / 10_000


def pattern_name(pattern: str) -> str | None:
    """The first name under which `PATTERNS` holds this regex, None for a custom one."""
    return next((name for name, known in PATTERNS.items() if known == pattern), None)


def split(pattern: str, text: str) -> list[str]:
    """The pretokens of `text`, in order; `"".join` of them is `text` again.

    Raises WinnowError when the pattern leaves part of the text out: tiktoken would lose that part; and
    when it takes thousands of times as long as patterns do, as one that backtracks without end would.
    """
    pieces: list[str] = []
    position = 0
    try:
        for match in compile_pattern(pattern).finditer(text, timeout=_seconds(text)):
            if match.start() != position:
                break
            if match.end() > position:
                pieces.append(match.group())
            position = match.end()
    except (TimeoutError, MemoryError) as error:
        raise WinnowError(
            f"the pattern does not come to an end at {text[position : position + 20]!r}",
            hint="repeats inside of repeats, such as (a+)+, take for ever; write it without",
        ) from error
    if position != len(text):
        raise WinnowError(
            f"the pattern matches nothing at {text[position : position + 20]!r}",
            hint=r"a pattern must cover every text; add |[\s\S] at its end",
        )
    return pieces
