"""What earlier steps left behind: the filter's summary and decisions, the merges that training refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.dataset as ds

from audit.corpus_results import CorpusSummary, DroppedExample, LanguageRow, RefusedMerge
from audit.results import as_category
from corpora.errors import WinnowError, WrongCall
from corpora.json_data import decode_json
from corpora.manifest import MANIFEST_NAME, read_manifest
from corpora.remote import one_line

MERGES_NAME = "merges.jsonl"
_EXAMPLES_PER_RULE = 3
# Of a decision; `excerpt` is the start of the document, where the filter was asked to keep it.
_DECISION = ("id", "source", "rule", "value", "threshold", "language", "excerpt")


class _Counts(msgspec.Struct):
    documents_in: int = msgspec.field(name="in", default=0)
    kept: int = 0
    dropped: int = 0


class _SummaryExample(msgspec.Struct):
    id: str
    excerpt: str = ""


class _Summary(msgspec.Struct):
    documents: _Counts
    bytes: _Counts
    dropped_by: dict[str, int]
    languages: dict[str, _Counts]
    examples: dict[str, list[_SummaryExample]] = {}


class _Event(msgspec.Struct):
    event: str
    id: int = -1
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
    summary = decode_json(path.read_bytes(), _Summary, "not a summary of `winnow filter`", where=path)
    languages = sorted(summary.languages.items(), key=lambda item: (-item[1].documents_in, item[0]))
    return CorpusSummary(
        documents_in=summary.documents.documents_in,
        documents_kept=summary.documents.kept,
        bytes_in=summary.bytes.documents_in,
        bytes_kept=summary.bytes.kept,
        dropped_by=tuple(sorted(summary.dropped_by.items(), key=lambda item: (-item[1], item[0]))),
        languages=tuple(LanguageRow(name, counts.documents_in, counts.kept) for name, counts in languages),
        examples=_with_excerpts(
            _dropped_examples(folder / "decisions", list(summary.dropped_by)), summary.examples
        ),
        reasons=_rule_reasons(folder / MANIFEST_NAME),
    )


def read_refused_merges(path: Path) -> tuple[RefusedMerge, ...]:
    """The refused merges of a `merges.jsonl`, in its order.

    Raises WrongCall when there is no such file, WinnowError with file:line for a line that is no event.
    """
    return tuple(_refused(event) for event in _events(path) if event.event == "refused")


def read_merge_counts(path: Path) -> dict[int, int]:
    """Token id → how often its merge was counted, from a `merges.jsonl`. Raises as `read_refused_merges`."""
    return {event.id: event.count for event in _events(path) if event.event == "merge"}


def _events(path: Path) -> Iterator[_Event]:
    if not path.is_file():
        raise WrongCall("no such file", where=path, hint="--merges takes the merges.jsonl of `winnow train`")
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            yield _event(line, f"{path}:{number}")


def _event(line: bytes, where: str) -> _Event:
    event = decode_json(line, _Event, "not a merge event", where=where)
    try:
        for each in (event.left, event.right, event.token):
            bytes.fromhex(each)
    except ValueError as error:
        raise WinnowError(f"not a merge event: {error}", where=where) from error
    return event


def _rule_reasons(manifest: Path) -> tuple[tuple[str, str], ...]:
    """Why each rule drops a document, as the filter's manifest tells; nothing when it tells nothing."""
    if not manifest.is_file():
        return ()
    configuration = read_manifest(manifest).get("configuration")
    reasons = configuration.get("reasons") if isinstance(configuration, dict) else None
    if not isinstance(reasons, dict):
        return ()
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
    seen = dict.fromkeys(rules, 0)
    examples = []
    for row in _dropped_rows(folder):
        if seen.setdefault(row["rule"], 0) < _EXAMPLES_PER_RULE:
            seen[row["rule"]] += 1
            examples.append(_example(row))
    return tuple(examples)


def _dropped_rows(folder: Path) -> list[dict[str, Any]]:
    """The decisions on dropped documents; none where the folder holds no decisions."""
    try:
        decisions = ds.dataset(folder, format="parquet")
        if not decisions.files:
            return []
        missing = {"kept", *_DECISION} - {"excerpt", *decisions.schema.names}
        if missing:
            raise WinnowError(f"no column {min(missing)!r}", where=folder, hint="made by `winnow filter`?")
        columns = [name for name in _DECISION if name in decisions.schema.names]
        rows: list[dict[str, Any]] = decisions.to_table(columns=columns, filter=~ds.field("kept")).to_pylist()
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise WinnowError(f"not decisions of `winnow filter`: {one_line(error)}", where=folder) from error
    return rows


def _with_excerpts(
    examples: tuple[DroppedExample, ...], known: Mapping[str, list[_SummaryExample]]
) -> tuple[DroppedExample, ...]:
    """The examples with what the summary tells of how their documents begin."""
    excerpts = {(rule, each.id): each.excerpt for rule, found in known.items() for each in found}
    return tuple(
        replace(each, excerpt=each.excerpt or excerpts.get((each.rule, each.id), "")) for each in examples
    )


def _example(row: Mapping[str, Any]) -> DroppedExample:
    return DroppedExample(
        id=str(row["id"]),
        source=str(row["source"]),
        rule=str(row["rule"]),
        value=_number(row["value"]),
        threshold=_number(row["threshold"]),
        language=str(row["language"] or ""),
        excerpt=str(row.get("excerpt") or ""),
    )


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
