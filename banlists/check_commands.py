"""`winnow ban lint|test|coverage|lock|verify`: is a list in order, is it safe, is it the same."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from banlists.reporting import report
from corpora.cli import TableView, emit, format_option, verb
from corpora.errors import GateFailed, WrongCall
from corpora.input_options import input_options
from corpora.progress import Progress

if TYPE_CHECKING:
    from banlists.clean_scan import Scan
    from banlists.fixtures import TestResult
    from corpora.documents import ReadOptions

SCHEMA_VERSION = 1
_RULES_SHOWN = 20


@verb("lint", example="winnow ban lint\nwinnow ban lint my.toml --format json")
@click.argument("lists", nargs=-1, metavar="[LIST]...")
@click.option(
    "--today", type=click.DateTime(["%Y-%m-%d"]), help="The day to judge dates by. [default: today]"
)
@format_option
def lint(lists: tuple[str, ...], today: datetime.datetime | None, output_format: str) -> None:
    """Find what is wrong with lists (default: every built-in pack); exit 3 when something is.

    Checks: duplicate and subsumed patterns, too short, unsatisfiable, mixed scripts, tombstones
    re-added, missing reason, evidence or tests, expired, hidden groups, dead disables.
    """
    from banlists.lint import lint as find_problems
    from banlists.lists import builtin_names, load_packs
    from corpora.display import show_text

    packs = load_packs(lists or builtin_names())
    findings = find_problems(packs, (today or datetime.datetime.now()).date())
    rows = [(each.check, each.rule, show_text(each.pattern), each.message) for each in findings]
    view = TableView(
        f"{len(findings)} findings in {len(packs)} packs", ("check", "rule", "pattern", "what"), rows
    )
    emit({"schema_version": SCHEMA_VERSION, "packs": len(packs), "findings": findings}, findings, [view],
         output_format)  # fmt: skip
    if findings:
        raise GateFailed(f"{len(findings)} lint findings")


@verb("test", example="winnow ban test\nwinnow ban test my.toml --clean pages.jsonl.gz --fp-budget 0.01%")
@click.argument("lists", nargs=-1, metavar="[LIST]...")
@click.option("--clean", multiple=True, metavar="INPUT", help="Clean documents that should not be hit.")
@click.option("--text-field", default="text", show_default=True, help="Field that holds a document's text.")
@click.option(
    "--fp-budget", default="0.01%", show_default=True, help="Share of clean documents that may be hit."
)
@format_option
def test(
    lists: tuple[str, ...], clean: tuple[str, ...], text_field: str, fp_budget: str, quiet: bool,
    output_format: str,
) -> None:  # fmt: skip
    """Run the tests beside the entries, and count false positives on clean text; exit 3 on a failure."""
    from banlists.fixtures import run_tests
    from banlists.lists import builtin_names, load_packs, make_ban_list

    budget = _share(fp_budget)
    packs = load_packs(lists or builtin_names())
    results = run_tests(packs)
    failed = [result for result in results if not result.passed]
    scan = _scan_inputs(lists or ("core",), clean, text_field, quiet) if clean else None
    record = {
        "schema_version": SCHEMA_VERSION, "tests": len(results), "failed": failed,
        "entries": len(make_ban_list(packs).entries), "clean": _scan_record(scan),
    }  # fmt: skip
    views = [_test_view(results, failed), *([_scan_view(scan)] if scan else [])]
    emit(record, failed, views, output_format)
    if failed:
        raise GateFailed(f"{len(failed)} of {len(results)} tests failed")
    if scan and scan.rate > budget:
        raise GateFailed(
            f"{scan.hit_documents} of {scan.documents} clean documents hit: {scan.rate:.4%} > {budget:.4%}"
        )


@verb("coverage", example="winnow ban coverage crawl.jsonl.gz --ban core")
@input_options
@click.option("--ban", "lists", multiple=True, default=("core",), show_default=True, help="Lists to measure.")
@format_option
def coverage(
    inputs: tuple[str, ...], read_options: ReadOptions, lists: tuple[str, ...], quiet: bool,
    output_format: str,
) -> None:  # fmt: skip
    """Count what each rule hits in documents, and name the rules that hit nothing."""
    from banlists.clean_scan import dead_entries, scan_texts
    from banlists.lists import load_ban_lists

    bans = load_ban_lists(lists)
    scan = scan_texts(bans, _texts(inputs, read_options, quiet))
    dead = dead_entries(bans, scan)
    record = {"schema_version": SCHEMA_VERSION, **(_scan_record(scan) or {}),
              "dead": [{"rule": rule, "pattern": pattern} for rule, pattern in dead]}  # fmt: skip
    note = TableView(f"{len(dead)} patterns hit nothing (--format json names them)", (), ())
    emit(record, scan.rules, [_scan_view(scan), note], output_format)


@verb("lock", example="winnow ban lock core my.toml -o bans.lock.json")
@click.argument("lists", nargs=-1, required=True, metavar="LIST...")
@click.option("-o", "--out", type=click.Path(path_type=Path), required=True, help="Lock file to write.")
@format_option
def lock(lists: tuple[str, ...], out: Path, quiet: bool, output_format: str) -> None:
    """Pin lists: their versions, SHA-256 and number of entries."""
    from banlists.lists import load_packs
    from banlists.lockfile import make_lock, write_lock

    locked = make_lock(lists, load_packs(lists))
    write_lock(out, locked)
    facts = {"path": str(out), "lists": locked.lists, "packs": locked.packs}
    report(facts, f"{len(locked.packs)} files pinned in {out}", output_format, quiet=quiet)


@verb("verify", example="winnow ban verify bans.lock.json")
@click.argument("path", metavar="LOCK", type=click.Path(path_type=Path))
@format_option
def verify(path: Path, output_format: str) -> None:
    """Check that the lists are still what a lock file pinned; exit 3 when not."""
    from banlists.lists import load_packs
    from banlists.lockfile import differences, read_lock

    pinned = read_lock(path)
    problems = differences(pinned, load_packs(pinned.lists))
    view = TableView(f"{len(problems)} differences", ("what",), [(problem,) for problem in problems])
    emit({"schema_version": SCHEMA_VERSION, "differences": problems}, problems, [view], output_format)
    if problems:
        raise GateFailed("the lists are not those that were locked", where=path)


def _share(text: str) -> float:
    number, percent = (text[:-1], 100.0) if text.endswith("%") else (text, 1.0)
    try:
        share = float(number) / percent
    except ValueError:
        share = -1.0
    if not 0.0 <= share <= 1.0:
        raise WrongCall(f"--fp-budget {text!r} is not a share", hint="such as 0.01% or 0.0001")
    return share


def _scan_inputs(lists: Sequence[str], inputs: Sequence[str], text_field: str, quiet: bool) -> Scan:
    from banlists.clean_scan import scan_texts
    from banlists.lists import load_ban_lists
    from corpora.documents import ReadOptions

    options = ReadOptions(text_field=text_field, only_text=True)
    return scan_texts(load_ban_lists(lists), _texts(inputs, options, quiet))


def _texts(inputs: Sequence[str], options: ReadOptions, quiet: bool) -> Iterator[str]:
    from corpora.documents import Problems, open_corpus

    problems = Problems()
    for shard in open_corpus(inputs, options).shards:
        for batch in shard.batches(problems):
            yield from batch.column("text").to_pylist()
    if problems.count:
        Progress(quiet=quiet).say(f"{problems.count} broken records skipped, such as {problems.examples[0]}")


def _test_view(results: Sequence[TestResult], failed: Sequence[TestResult]) -> TableView:
    from corpora.display import show_text

    title = f"{len(results)} tests, {len(failed)} failed"
    rows = [(each.group, each.expectation, show_text(each.token), each.note) for each in failed]
    return TableView(title, ("group", "expected", "token", "what"), rows)


def _scan_record(scan: Scan | None) -> dict[str, object] | None:
    if scan is None:
        return None
    return {
        "documents": scan.documents, "hit_documents": scan.hit_documents, "rate": scan.rate,
        "characters": scan.characters, "hit_characters": scan.hit_characters, "rules": scan.rules,
    }  # fmt: skip


def _scan_view(scan: Scan) -> TableView:
    from corpora.display import show_text

    title = (
        f"{scan.hit_documents} of {scan.documents} documents hit ({scan.rate:.4%}), "
        f"{scan.hit_characters} of {scan.characters} characters"
    )
    rows = [
        (each.rule, show_text(each.pattern), str(each.documents), show_text(" | ".join(each.examples)))
        for each in scan.rules[:_RULES_SHOWN]
    ]
    return TableView(title, ("rule", "pattern", "documents", "examples"), rows)
