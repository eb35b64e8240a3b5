"""`winnow ban show|explain|stats|diff|review|schema`: look at lists and at what they do."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from corpora.cli import TableView, emit, format_option, verb
from corpora.errors import GateFailed

if TYPE_CHECKING:
    from banlists.banlist import Explanation
    from banlists.entries import Entry, Match

SCHEMA_VERSION = 1


@verb("show", example="winnow ban show zh-gambling\nwinnow ban show core --category adult --format jsonl")
@click.argument("lists", nargs=-1, metavar="[LIST]...")
@click.option("--category", help="Only this category.")
@click.option("--kind", help="Only this kind of match.")
@format_option
def show(lists: tuple[str, ...], category: str | None, kind: str | None, output_format: str) -> None:
    """Print the entries of lists (default: every built-in pack)."""
    from banlists.entries import CATEGORIES, KINDS
    from banlists.lists import builtin_names, load_ban_lists
    from corpora.errors import unknown_name

    for value, known, what in ((category, CATEGORIES, "category"), (kind, KINDS, "kind")):
        if value is not None and value not in known:
            raise unknown_name(what, value, known)
    entries = [
        entry
        for entry in load_ban_lists(lists or builtin_names()).entries
        if category in (None, entry.category) and kind in (None, entry.kind)
    ]
    records = [_entry_record(entry) for entry in entries]
    columns = ("rule", "kind", "pattern", "category", "severity", "langs")
    rows = [
        (entry.name, entry.kind, _shown(entry.pattern, entry.right), entry.category, entry.severity,
         " ".join(entry.langs))
        for entry in entries
    ]  # fmt: skip
    emit({"schema_version": SCHEMA_VERSION, "entries": records}, records,
         [TableView(f"{len(entries)} entries", columns, rows)], output_format)  # fmt: skip


@verb(
    "explain", example="winnow ban explain ' 天天中彩票' --ban core\nwinnow ban explain tok:o200k_base:2783"
)
@click.argument("text")
@click.option("--ban", "lists", multiple=True, default=("core",), show_default=True, help="Lists to ask.")
@format_option
def explain(text: str, lists: tuple[str, ...], output_format: str) -> None:
    """Say what every rule thinks of TEXT: as one token, and the phrases inside it.

    TEXT is plain text, bytes as hex:e5a4a9, or a token of a bundled vocabulary as tok:NAME:ID.
    """
    from banlists.lists import load_ban_lists
    from banlists.tokens import token_bytes
    from corpora.display import show_bytes

    bans = load_ban_lists(lists)
    token = token_bytes(text)
    explanation = bans.explain(token)
    phrases = bans.find(token.decode("utf-8", errors="replace"))
    record = {
        "schema_version": SCHEMA_VERSION, "token": show_bytes(token), "bytes": token.hex(),
        "folded": explanation.folded, "banned": bool(explanation.matches), "matches": explanation.matches,
        "hidden": explanation.hidden, "allowed_by": explanation.allows, "phrases": phrases,
    }  # fmt: skip
    verdict = "banned" if explanation.matches else "not banned"
    title = f"{show_bytes(token)}  (folded: {show_bytes(explanation.folded.encode())})  {verdict}"
    columns = ("what", "rule", "kind", "pattern", "category", "reason")
    rows = [*_explanation_rows(explanation)]
    rows.extend(_match_row(f"phrase {hit.start}-{hit.end}", hit.match) for hit in phrases)
    emit(record, [record], [TableView(title, columns, rows)], output_format)


@verb("stats", example="winnow ban stats core\nwinnow ban stats --format json")
@click.argument("lists", nargs=-1, metavar="[LIST]...")
@format_option
def stats(lists: tuple[str, ...], output_format: str) -> None:
    """Count entries by pack, category, language, kind, severity and status."""
    from banlists.lists import builtin_names, load_packs

    packs = load_packs(lists or builtin_names())
    entries = [entry for loaded in packs for entry in loaded.entries]
    counts = {
        "pack": _count(entry.list_id for entry in entries),
        "category": _count(entry.category for entry in entries),
        "language": _count(lang for entry in entries for lang in entry.langs),
        "kind": _count(entry.kind for entry in entries),
        "severity": _count(entry.severity for entry in entries),
        "status": _count(entry.status for entry in entries),
    }
    groups = len({entry.name for entry in entries})
    totals = {"packs": len(packs), "groups": groups, "entries": len(entries),
              "allows": sum(len(loaded.allows) for loaded in packs)}  # fmt: skip
    rows = [(by, name, str(count)) for by, names in counts.items() for name, count in names.items()]
    record = {"schema_version": SCHEMA_VERSION, **totals, "by": counts}
    title = ", ".join(f"{count} {name}" for name, count in totals.items())
    lines = [{"by": by, "name": name, "entries": int(count)} for by, name, count in rows]
    emit(record, lines, [TableView(title, ("by", "name", "entries"), rows)], output_format)


@verb("diff", example="winnow ban diff old.toml new.toml\nwinnow ban diff core extended --exit-code")
@click.argument("before")
@click.argument("after")
@click.option("--exit-code", is_flag=True, help="Exit 3 when the lists differ.")
@format_option
def diff(before: str, after: str, exit_code: bool, output_format: str) -> None:
    """Print which entries were added, removed or changed between two lists."""
    from banlists.comparison import compare
    from banlists.lists import load_ban_lists
    from corpora.display import show_text

    changes = compare(load_ban_lists([before]), load_ban_lists([after]))
    rows = [(each.change, each.rule, each.kind, show_text(each.pattern), each.detail) for each in changes]
    view = TableView(f"{len(changes)} changes", ("change", "rule", "kind", "pattern", "detail"), rows)
    emit({"schema_version": SCHEMA_VERSION, "changes": changes}, changes, [view], output_format)
    if exit_code and changes:
        raise GateFailed(f"{len(changes)} entries differ")


@verb("review", example="winnow ban review\nwinnow ban review my.toml --today 2027-12-01 --exit-code")
@click.argument("lists", nargs=-1, metavar="[LIST]...")
@click.option("--today", type=click.DateTime(["%Y-%m-%d"]), help="The day to judge by. [default: today]")
@click.option("--exit-code", is_flag=True, help="Exit 3 when a group is past its date.")
@format_option
def review(
    lists: tuple[str, ...], today: datetime.datetime | None, exit_code: bool, output_format: str
) -> None:
    """List the groups whose review date has passed; renew one with `ban fmt --renew`."""
    from banlists.lists import builtin_names, load_packs

    day = (today or datetime.datetime.now()).date()
    due = [
        {"rule": f"{loaded.pack.info.id}/{group.id}", "review_by": group.review_by, "owner": group.owner,
         "file": loaded.file.path, "patterns": len(group.patterns)}
        for loaded in load_packs(lists or builtin_names())
        for group in loaded.pack.group
        if group.review_by is not None and group.review_by < day and group.status != "retired"
    ]  # fmt: skip
    rows = [tuple(str(value) for value in each.values()) for each in due]
    columns = ("rule", "review by", "owner", "file", "patterns")
    view = TableView(f"{len(due)} groups past their review date", columns, rows)
    emit({"schema_version": SCHEMA_VERSION, "due": due}, due, [view], output_format)
    if exit_code and due:
        raise GateFailed(f"{len(due)} groups are past their review date")


@verb("schema", example="winnow ban schema > banlist.schema.json")
@click.option("--format", "output_format", type=click.Choice(["json"]), default="json", show_default=True,
              help="A JSON Schema is JSON.")  # fmt: skip
def schema(output_format: str) -> None:
    """Print the JSON Schema of a list file, for editors."""
    import msgspec

    from banlists.schema import json_schema

    click.echo(msgspec.json.format(msgspec.json.encode(json_schema()), indent=2).decode())


def _entry_record(entry: Entry) -> dict[str, object]:
    return {
        "rule": entry.name, "kind": entry.kind, "pattern": entry.pattern, "right": entry.right,
        "category": entry.category, "severity": entry.severity, "status": entry.status,
        "langs": entry.langs, "variants": sorted(entry.variants), "boundary": entry.boundary,
        "reason": entry.reason,
    }  # fmt: skip


def _explanation_rows(explanation: Explanation) -> Iterable[tuple[str, ...]]:
    for what, matches in (
        ("banned by", explanation.matches),
        ("hidden", explanation.hidden),
        ("allowed by", explanation.allows),
    ):
        for match in matches:
            yield _match_row(what, match)


def _match_row(what: str, match: Match) -> tuple[str, ...]:
    return (what, match.entry, match.kind, _shown(match.pattern), match.category, match.reason)


def _shown(pattern: str, right: str = "") -> str:
    from corpora.display import show_text

    return show_text(f"{pattern}|{right}" if right else pattern)


def _count(values: Iterable[str]) -> dict[str, int]:
    counted = Counter(values)
    return dict(sorted(counted.items(), key=lambda item: (-item[1], item[0])))
