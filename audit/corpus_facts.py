"""What earlier steps left behind: the filter's summary and decisions, the merges that training refused."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pyarrow.dataset as ds

from audit.results import CorpusSummary, DroppedExample, LanguageRow, RefusedMerge, as_category
from corpora.errors import WinnowError, WrongCall
from corpora.manifest import MANIFEST_NAME, read_manifest

MERGES_NAME = "merges.jsonl"
_EXAMPLES_PER_RULE = 3


class _Counts(msgspec.Struct):
    documents_in: int = msgspec.field(name="in", default=0)
    kept: int = 0
    dropped: int = 0


class _Summary(msgspec.Struct):
    documents: _Counts
    bytes: _Counts
    dropped_by: dict[str, int]
    languages: dict[str, _Counts]


class _Event(msgspec.Struct):
    event: str
    left: str = ""
    right: str = ""
    token: str = ""
    text: str = ""
    count: int = 0
    rank: int = 0
    entry: str = ""
    ban_list: str = msgspec.field(name="list", default="")
    category: str | None = None
    reason: str = ""


def read_corpus_summary(folder: Path) -> CorpusSummary:
    """Read `summary.json` and `decisions/` of a folder that `winnow filter` wrote.

    Raises WrongCall when it is no such folder, WinnowError when its files are damaged.
    """
    path = folder / "summary.json"
    if not path.is_file():
        raise WrongCall(
            "holds no summary.json", where=folder, hint="--corpus takes a folder of `winnow filter`"
        )
    try:
        summary = msgspec.json.decode(path.read_bytes(), type=_Summary)
    except msgspec.DecodeError as error:
        raise WinnowError(f"not a summary of `winnow filter`: {error}", where=path) from error
    languages = sorted(summary.languages.items(), key=lambda item: (-item[1].documents_in, item[0]))
    return CorpusSummary(
        documents_in=summary.documents.documents_in,
        documents_kept=summary.documents.kept,
        bytes_in=summary.bytes.documents_in,
        bytes_kept=summary.bytes.kept,
        dropped_by=tuple(sorted(summary.dropped_by.items(), key=lambda item: (-item[1], item[0]))),
        languages=tuple(LanguageRow(name, counts.documents_in, counts.kept) for name, counts in languages),
        examples=_dropped_examples(folder / "decisions", list(summary.dropped_by)),
        reasons=_rule_reasons(folder / MANIFEST_NAME),
    )


def read_refused_merges(path: Path) -> tuple[RefusedMerge, ...]:
    """The refused merges of a `merges.jsonl`, in its order.

    Raises WrongCall when there is no such file, WinnowError with file:line for a line that is no event.
    """
    if not path.is_file():
        raise WrongCall("no such file", where=path, hint="--merges takes the merges.jsonl of `winnow train`")
    refused = []
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                event = msgspec.json.decode(line, type=_Event)
                if event.event == "refused":
                    refused.append(_refused(event))
            except (msgspec.DecodeError, ValueError) as error:
                raise WinnowError(f"not a merge event: {error}", where=f"{path}:{number}") from error
    return tuple(refused)


def _rule_reasons(manifest: Path) -> tuple[tuple[str, str], ...]:
    """Why each rule drops a document, as the filter's manifest tells; nothing when it tells nothing."""
    if not manifest.is_file():
        return ()
    reasons = read_manifest(manifest).get("configuration", {}).get("reasons", {})
    return tuple(sorted((str(rule), str(reason)) for rule, reason in reasons.items()))


def _refused(event: _Event) -> RefusedMerge:
    return RefusedMerge(
        left=bytes.fromhex(event.left),
        right=bytes.fromhex(event.right),
        token=bytes.fromhex(event.token),
        text=event.text,
        count=event.count,
        rank=event.rank,
        entry=event.entry,
        ban_list=event.ban_list,
        category=as_category(event.category),
        reason=event.reason,
    )


def _dropped_examples(folder: Path, rules: list[str]) -> tuple[DroppedExample, ...]:
    """The first dropped documents of every rule, in the order of the decisions."""
    if not folder.is_dir():
        return ()
    columns = ["id", "source", "rule", "value", "threshold", "language"]
    table = ds.dataset(folder, format="parquet").to_table(columns=columns, filter=~ds.field("kept"))
    seen = dict.fromkeys(rules, 0)
    examples = []
    for row in table.to_pylist():
        if seen.setdefault(row["rule"], 0) < _EXAMPLES_PER_RULE:
            seen[row["rule"]] += 1
            examples.append(_example(row))
    return tuple(examples)


def _example(row: Mapping[str, Any]) -> DroppedExample:
    return DroppedExample(
        id=str(row["id"]),
        source=str(row["source"]),
        rule=str(row["rule"]),
        value=float(row["value"] or 0.0),
        threshold=float(row["threshold"] or 0.0),
        language=str(row["language"] or ""),
        excerpt="",
    )
