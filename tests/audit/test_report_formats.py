"""Findings as JSON Lines, SARIF, JUnit and Markdown: complete, valid, and inert under hostile text."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from audit.audit_results import GateFailure, GateOutcome
from audit.output_formats import read_findings, to_jsonl, to_junit, to_markdown
from audit.results import CheckResult, Finding
from audit.sarif import SARIF_RESULTS, to_sarif
from corpora.errors import WinnowError

TOKEN = Finding(
    "hidden", "warning", "hidden characters", 7, "\\u200bx", b"\xe2\x80\x8bx", "U+200B", "control"
)
WHOLE = Finding("holes", "note", "3 ids have no token", evidence="7..9")


def test_jsonl_has_every_field_and_reads_back_to_the_same_fingerprints(tmp_path: Path) -> None:
    text = to_jsonl([TOKEN, WHOLE])
    first, second = map(json.loads, text.splitlines())
    assert list(first) == [
        "check", "severity", "category", "id", "token", "bytes", "message", "evidence", "fingerprint",
    ]  # fmt: skip
    assert first["bytes"] == "e2808b78" and second["bytes"] is None and second["id"] is None
    path = tmp_path / "findings.jsonl"
    path.write_text(text, encoding="utf-8")
    assert [f.fingerprint for f in read_findings(path)] == [TOKEN.fingerprint, WHOLE.fingerprint]


def test_jsonl_of_nothing_is_an_empty_file(tmp_path: Path) -> None:
    (tmp_path / "f.jsonl").write_text(to_jsonl([]))
    assert read_findings(tmp_path / "f.jsonl") == ()


@pytest.mark.parametrize(
    "line", ["{", "[1]", '{"check": 1}', '{"check": "a", "message": "b", "bytes": "xyz"}']
)
def test_a_line_that_is_no_finding_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "f.jsonl"
    path.write_text(to_jsonl([WHOLE]) + line + "\n", encoding="utf-8")
    with pytest.raises(WinnowError) as error:
        read_findings(path)
    assert error.value.where == f"{path}:2"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(WinnowError, match="cannot read"):
        read_findings(tmp_path / "none.jsonl")


def check_sarif(text: str) -> list[dict]:
    """The demands of SARIF 2.1.0 and of code scanning on a log, checked by hand; returns its results."""
    log = json.loads(text)
    assert log["version"] == "2.1.0" and log["$schema"].endswith("sarif-schema-2.1.0.json")
    [run] = log["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"] and driver["version"]
    rules = [rule["id"] for rule in driver["rules"]]
    assert len(set(rules)) == len(rules)
    assert all(rule["shortDescription"]["text"] for rule in driver["rules"])
    assert [type(i["executionSuccessful"]) for i in run["invocations"]] == [bool]
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in ("none", "note", "warning", "error")
        assert 0 < len(result["message"]["text"]) <= 1_024
        [location] = result["locations"]
        place = location["physicalLocation"]
        assert run["artifacts"][place["artifactLocation"]["index"]]["location"] == {
            "uri": place["artifactLocation"]["uri"]
        }
        assert place["region"]["startLine"] >= 1
        assert all(isinstance(value, str) for value in result["partialFingerprints"].values())
    return run["results"]


def test_sarif_has_the_structure_that_readers_demand(realistic_result) -> None:
    results = check_sarif(to_sarif(realistic_result.findings, "tokenizer/tokenizer.json"))
    assert len(results) == len(realistic_result.findings)
    assert [r["level"] for r in results][:2] == ["error", "warning"]
    assert results[0]["locations"][0]["logicalLocations"][0]["name"] == "token 1"
    assert check_sarif(to_sarif([])) == []


def test_sarif_messages_hold_no_placeholders_and_no_links() -> None:
    finding = replace(TOKEN, token="[x](http://a) {0} \\")
    [result] = check_sarif(to_sarif([finding]))
    assert "\\[x\\](http" in result["message"]["text"] and "{{0}}" in result["message"]["text"]
    assert result["properties"]["token"] == finding.token


def test_sarif_stays_under_the_limit_and_says_so() -> None:
    findings = [replace(WHOLE, message=f"m{n}") for n in range(SARIF_RESULTS + 2)]
    text = to_sarif([*findings, TOKEN])
    results = check_sarif(text)
    assert len(results) == SARIF_RESULTS and results[0]["level"] == "warning"
    assert "3 findings are left out" in text


def test_junit_without_a_gate_fails_on_errors(realistic_result) -> None:
    root = ElementTree.fromstring(to_junit(realistic_result.checks))
    [suite] = root.findall("testsuite")
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("6", "1", "1")
    [failed] = [case for case in suite if case.find("failure") is not None]
    assert failed.get("name") == "special"
    assert "special token equals" in (failed.findtext("failure") or "")


def test_junit_with_a_gate_fails_on_the_gate_only(realistic_result) -> None:
    root = ElementTree.fromstring(to_junit(realistic_result.checks, realistic_result.gate))
    checks, policy = root.findall("testsuite")
    assert checks.get("failures") == "0"
    assert [case.get("name") for case in policy] == ["category gambling", "severity error"]
    passed = ElementTree.fromstring(to_junit((), GateOutcome("default", True)))
    assert [suite.get("failures") for suite in passed] == ["0", "0"]
    assert passed.find("testsuite[2]/testcase") is not None


def test_junit_survives_characters_that_xml_cannot_hold() -> None:
    finding = Finding("a\x00", "error", "\ud800 \x1b ]]> <b>", 1, "\uffff", b"x")
    gate = GateOutcome("\x01", False, (GateFailure("\x02", 0, 1, "\x03"),))
    for text in (to_junit((CheckResult("a\x00", "t", 1, (finding,)),)), to_junit((), gate)):
        assert ElementTree.fromstring(text.encode()) is not None


def test_markdown_shows_the_verdict_the_checks_and_the_worst_findings(realistic_result) -> None:
    text = to_markdown(realistic_result)
    assert text.startswith("## Tokenizer gate failed: ` sample `")
    assert "- **category gambling**" in text
    assert "| ban |  |  |  | did not run: no ban list was given" in text
    assert "61 more are in `findings.jsonl`" in text
    assert len(text) < 65_536
    for table in re.findall(r"(?:^\|.*\|$\n?)+", text, re.M):
        rows = table.strip().splitlines()
        assert len({len(re.findall(r"(?<!\\)\|", row)) for row in rows}) == 1


def test_markdown_of_hostile_text_mentions_and_links_nobody(hostile_result) -> None:
    finding = Finding("x", "error", "@octocat #1 [a](b) <b> https://a.b www.a.b", 1, "`` | @octocat ", b"x")
    result = replace(hostile_result, checks=(CheckResult("c|d", "t", 1, (finding,)),))
    outside = re.sub(r"(`+) .*? \1", "", to_markdown(result))
    assert not re.search(r"@\w|<\w|https?:|(?<!\\)\[|www\.", outside)
