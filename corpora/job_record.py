"""What the whole job leaves behind for people: its manifest, and the summary of the verbs' own records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from corpora.documents import Corpus
from corpora.engine import Engine, over_files
from corpora.manifest import (
    MANIFEST_NAME,
    TIMED_SUMMARY,
    Manifest,
    NamedFile,
    hash_file,
    hash_named,
    write_manifest,
)
from corpora.recipes import Recipe

REASONS_SHOWN = 5
# Files that hold timings differ between two runs over the same inputs; the manifest leaves them out.
_TIMED = (MANIFEST_NAME, TIMED_SUMMARY)


@dataclass(frozen=True, slots=True)
class JobRecords:
    """The machine-readable records of the verbs, as they wrote them."""

    corpus: Mapping[str, Any]
    tokenizer: Mapping[str, Any]
    audit: Mapping[str, Any]


def write_job_manifest(
    output: Path,
    recipe: Recipe,
    corpus: Corpus,
    command_line: Sequence[str],
    call: str,
    seconds: Mapping[str, float],
    engine: Engine,
) -> None:
    """Write the manifest of the whole job: the recipe, every input, and every output without timings."""
    names = sorted(path.relative_to(output) for path in output.rglob("*") if path.is_file())
    kept = [name for name in names if not name.name.endswith(_TIMED) and not name.name.startswith(".")]
    outputs = [NamedFile((output / name).absolute(), name.as_posix()) for name in kept]
    manifest = Manifest(
        "run",
        command_line,
        {"recipe": recipe.name, **{stage: dict(table) for stage, table in recipe.stages.items()}},
        [hash_file(recipe.path, shown_as=recipe.path.name), *corpus.hashes(engine)],
        list(over_files(engine, hash_named, outputs)),
        seconds=seconds,
        call=call,
    )
    write_manifest(output / MANIFEST_NAME, manifest)


def gate_passed(output: Path) -> bool:
    """Whether the policy passed, as the audit recorded it."""
    gate = _read(output / "audit" / "audit.json")["gate"]
    return gate is None or bool(gate["passed"])


def summary_lines(output: Path) -> list[str]:
    """The job in a few lines: what was kept, what was learned and refused, what is risky, where to look."""
    records = JobRecords(
        _read(output / "corpus" / "summary.json"),
        _read(output / "tokenizer" / MANIFEST_NAME),
        _read(output / "audit" / "audit.json"),
    )
    return [
        *_corpus_lines(records.corpus),
        *_tokenizer_lines(records.tokenizer, records.audit),
        *_risk_lines(records.audit),
        f"Report      {output / 'report.html'}",
    ]


def _corpus_lines(summary: Mapping[str, Any]) -> list[str]:
    documents = summary["documents"]
    reasons = sorted(summary["dropped_by"].items(), key=lambda item: (-item[1], item[0]))
    shown = ", ".join(f"{rule} {count:,}" for rule, count in reasons[:REASONS_SHOWN])
    more = f", {len(reasons) - REASONS_SHOWN} more rules" if len(reasons) > REASONS_SHOWN else ""
    return [
        f"Corpus      kept {documents['kept']:,} of {documents['in']:,} documents"
        f" in {sum(1 for row in summary['languages'].values() if row['kept']):,} languages",
        *([f"            dropped {documents['dropped']:,}: {shown}{more}"] if reasons else []),
    ]


def _tokenizer_lines(manifest: Mapping[str, Any], audit: Mapping[str, Any]) -> list[str]:
    lines = [
        f"Vocabulary  {manifest['vocab_size']:,} tokens;"
        f" {manifest['refused_merges']:,} merges refused by ban lists"
    ]
    if rates := _bytes_per_token(audit):
        shown = ", ".join(f"{name} {rate:.2f}" for name, rate in rates.items())
        lines.append(f"            bytes per token on the kept text: {shown}")
    return lines


def _bytes_per_token(audit: Mapping[str, Any]) -> dict[str, float]:
    """Over all languages: bytes / tokens for every vocabulary compared."""
    rows = audit["compression"]
    total = sum(row["bytes"] for row in rows)
    names = list(rows[0]["tokens"]) if rows else []
    tokens = {name: sum(row["tokens"][name] for row in rows) for name in names}
    return {name: total / count for name, count in tokens.items() if count}


def _risk_lines(audit: Mapping[str, Any]) -> list[str]:
    against = [
        f"{diff['b']}: {sum(row['flagged_b'] for row in diff['scripts']):,}" for diff in audit["diffs"]
    ]
    compared = f" ({', '.join(against)})" if against else ""
    gate = audit["gate"]
    verdict = (
        "no policy" if gate is None else f"policy {gate['policy']} {'passed' if gate['passed'] else 'FAILED'}"
    )
    failures = [] if gate is None else [f"            {failure['message']}" for failure in gate["failures"]]
    return [f"Risk        {audit['flagged']:,} tokens flagged{compared}", f"Gate        {verdict}", *failures]


def _read(path: Path) -> Any:
    return msgspec.json.decode(path.read_bytes())
