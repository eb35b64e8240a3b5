"""The verb `winnow review`: a local page to accept or reject suggestions into a ban list."""

from __future__ import annotations

import datetime
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from banlists.ban_option import BanListName
from corpora.cli import emit, format_option, verb
from corpora.errors import WrongCall
from corpora.progress import Progress

if TYPE_CHECKING:
    from audit.review.records import Source, Terms
    from audit.review.session import Review

_path = click.Path(path_type=Path)


@verb("review", example="winnow audit o200k_base -o audit\nwinnow review audit --list bans.toml --owner @me\n"
      "winnow review suggested.toml --against core --no-browser\n"
      "winnow review audit --list bans.toml --decisions decisions.jsonl --format json")  # fmt: skip
@click.argument("place", metavar="DIR", type=_path)
@click.option("--list", "list_path", type=_path, metavar="FILE",
              help="List for accepted entries, made if missing. [default: DIR/reviewed.toml]")  # fmt: skip
@click.option("--owner", default="", help="Who answers for the entries.")
@click.option("--group", default="reviewed", show_default=True,
              help="Beginning of group ids: a group holds one category, kind and reason.")  # fmt: skip
@click.option("--severity", type=click.Choice(["core", "extended", "full"]), default="core",
              show_default=True, help="core is for what clean text never needs.")  # fmt: skip
@click.option("--against", multiple=True, type=BanListName(), metavar="LIST",
              help="Do not ask about what this list bans already; repeatable.")  # fmt: skip
@click.option("--check", "checks", multiple=True, metavar="NAME",
              help="Findings to ask about. [default: risk, boilerplate, personal, url]")  # fmt: skip
@click.option("--tokenizer", metavar="TOKENIZER",
              help="Vocabulary to show what an entry hits. [default: DIR's, if here]")  # fmt: skip
@click.option("--journal", type=_path, metavar="FILE",
              help="File of decisions; DIRs may share one. [default: DIR/review.jsonl]")  # fmt: skip
@click.option("--decisions", type=click.Path(path_type=Path, allow_dash=True), metavar="FILE",
              help="Make these decisions (JSONL, - for stdin), write the list and end: no page.")  # fmt: skip
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="Port of the page. [default: a free one]"
)
@click.option("--browser/--no-browser", default=True, help="Open the page, or print its address only.")
@click.option("--today", type=click.DateTime(["%Y-%m-%d"]), help="Date of new entries. [default: today]")
@format_option
def review(
    place: Path, list_path: Path | None, owner: str, group: str, severity: str, against: tuple[str, ...],
    checks: tuple[str, ...], tokenizer: str | None, journal: Path | None, decisions: Path | None, port: int,
    browser: bool, today: datetime.datetime | None, quiet: bool, output_format: str,
) -> None:  # fmt: skip
    """Accept or reject suggestions on a local page; what is accepted goes into a ban list.

    DIR is what `winnow audit -o`, `winnow diff -o` or `winnow run -o` wrote, or a list (or a folder of
    lists) of `winnow ban suggest -o` or `winnow ban import`. Every decision is kept at once: Ctrl-C, and
    the same command goes on. The list is written at the end, on the page's word, all or nothing.
    """
    from audit.review.audit_candidates import CHECKS
    from audit.review.decisions_file import apply_decisions, read_decisions
    from audit.review.records import Terms
    from audit.review.sources import default_journal, default_list, read_source, refuse_own_list
    from audit.review.summary import summary_record, summary_tables

    progress = Progress(quiet=quiet)
    source = read_source(place, checks or CHECKS)
    path = list_path or default_list(place)
    refuse_own_list(source, path)
    title = f"Accepted in a review of {source.name}"
    terms = Terms(path, title, group, owner, severity)
    told = _read(decisions) if decisions else b""
    instructions = read_decisions(told, decisions, source.candidates) if decisions else []
    with _opened(source, terms, journal or default_journal(place), against, today) as opened:
        if decisions:
            apply_decisions(opened, instructions)
            opened.finish()
        elif source.candidates:
            _show_vocabulary(opened, tokenizer, progress)
            _serve(opened, port, browser=browser, progress=progress)
        else:
            progress.say(f"nothing to review: {source.name} has no such finding")
        record = summary_record(opened)
        emit(record, record["entries"], summary_tables(opened), output_format)


@contextmanager
def _opened(
    source: Source, terms: Terms, journal: Path, against: Sequence[str], today: datetime.datetime | None
) -> Iterator[Review]:
    """The review where its journal ends; nobody else can open the journal meanwhile."""
    from audit.review.journal import open_journal
    from audit.review.session import Review
    from banlists.lists import load_ban_lists

    others = load_ban_lists(against)
    day = (today or datetime.datetime.now()).date()
    with open_journal(journal) as (log, history):
        yield Review(source, terms, log, history, today=day, others=others)


def _show_vocabulary(opened: Review, tokenizer: str | None, progress: Progress) -> None:
    """Let the page show what an entry hits in the whole vocabulary, where that is here."""
    from audit.review.sources import find_vocabulary
    from audit.review.token_index import TokenIndex

    vocabulary = find_vocabulary(opened.source, tokenizer)
    if vocabulary is None:
        progress.say(
            "the vocabulary is not here: the page shows hits among the candidates only (--tokenizer)"
        )
    else:
        opened.index = TokenIndex(vocabulary.tokens)


def _serve(opened: Review, port: int, *, browser: bool, progress: Progress) -> None:
    from audit.review.api import ReviewApi
    from audit.review.server import serve

    def ready(url: str) -> None:
        click.echo(f"review: {url}", err=True)  # with --quiet too: without it nobody finds the page
        progress.say("Ctrl-C ends it; every decision is kept, and the same command goes on")
        if browser:
            _open_browser(url)

    try:
        serve(ReviewApi(opened, progress.say), port, ready)
    except KeyboardInterrupt:
        counts = opened.counts()
        progress.say(
            f"{counts.accepted} accepted, {counts.rejected} rejected, {counts.skipped} skipped, "
            f"{counts.left} left; {opened.terms.path} has what was written with Finish"
        )
        raise


def _open_browser(url: str) -> None:
    """Open the page, unless only a browser inside this terminal could."""
    import webbrowser

    if sys.platform != "linux" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        webbrowser.open(url)


def _read(path: Path) -> bytes:
    if str(path) == "-":
        return sys.stdin.buffer.read()
    try:
        return path.read_bytes()
    except OSError as error:
        raise WrongCall(error.strerror or "cannot be read", where=path) from error
