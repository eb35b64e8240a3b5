"""Results as the JSON records of the interface: stable keys in a stable order, bytes in hexadecimal."""

from __future__ import annotations

from typing import Any

import msgspec

from audit.audit_results import AuditResult
from audit.diff_results import CompressionRow, DiffResult, DiffToken, NamedToken, SetComparison
from audit.results import CheckResult, TokenScore
from corpora.manifest import SCHEMA_VERSION


def token_record(score: TokenScore) -> dict[str, Any]:
    """One scored token."""
    return {
        "id": score.id,
        "token": score.token,
        "bytes": score.bytes.hex(),
        "score": score.score,
        "flagged": score.flagged,
        "category": score.category,
        "reasons": [msgspec.to_builtins(reason) for reason in score.reasons],
        "script": score.script,
        "verdicts": list(score.verdicts),
        "segmentation": list(score.segmentation),
        "language": score.language,
    }


def diff_token_record(token: DiffToken) -> dict[str, Any]:
    """One scored token of a comparison, with the side that has it."""
    return {**token_record(token.score), "in": token.side}


def diff_record(result: DiffResult) -> dict[str, Any]:
    """A whole comparison."""
    return {
        "schema_version": SCHEMA_VERSION,
        "a": result.a,
        "b": result.b,
        "size_a": result.size_a,
        "size_b": result.size_b,
        "shared": result.shared,
        "only_a": result.only_a,
        "only_b": result.only_b,
        "reranked": result.reranked,
        "remerged": result.remerged,
        "special_only_a": list(result.special_only_a),
        "special_only_b": list(result.special_only_b),
        "same_pattern": result.same_pattern,
        "different": result.different,
        "scripts": [msgspec.to_builtins(row) for row in result.scripts],
        "lengths": [msgspec.to_builtins(row) for row in result.lengths],
        "categories": [msgspec.to_builtins(row) for row in result.categories],
        "shifts": [
            {"token": s.token, "bytes": s.bytes.hex(), "rank_a": s.rank_a, "rank_b": s.rank_b}
            for s in result.shifts
        ],
        "compression": [_compression_record(row, (result.a, result.b)) for row in result.compression],
        "segmentations": [msgspec.to_builtins(change) for change in result.segmentations],
        "merge_changes": [
            {"token": c.token, "bytes": c.bytes.hex(), "parts_a": list(c.parts_a), "parts_b": list(c.parts_b)}
            for c in result.merge_changes
        ],
        "tokens": [diff_token_record(token) for token in result.tokens],
    }


def sets_record(result: SetComparison) -> dict[str, Any]:
    """A comparison of three or more: the first is `a`, and `in` names the vocabularies that have a token."""
    return {
        "schema_version": SCHEMA_VERSION,
        "a": result.names[0],
        "vocabularies": [
            {"name": name, "size": size} for name, size in zip(result.names, result.sizes, strict=True)
        ],
        "different": result.different,
        "intersections": [
            {"in": list(each.names), "tokens": each.tokens, "flagged": each.flagged}
            for each in result.intersections
        ],
        "compression": [_compression_record(row, result.names) for row in result.compression],
        "diffs": [_without_tokens(diff) for diff in result.diffs],
        "tokens": [named_token_record(token) for token in result.tokens],
    }


def named_token_record(token: NamedToken) -> dict[str, Any]:
    """One scored token of a comparison of several, with the vocabularies that have it."""
    return {**token_record(token.score), "in": list(token.names)}


def compared_record(result: DiffResult | SetComparison) -> dict[str, Any]:
    """A comparison of two or of several."""
    return diff_record(result) if isinstance(result, DiffResult) else sets_record(result)


def compared_token_records(result: DiffResult | SetComparison) -> list[dict[str, Any]]:
    """The scored tokens of a comparison of two or of several."""
    if isinstance(result, DiffResult):
        return [diff_token_record(token) for token in result.tokens]
    return [named_token_record(token) for token in result.tokens]


def audit_record(result: AuditResult) -> dict[str, Any]:
    """A whole audit; its findings are in findings.jsonl, here only their counts."""
    return {
        "schema_version": SCHEMA_VERSION,
        "name": result.name,
        "size": result.size,
        "pattern": result.pattern,
        "special_tokens": list(result.special_tokens),
        "threshold": result.threshold,
        "scored": result.scored,
        "flagged": result.flagged,
        "gate": msgspec.to_builtins(result.gate),
        "reach": msgspec.to_builtins(result.reach),
        "checks": [check_record(check) for check in result.checks],
        "scripts": [msgspec.to_builtins(row) for row in result.scripts],
        "lengths": [msgspec.to_builtins(row) for row in result.lengths],
        "histogram": list(result.histogram),
        "compression": [_compression_record(row, result.compared) for row in result.compression],
        "refused_merges": len(result.refused),
        "corpus": msgspec.to_builtins(result.corpus),
        "diffs": [_without_tokens(diff) for diff in result.diffs],
        "provenance": [{"name": name, "value": value} for name, value in result.provenance],
        "tokens": [token_record(score) for score in result.tokens],
    }


def check_record(check: CheckResult) -> dict[str, Any]:
    """One check with the number of its findings by severity."""
    return {
        "check": check.check,
        "title": check.title,
        "examined": check.examined,
        "error": check.count("error"),
        "warning": check.count("warning"),
        "note": check.count("note"),
        "skipped": check.skipped,
    }


def _without_tokens(diff: DiffResult) -> dict[str, Any]:
    record = diff_record(diff)
    del record["tokens"], record["schema_version"]
    return record


def _compression_record(row: CompressionRow, names: tuple[str, ...]) -> dict[str, Any]:
    return {
        "language": row.language,
        "documents": row.documents,
        "bytes": row.bytes,
        "tokens": dict(zip(names, row.tokens, strict=True)),
        "bytes_per_token": {name: round(row.bytes_per_token(place), 4) for place, name in enumerate(names)},
    }
