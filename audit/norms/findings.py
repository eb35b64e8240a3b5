"""What a scan finds wrong or worth knowing, as findings of the audit."""

from __future__ import annotations

from collections.abc import Iterator

from audit.norms.labels import BEYOND, SPECIAL, Labels
from audit.norms.records import MatrixScan, NormScan, RowFact
from audit.results import CheckResult, Finding, Severity

LUMP, ZERO, HOT, NEAR, COPY = "norm-lump", "norm-zero", "norm-hot", "norm-unused", "norm-copy"


def norm_checks(scan: NormScan) -> tuple[CheckResult, ...]:
    """The checks on both matrices, in the order of the report."""
    sides = [(scan.input, "input"), *([(scan.output, "output")] if scan.output is not None else [])]
    titles = (
        (LUMP, "No untrained row", _lump_findings),
        (ZERO, "No zero row", _zero_findings),
        (HOT, "No hot row", _hot_findings),
        (NEAR, "No row like the unused ones", _near_findings),
        (COPY, "No two rows alike", _copy_findings),
    )
    rows = sum(matrix.tensor.rows for matrix, _ in sides)
    return tuple(
        CheckResult(
            check, title, rows,
            tuple(each for matrix, side in sides for each in find(matrix, side, scan.labels)),
        )
        for check, title, find in titles
    )  # fmt: skip


def _lump_findings(scan: MatrixScan, side: str, labels: Labels) -> Iterator[Finding]:
    lump = scan.lump
    if not lump.found:
        yield Finding(LUMP, "note", f"no low lump in the {side} matrix", evidence=lump.reason)
        return
    kinds = [labels.script_of(id_) for id_ in lump.ids if id_ < labels.rows]
    evidence = f"{kinds.count(BEYOND)} without a token, {kinds.count(SPECIAL)} special; {lump.reason}"
    trained = (
        "were never trained" if lump.anchors_inside or not lump.anchors else "are short for no known reason"
    )
    message = f"{len(lump.ids)} rows of the {side} matrix {trained} (norm about {lump.norm:.3g})"
    yield Finding(LUMP, "note", message, evidence=evidence)
    anchors = set(labels.anchors.tolist())
    for id_ in lump.ids:
        if id_ not in anchors and id_ < labels.rows and labels.token(id_):
            norm = f"norm {scan.measures.norms[id_]:.3g}"
            yield _of_row(LUMP, "warning", id_, labels, f"its {side} row is in the low lump", norm)


def _zero_findings(scan: MatrixScan, side: str, labels: Labels) -> Iterator[Finding]:
    zeros = scan.measures.zeros.tolist()
    if zeros:
        yield Finding(ZERO, "note", f"{len(zeros)} rows of the {side} matrix are all zero")
    for id_ in zeros:
        if id_ < labels.rows and labels.token(id_):
            yield _of_row(ZERO, "warning", id_, labels, f"its {side} row is all zero", "norm 0")


def _hot_findings(scan: MatrixScan, side: str, labels: Labels) -> Iterator[Finding]:
    for fact in scan.hot:
        severity: Severity = "warning" if fact.category is not None else "note"
        yield Finding(
            HOT, severity, f"its {side} row is far longer than usual for its script and rank",
            fact.id, fact.token, fact.bytes, _measured(fact), fact.category,
        )  # fmt: skip


def _near_findings(scan: MatrixScan, side: str, labels: Labels) -> Iterator[Finding]:
    direction = scan.unused_direction
    if direction is None:
        return
    known = {*scan.lump.ids, *labels.anchors.tolist()}
    for id_ in direction.ids:
        if id_ not in known and id_ < labels.rows and labels.token(id_):
            evidence = f"cosine {scan.directions.cosine[id_]:.3f}, norm {scan.measures.norms[id_]:.3g}"
            yield _of_row(
                NEAR, "warning", id_, labels, f"its {side} row points where unused rows do", evidence
            )


def _copy_findings(scan: MatrixScan, side: str, labels: Labels) -> Iterator[Finding]:
    for group in scan.duplicates:
        named = " ".join(f"{id_}:{labels.shown(id_)}" for id_ in group.ids[:8] if id_ < labels.rows)
        message = f"{len(group.ids)} rows of the {side} matrix are nearly the same"
        yield Finding(COPY, "note", message, evidence=f"{named}, at most {group.distance:.2g} apart")


def _of_row(check: str, severity: Severity, id_: int, labels: Labels, message: str, evidence: str) -> Finding:
    return Finding(check, severity, message, id_, labels.shown(id_), labels.token(id_), evidence)


def _measured(fact: RowFact) -> str:
    return f"norm {fact.norm:.4g}, z {fact.z:.1f}, {fact.script}"
