"""The regular expressions that a ban list may use: a subset that is matched in linear time."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from itertools import zip_longest

# Python's engine backtracks. With bounded repeats of single characters only, the number of ways to
# match at one place is at most the product of every choice; capping it bounds the work per character.
MAX_REPEAT = 64
MAX_WAYS = 4096

_TOKEN = re.compile(
    r"(?P<escape>\\(?:[dDwWsSbB]|[^\w\s]|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[nrt]))"
    r"|(?P<set>\[\^?(?:\\.|[^\]\\\[])+\])"
    r"|(?P<open>\((?:\?:)?(?!\?))"
    r"|(?P<close>\))"
    r"|(?P<bar>\|)"
    r"|(?P<repeat>\?|\{(?P<low>\d+)(?:,(?P<high>\d+))?\})"
    r"|(?P<anchor>[\^$])"
    r"|(?P<bad>[*+{}\[\]\\(])"
    r"|(?P<literal>[\s\S])"
)
_REPEATS = ("repeat", "low", "high")  # the last named group of a repeat, by its form


def regex_problem(pattern: str) -> str | None:
    """What keeps `pattern` out of the linear subset, in words; None when it is in it.

    Allowed: literals, sets, `\\d \\w \\s \\b`, escapes, anchors, groups `( )` `(?: )`, `|`, and the
    repeats `?`, `{n}`, `{m,n}` (n <= 64) after a single character or set; `?` after a group too.
    Refused: `*`, `+`, open repeats, lookaround, back-references, flags, and repeats of groups; and
    patterns whose choices multiply to more than 4,096.
    """
    ways, before, branches = 1, "start", [1]
    for token in _TOKEN.finditer(pattern):
        kind = str(token.lastgroup if token.lastgroup not in ("low", "high") else "repeat")
        problem = _token_problem(token, kind, before)
        if problem:
            return problem
        ways *= _choices(token, kind, branches)
        before = kind
    ways *= math.prod(branches)
    if ways > MAX_WAYS:
        return f"its choices multiply to {ways}, more than {MAX_WAYS}; use shorter repeats"
    return _compile_problem(pattern)


def leading_literals(pattern: str) -> frozenset[str] | None:
    """Texts with one of which every match of `pattern`, in the linear subset, begins; None when one
    of them would be shorter than two characters.
    """
    return _leading([*_TOKEN.finditer(pattern)])


def _leading(tokens: Sequence[re.Match[str]]) -> frozenset[str] | None:
    """What the alternatives begin with."""
    found = [_branch_start(branch) for branch in _branches(tokens)]
    return None if None in found else frozenset[str]().union(*filter(None, found))


def _branches(tokens: Sequence[re.Match[str]]) -> Iterator[Sequence[re.Match[str]]]:
    """The parts between the bars that are in no group."""
    depth, first = 0, 0
    for place, token in enumerate(tokens):
        depth += (token.lastgroup == "open") - (token.lastgroup == "close")
        if token.lastgroup == "bar" and depth == 0:
            yield tokens[first:place]
            first = place + 1
    yield tokens[first:]


def _branch_start(branch: Sequence[re.Match[str]]) -> frozenset[str] | None:
    tokens = [
        token for token in branch if token.lastgroup != "anchor" and token.group() not in (r"\b", r"\B")
    ]
    if tokens and tokens[0].lastgroup == "open":
        end = _closing(tokens)
        after = tokens[end + 1].lastgroup if end + 1 < len(tokens) else None
        return None if after in _REPEATS else _leading(tokens[1:end])
    literal = ""
    for token, following in zip_longest(tokens, tokens[1:]):
        repeated = following is not None and following.lastgroup in _REPEATS
        if token.lastgroup != "literal" or repeated:
            break
        literal += token.group()
    return frozenset({literal}) if len(literal) > 1 else None


def _closing(tokens: Sequence[re.Match[str]]) -> int:
    """Where the group that the first token opens is closed."""
    depth = 0
    for place, token in enumerate(tokens):
        depth += (token.lastgroup == "open") - (token.lastgroup == "close")
        if depth == 0:
            return place
    return len(tokens)


def _token_problem(token: re.Match[str], kind: str, before: str) -> str | None:
    text = token.group()
    if kind == "bad":
        hint = "; write a bounded repeat such as {1,20}" if text in "*+" else ""
        return f"{text!r} at {token.start()} is not allowed{hint}"
    if kind != "repeat":
        return None
    if before not in ("escape", "set", "literal") and not (before == "close" and text == "?"):
        return f"repeat {text!r} at {token.start()} must follow a single character or a set"
    if int(token["high"] or token["low"] or 1) > MAX_REPEAT:
        return f"repeat {text!r} at {token.start()} exceeds {MAX_REPEAT}"
    return None


def _choices(token: re.Match[str], kind: str, branches: list[int]) -> int:
    """The factor that one part adds; `branches` is the stack of open groups' branch counts."""
    if kind == "open":
        branches.append(1)
    elif kind == "bar":
        branches[-1] += 1
    elif kind == "close":
        return branches.pop() if len(branches) > 1 else 1
    elif kind == "repeat":
        low = int(token["low"] or 0)
        high = int(token["high"] or token["low"] or 1)
        return max(high - low + 1, 1)
    return 1


def _compile_problem(pattern: str) -> str | None:
    try:
        compiled = re.compile(pattern)
    except (re.error, OverflowError) as error:
        return str(error)
    if compiled.search(""):
        return "it matches the empty string"
    return None
