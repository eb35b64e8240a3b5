"""The release gate: which findings a policy forbids, how many it allows, and which it sets aside."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

from audit.audit_results import GateFailure, GateOutcome
from audit.output_formats import read_findings
from audit.results import CATEGORIES, SEVERITIES, CheckResult, Finding
from corpora.cli import read_toml
from corpora.errors import WrongCall, nearest, unknown_name

LimitKind = Literal["severity", "category", "check"]

POLICIES = Path(__file__).parent / "policies"
KINDS: tuple[LimitKind, ...] = get_args(LimitKind)
_KEYS = ("description", "extends", "limits", "allow", "baseline")
_ALLOW_KEYS = ("token", "bytes", "check", "reason")
_KNOWN_NAMES: Mapping[str, tuple[str, ...]] = {"severity": SEVERITIES, "category": CATEGORIES}


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` findings whose severity, category or check is `name`."""

    kind: LimitKind
    name: str
    most: int


@dataclass(frozen=True, slots=True)
class Allowance:
    """A token whose findings are set aside, by one check or (None) by all, and why."""

    token: bytes
    reason: str
    check: str | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """What a release must pass; `baseline` holds the fingerprints of findings that are already known."""

    name: str
    description: str
    limits: tuple[Limit, ...]
    allow: tuple[Allowance, ...] = ()
    baseline: frozenset[str] = frozenset()


def built_in_policies() -> tuple[str, ...]:
    """The names that `load_policy` knows without a file."""
    return tuple(sorted(path.stem for path in POLICIES.glob("*.toml")))


def load_policy(name_or_path: str) -> Policy:
    """Read a built-in policy by name, or a TOML file by path.

    Raises WrongCall for an unknown name, a file that is not TOML, an unknown key (the nearest known one
    is named), a value of the wrong kind, an allowance without a reason, and an unreadable baseline.
    """
    return _load(name_or_path, ())


def apply_policy(
    policy: Policy, findings: Sequence[Finding], checks: Sequence[CheckResult] = ()
) -> GateOutcome:
    """Count what is neither allowed nor in the baseline against every limit.

    With `checks` (all that the audit knows, skipped ones too) a limit on a check that did not run is a
    failure, for what was not looked at has not passed.

    Raises WrongCall when a limit or an allowance names a check that is not among `checks`.
    """
    _refuse_unknown_checks(policy, [check.check for check in checks])
    allowed = {(allowance.token, allowance.check) for allowance in policy.allow}
    counted = [
        finding
        for finding in findings
        if finding.fingerprint not in policy.baseline
        and not allowed & {(finding.bytes, None), (finding.bytes, finding.check)}
    ]
    failures = [failure for limit in policy.limits if (failure := _failure(limit, counted, checks))]
    return GateOutcome(policy.name, not failures, tuple(failures), len(findings) - len(counted))


def _failure(limit: Limit, findings: Sequence[Finding], checks: Sequence[CheckResult]) -> GateFailure | None:
    rule = f"{limit.kind} {limit.name}"
    for check in checks:
        if limit.kind == "check" and check.check == limit.name and check.skipped is not None:
            return GateFailure(rule, limit.most, 0, f"the check did not run: {check.skipped}")
    found = sum(getattr(finding, limit.kind) == limit.name for finding in findings)
    if found <= limit.most:
        return None
    allowed = "none is allowed" if limit.most == 0 else f"at most {limit.most:,} allowed"
    return GateFailure(rule, limit.most, found, f"{found:,} {_noun(limit, found)}, {allowed}")


def _noun(limit: Limit, found: int) -> str:
    plural = "" if found == 1 else "s"
    if limit.kind == "severity":
        return f"finding{plural} of severity {limit.name}"
    return f"finding{plural} in the {limit.kind} {limit.name}"


def _refuse_unknown_checks(policy: Policy, known: list[str]) -> None:
    named = [limit.name for limit in policy.limits if limit.kind == "check"]
    named += [allowed.check for allowed in policy.allow if allowed.check is not None]
    for name in named:
        if known and name not in known:
            error = unknown_name("check", name, known)
            raise WrongCall(error.what, where=f"policy {policy.name}", hint=error.hint)


def _load(name_or_path: str, seen: tuple[Path, ...]) -> Policy:
    path = _policy_path(name_or_path)
    if path in seen:
        raise WrongCall("the policy extends itself", where=path)
    table = read_toml(path)
    _refuse_unknown_keys(table, _KEYS, path)
    policy = Policy(
        name=path.stem,
        description=_text(table, "description", path),
        limits=tuple(_limits(table, path)),
        allow=tuple(_allowances(table, path)),
        baseline=_baseline(table, path),
    )
    parent = _text(table, "extends", path)
    return _extend(_load(_beside(path, parent), (*seen, path)), policy) if parent else policy


