"""The gate: limits, allowances, baselines, inheritance, and errors that name the nearest key."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.audit_results import GateOutcome
from audit.output_formats import to_jsonl
from audit.policy import Limit, apply_policy, built_in_policies, load_policy
from audit.results import CheckResult, Finding
from corpora.errors import WinnowError, WrongCall

FINDINGS = (
    Finding("special", "error", "equals a learned token", 1, "the", b"the"),
    Finding("risk", "warning", "score 0.98", 2, "彩票", "彩票".encode(), "", "gambling"),
    Finding("risk", "warning", "score 0.97", 3, "毛片", "毛片".encode(), "", "adult"),
    Finding("utf8", "note", "ends inside", 4, "<0xE2>", b"\xe2"),
    Finding("utf8", "note", "ends inside", 5, "<0xE3>", b"\xe3"),
    Finding("holes", "note", "3 ids have no token"),
)
CHECKS = (
    *(CheckResult(name, name, 1, ()) for name in ("special", "risk", "utf8", "holes")),
    CheckResult("ban", "No banned token", 0, (), "needs --ban"),
)


@pytest.fixture(name="gate")
def gate_fixture(tmp_path: Path):
    """Apply a policy written as TOML to FINDINGS."""

    def gate(text: str, findings=FINDINGS, checks=CHECKS) -> GateOutcome:
        path = tmp_path / "release.toml"
        path.write_text(text, encoding="utf-8")
        return apply_policy(load_policy(str(path)), findings, checks)

    return gate


def rules(outcome: GateOutcome) -> list[tuple[str, int, int]]:
    return [(failure.rule, failure.limit, failure.found) for failure in outcome.failures]


def test_limits_count_by_severity_category_and_check(gate) -> None:
    outcome = gate(
        "[limits.severity]\nerror = 0\nwarning = 2\n"
        "[limits.category]\ngambling = 0\nadult = 1\n[limits.check]\nutf8 = 1\n"
    )
    assert not outcome.passed and outcome.policy == "release"
    assert rules(outcome) == [("severity error", 0, 1), ("category gambling", 0, 1), ("check utf8", 1, 2)]
    assert outcome.failures[2].message == "2 findings in the check utf8, at most 1 allowed"


def test_no_limits_pass_everything(gate) -> None:
    assert gate("") == GateOutcome("release", True)


def test_an_allowed_token_is_set_aside_everywhere_or_for_one_check(gate) -> None:
    allowed = '[limits.severity]\nerror = 0\n[[allow]]\ntoken = "the"\nreason = "kept for an old model"\n'
    assert gate(allowed) == GateOutcome("release", True, (), 1)
    assert gate(allowed + 'check = "special"\n').passed
    assert not gate(allowed + 'check = "risk"\n').passed
    assert gate('[limits.check]\nutf8 = 1\n[[allow]]\nbytes = "e3"\nreason = "known"\n').passed


def test_a_baseline_lets_only_what_is_new_fail(gate, tmp_path: Path) -> None:
    policy = 'baseline = "known.jsonl"\n[limits.severity]\nerror = 0\nwarning = 0\nnote = 0\n'
    (tmp_path / "known.jsonl").write_text(to_jsonl(FINDINGS), encoding="utf-8")
    assert gate(policy) == GateOutcome("release", True, (), len(FINDINGS))
    moved = tuple(Finding(f.check, f.severity, f.message, 99, f.token, f.bytes) for f in FINDINGS)
    assert gate(policy, moved).passed, "another id is no new finding"
    new = Finding("risk", "warning", "score 0.9", 9, "x", b"x")
    assert rules(gate(policy, (*FINDINGS, new))) == [("severity warning", 0, 1)]


def test_a_policy_extends_another(gate, tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text(
        '[limits.category]\ngambling = 0\nadult = 0\n[[allow]]\ntoken = "the"\nreason = "r"\n'
    )
    outcome = gate('extends = "base.toml"\n[limits.category]\nadult = 5\n[limits.severity]\nerror = 0\n')
    assert rules(outcome) == [("category gambling", 0, 1)]
    outcome = gate('extends = "default"\n[limits.category]\ngambling = 1\nadult = 1\n')
    assert rules(outcome) == [("severity error", 0, 1)]


def test_a_policy_cannot_extend_itself(gate) -> None:
    with pytest.raises(WrongCall, match="extends itself"):
        gate('extends = "release.toml"\n')


def test_a_limit_on_a_check_that_did_not_run_is_not_passed(gate) -> None:
    outcome = gate("[limits.check]\nban = 5\n")
    assert not outcome.passed
    assert outcome.failures[0].message == "the check did not run: needs --ban"


def test_an_unknown_check_is_an_error_that_names_the_nearest(gate) -> None:
    for text in ("[limits.check]\nutf-8 = 0\n", '[[allow]]\ntoken="a"\nreason="r"\ncheck="utf-8"\n'):
        with pytest.raises(WrongCall) as error:
            gate(text)
        assert "utf8" in (error.value.hint or "")


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("limit = 1", "limits"),
        ("[limits.severities]\nerror = 0", "limits.severity"),
        ("[limits.severity]\nerrors = 0", "limits.severity.error"),
        ("[limits.category]\ngamblng = 0", "limits.category.gambling"),
        ('[[allow]]\ntokn = "a"\nreason = "r"', "allow.token"),
        ('[[allow]]\ntoken = "a"', "reason"),
        ('[[allow]]\nreason = "r"', "hex"),
        ('[[allow]]\ntoken = "a"\nbytes = "61"\nreason = "r"', "hex"),
        ("[limits.severity]\nerror = -1", "0 allows none"),
        ("[limits.severity]\nerror = true", "0 allows none"),
        ('[limits.severity]\nerror = "0"', "0 allows none"),
        ('allow = "a"', "[[allow]]"),
    ],
)
def test_mistakes_are_named_with_a_remedy(gate, text: str, hint: str) -> None:
    with pytest.raises(WrongCall) as error:
        gate(text)
    assert hint in (error.value.hint or "")
    assert error.value.where is not None and error.value.where.endswith("release.toml")


@pytest.mark.parametrize(
    "text", ["limits = 1", "description = 2", "allow = [1]", "= broken", '[[allow]]\nbytes="zz"\nreason="r"']
)
def test_values_of_the_wrong_kind_are_wrong_calls(gate, text: str) -> None:
    with pytest.raises(WrongCall):
        gate(text)


def test_an_unreadable_baseline_is_an_error(gate) -> None:
    with pytest.raises(WinnowError, match="findings"):
        gate('baseline = "missing.jsonl"')


def test_built_in_policies_load_and_differ_in_strictness() -> None:
    assert built_in_policies() == ("default", "report-only", "strict")
    default, strict, lenient = map(load_policy, ("default", "strict", "report-only"))
    assert lenient.limits == () and set(default.limits) < set(strict.limits)
    assert Limit("severity", "error", 0) in default.limits
    assert all(policy.description for policy in (default, strict, lenient))
    assert not apply_policy(default, FINDINGS).passed and apply_policy(lenient, FINDINGS).passed


def test_names_and_paths_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(WrongCall) as error:
        load_policy("defualt")
    assert "'default'" in (error.value.hint or "")
    with pytest.raises(WrongCall):
        load_policy(str(tmp_path / "missing.toml"))
