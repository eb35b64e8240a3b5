"""One review: what stands, what is open, what a choice would do, and writing the list at the end."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from audit.review.journal import History, Journal
from audit.review.list_writing import Accepted, is_listed, open_list, plan_list, problems
from audit.review.previews import preview
from audit.review.proposals import KINDS, list_of, loaded
from audit.review.records import (
    STATUS_OF,
    Candidate,
    Counts,
    Decision,
    Finished,
    Preview,
    Proposal,
    Source,
    State,
    Status,
    Terms,
    WrittenEntry,
)  # fmt: skip
from audit.review.token_index import TokenIndex
from banlists.banlist import BanList
from banlists.editing import save_pack
from banlists.lint import MIN_REASON, Finding
from banlists.lists import make_ban_list
from corpora.display import show_text
from corpora.errors import WrongCall

LONGEST = 2_000  # characters of a pattern or a reason


class Review:
    """A review that goes on where its journal ends. Every change is in the journal before it counts.

    `others` are lists whose tokens need no entry. Not for several threads at once; the server takes turns.
    """

    def __init__(
        self, source: Source, terms: Terms, journal: Journal, history: History, *, today: datetime.date,
        others: BanList, index: TokenIndex | None = None,
    ) -> None:  # fmt: skip
        self.source, self.terms, self.index = source, terms, index
        self._today, self._journal, self._history, self._others = today, journal, history, others
        self._by_key = {candidate.key: candidate for candidate in source.candidates}
        self.written: list[WrittenEntry] = []  # by this run
        self.findings: tuple[Finding, ...] = ()  # what lint said of the list, when it was written last
        self._read_list()
        self._settle()

    def candidate(self, key: str) -> Candidate:
        """The candidate with this key. Raises WrongCall for any other text."""
        found = self._by_key.get(key)
        if found is None:
            raise WrongCall("no such candidate", where=show_text(key[:80]))
        return found

    def states(self) -> Mapping[str, State]:
        """Where every candidate stands, by key."""
        return self._states

    def counts(self) -> Counts:
        """How far the review is."""
        found = Counter(state.status for state in self._states.values())
        return Counts(
            len(self._states), found["accepted"], found["rejected"], found["skipped"], found["covered"],
            found["open"],
        )  # fmt: skip

    def decide(self, decision: Decision) -> None:
        """Note a decision. Raises WrongCall for one that could not be written into the list."""
        candidate = self.candidate(decision.key)
        self._follow_list()
        if decision.verdict != "accept":  # no entry comes of it: only the words stay
            words = decision.proposal.reason[:LONGEST]
            decision = replace(decision, proposal=replace(candidate.proposal, reason=words))
        if decision.verdict == "reject":
            self._refuse_when_banned(candidate)
        standing = self._history.standing().get(decision.key)
        if standing == decision:
            return
        self._refuse_when_listed(standing)
        if decision.verdict == "accept":
            self._require_entry(candidate, decision.proposal)
        self._journal.decided(decision, candidate.shown)
        self._history.add(decision)
        self._settle()

    def undo(self, key: str | None = None) -> str | None:
        """Take back the newest decision, on one candidate or on any; its key, None when there is none.

        Raises WrongCall when its entry is in the list already.
        """
        last = self._history.last(self._by_key if key is None else {key})
        if last is None:
            return None
        self._follow_list()
        self._refuse_when_listed(last)
        self._journal.taken_back(last.key, self.candidate(last.key).shown)
        self._history.take_back(last.key)
        self._settle()
        return last.key

    def preview(self, key: str, proposal: Proposal) -> Preview:
        """What an entry for a candidate would do. Raises WrongCall for what cannot be an entry."""
        candidate = self.candidate(key)
        self._require_form(proposal)
        return preview(candidate, proposal, self.source.candidates, self._states, self.index)

    def finish(self) -> Finished:
        """Write the accepted entries into the list, all or nothing, and look at the list with lint.

        The list is read again first, so that nothing somebody else added is lost. Raises WrongCall when an
        entry cannot be added any more; the list is then as it was.
        """
        self._read_list()
        fresh = (each for each in self._accepted() if not is_listed(self._pack, each.proposal))
        accepted = [Accepted(self._by_key[each.key], each.proposal) for each in fresh]
        clean = [each.token for each in self._rejected()]
        plan = plan_list(self._pack, accepted, clean, self.terms, self._today)
        if plan.entries:
            save_pack(self.terms.path, plan.pack)
            self._read_list()
        self._settle()
        there = plan.entries or self.terms.path.exists()
        self.findings = problems(self._pack, self.terms.path, self._today) if there else ()
        self.written.extend(plan.entries)
        return Finished(plan.entries, plan.covered, self.findings)

    def _follow_list(self) -> None:
        """Read the list again when somebody changed it meanwhile."""
        if _stamp(self.terms.path) != self._stamp:
            self._read_list()

    def _read_list(self) -> None:
        self._stamp = _stamp(self.terms.path)
        self._pack = open_list(self.terms, self._today)
        own = make_ban_list([loaded(self._pack, self.terms.path)])
        lists = (own, self._others)
        self._listed = {
            key: match.entry
            for key, candidate in self._by_key.items()
            if (match := next(filter(None, (bans.match(candidate.token) for bans in lists)), None))
        }

    def _settle(self) -> None:
        """Work out every candidate's state anew."""
        standing = self._history.standing()
        bans = BanList([entry for each in self._accepted() for entry in list_of(each.proposal).entries])
        self._states = {
            key: self._state(candidate, standing.get(key), bans) for key, candidate in self._by_key.items()
        }

    def _state(self, candidate: Candidate, decision: Decision | None, accepted: BanList) -> State:
        proposal = decision.proposal if decision else candidate.proposal
        if decision is not None and decision.verdict != "skip":
            listed = decision.verdict == "accept" and is_listed(self._pack, proposal)
            return State(STATUS_OF[decision.verdict], proposal, listed=listed)
        match = accepted.match(candidate.token)
        rule = f"{match.kind} {match.pattern}" if match else self._listed.get(candidate.key, "")
        if rule:
            return State("covered", proposal, rule)
        status: Status = "skipped" if decision else "open"
        return State(status, proposal)

    def _accepted(self) -> Iterator[Decision]:
        for decision in self._history.standing().values():
            if decision.verdict == "accept" and decision.key in self._by_key:
                yield decision

    def _rejected(self) -> Iterator[Candidate]:
        for key, state in self._states.items():
            if state.status == "rejected":
                yield self._by_key[key]

    def _require_entry(self, candidate: Candidate, proposal: Proposal) -> None:
        self._require_form(proposal)
        if len(proposal.reason.strip()) < MIN_REASON:
            raise WrongCall(f"a reason needs {MIN_REASON} characters or more")
        if list_of(proposal).match(candidate.token) is None:
            raise WrongCall(f"{proposal.kind} {proposal.pattern!r} does not hit {candidate.shown!r}")
        plan = plan_list(self._pack, [Accepted(candidate, proposal)], (), self.terms, self._today)
        if make_ban_list([loaded(plan.pack, self.terms.path)]).match(candidate.token) is None:
            raise WrongCall("an exception of the list frees this token", where=self.terms.path)

        clean = next((each for each in self._rejected() if list_of(proposal).match(each.token)), None)
        if clean is not None and clean is not candidate:
            hint = "undo that, or choose a narrower kind or a longer pattern"
            raise WrongCall(f"this entry also bans {clean.shown!r}, which is rejected", hint=hint)

    def _require_form(self, proposal: Proposal) -> None:
        if proposal.kind not in KINDS:
            raise WrongCall(f"unknown kind {proposal.kind!r}", hint=f"known: {', '.join(KINDS)}")
        if max(len(proposal.pattern), len(proposal.reason)) > LONGEST:
            raise WrongCall(f"a pattern and a reason have at most {LONGEST:,} characters")
        list_of(proposal)

    def _refuse_when_banned(self, candidate: Candidate) -> None:
        """A token that is called clean must not be banned by what was accepted."""
        for each in self._accepted():
            if each.key != candidate.key and list_of(each.proposal).match(candidate.token):
                entry = f"{each.proposal.kind} {each.proposal.pattern!r}"
                raise WrongCall(f"the accepted entry {entry} bans it", hint="undo that, or make it narrower")

    def _refuse_when_listed(self, decision: Decision | None) -> None:
        if decision is None or decision.verdict != "accept" or not is_listed(self._pack, decision.proposal):
            return
        hint = f"winnow ban retire {self.terms.path} {decision.proposal.pattern}"
        raise WrongCall("its entry is in the list already", hint=hint)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """What changes whenever a file is replaced or written; None without a file."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
