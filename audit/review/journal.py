"""The journal of a review: every decision is a line that has reached the disk before the page moves on."""

from __future__ import annotations

import os
from collections.abc import Container, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Literal

import msgspec

from audit.review.records import Decision, Proposal
from corpora.json_data import decode_json
from corpora.outputs import writing_file


class _Line(msgspec.Struct, omit_defaults=True):
    """One event. `undo` takes back the last decision on its key."""

    key: str
    decision: Literal["accept", "reject", "skip", "undo"]
    token: str = ""  # for eyes
    kind: str = ""
    pattern: str = ""
    category: str = ""
    reason: str = ""


class History:
    """Decisions in the order in which they were made, without those that were taken back."""

    def __init__(self, decisions: Iterable[Decision] = ()) -> None:
        self._made = list(decisions)

    def add(self, decision: Decision) -> None:
        """The newest decision."""
        self._made.append(decision)

    def last(self, keys: Container[str]) -> Decision | None:
        """The newest decision that stands on any of these keys; None when there is none."""
        return next((each for each in reversed(self._made) if each.key in keys), None)

    def take_back(self, key: str) -> None:
        """Forget the newest decision on `key`, so that the one before it stands again; nothing if none."""
        for place in range(len(self._made) - 1, -1, -1):
            if self._made[place].key == key:
                del self._made[place]
                return

    def standing(self) -> dict[str, Decision]:
        """The decision that stands on every key that has one, in the order in which they were made."""
        latest: dict[str, Decision] = {}
        for decision in self._made:
            latest.pop(decision.key, None)
            latest[decision.key] = decision
        return latest


class Journal:
    """An open journal. A call returns when its line is on the disk, so that no kill loses it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def decided(self, decision: Decision, shown: str) -> None:
        """A decision; `shown` is the token as people see it."""
        made = decision.proposal
        line = _Line(
            decision.key, decision.verdict, shown, made.kind, made.pattern, made.category, made.reason
        )
        self._write(line)

    def taken_back(self, key: str, shown: str) -> None:
        """The newest decision on `key` does not stand any more."""
        self._write(_Line(key, "undo", shown))

    def _write(self, line: _Line) -> None:
        self._file.write(msgspec.json.encode(line) + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())


@contextmanager
def open_journal(path: Path) -> Iterator[tuple[Journal, History]]:
    """Open a journal to go on with it, and what it tells so far. A last line that was cut off is taken away.

    Raises WinnowError for a broken line, and when another review has the journal open.
    """
    with writing_file(path):
        history = read_journal(path)
        data = path.read_bytes() if path.exists() else b""
        whole = data.rfind(b"\n") + 1
        if whole < len(data):
            os.truncate(path, whole)
        with path.open("ab") as file:
            yield Journal(file), history
        if not path.stat().st_size:  # nobody decided anything
            path.unlink()


def read_journal(path: Path) -> History:
    """What was decided so far. Raises WinnowError, naming file and line, for a broken line."""
    history = History()
    for number, raw in enumerate(path.read_bytes().split(b"\n")[:-1] if path.exists() else (), start=1):
        line = decode_json(raw, _Line, "not a line of a review", where=f"{path}:{number}")
        if line.decision == "undo":
            history.take_back(line.key)
        else:
            proposal = Proposal(line.kind, line.pattern, line.category, line.reason)
            history.add(Decision(line.key, line.decision, proposal))
    return history
