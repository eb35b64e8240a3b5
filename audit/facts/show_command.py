"""The verb `winnow show`: everything that is known about single tokens."""

from __future__ import annotations

from pathlib import Path

import click

from banlists.ban_option import BanListName
from corpora.cli import emit, format_option, verb
from corpora.progress import Progress

_path = click.Path(path_type=Path)


@verb("show", example="winnow show o200k_base ' 天天中彩票'\nwinnow show out/tokenizer 2783 '<0xE4><0xBD>'")
@click.argument("tokenizer", metavar="TOKENIZER")
@click.argument("tokens", metavar="TOKEN...", nargs=-1, required=True)
@click.option("--counts", type=_path, help="Your pretoken counts, from `winnow count`.")
@click.option("--merges", type=_path, help="merges.jsonl, if not beside the tokenizer.")
@click.option(
    "--ban", "bans", metavar="LIST", type=BanListName(), multiple=True,
    help="Ask these lists, not all built-in ones; repeatable.",
)  # fmt: skip
@click.option("--risk/--no-risk", "scored", default=True, show_default=True, help="Score the token (slow).")
@click.option("--all", "score_all", is_flag=True, help="Score it even where nothing points at it.")
@click.option("--bytes", "down_to_bytes", is_flag=True, help="Draw derivations down to single bytes.")
@format_option
def show(
    tokenizer: str,
    tokens: tuple[str, ...],
    counts: Path | None,
    merges: Path | None,
    bans: tuple[str, ...],
    scored: bool,
    score_all: bool,
    down_to_bytes: bool,
    output_format: str,
    quiet: bool,
) -> None:
    """Show where tokens come from, their neighbours and relatives, how they are reached, and their risk.

    TOKEN is an id (a bare number always is), a token's text with its leading space if it has one, or
    the escapes that reports print (\\n, \\u200b, \\xe5, <0xE5>). id:N, hex:E5A4A9 and text:42 say which.
    """
    from audit.auditing import find_merges
    from audit.facts.names import find_token, other_reading
    from audit.facts.tables import facts_record, facts_records, facts_tables
    from audit.facts.token_facts import FactFinder, FactOptions
    from trainer.load import load_tokenizer

    progress = Progress(quiet=quiet)
    vocabulary = load_tokenizer(tokenizer)
    ids = [find_token(vocabulary, name) for name in tokens]
    for name, id_ in zip(tokens, ids, strict=True):
        other = other_reading(vocabulary, name)
        if other is not None and other != id_:
            progress.say(f"{name} is taken as an id; text:{name} is the token with the id {other}")
    log = merges or find_merges(tokenizer)
    finder = FactFinder(vocabulary, FactOptions(counts, log, bans, scored, score_all))
    found = [finder.facts(id_) for id_ in dict.fromkeys(ids)]
    tables = [table for facts in found for table in facts_tables(facts, down_to_bytes=down_to_bytes)]
    emit(facts_records(found), [facts_record(facts) for facts in found], tables, output_format)
