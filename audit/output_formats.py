"""Findings for machines: JSON Lines, JUnit XML, and Markdown for pull requests (SARIF: `audit.sarif`)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from xml.etree import ElementTree

import msgspec

from audit.audit_results import AuditResult, GateOutcome
from audit.report_text import clip, mark_edges
from audit.results import SEVERITIES, CheckResult, Finding
from corpora.errors import WinnowError
from corpora.json_data import decode_json

MARKDOWN_ROWS = 40  # keeps a comment far below GitHub's 65,536 characters
_CELL = 120  # characters of one Markdown cell
_JUNIT_LINES = 200  # findings written out for one check
# Characters that XML 1.0 cannot hold at all (section 2.2); token texts are escaped long before.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MARKS = {"error": "✗", "warning": "!", "note": "·"}


class _Record(msgspec.Struct):
    """One line of findings.jsonl; `bytes` is hexadecimal, `fingerprint` what a baseline compares."""

    check: str
    severity: str
    category: str | None
    id: int | None
    token: str
    bytes: str | None
    message: str
    evidence: str
    fingerprint: str


def to_jsonl(findings: Iterable[Finding]) -> str:
    """One JSON object a line, in the order given."""
    return "".join(msgspec.json.encode(_record(finding)).decode() + "\n" for finding in findings)


def read_findings(path: Path) -> tuple[Finding, ...]:
    """Read what `to_jsonl` wrote. Raises WinnowError with file:line for anything else."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise WinnowError(f"cannot read the findings: {error}", where=path) from error
    return tuple(_finding(line, f"{path}:{number}") for number, line in enumerate(lines, start=1) if line)


def to_junit(checks: Sequence[CheckResult], gate: GateOutcome | None = None) -> str:
    """JUnit XML: one test case a check, and one for every limit of the policy that was passed.

    With a gate, only the gate's failures are failures; without one, a check with errors fails.
    """
    root = ElementTree.Element("testsuites", name="winnow audit")
    suite = ElementTree.SubElement(root, "testsuite", name="checks")
    for check in checks:
        _junit_check(suite, check, fails=gate is None)
    if gate is not None:
        _junit_gate(ElementTree.SubElement(root, "testsuite", name=f"policy {_xml(gate.policy)}"), gate)
    for element in root:
        _count_cases(element)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def to_markdown(result: AuditResult) -> str:
    """A comment for a pull request: the verdict, the checks, and the most severe findings."""
    findings = sorted(result.findings, key=lambda finding: SEVERITIES.index(finding.severity))
    shown = findings[:MARKDOWN_ROWS]
    parts = [f"## {_verdict(result.gate)}: {_code(result.name)}", _summary(result)]
    if result.gate is not None and result.gate.failures:
        parts.append("\n".join(f"- **{_plain(f.rule)}**: {_plain(f.message)}" for f in result.gate.failures))
    parts.append(_markdown_table(("check", *SEVERITIES, "looked at"), map(_check_cells, result.checks)))
    if shown:
        columns = ("", "check", "token", "id", "what", "evidence")
        parts.append(_markdown_table(columns, map(_finding_cells, shown)))
    if len(findings) > len(shown):
        parts.append(f"{len(findings) - len(shown):,} more are in `findings.jsonl`.")
    return "\n\n".join(parts) + "\n"


def _record(finding: Finding) -> _Record:
    return _Record(
        check=finding.check,
        severity=finding.severity,
        category=finding.category,
        id=finding.id,
        token=finding.token,
        bytes=finding.bytes.hex() if finding.bytes is not None else None,
        message=finding.message,
        evidence=finding.evidence,
        fingerprint=finding.fingerprint,
    )


class _StoredFinding(msgspec.Struct):
    """What a baseline needs of a line; newer versions may add keys."""

    check: str
    message: str
    bytes: str | None = None


def _finding(line: str, where: str) -> Finding:
    hint = "findings.jsonl has them"
    stored = decode_json(line, _StoredFinding, "not a finding", where=where, hint=hint)
    try:
        token = bytes.fromhex(stored.bytes) if stored.bytes is not None else None
    except ValueError as error:
        raise WinnowError(f"not a finding: {error}", where=where, hint=hint) from error
    return Finding(stored.check, "note", stored.message, bytes=token)


