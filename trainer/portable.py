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


def portable_pattern(pattern: str) -> str:
    """The pattern with possessive intervals (`{1,3}+`) written so that Oniguruma reads them alike.

    Oniguruma, which `tokenizers` uses, reads `{1,3}+` as "one or more of {1,3}". At the end of an
    outermost alternative nothing can follow, so there the plain interval means the same.

    Raises WrongCall when a possessive interval stands anywhere else.
    """
    steps: list[str] = _STEP.findall(pattern)
    depth, written = 0, []
    for place, step in enumerate(steps):
        depth += (step == "(") - (step == ")")
        if not (step.startswith("{") and step.endswith("+")):
            written.append(step)
        elif depth == 0 and (place + 1 == len(steps) or steps[place + 1] == "|"):
            written.append(step[:-1])
        else:
            raise WrongCall(
                f"the pattern holds a possessive interval, {step!r}, which tokenizers and tiktoken read differently",
                hint="write it as an atomic group: (?>X{1,3})",
            )
    return "".join(written)


@cache
def compile_pattern(pattern: str) -> regex.Pattern[str]:
    """Compile a pattern with `regex`. Raises WrongCall when it is not valid.

    Class intersection (`&&`), which the other two engines always know, needs `regex`'s version 1.
    """
    import regex

    try:
        return regex.compile(pattern, regex.V1 if "&&" in pattern else regex.V0)
    except regex.error as error:
        raise WrongCall(f"not a valid pattern: {error}", hint=f"pattern: {pattern}") from error
