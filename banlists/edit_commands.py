"""`winnow ban init|add|retire|fmt`: write list files."""

from __future__ import annotations

import datetime
from pathlib import Path

import click

from banlists.reporting import report
from corpora.cli import format_option, verb
from corpora.errors import GateFailed, WrongCall

_LIST_FILE = click.Path(path_type=Path)
_DAY = click.DateTime(["%Y-%m-%d"])


@verb("init", example="winnow ban init my-bans.toml --title 'Spam of our crawl' --owner '@me'")
@click.argument("path", type=_LIST_FILE)
@click.option("--id", "list_id", help="Unique id of the list. [default: the file's name]")
@click.option("--title", required=True, help="What the list is for, in one line.")
@click.option("--version", help="Calendar version. [default: today as 2026.11.22]")
@click.option("--license", "license_name", default="CC0-1.0", show_default=True, help="SPDX identifier.")
@click.option("--owner", default="", help="Who answers for it.")
@format_option
def init(
    path: Path, list_id: str | None, title: str, version: str | None, license_name: str, owner: str,
    quiet: bool, output_format: str,
) -> None:  # fmt: skip
    """Start an empty list file; an existing file is left alone."""
    from banlists.editing import new_pack, save_pack

    if path.exists():
        raise WrongCall("exists already", where=path, hint="choose another name, or use: winnow ban add")
    day = version or f"{datetime.datetime.now():%Y.%m.%d}"
    pack = new_pack(list_id or path.stem, title, day, license_name, owner)
    save_pack(path, pack)
    facts = {"path": str(path), "id": pack.info.id, "version": pack.info.version}
    report(facts, f"wrote {path}; next: winnow ban add {path} PATTERN...", output_format, quiet=quiet)


@verb("add", example="winnow ban add my.toml 开奖直播 --group draws --category gambling --match contains "
      "--reason 'live lottery draws on betting pages' --evidence tok:o200k_base:78698 "
      "--hit 开奖直播 --ok 直播")  # fmt: skip
@click.argument("path", type=_LIST_FILE)
@click.argument("patterns", nargs=-1, required=True, metavar="PATTERN...")
@click.option("--group", required=True, help="Id of the group; made when the list has none.")
@click.option("--category", required=True, help="adult, gambling, seo, boilerplate, anomalous, fragment…")
@click.option(
    "--match",
    default="text",
    show_default=True,
    help="text, contains, prefix, suffix, bytes, regex, fragment_of.",
)
@click.option("--reason", default="", help="Why it is banned. Required.")
@click.option("--evidence", multiple=True, help="Where it was seen: tok:NAME:ID, url:…, sample:…  Required.")
@click.option("--lang", "langs", multiple=True, help="Language, such as zh; may be repeated.")
@click.option("--severity", type=click.Choice(["core", "extended", "full"]), default="core",
              show_default=True, help="core is for what clean text never needs.")  # fmt: skip
@click.option("--status", type=click.Choice(["experimental", "stable"]), default="stable", show_default=True,
              help="The sets core, extended and full hold stable groups only.")  # fmt: skip
@click.option("--hit", multiple=True, help="A token that must be hit (test).")
@click.option("--ok", multiple=True, help="A token that must not be (test).")
@click.option("--added", type=_DAY, help="[default: today]")
@click.option("--review-by", type=_DAY, help="When to look at it again. [default: in a year]")
@format_option
def add(
    path: Path, patterns: tuple[str, ...], group: str, category: str, match: str, reason: str,
    evidence: tuple[str, ...], langs: tuple[str, ...], severity: str, status: str, hit: tuple[str, ...],
    ok: tuple[str, ...], added: datetime.datetime | None, review_by: datetime.datetime | None, quiet: bool,
    output_format: str,
) -> None:  # fmt: skip
    """Add patterns to a group of a list file. A reason and evidence are required."""
    from banlists.editing import Addition, add_patterns, save_pack
    from banlists.schema import read_pack

    today = (added or datetime.datetime.now()).date()
    addition = Addition(
        group=group, patterns=patterns, match=match, category=category, reason=reason, evidence=evidence,
        langs=langs, severity=severity, status=status, hit=hit, ok=ok, added=today,
        review_by=review_by.date() if review_by else today + datetime.timedelta(days=365),
    )  # fmt: skip
    pack = add_patterns(read_pack(path), addition, path)
    save_pack(path, pack)
    facts = {"path": str(path), "rule": f"{pack.info.id}/{group}", "added": list(patterns)}
    message = f"wrote {path}; next: winnow ban lint {path} && winnow ban test {path}"
    report(facts, message, output_format, quiet=quiet)


@verb("retire", example="winnow ban retire my.toml 大香蕉 --reason 'a nickname and a grocery item'")
@click.argument("path", type=_LIST_FILE)
@click.argument("pattern")
@click.option("--reason", required=True, help="Why it goes; stays in the tombstone.")
@click.option("--today", type=_DAY, help="The tombstone's date. [default: today]")
@format_option
def retire(
    path: Path, pattern: str, reason: str, today: datetime.datetime | None, quiet: bool, output_format: str
) -> None:
    """Take a pattern out and leave a tombstone, so that nobody adds it again unawares."""
    from banlists.editing import retire_pattern, save_pack
    from banlists.schema import read_pack

    day = (today or datetime.datetime.now()).date()
    save_pack(path, retire_pattern(read_pack(path), pattern, reason, day, path))
    facts = {"path": str(path), "retired": pattern, "date": day, "reason": reason}
    report(facts, f"wrote {path}; {pattern!r} has a tombstone now", output_format, quiet=quiet)


@verb("fmt", example="winnow ban fmt my.toml\nwinnow ban fmt my.toml --renew draws=2028-01-31")
@click.argument("paths", nargs=-1, required=True, type=_LIST_FILE, metavar="FILE...")
@click.option("--check", is_flag=True, help="Write nothing; exit 3 when a file is not in canonical form.")
@click.option(
    "--renew", multiple=True, metavar="GROUP=DATE", help="Give a reviewed group its next review date."
)
@format_option
def fmt(
    paths: tuple[Path, ...], check: bool, renew: tuple[str, ...], quiet: bool, output_format: str
) -> None:
    """Bring list files into canonical form: sorted, without doubles, invisible characters escaped."""
    from banlists.editing import canonical_text, renew_group, save_pack
    from banlists.schema import read_pack

    changed = []
    for path in paths:
        pack = read_pack(path)
        for renewal in renew:
            group, day = _renewal(renewal)
            pack = renew_group(pack, group, day, path)
        if canonical_text(path) != path.read_text(encoding="utf-8") or renew:
            changed.append(path)
            if not check:
                save_pack(path, pack)
    names = [str(path) for path in changed]
    facts = {"files": len(paths), "changed": names, "written": not check}
    report(facts, f"{len(changed)} of {len(paths)} files changed", output_format, quiet=quiet or check)
    if check and changed:
        raise GateFailed(f"{len(changed)} files are not in canonical form: {', '.join(names)}")


def _renewal(text: str) -> tuple[str, datetime.date]:
    group, equals, day = text.partition("=")
    try:
        return group, datetime.date.fromisoformat(day if equals else "")
    except ValueError:
        raise WrongCall(f"--renew {text!r} is not GROUP=DATE", hint="such as draws=2028-01-31") from None
