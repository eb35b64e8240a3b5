"""A file's text in overlapping windows of bounded size, with the line and column where each begins."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

CHUNK_BYTES = 1 << 20
OVERLAP = 2_000  # characters that a window keeps of the one before; a leak is far shorter
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


class Reader(Protocol):
    """What can be read in pieces."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; none at the end."""


@dataclass(frozen=True, slots=True)
class Window:
    """A piece of a file. `line` and `column` are where it begins, counted from 1 in code points.

    Places that begin at `settled` or after are better judged in the next window, which has their right side.
    """

    text: str
    line: int
    column: int
    settled: int

    def position(self, place: int) -> tuple[int, int]:
        """Line and column of a character of the window."""
        newlines = self.text.count("\n", 0, place)
        if not newlines:
            return self.line, self.column + place
        return self.line + newlines, place - self.text.rfind("\n", 0, place)


def encoding_of(start: bytes) -> str | None:
    """The text encoding of a file by its first bytes, None for a binary file: git's rule, a zero byte."""
    for bom, encoding in _BOMS:
        if start.startswith(bom):
            return encoding
    return None if b"\0" in start[:8000] else "utf-8"


def windows(stream: Reader, start: bytes, encoding: str, resume: Resume) -> Iterator[Window]:
    """The windows of a file whose first bytes, `start`, are already read; broken bytes become U+FFFD.

    After each window the reader sets `resume.place`, where the next one is to begin.
    """
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    waiting, line, column = "", 1, 1
    chunk = next((start.removeprefix(bom) for bom, _ in _BOMS if start.startswith(bom)), start)
    while True:
        following = stream.read(CHUNK_BYTES)
        text = waiting + decoder.decode(chunk, final=not following)
        settled = max(len(text) - OVERLAP, 0) if following else len(text)
        window = Window(text, line, column, settled)
        resume.place = settled
        yield window
        if not following:
            return
        line, column = window.position(resume.place)
        waiting, chunk = text[resume.place :], following


@dataclass(slots=True)
class Resume:
    """Where in the current window the next one begins; the reader may move it back."""

    place: int = 0