def _policy_path(name_or_path: str) -> Path:
    path = Path(name_or_path)
    if name_or_path in built_in_policies():
        return POLICIES / f"{name_or_path}.toml"
    if path.suffix == ".toml" or len(path.parts) > 1 or path.exists():
        return path
    raise unknown_name("policy", name_or_path, built_in_policies())


def _beside(path: Path, parent: str) -> str:
    """A path in a policy is relative to the policy's own folder."""
    return parent if parent in built_in_policies() else str(path.parent / parent)


def _extend(base: Policy, policy: Policy) -> Policy:
    """The policy on top of its base: its own limits win, allowances and baselines add up."""
    own = {(limit.kind, limit.name) for limit in policy.limits}
    inherited = tuple(limit for limit in base.limits if (limit.kind, limit.name) not in own)
    return replace(
        policy,
        limits=inherited + policy.limits,
        allow=base.allow + policy.allow,
        baseline=base.baseline | policy.baseline,
    )


def _limits(table: Mapping[str, Any], path: Path) -> list[Limit]:
    limits = _table(table.get("limits", {}), "limits", path)
    _refuse_unknown_keys(limits, KINDS, path, "limits.")
    return [
        Limit(kind, name, most)
        for kind in KINDS
        for name, most in _counts(limits.get(kind, {}), kind, path).items()
    ]


def _counts(value: object, kind: LimitKind, path: Path) -> dict[str, int]:
    counts = _table(value, f"limits.{kind}", path)
    if kind in _KNOWN_NAMES:
        _refuse_unknown_keys(counts, _KNOWN_NAMES[kind], path, f"limits.{kind}.")
    for name, most in counts.items():
        if not isinstance(most, int) or isinstance(most, bool) or most < 0:
            raise WrongCall(
                f"limits.{kind}.{name} must be a whole number, not {most!r}",
                where=path,
                hint="0 allows none; leave the key out for no limit",
            )
    return counts


def _allowances(table: Mapping[str, Any], path: Path) -> list[Allowance]:
    entries = table.get("allow", [])
    if not isinstance(entries, list):
        raise WrongCall("allow must be an array of tables", where=path, hint="write [[allow]]")
    return [_allowance(_table(entry, "allow", path), path) for entry in entries]


def _allowance(entry: Mapping[str, Any], path: Path) -> Allowance:
    _refuse_unknown_keys(entry, _ALLOW_KEYS, path, "allow.")
    reason = _text(entry, "reason", path).strip()
    if not reason:
        raise WrongCall("an [[allow]] entry has no reason", where=path, hint='add reason = "..."')
    return Allowance(_allowed_token(entry, path), reason, _text(entry, "check", path) or None)


def _allowed_token(entry: Mapping[str, Any], path: Path) -> bytes:
    token, hexadecimal = _text(entry, "token", path), _text(entry, "bytes", path)
    if bool(token) == bool(hexadecimal):
        hint = 'token = "text" for text, bytes = "hex" for bytes that are no text'
        raise WrongCall("an [[allow]] entry needs either token or bytes", where=path, hint=hint)
    if token:
        return token.encode()
    try:
        return bytes.fromhex(hexadecimal)
    except ValueError as error:
        raise WrongCall(f"allow.bytes is not hexadecimal: {hexadecimal!r}", where=path) from error


def _baseline(table: Mapping[str, Any], path: Path) -> frozenset[str]:
    name = _text(table, "baseline", path)
    if not name:
        return frozenset()
    return frozenset(finding.fingerprint for finding in read_findings(path.parent / name))


def _text(table: Mapping[str, Any], key: str, path: Path) -> str:
    value = table.get(key, "")
    if not isinstance(value, str):
        raise WrongCall(f"{key} must be text, not {value!r}", where=path)
    return value


def _table(value: object, key: str, path: Path) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise WrongCall(f"{key} must be a table, not {value!r}", where=path)
    return value


def _refuse_unknown_keys(
    table: Mapping[str, Any], known: Collection[str], path: Path, prefix: str = ""
) -> None:
    for key in table:
        if key not in known:
            guess = nearest(key, tuple(known))
            hint = f"did you mean {prefix}{guess}?" if guess else f"known: {', '.join(sorted(known))}"
            raise WrongCall(f"unknown key {prefix}{key}", where=path, hint=hint)
