"""Candidates from what `winnow audit -o` and `winnow diff -o` wrote."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import msgspec

from audit.output_files import AUDIT, DIFF, FINDINGS
from audit.results import Reason
from audit.review.proposals import REASON_LENGTH, propose, reason_from
from audit.review.records import Candidate, Source
from banlists.entries import CATEGORIES
from corpora.display import show_bytes
from corpora.errors import WinnowError, unknown_name
from corpora.json_data import decode_json
from corpora.manifest import MANIFEST_NAME

# The checks whose findings say "a vocabulary should not have learned this"; the others are about structure.
CHECKS = ("risk", "boilerplate", "personal", "url")
Record = TypeVar("Record")
_CATEGORY_OF = {"boilerplate": "boilerplate", "personal": "personal", "url": "seo"}


class _Token(msgspec.Struct, frozen=True):
    """A scored token of audit.json or diff.json; `in_` is a side or names, in a comparison only."""

    id: int
    bytes: str
    score: float
    flagged: bool
    category: str | None
    reasons: list[Reason]
    script: str
    segmentation: list[str]
    language: str | None
    in_: str | list[str] | None = msgspec.field(name="in", default=None)


class _Check(msgspec.Struct, frozen=True):
    check: str


class _Audit(msgspec.Struct, frozen=True):
    name: str
    tokens: list[_Token]
    checks: list[_Check] = []


class _Diff(msgspec.Struct, frozen=True):
    a: str
    tokens: list[_Token]
    b: str = ""


class _Finding(msgspec.Struct, frozen=True):
    check: str
    message: str
    evidence: str
    fingerprint: str
    category: str | None
    id: int | None
    bytes: str | None


class _Manifest(msgspec.Struct, frozen=True):
    vocabulary: str = ""


def read_audit(folder: Path, checks: Sequence[str]) -> Source:
    """The tokens that findings of `checks` name, with scores and reasons where audit.json is there.

    Raises WinnowError, naming file and line, for files that are not an audit's, WrongCall for an unknown
    check.
    """
    audit = _decode(folder / AUDIT, _Audit) if (folder / AUDIT).is_file() else _Audit("", [])
    known = [each.check for each in audit.checks]
    for check in checks:
        if known and check not in known:
            raise unknown_name("check", check, known)
    findings = _by_token(_read_findings(folder / FINDINGS), checks)
    scored = {token.bytes: token for token in audit.tokens}
    made = [_from_findings(audit.name, found, scored.get(key)) for key, found in findings.items()]
    manifest = folder / MANIFEST_NAME
    identity = _decode(manifest, _Manifest).vocabulary if manifest.is_file() else ""
    return _source(audit.name or folder.name, "audit", folder, made, identity)


def read_diff(folder: Path) -> Source:
    """The flagged tokens and the boilerplate of a comparison, each with the vocabulary that has it."""
    diff = _decode(folder / DIFF, _Diff)
    chosen = [token for token in diff.tokens if token.flagged or token.category == "boilerplate"]
    made = [_from_comparison(diff, token) for token in chosen]
    return _source(f"{diff.a} and {diff.b}" if diff.b else diff.a, "comparison", folder, made)


def _source(
    name: str, kind: str, folder: Path, made: Sequence[Candidate | None], identity: str = ""
) -> Source:
    candidates = [each for each in made if each is not None]
    candidates.sort(key=lambda each: (-_points(each), each.id or 0, each.key))
    return Source(name, kind, folder, tuple(candidates), len(made) - len(candidates), identity)


def _points(candidate: Candidate) -> float:
    """What a score stands for; scores themselves are rounded, and a thousand of o200k's are 1."""
    return sum(each.points for each in candidate.reasons) if candidate.score is not None else -math.inf


def _read_findings(path: Path) -> Iterator[_Finding]:
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise WinnowError(error.strerror or "cannot be read", where=path) from error
    for number, line in enumerate(lines, start=1):
        if line:
            yield decode_json(line, _Finding, "not a finding", where=f"{path}:{number}")


def _by_token(findings: Iterable[_Finding], checks: Sequence[str]) -> Mapping[str, list[_Finding]]:
    grouped: dict[str, list[_Finding]] = {}
    for finding in findings:
        if finding.bytes and finding.check in checks:
            grouped.setdefault(finding.bytes, []).append(finding)
    return grouped


def _from_findings(vocabulary: str, findings: Sequence[_Finding], scored: _Token | None) -> Candidate | None:
    first = findings[0]
    evidence = f"tok:{vocabulary}:{first.id}" if vocabulary and first.id is not None else first.fingerprint
    category = first.category or (scored.category if scored else None) or _CATEGORY_OF.get(first.check)
    told = "; ".join(filter(None, (first.message, first.evidence)))
    reason = reason_from(scored.reasons, scored.segmentation, told) if scored else told[:REASON_LENGTH]
    candidate = _candidate(_bytes(first.bytes or "", evidence), category, reason, evidence)
    if candidate is None:
        return None
    told_by_score = ("risk",) if scored else ()
    notes = tuple(f"{each.check}: {each.message}" for each in findings if each.check not in told_by_score)
    candidate = replace(candidate, id=first.id, vocabulary=vocabulary, notes=notes)
    return _with_score(candidate, scored) if scored else candidate


def _from_comparison(diff: _Diff, token: _Token) -> Candidate | None:
    sides = {"a": [diff.a], "b": [diff.b], "both": [diff.a, diff.b]}
    where = token.in_ if isinstance(token.in_, list) else sides.get(token.in_ or "a", [diff.a])
    vocabulary = where[0] if where else diff.a
    evidence = f"tok:{vocabulary}:{token.id}"
    reason = reason_from(token.reasons, token.segmentation, f"found in {vocabulary}")
    candidate = _candidate(_bytes(token.bytes, evidence), token.category, reason, evidence)
    if candidate is None:
        return None
    named = replace(candidate, id=token.id, vocabulary=vocabulary, notes=(f"in {', '.join(where)}",))
    return _with_score(named, token)


def _candidate(token: bytes, category: str | None, reason: str, evidence: str) -> Candidate | None:
    """None for a token that no list can ban."""
    known = category if category in CATEGORIES else "anomalous"
    proposal = propose(token, known, reason)
    if proposal is None:
        return None
    return Candidate(token.hex(), token, show_bytes(token), proposal, (evidence,))


def _with_score(candidate: Candidate, token: _Token) -> Candidate:
    return replace(
        candidate,
        score=min(max(token.score, 0.0), 1.0),
        script=token.script,
        reasons=tuple(token.reasons),
        segmentation=tuple(token.segmentation),
        language=token.language,
    )


def _bytes(digits: str, where: str) -> bytes:
    try:
        return bytes.fromhex(digits)
    except ValueError as error:
        raise WinnowError(f"not a token's bytes: {digits!r}", where=where) from error


def _decode(path: Path, kind: type[Record]) -> Record:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise WinnowError(error.strerror or "cannot be read", where=path) from error
    return decode_json(data, kind, "not written by winnow", where=path)
