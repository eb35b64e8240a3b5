"""One token's facts for people and machines: tables with a drawn tree, and a record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from audit.facts.records import Derivation, Named, Relative, TokenFacts
from audit.records import token_record
from audit.results import Reason
from corpora.cli import TableView
from corpora.display import show_text
from corpora.manifest import SCHEMA_VERSION

_BRANCH, _LAST, _PASS, _BLANK = "├─ ", "└─ ", "│  ", "   "


def facts_record(facts: TokenFacts) -> dict[str, Any]:
    """Everything about one token; `risk` is as in `audit --format json`, null when it was not scored."""
    record: dict[str, Any] = msgspec.to_builtins(facts)
    record["bytes"] = facts.bytes.hex()
    record["risk"] = token_record(facts.score) if facts.score else None
    del record["score"]
    return record


def facts_records(many: Sequence[TokenFacts]) -> dict[str, Any]:
    """Several tokens as one record."""
    return {"schema_version": SCHEMA_VERSION, "tokens": [facts_record(facts) for facts in many]}


def facts_tables(facts: TokenFacts, *, down_to_bytes: bool) -> list[TableView]:
    """What `winnow show` prints about one token."""
    tables = [
        TableView(
            f"{_boxed(facts.token)} of {show_text(facts.vocabulary)}", ("", ""), list(_fact_rows(facts))
        )
    ]
    tree = list(draw_tree(facts.derivation, down_to_bytes=down_to_bytes))
    if len(tree) > 1:
        tables.append(TableView("Made of", ("id", "token"), tree))
    if facts.score is not None:
        rows = [_reason_row(reason) for reason in facts.score.reasons]
        title = f"Risk {facts.score.score:.2f}: {_verdict(facts)}"
        tables.append(TableView(title, ("points", "reason", "evidence"), rows))
    if facts.bans:
        bans = [
            (b.entry, b.severity, b.category, show_text(b.pattern), show_text(b.reason)) for b in facts.bans
        ]
        tables.append(TableView("Banned by", ("entry", "severity", "category", "pattern", "reason"), bans))
    return tables


def draw_tree(tree: Derivation, *, down_to_bytes: bool) -> Iterator[tuple[str, str]]:
    """A derivation as (id, line) rows, parts under the whole; whole characters are not cut into bytes."""
    yield from _draw(tree, "", "", down_to_bytes)


def _draw(tree: Derivation, mark: str, under: str, down_to_bytes: bool) -> Iterator[tuple[str, str]]:
    yield str(tree.token.id), f"{mark}{_boxed(tree.token.token)}"
    if not down_to_bytes and len(tree.token.token) == 1:
        return
    for place, part in enumerate(tree.parts, start=1):
        last = place == len(tree.parts)
        yield from _draw(
            part, under + (_LAST if last else _BRANCH), under + (_BLANK if last else _PASS), down_to_bytes
        )


def _fact_rows(facts: TokenFacts) -> Iterator[tuple[str, str]]:
    rank = "" if facts.rank is None else f", rank {facts.rank:,} of the learned tokens"
    yield "id", f"{facts.id:,}{rank}"
    yield "bytes", f"{facts.bytes.hex(' ')} ({len(facts.bytes)})"
    yield "kind", f"{facts.kind}; {facts.script}, {facts.utf8}"
    if facts.kind == "merged":
        yield "merges", f"{facts.depth} deep; a part of {facts.used_in:,} other tokens"
    if facts.merge_count is not None:
        yield "counted", f"{facts.merge_count:,} times when its merge was learned"
    if facts.occurrences is not None:
        yield "used", f"{facts.occurrences.emitted:,} times emitted, {facts.occurrences.made:,} times made"
    if facts.reach is not None:
        witness = f": {_boxed(show_text(facts.witness))}" if facts.witness else ""
        yield "reached", f"{facts.reach}{witness}"
    yield from _around(facts)
    if facts.replacement:
        yield "without it", " ".join(_with_id(piece) for piece in facts.replacement)
    if facts.score is None:
        yield "risk", "not scored"
    elif facts.score.segmentation:
        yield "clean reading", show_text(f"{' + '.join(facts.score.segmentation)} ({facts.score.language})")
    if not facts.bans:
        yield "ban lists", "no entry hits"


def _around(facts: TokenFacts) -> Iterator[tuple[str, str]]:
    yield "before", _row(facts.before)
    yield "after", _row(facts.after)
    yield "inside", _relatives(facts.larger)
    yield "holds", _relatives(facts.smaller)


def _relatives(relative: Relative) -> str:
    if not relative.count:
        return "no other token"
    banned = f", {relative.banned} of them banned" if relative.banned else ""
    more = " …" if relative.count > len(relative.first) else ""
    return f"{relative.count:,} tokens{banned}: {_row(relative.first)}{more}"


def _row(tokens: Sequence[Named]) -> str:
    return " ".join(_boxed(token.token) for token in tokens)


def _with_id(token: Named) -> str:
    return f"{_boxed(token.token)} {token.id}"


def _boxed(token: str) -> str:
    return f"[{token}]"  # the brackets show spaces at the edges


def _reason_row(reason: Reason) -> tuple[str, str, str]:
    return f"{reason.points:+.2f}", reason.code, show_text(reason.evidence)


def _verdict(facts: TokenFacts) -> str:
    score = facts.score
    if score is None:
        return "not scored"
    kinds = ", ".join(score.verdicts)
    named = score.category or "no category"
    return f"{'flagged' if score.flagged else 'not flagged'}, {named}" + (f" ({kinds})" if kinds else "")
