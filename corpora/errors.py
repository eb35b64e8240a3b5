"""The errors a user can meet, each with its exit code: what went wrong, where, and what to try."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from corpora.display import show_text

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class WinnowError(Exception):
    """Something failed while working (exit code 1): broken data, a full disk, a check that did not hold.

    `where` is a file, `file:line` or row; `hint` names the option or action to try.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str | Path | None = None, hint: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.where = None if where is None else str(where)
        self.hint = hint

    def __str__(self) -> str:
        located = f"{self.where}: {self.what}" if self.where else self.what
        return f"{located} ({self.hint})" if self.hint else located


class WrongCall(WinnowError):
    """The command line, a configuration file or a recipe asks for what cannot be (exit code 2)."""

    exit_code = 2


class GateFailed(WinnowError):
    """A policy gate failed, or a difference was found where the caller asked for none (exit code 3)."""

    exit_code = 3


def outcome(error: Exception) -> tuple[str, int]:
    """What to tell the user about an error, in one line that no terminal obeys, and the exit code."""
    if isinstance(error, GateFailed):
        return show_text(f"gate: {error}"), error.exit_code
    if isinstance(error, WinnowError):
        return show_text(f"error: {error}"), error.exit_code
    if isinstance(error, MemoryError):
        return "error: out of memory (fewer --workers or a smaller --memory; the same command resumes)", 1
    if isinstance(error, OSError) and error.errno in _NO_ROOM:
        place = error.filename or "the output"
        return show_text(
            f"error: {place}: {os.strerror(error.errno)} (make room; the same command resumes)"
        ), 1
    return show_text(f"internal error: {type(error).__name__}: {error} (--debug shows where)"), 1


def nearest(word: str, known: list[str] | tuple[str, ...]) -> str | None:
    """The known word most like `word`, for error messages; None when nothing is close."""
    import difflib

    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return close[0] if close else None


def unknown_name(kind: str, name: str, known: list[str] | tuple[str, ...]) -> WrongCall:
    """The error for a name that is not among the known ones; it suggests the nearest."""
    guess = nearest(name, known)
    hint = f"did you mean {guess!r}?" if guess else f"known: {', '.join(sorted(known)) or 'none'}"
    return WrongCall(f"unknown {kind} {name!r}", hint=hint)
