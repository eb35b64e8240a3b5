"""The journal of a probe: what was asked and what came back, written before anything else happens."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import BinaryIO

import msgspec

from audit.probe.records import Reply
from corpora.json_data import decode_json


class _Line(msgspec.Struct, omit_defaults=True):
    """One event: `asked` before a question is sent; `answered` or `refused` (not answered) after it."""

    event: str
    key: str
    text: str | None = None
    prompt_tokens: int | None = None
    answer_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class History:
    """What a journal tells: the answers by key, and the keys that were asked without an answer."""

    replies: Mapping[str, Reply]
    lost: frozenset[str]


class Journal:
    """An open journal. Every line has left the process before the call returns, so that a kill loses none.

    It is not forced onto the disk: after a power failure the last lines may be missing.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._lock = Lock()

    def asked(self, key: str) -> None:
        """A question is about to be sent."""
        self._write(_Line("asked", key))

    def answered(self, key: str, reply: Reply) -> None:
        """Its answer."""
        self._write(_Line("answered", key, reply.text, reply.prompt_tokens, reply.answer_tokens))

    def refused(self, key: str) -> None:
        """It was turned away unanswered, so that it may be asked again."""
        self._write(_Line("refused", key))

    def _write(self, line: _Line) -> None:
        with self._lock:
            self._file.write(msgspec.json.encode(line) + b"\n")
            self._file.flush()


@contextmanager
def open_journal(path: Path) -> Iterator[Journal]:
    """Open a journal to add to it. A last line that was cut off is taken away first."""
    if path.exists():
        data = path.read_bytes()
        whole = data.rfind(b"\n") + 1
        if whole < len(data):
            os.truncate(path, whole)
    with path.open("ab") as file:
        yield Journal(file)


def read_journal(path: Path) -> History:
    """What has happened so far; nothing when there is no journal. Raises WinnowError for a broken line."""
    replies: dict[str, Reply] = {}
    lost: set[str] = set()
    for number, raw in enumerate(path.read_bytes().split(b"\n")[:-1] if path.exists() else (), start=1):
        line = decode_json(raw, _Line, "not a line of a journal", where=f"{path}:{number}")
        if line.event == "asked":
            lost.add(line.key)
        else:
            lost.discard(line.key)
        if line.event == "answered":
            replies[line.key] = Reply(line.text or "", line.prompt_tokens, line.answer_tokens)
    return History(replies, frozenset(lost))
