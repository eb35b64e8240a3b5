"""Harnesses of what reads any text and writes for a browser or a terminal: the leak scan, HTML, Markdown."""

from __future__ import annotations

import io
import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

from audit.leaks.phrases import Finder, phrases_of
from audit.leaks.scanning import scan_stream
from audit.output_formats import _code, _plain
from audit.report_text import safe_text, token_html
from audit.sarif import sarif_text
from banlists.lists import load_ban_lists
from corpora.display import show_text
from fuzz.contract import BrokenPromise, Target

_OURS = {"bdi": {"class", "lang"}, "i": set[str]()}
_WORDS = (
    b"<script>",
    b"</bdi>",
    b"<img src=x onerror=alert(1)>",
    b"javascript:",
    b"&lt;",
    b"&#60;",
    b"\"'`",
    b"-->",
    b"]]>",
    b"{{ 7*7 }}",
    b"@user",
    b"#1",
    b"|",
    b"\xe2\x80\xae",
    b"\x1b]0;x\x07",
    b"\xc2\x9b31m",
    b"to=functions.exec",
    b"<|",
    b"winnow: ignore",
)


class _Tags(HTMLParser):
    """Refuses every tag and attribute that is not ours."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at one tag."""
        if tag not in _OURS or not {name for name, _ in attrs} <= _OURS[tag]:
            raise BrokenPromise(f"a tag got out: {tag} {attrs}")

    def handle_comment(self, data: str) -> None:
        """A comment is never ours."""
        raise BrokenPromise("a comment got out")


def _html(data: bytes, folder: Path) -> None:
    text = data.decode("utf-8", errors="surrogateescape")
    for fragment in (safe_text(text), token_html(text, text[:5]), token_html(text, "en")):
        tags = _Tags()
        tags.feed(str(fragment))
        tags.close()
        if show_text(str(fragment)) != str(fragment):
            raise BrokenPromise(f"hidden characters in {str(fragment)!r}")


def _markdown(data: bytes, folder: Path) -> None:
    text = show_text(data.decode("utf-8", errors="surrogateescape"))
    if re.search(r"(?<!\\)[<>|@]", re.sub(r"&#\d+;", "", _plain(text))):
        raise BrokenPromise(f"Markdown would obey {_plain(text)!r}")
    shown = _code(text)
    fence = re.match("`+", shown)
    if fence is None or fence[0] in shown[len(fence[0]) : -len(fence[0])].replace(
        "`" * (len(fence[0]) + 1), ""
    ):
        raise BrokenPromise(f"a code span ends early: {shown!r}")
    sarif_text(text)


@cache
def phrases() -> Finder:
    """What `winnow scan` looks for without options."""
    return phrases_of(load_ban_lists(["core"]))


def _scan(data: bytes, folder: Path) -> None:
    found = scan_stream(io.BytesIO(data), "<input>", phrases())
    for leak in found.leaks:
        if show_text(leak.text) != leak.text or leak.line < 1 or leak.column < 1:
            raise BrokenPromise(f"a leak like {leak!r}")


TARGETS = (
    Target("html", lambda: [b" the", b"<b>&", "\u202e天\u0301".encode()], _html, _WORDS),
    Target("markdown", lambda: [b" the", b"``a`|b", b"[x](y)"], _markdown, _WORDS),
    Target(
        "leak-scan",
        lambda: [
            b'text\nto=functions.exec \xe5\xa4\xa9\xe5\xa4\xa9\xe4\xb8\xad\xe5\xbd\xa9\xe7\xa5\xa8 {"a":1}\n',
            "\ufeffx".encode("utf-16-le"),
        ],
        _scan,
        _WORDS,
    ),
)
