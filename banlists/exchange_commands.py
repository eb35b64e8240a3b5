"""`winnow ban import|export|pack`: lists from other tools, for other tools, and ready to ship."""

from __future__ import annotations

import datetime
import sys
from pathlib import Path

import click

from banlists.reporting import SCHEMA_VERSION, report
from corpora.cli import TableView, emit, format_option, verb
from corpora.display import show_json, show_lines
from corpora.errors import WrongCall

_PATH = click.Path(path_type=Path)


@verb("import", example="winnow ban import en.txt --from text -o ldnoobw-en.toml --category adult "
      "--reason 'LDNOOBW, English' --evidence url:github.com/LDNOOBW")  # fmt: skip
@click.argument("source", type=_PATH, metavar="FILE")
@click.option("--from", "source_format", required=True,
              type=click.Choice(["text", "hosts", "abp", "jsonl", "spacy"]),
              help="One a line (LDNOOBW), hosts file, ABP rules, JSONL or spaCy patterns.")  # fmt: skip
@click.option("-o", "--out", type=_PATH, required=True, help="List file to write.")
@click.option("--category", required=True, help="Category of every entry.")
@click.option("--match", default="text", show_default=True, help="Kind of every entry.")
@click.option("--reason", required=True, help="Why these are banned.")
@click.option("--evidence", multiple=True, required=True, help="Where the list is from.")
@click.option("--lang", "langs", multiple=True, help="Language of the list; may be repeated.")
@click.option("--version", help="Calendar version. [default: today as 2026.11.22]")
@click.option(
    "--license", "license_name", default="CC-BY-4.0", show_default=True, help="The source's licence."
)
@format_option
def import_list(
    source: Path, source_format: str, out: Path, category: str, match: str, reason: str,
    evidence: tuple[str, ...], langs: tuple[str, ...], version: str | None, license_name: str, quiet: bool,
    output_format: str,
) -> None:  # fmt: skip
    """Make an experimental list of another tool's words; what can never be banned is left out and counted."""
    from banlists.compilation import usable_patterns
    from banlists.editing import Addition, add_patterns, new_pack, save_pack
    from banlists.exchange import read_words

    if out.exists():
        raise WrongCall("exists already", where=out, hint="choose another --out")
    words = read_words(_read(source), source_format, str(source))
    usable = usable_patterns(words, match)
    if not usable:
        raise WrongCall("holds no usable pattern", where=source, hint="is --from right?")
    addition = Addition(
        group="imported", patterns=tuple(usable), match=match, category=category, reason=reason,
        evidence=evidence, langs=langs, severity="full", status="experimental",
        hit=(usable[0],), ok=("the", "一个"),
    )  # fmt: skip
    day = version or f"{datetime.datetime.now():%Y.%m.%d}"
    pack = new_pack(out.stem, f"Imported from {source.name}", day, license_name, "")
    save_pack(out, add_patterns(pack, addition, out))
    left_out = [word for word in words if word not in set(usable)]
    facts = {"path": str(out), "patterns": len(usable), "left_out": left_out}
    message = f"{len(usable)} patterns written, {len(left_out)} left out"
    report(facts, message, output_format, quiet=quiet)


@verb(
    "export", example="winnow ban export core --to jsonl > core.jsonl\nwinnow ban export zh-adult --to text"
)
@click.argument("lists", nargs=-1, required=True, metavar="LIST...")
@click.option("--to", "target_format", type=click.Choice(["text", "jsonl", "spacy"]), default="jsonl",
              show_default=True, help="One a line, full records, or spaCy patterns.")  # fmt: skip
@format_option
def export(lists: tuple[str, ...], target_format: str, output_format: str) -> None:
    """Print entries for other tools, one a line; `text` and `spacy` hold the literal kinds only.

    With --format json the lines stand in one record, `lines`, after how many entries have no such form.
    """
    from banlists.exchange import write_entries
    from banlists.lists import load_ban_lists

    entries = load_ban_lists(lists).entries
    lines = list(write_entries(entries, target_format))
    if output_format == "table":
        click.echo(_printable("".join(f"{line}\n" for line in lines), target_format), nl=False)
        return
    record = {"schema_version": SCHEMA_VERSION, "to": target_format, "left_out": len(entries) - len(lines),
              "lines": lines}  # fmt: skip
    view = TableView(f"{len(lines)} lines", ("line",), [(line,) for line in lines])
    emit(record, lines, [view], output_format)


@verb(
    "pack",
    example="winnow ban pack core -o release/core.toml\nwinnow ban pack a.toml b.toml -o c.toml",
)
@click.argument("lists", nargs=-1, required=True, metavar="LIST...")
@click.option("--severity", type=click.Choice(["core", "extended", "full"]), default="core",
              show_default=True, help="core only, core and extended, or all.")  # fmt: skip
@click.option("--id", "list_id", help="Id of the packed list. [default: the file's name]")
@click.option("--version", help="Calendar version. [default: the newest of the lists]")
@click.option("-o", "--out", type=_PATH, required=True, help="List file to write.")
@format_option
def pack(
    lists: tuple[str, ...], severity: str, list_id: str | None, version: str | None, out: Path, quiet: bool,
    output_format: str,
) -> None:  # fmt: skip
    """Put the stable groups of lists into one file to ship; disabled rules stay out."""
    from banlists.editing import merge_packs, save_pack
    from banlists.entries import SEVERITIES
    from banlists.lists import load_packs
    from banlists.schema import ListInfo

    packs = [loaded.pack for loaded in load_packs(lists)]
    newest = version or max(each.info.version for each in packs)
    licences = " AND ".join(sorted({each.info.license for each in packs}))
    info = ListInfo(
        list_id or out.stem, newest, f"Packed: {severity} of {', '.join(lists)}", license=licences
    )
    merged = merge_packs(packs, info, SEVERITIES[: SEVERITIES.index(severity) + 1])
    save_pack(out, merged)
    entries = sum(len(group.patterns) for group in merged.group)
    facts = {"path": str(out), "severity": severity, "groups": len(merged.group), "patterns": entries}
    message = f"{len(merged.group)} groups, {entries} patterns written to {out}"
    report(facts, message, output_format, quiet=quiet)


def _printable(text: str, target_format: str) -> str:
    """JSON can always hide nothing; plain words stay as they are for other tools, but not on a terminal."""
    if target_format != "text":
        return show_json(text)
    return show_lines(text) if sys.stdout.isatty() else text


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise WrongCall(error.strerror or "cannot be read", where=path) from error
    except UnicodeDecodeError as error:
        raise WrongCall(f"not UTF-8: {error.reason} at byte {error.start}", where=path) from error
