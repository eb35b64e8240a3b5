"""Decisions that were made elsewhere: JSON Lines, each naming a candidate and saying what becomes of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from audit.review.proposals import fill_in
from audit.review.records import Candidate, Decision
from audit.review.session import Review
from corpora.errors import WinnowError, nearest
from corpora.json_data import decode_json


class _Row(msgspec.Struct, forbid_unknown_fields=True):
    """One line. `key`, `bytes`, `id` or `token` names the candidate; what is left out stays proposed."""

    decision: Literal["accept", "reject", "skip", "undo"]
    key: str | None = None
    bytes: str | None = None
    id: int | None = None
    token: str | None = None
    kind: str | None = None
    pattern: str | None = None
    category: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Instruction:
    """One line that was understood: a decision, or (None) to take back the last one on the candidate."""

    key: str
    decision: Decision | None
    where: str


def read_decisions(data: bytes, where: Path, candidates: Sequence[Candidate]) -> list[Instruction]:
    """Every line, in order, so that nothing is done when one of them is wrong.

    Raises WinnowError, naming file and line, for a line that is not a decision on one candidate.
    """
    return [
        _instruction(line, f"{where}:{number}", candidates)
        for number, line in enumerate(data.split(b"\n"), start=1)
        if line.strip()
    ]


def apply_decisions(review: Review, instructions: Sequence[Instruction]) -> None:
    """Make every decision. Raises WinnowError, naming the line, for one that no list can take.

    The decisions before it stay in the journal; making them again changes nothing.
    """
    for each in instructions:
        try:
            if each.decision is None:
                review.undo(each.key)
            else:
                review.decide(each.decision)
        except WinnowError as error:
            raise WinnowError(error.what, where=each.where, hint=error.hint) from error


def _instruction(line: bytes, where: str, candidates: Sequence[Candidate]) -> Instruction:
    hint = 'such as {"token": "天天中彩票", "decision": "accept"}'
    row = decode_json(line, _Row, "not a decision", where=where, hint=hint)
    candidate = _named(row, where, candidates)
    if row.decision == "undo":
        return Instruction(candidate.key, None, where)
    proposal = fill_in(candidate.token, candidate.proposal, row.kind, row.pattern, row.category, row.reason)
    return Instruction(candidate.key, Decision(candidate.key, row.decision, proposal), where)


def _named(row: _Row, where: str, candidates: Sequence[Candidate]) -> Candidate:
    names = [name for name in (row.key, row.bytes, row.id, row.token) if name is not None]
    if not names:
        raise WinnowError("names no candidate", where=where, hint="give its id, token, bytes or key")
    found = [each for each in candidates if _is_meant(row, each)]
    if len(found) == 1:
        return found[0]
    if found:
        raise WinnowError(
            f"{len(found)} candidates are {names[0]!r}", where=where, hint="name one by its key"
        )
    guess = nearest(str(row.token), list(_names(candidates))) if row.token else None
    raise WinnowError(
        f"no candidate is {names[0]!r}", where=where, hint=f"did you mean {guess!r}?" if guess else None
    )


def _is_meant(row: _Row, candidate: Candidate) -> bool:
    """Whether everything that the line says of the token is true of this one."""
    told = (
        (row.key, (candidate.key,)),
        (row.bytes and row.bytes.lower(), (candidate.token.hex(),)),
        (row.id, (candidate.id,)),
        (row.token, (candidate.shown, candidate.token.decode("utf-8", errors="replace"))),
    )
    return all(said is None or said in true for said, true in told)


def _names(candidates: Sequence[Candidate]) -> Iterator[str]:
    yield from (each.shown for each in candidates)
