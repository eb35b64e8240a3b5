"""The verb `winnow scan`: find leaked tool calls and glitch strings in text and code."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from banlists.ban_option import BanListName
from corpora.cli import verb
from corpora.display import show_json, show_lines
from corpora.errors import GateFailed, WinnowError
from corpora.progress import Progress

if TYPE_CHECKING:
    from audit.leaks.phrases import Finder
    from audit.leaks.records import FileScan

_LEVELS = ("error", "warning", "note")
_FORMATS = ("table", "json", "jsonl", "sarif", "github")


@verb("scan", example="winnow scan src docs --exclude 'tests/fixtures/*'\nwinnow scan - --format jsonl < log")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option(
    "--list", "lists", metavar="LIST", type=BanListName(), multiple=True, default=("core",),
    show_default=True, help="Ban list whose phrases are glitch strings; repeatable.",
)  # fmt: skip
@click.option(
    "--tokenizer", metavar="TOKENIZER",
    help="Look for tokens of this vocabulary that the lists ban, not for phrases.",
)  # fmt: skip
@click.option("--exclude", metavar="GLOB", multiple=True, help="Leave out files or folders; repeatable.")
@click.option(
    "--level", type=click.Choice(_LEVELS), default="warning", show_default=True,
    help="Report what is at least this sure.",
)  # fmt: skip
@click.option(
    "--fail-on", type=click.Choice((*_LEVELS, "never")), default="warning", show_default=True,
    help="Exit with 3 for what is at least this sure.",
)  # fmt: skip
@click.option(
    "--format", "output_format", type=click.Choice(_FORMATS), default="table", show_default=True,
    help="What to print on stdout.",
)  # fmt: skip
def scan(
    files: tuple[str, ...],
    lists: tuple[str, ...],
    tokenizer: str | None,
    exclude: tuple[str, ...],
    level: str,
    fail_on: str,
    output_format: str,
    quiet: bool,
) -> None:
    """Find leaked tool calls, glitch strings and runs of risky tokens in files; exit with 3 when found.

    FILE is a file, a folder, or - for stdin. Binary and hidden files are left out. A line with the
    words "winnow: ignore" is let pass.
    """
    progress = Progress(quiet=quiet)
    scans = list(_scan(files, exclude, _finder(lists, tokenizer), progress))
    _print(scans, level, output_format)
    unread = [each for each in scans if each.skipped not in (None, "binary")]
    for each in unread:
        progress.say(f"winnow: {each.path}: {each.skipped}")
    failing = _LEVELS[: _LEVELS.index(fail_on) + 1] if fail_on != "never" else ()
    count = sum(leak.severity in failing for each in scans for leak in each.leaks)
    if count:
        raise GateFailed(f"{count} leak{'s' if count > 1 else ''} found")
    if unread:
        raise WinnowError(f"{len(unread)} files could not be read", hint="--exclude leaves files out")


def _finder(lists: Sequence[str], tokenizer: str | None) -> Finder:
    from audit.leaks.phrases import phrases_of, tokens_of
    from banlists.lists import load_ban_lists

    bans = load_ban_lists(lists)
    if tokenizer is None:
        return phrases_of(bans)
    from trainer.load import load_tokenizer

    return tokens_of(load_tokenizer(tokenizer), bans)


def _scan(
    files: Sequence[str], exclude: Sequence[str], phrases: Finder, progress: Progress
) -> Iterator[FileScan]:
    from audit.leaks.scanning import STANDARD_INPUT, find_files, scan_file, scan_stream

    if STANDARD_INPUT in files:
        yield scan_stream(sys.stdin.buffer, "<stdin>", phrases)
    found = find_files([name for name in files if name != STANDARD_INPUT], exclude)
    with progress.bar("scanning", len(found), "files") as bar:
        for path in found:
            yield scan_file(path, phrases)
            bar.advance()


def _print(scans: Sequence[FileScan], level: str, output_format: str) -> None:
    from audit.leaks.outputs import printed, scan_table
    from corpora.cli import emit

    shown = _LEVELS[: _LEVELS.index(level) + 1]
    leaks = [leak for each in scans for leak in each.leaks if leak.severity in shown]
    if output_format == "table":
        emit({}, (), [scan_table(scans, leaks)], output_format)
        return
    for text in printed(scans, leaks, output_format):
        click.echo(show_lines(text) if output_format == "github" else show_json(text), nl=False)
