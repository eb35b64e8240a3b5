"""How the report writes numbers, sizes and tokens: plain text for people, and tokens as inert HTML."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from markupsafe import Markup, escape

from corpora.display import show_text

TEMPLATE_FUNCTIONS = ("number", "counted", "percent", "size", "token_html", "tokens_html")
TOKEN_LENGTH = 64  # characters of a token shown in a table
EVIDENCE_LENGTH = 96  # characters of evidence shown in a table
_SPACE = "␣"
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z]{2,4})?")
_KILO = 1000


def number(value: float) -> str:
    """A count with thousands separators."""
    return f"{value:,.0f}"


def counted(value: int, noun: str, plural: str = "") -> str:
    """A count with its noun: `1 token`, `2 tokens`."""
    return f"{value:,} {noun if value == 1 else plural or noun + 's'}"


def percent(part: float, whole: float) -> str:
    """A share; small ones keep a digit that shows they are not zero."""
    if not whole or not part:
        return "0 %"
    share = 100 * part / whole
    if share < 0.05:
        return "< 0.1 %"
    return f"{share:.1f} %" if share < 99.95 or part == whole else "> 99.9 %"


def size(value: float) -> str:
    """Bytes in decimal units."""
    if value < _KILO:
        return counted(int(value), "byte")
    for unit in ("kB", "MB", "GB"):
        value /= _KILO
        if value < _KILO:
            return f"{value:,.1f} {unit}"
    value /= _KILO
    return f"{value:,.1f} TB"


def signed_percent(value: float, reference: float) -> str:
    """By how much `value` is above or below `reference`; a typographic minus below."""
    change = 100 * (value / reference - 1) if reference else 0.0
    return f"{change:+.1f} %".replace("-", "−")


def points(value: float) -> str:
    """A signed number of points with a typographic minus."""
    return f"{value:+.1f}".replace("-", "−")


def clip(text: str, limit: int) -> str:
    """At most `limit` characters; an ellipsis says that some are left out."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def shown_clipped(text: str, limit: int) -> str:
    """Untrusted text with escapes for what is hidden, at most `limit` characters."""
    return clip(show_text(text[: limit + 1]), limit)


def mark_edges(text: str) -> str:
    """Spaces at the two ends as open boxes, so that they can be seen."""
    inner = text.strip(" ")
    if not inner:
        return _SPACE * len(text)
    start = len(text) - len(text.lstrip(" "))
    return _SPACE * start + inner + _SPACE * (len(text) - start - len(inner))


def safe_text(text: str, limit: int = EVIDENCE_LENGTH) -> Markup:
    """Untrusted text: hidden characters as escapes, clipped, isolated from the text around it."""
    return Markup("<bdi>{}</bdi>").format(shown_clipped(text, limit))


def token_html(text: str, language: str | None = None) -> Markup:
    """A token: escapes for what is hidden, open boxes for spaces at its ends, isolated in both directions.

    A combining mark at its start gets a dotted circle to stand on. `language` helps the browser to
    choose the right forms of Han characters.
    """
    shown = shown_clipped(text, TOKEN_LENGTH)
    if shown and unicodedata.category(shown[0]).startswith("M"):
        shown = "◌" + shown
    marked = re.sub(f"^{_SPACE}+|{_SPACE}+$", _box, str(escape(mark_edges(shown))))
    tagged = language if language and _LANGUAGE.fullmatch(language) else None
    attribute = Markup(' lang="{}"').format(tagged) if tagged else Markup("")
    return Markup('<bdi class="t"{}>{}</bdi>').format(attribute, Markup(marked))


def tokens_html(pieces: Sequence[str], language: str | None = None) -> Markup:
    """Several tokens in a row, as a segmentation."""
    return Markup('<span class="plus">+</span>').join(token_html(piece, language) for piece in pieces)


def script_name(script: str) -> str:
    """A Unicode script's name for people."""
    return script.replace("_", " ")


def _box(match: re.Match[str]) -> str:
    return f"<i>{match[0]}</i>"
