"""Findings and leaks as SARIF 2.1.0, for code scanning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from audit.report_text import clip
from audit.results import SEVERITIES, Finding
from corpora.manifest import tool_version

SARIF_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
# GitHub's documented limits for code scanning: results in one run, characters of one message.
SARIF_RESULTS = 25_000
SARIF_MESSAGE = 1_024
ARTIFACTS = ("tokenizer.json", "tokenizer.tiktoken")  # the file that a tokenizer folder is known by


def to_sarif(findings: Sequence[Finding], artifact: str = "tokenizer.json") -> str:
    """A SARIF 2.1.0 log with one run; `artifact` is the vocabulary's file, relative to the repository.

    Every result points at the artifact's first line (code scanning needs a place) and, as a logical
    location, at the token. The most severe findings come first; what is over SARIF_RESULTS is left out
    and said so in a notification.
    """
    ordered = sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity))
    names = sorted({finding.check for finding in findings})
    rules = [{"id": name, "shortDescription": {"text": f"Check: {name}"}} for name in names]
    results = [_result(finding, names, artifact) for finding in ordered[:SARIF_RESULTS]]
    extra = {
        "artifacts": [{"location": {"uri": artifact}}],
        "invocations": [_invocation(len(findings) - SARIF_RESULTS)],
    }
    return sarif_log("Winnow", rules, results, extra)


def artifact_of(tokenizer: str, folder: Path) -> str:
    """The file behind a TOKENIZER argument as a URI, relative to `folder` where it lies below it.

    What is no file here (a built-in name, a hub name) is given as a path of that name.
    """
    path = Path(tokenizer)
    if path.is_dir():
        path = next((path / name for name in ARTIFACTS if (path / name).is_file()), path)
    if not path.exists():
        return quote(f"{tokenizer}/{ARTIFACTS[0]}")
    whole = path.resolve()
    inside = whole.is_relative_to(folder.resolve())
    return quote(whole.relative_to(folder.resolve()).as_posix()) if inside else quote(path.name)


def sarif_log(
    name: str,
    rules: Sequence[Mapping[str, Any]],
    results: Sequence[Mapping[str, Any]],
    extra: Mapping[str, Any] | None = None,
) -> str:
    """A log with one run of the tool `name`; `extra` are more properties of the run."""
    run = {
        "tool": {"driver": {"name": name, "version": tool_version(), "rules": rules}},
        "columnKind": "unicodeCodePoints",
        **(extra or {}),
        "results": results,
    }
    log = {"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}
    return msgspec.json.format(msgspec.json.encode(log), indent=2).decode() + "\n"


def sarif_text(text: str) -> str:
    """A message as SARIF wants it: braces doubled (3.11.5), link brackets escaped (3.11.6), not too long."""
    clipped = clip(text, SARIF_MESSAGE // 2)
    escaped = clipped.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")
    return escaped.replace("{", "{{").replace("}", "}}")


def _invocation(left_out: int) -> dict[str, Any]:
    if left_out <= 0:
        return {"executionSuccessful": True}
    text = f"{left_out} findings are left out; findings.jsonl has all of them."
    note = {"level": "warning", "message": {"text": text}}
    return {"executionSuccessful": True, "toolExecutionNotifications": [note]}


def _result(finding: Finding, rules: Sequence[str], artifact: str) -> dict[str, Any]:
    location: dict[str, Any] = {
        "physicalLocation": {"artifactLocation": {"uri": artifact, "index": 0}, "region": {"startLine": 1}}
    }
    if finding.id is not None:
        name = f"token {finding.id}"
        location["logicalLocations"] = [{"name": name, "kind": "member", "fullyQualifiedName": name}]
    return {
        "ruleId": finding.check,
        "ruleIndex": rules.index(finding.check),
        "level": finding.severity,
        "message": {"text": _message(finding)},
        "locations": [location],
        "partialFingerprints": {"winnowFinding/v1": finding.fingerprint},
        "properties": _properties(finding),
    }


def _message(finding: Finding) -> str:
    token = f"token {finding.id} “{finding.token}”: " if finding.id is not None else ""
    evidence = f" ({finding.evidence})" if finding.evidence else ""
    return sarif_text(f"{token}{finding.message}{evidence}")


def _properties(finding: Finding) -> dict[str, Any]:
    values = {
        "category": finding.category,
        "id": finding.id,
        "token": finding.token,
        "bytes": finding.bytes.hex() if finding.bytes is not None else None,
        "evidence": finding.evidence,
    }
    return {key: value for key, value in values.items() if value not in (None, "")}
