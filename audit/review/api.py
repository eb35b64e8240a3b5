"""What the page may ask of a review: JSON in, JSON out, one question at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from threading import Event, Lock
from typing import Any

import msgspec

from audit.report_text import counted, mark_edges
from audit.review.page import review_page, state_record
from audit.review.proposals import fill_in
from audit.review.records import Decision, Proposal, Verdict
from audit.review.session import Review
from corpora.display import show_text
from corpora.errors import WinnowError, WrongCall, outcome
from corpora.json_data import decode_json


class _Ask(msgspec.Struct, forbid_unknown_fields=True):
    """One question. What is left out of an entry stays as it stands."""

    key: str | None = None
    decision: Verdict | None = None
    kind: str | None = None
    pattern: str | None = None
    category: str | None = None
    reason: str | None = None


class ReviewApi:
    """The questions by name. `ended` is set when the page says that the review is over."""

    def __init__(self, review: Review, say: Callable[[str], None]) -> None:
        self.ended = Event()
        self.busy = Lock()  # held while a question is answered
        self._review, self._say = review, say
        self._questions: Mapping[str, Callable[[_Ask], dict[str, Any]]] = {
            "decide": self._decide, "undo": self._undo, "preview": self._preview, "finish": self._finish,
            "close": self._close,
        }  # fmt: skip

    def page(self) -> str:
        """The page as it is now."""
        with self.busy:
            return review_page(self._review)

    def knows(self, name: str) -> bool:
        """Whether there is a question with this name."""
        return name in self._questions

    def answer(self, name: str, body: bytes) -> tuple[int, dict[str, Any]]:
        """The HTTP status and the record that answer a question; an error is a record too."""
        with self.busy:
            try:
                ask = decode_json(body, _Ask, "not a question", where=name)
                return 200, self._questions[name](ask)
            except WinnowError as error:
                return 400, {"error": show_text(str(error))}
            except Exception as error:  # told on the page and on the terminal; the review goes on
                message, _ = outcome(error)
                self._say(message)
                return 500, {"error": message}

    def _decide(self, ask: _Ask) -> dict[str, Any]:
        key = _required(ask.key, "key")
        verdict = _required(ask.decision, "decision")
        before = self._review.states()
        self._review.decide(Decision(key, verdict, self._proposal(key, ask)))
        return self._changes(before)

    def _undo(self, ask: _Ask) -> dict[str, Any]:
        before = self._review.states()
        key = self._review.undo(ask.key)
        return {**self._changes(before), "key": key}

    def _preview(self, ask: _Ask) -> dict[str, Any]:
        key = _required(ask.key, "key")
        proposal = self._proposal(key, ask)
        found = self._review.preview(key, proposal)
        record: dict[str, Any] = msgspec.to_builtins(found)
        for hit in record["hits"]:
            hit["token"] = mark_edges(hit["token"])
        return {
            **record,
            "pattern": show_text(proposal.pattern),
            "warnings": [show_text(each) for each in found.warnings],
        }

    def _finish(self, ask: _Ask) -> dict[str, Any]:
        before = self._review.states()
        finished = self._review.finish()
        if finished.entries:
            entries = counted(len(finished.entries), "entry", "entries")
            self._say(f"{entries} written into {self._review.terms.path}")
        findings = [
            {"check": each.check, "rule": show_text(each.rule), "pattern": show_text(each.pattern),
             "message": show_text(each.message)}
            for each in finished.findings
        ]  # fmt: skip
        written = {"entries": len(finished.entries), "covered": finished.covered, "findings": findings}
        return {**self._changes(before), **written}

    def _close(self, ask: _Ask) -> dict[str, Any]:
        return {"ended": True}  # the server sets `ended` when this has been sent

    def _proposal(self, key: str, ask: _Ask) -> Proposal:
        candidate = self._review.candidate(key)
        standing = self._review.states()[key].proposal
        return fill_in(candidate.token, standing, ask.kind, ask.pattern, ask.category, ask.reason)

    def _changes(self, before: Mapping[str, Any]) -> dict[str, Any]:
        now = self._review.states()
        changed = {key: state_record(state) for key, state in now.items() if before[key] != state}
        return {"states": changed}


def _required(value: str | None, name: str) -> Any:
    if value is None:
        raise WrongCall(f"{name} is missing")
    return value
