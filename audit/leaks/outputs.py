"""A scan's leaks for people and machines: records, SARIF 2.1.0, workflow commands, a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

import msgspec

from audit.leaks.records import FileScan, Leak
from audit.sarif import sarif_log, sarif_text
from corpora.cli import TableView
from corpora.manifest import SCHEMA_VERSION

_RULE = "leak"
_HELP = "A glitch string or the debris of a tool call stands here. Remove it, or exclude the file."


def leak_record(leak: Leak) -> dict[str, Any]:
    """One leak."""
    return {
        "path": leak.path,
        "line": leak.line,
        "column": leak.column,
        "end_line": leak.end_line,
        "end_column": leak.end_column,
        "severity": leak.severity,
        "points": leak.points,
        "text": leak.text,
        "evidence": [{"name": name, "reason": reason} for name, reason in leak.evidence],
    }


def scan_record(scans: Sequence[FileScan], leaks: Sequence[Leak]) -> dict[str, Any]:
    """A whole scan; `leaks` are those to report."""
    return {
        "schema_version": SCHEMA_VERSION,
        "files": sum(scan.skipped is None for scan in scans),
        "bytes": sum(scan.bytes for scan in scans if scan.skipped is None),
        "skipped": [{"path": scan.path, "reason": scan.skipped} for scan in scans if scan.skipped],
        "leaks": [leak_record(leak) for leak in leaks],
    }


def scan_table(scans: Sequence[FileScan], leaks: Sequence[Leak]) -> TableView:
    """The leaks for the terminal."""
    read = sum(scan.skipped is None for scan in scans)
    size = sum(scan.bytes for scan in scans if scan.skipped is None) / 1e6
    title = f"{len(leaks)} leaks in {read:,} files, {size:,.1f} MB"
    rows = [
        (f"{leak.path}:{leak.line}:{leak.column}", leak.severity, leak.text[:80], _names(leak))
        for leak in leaks
    ]
    return TableView(title, ("where", "severity", "text", "evidence"), rows)


def to_github(leaks: Sequence[Leak]) -> str:
    """Workflow commands: GitHub shows them as annotations in the diff."""
    return "".join(line + "\n" for line in map(_github_line, leaks))


def to_sarif(leaks: Sequence[Leak]) -> str:
    """A SARIF 2.1.0 log with one run; every leak has its file and region."""
    rule = {"id": _RULE, "shortDescription": {"text": "Leaked glitch string"}, "help": {"text": _HELP}}
    return sarif_log("Winnow scan", [rule], list(map(_sarif_result, leaks)))


def printed(scans: Sequence[FileScan], leaks: Sequence[Leak], output_format: str) -> Iterator[str]:
    """The text to print for `github`, `sarif`, `json` and `jsonl`."""
    if output_format == "github":
        yield to_github(leaks)
    elif output_format == "sarif":
        yield to_sarif(leaks)
    elif output_format == "json":
        yield msgspec.json.format(msgspec.json.encode(scan_record(scans, leaks)), indent=2).decode() + "\n"
    else:
        yield from (msgspec.json.encode(leak_record(leak)).decode() + "\n" for leak in leaks)


def _names(leak: Leak) -> str:
    return ", ".join(name for name, _ in leak.evidence)


def _github_line(leak: Leak) -> str:
    # https://docs.github.com/actions/reference/workflow-commands: error, warning and notice.
    level = {"error": "error", "warning": "warning", "note": "notice"}[leak.severity]
    place = {"file": leak.path, "line": leak.line, "endLine": leak.end_line, "col": leak.column}
    place |= {"title": "Leaked glitch string"}
    properties = ",".join(f"{key}={_escaped(str(value), in_property=True)}" for key, value in place.items())
    return f"::{level} {properties}::{_escaped(f'{leak.text} ({_names(leak)})')}"


def _escaped(text: str, *, in_property: bool = False) -> str:
    escaped = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return escaped.replace(":", "%3A").replace(",", "%2C") if in_property else escaped


def _sarif_result(leak: Leak) -> dict[str, Any]:
    region = {
        "startLine": leak.line,
        "startColumn": leak.column,
        "endLine": leak.end_line,
        "endColumn": leak.end_column,
    }
    artifact = {"uri": quote(leak.path)}
    text = f"{leak.text}: {'; '.join(reason for _, reason in leak.evidence)}"
    return {
        "ruleId": _RULE,
        "level": leak.severity,
        "message": {"text": sarif_text(text)},
        "locations": [{"physicalLocation": {"artifactLocation": artifact, "region": region}}],
        "properties": {"points": leak.points, "evidence": [name for name, _ in leak.evidence]},
    }
