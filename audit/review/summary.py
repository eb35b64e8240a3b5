"""What a review comes to, as a record and as tables."""

from __future__ import annotations

from typing import Any

import msgspec

from audit.review.session import Review
from corpora.cli import TableView
from corpora.display import show_text
from corpora.manifest import SCHEMA_VERSION


def summary_record(review: Review) -> dict[str, Any]:
    """How far the review is, the entries that this run wrote, and what lint says of the list."""
    written = [(review.candidate(each.key), each) for each in review.written]
    return {
        "schema_version": SCHEMA_VERSION,
        "source": review.source.name,
        "kind": review.source.kind,
        **msgspec.to_builtins(review.counts()),
        "list": str(review.terms.path),
        "written": len(written),
        "entries": [
            {"id": candidate.id, "token": candidate.shown, "rule": entry.rule, "kind": entry.kind,
             "pattern": entry.pattern, "category": entry.category}
            for candidate, entry in written
        ],
        "lint": [msgspec.to_builtins(each) for each in review.findings],
    }  # fmt: skip


def summary_tables(review: Review) -> list[TableView]:
    """The same for people: counts, and what lint finds."""
    counts = review.counts()
    rows = [(name, f"{getattr(counts, name):,}") for name in counts.__dataclass_fields__]
    rows.append(("written now", f"{len(review.written):,}"))
    path = show_text(str(review.terms.path))
    rows.append(("list", path if review.terms.path.exists() else f"{path} (not written yet)"))
    tables = [TableView(f"Review of {review.source.name}", ("", ""), rows)]
    if review.findings:
        found = [(each.check, each.rule, show_text(each.pattern), each.message) for each in review.findings]
        tables.append(TableView(f"{len(found)} lint findings", ("check", "rule", "pattern", "what"), found))
    return tables
