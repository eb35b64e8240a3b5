"""Pre-tokenization patterns that every regex engine reads alike: `regex`, fancy-regex and Oniguruma."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from corpora.errors import WrongCall

if TYPE_CHECKING:
    import regex

# One step over a pattern: an escape (`\p{..}` whole), a class, a possessive interval, or one character.
_STEP = re.compile(
    r"\\[pP]\{[^}]*\}|\\.|\[\^?\]?(?:\\.|\[[^\]]*\]|[^\]\\])*\]|\{\d+(?:,\d*)?\}\+|.", re.DOTALL
)


# Start and end of text, and of nothing else, in every engine: Oniguruma's `^` and `$` also match at
# line ends, and `regex` lets `$` match before a last newline. tiktoken's engine means these.
_ANCHORS = {"^": r"(?<![\s\S])", "$": r"(?![\s\S])"}


def portable_pattern(pattern: str) -> str:
    """The pattern, written so that all three engines read it as tiktoken's does.

    `^` and `$` become look-arounds. Possessive intervals (`{1,3}+`) become plain ones: Oniguruma,
    which `tokenizers` uses, reads them as "one or more of {1,3}". At the end of an outermost
    alternative nothing can follow, so there the plain interval means the same.

    Raises WrongCall when a possessive interval stands anywhere else.
    """
    steps: list[str] = _STEP.findall(pattern)
    depth, written = 0, []
    for place, step in enumerate(steps):
        depth += (step == "(") - (step == ")")
        if not (step.startswith("{") and step.endswith("+")):
            written.append(_ANCHORS.get(step, step))
        elif depth == 0 and (place + 1 == len(steps) or steps[place + 1] == "|"):
            written.append(step[:-1])
        else:
            raise WrongCall(
                f"tokenizers and tiktoken read the pattern's possessive interval {step!r} differently",
                where="the pattern",
                hint="write it as an atomic group: (?>X{1,3})",
            )
    return "".join(written)


def is_one_piece(pattern: str, text: str) -> bool:
    """Whether the pattern keeps the whole text in one pre-token."""
    match = compile_pattern(pattern).search(text)
    return match is None or match.group() == text


@cache
def compile_pattern(pattern: str) -> regex.Pattern[str]:
    """Compile a pattern with `regex`, to mean what tiktoken takes it to mean.

    Raises WrongCall when it is not valid, or not portable.

    Class intersection (`&&`), which the other two engines always know, needs `regex`'s version 1.
    """
    import regex

    try:
        return regex.compile(portable_pattern(pattern), regex.V1 if "&&" in pattern else regex.V0)
    except regex.error as error:
        raise WrongCall(
            f"not a valid pattern: {error}", where="the pattern", hint=f"pattern: {pattern}"
        ) from error