def _junit_check(suite: ElementTree.Element, check: CheckResult, *, fails: bool) -> None:
    case = ElementTree.SubElement(suite, "testcase", classname="winnow.audit", name=_xml(check.check))
    if check.skipped is not None:
        ElementTree.SubElement(case, "skipped", message=_xml(check.skipped))
        return
    lines = "\n".join(_line(finding) for finding in check.findings[:_JUNIT_LINES])
    if len(check.findings) > _JUNIT_LINES:
        lines += f"\n{len(check.findings) - _JUNIT_LINES} more are in findings.jsonl"
    errors = check.count("error")
    if fails and errors:
        failure = ElementTree.SubElement(case, "failure", type="error", message=f"{errors} errors")
        failure.text = lines
    elif lines:
        ElementTree.SubElement(case, "system-out").text = lines


def _junit_gate(suite: ElementTree.Element, gate: GateOutcome) -> None:
    for failure in gate.failures:
        case = ElementTree.SubElement(suite, "testcase", classname="winnow.policy", name=_xml(failure.rule))
        ElementTree.SubElement(case, "failure", type="policy", message=_xml(failure.message))
    if gate.passed:
        ElementTree.SubElement(suite, "testcase", classname="winnow.policy", name=_xml(gate.policy))


def _count_cases(suite: ElementTree.Element) -> None:
    suite.set("tests", str(len(suite)))
    for attribute, tag in (("failures", "failure"), ("skipped", "skipped")):
        suite.set(attribute, str(len(suite.findall(f"testcase/{tag}"))))
    suite.set("errors", "0")


def _line(finding: Finding) -> str:
    token = f"{finding.id} {finding.token}: " if finding.id is not None else ""
    return _xml(f"{finding.severity}: {token}{finding.message} {finding.evidence}".rstrip())


def _xml(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)


def _verdict(gate: GateOutcome | None) -> str:
    if gate is None:
        return "Tokenizer audit"
    return "Tokenizer gate passed" if gate.passed else "Tokenizer gate failed"


def _summary(result: AuditResult) -> str:
    parts = [f"{result.size:,} tokens", f"{result.flagged:,} flagged as polluted"]
    parts += [f"{result.reach.orphan:,} unreachable"]
    if result.gate is not None:
        parts.append(f"policy {_code(result.gate.policy)}")
        parts += [f"{result.gate.allowed:,} findings set aside"] if result.gate.allowed else []
    return " · ".join(parts)


def _check_cells(check: CheckResult) -> tuple[str, ...]:
    if check.skipped is not None:
        return (_plain(check.check), "", "", "", f"did not run: {_plain(check.skipped)}")
    counts = (f"{count:,}" if (count := check.count(severity)) else "" for severity in SEVERITIES)
    return (_plain(check.check), *counts, f"{check.examined:,}")


def _finding_cells(finding: Finding) -> tuple[str, ...]:
    id_ = "" if finding.id is None else str(finding.id)
    evidence = _code(finding.evidence) if finding.evidence else ""
    token = _code(mark_edges(finding.token)) if finding.token else ""
    return (_MARKS[finding.severity], _plain(finding.check), token, id_, _plain(finding.message), evidence)


def _markdown_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def _code(text: str) -> str:
    """Text as a code span, in which no mention, link or HTML works; pipes are escaped for tables."""
    shown = clip(_flat(text), _CELL)
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", shown)), default=0))
    return f"{fence} {shown} {fence}".replace("|", "\\|")


def _plain(text: str) -> str:
    """Text outside code: every character that Markdown or HTML could obey is escaped."""
    return re.sub(r"([\\`*_{}\[\]()<>#+!|@&~:/.-])", _escape_markdown, clip(_flat(text), _CELL))


def _escape_markdown(match: re.Match[str]) -> str:
    character = match[0]
    return f"&#{ord(character)};" if character in "@#<>&:/" else f"\\{character}"


def _flat(text: str) -> str:
    return " ".join(text.split())
