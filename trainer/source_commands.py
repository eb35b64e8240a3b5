"""The verbs `frequencies` and `sources`: what few documents repeat, and what one source alone brings."""

from __future__ import annotations

from pathlib import Path

import click

from banlists.ban_option import BanListName
from corpora.cli import emit, format_option, verb
from corpora.errors import WrongCall
from corpora.progress import Progress


@verb("frequencies", example="winnow count kept -o counts.parquet --frequencies\n"
      "winnow frequencies counts.parquet\n"
      "winnow frequencies counts.parquet --min-count 500 --format json")  # fmt: skip
@click.argument("counts", metavar="COUNTS", type=click.Path(path_type=Path))
@click.option("--min-count", type=click.IntRange(min=1), default=50, show_default=True,
              help="Least count of a pretoken that few documents repeat.")  # fmt: skip
@click.option("--concentration", type=click.FloatRange(min=1), default=3.0, show_default=True,
              help="How many times fewer documents it stands in than chance would give.")  # fmt: skip
@click.option("--min-documents", type=click.IntRange(min=2), default=5, show_default=True,
              help="Least number of documents of a plateau.")  # fmt: skip
@click.option("--min-pretokens", type=click.IntRange(min=2), default=3, show_default=True,
              help="Least number of pretokens of a plateau.")  # fmt: skip
@click.option("--most", type=click.IntRange(min=1), default=30, show_default=True, help="Rows of each kind.")
@format_option
def frequencies(
    counts: Path, min_count: int, concentration: float, min_documents: int, min_pretokens: int, most: int,
    output_format: str,
) -> None:  # fmt: skip
    """Show pretokens that few documents or sources repeat often, and those that always come together.

    COUNTS is a counts file made with `winnow count --frequencies`, or the file of frequencies itself.
    Both kinds are how spam, boilerplate and copies enter a vocabulary, found without any list of words.
    """
    from trainer.concentration import concentrated, plateaus
    from trainer.source_reporting import frequencies_record, frequencies_tables

    path = _frequency_file(counts)
    rows, found = concentrated(path, min_count=min_count, least=concentration, most=most)
    flat, flat_found = plateaus(path, min_documents=min_documents, least_pretokens=min_pretokens, most=most)
    record = frequencies_record(rows, found, flat, flat_found)
    emit(record, record["concentrated"], frequencies_tables(rows, found, flat, flat_found), output_format)


@verb("sources", example="winnow count kept -o counts.parquet --by-source\n"
      "winnow sources counts.parquet --vocab-size 32768\n"
      "winnow sources counts.parquet --vocab-size 32768 --source example.com --format json")  # fmt: skip
@click.argument("counts", metavar="COUNTS", type=click.Path(path_type=Path))
@click.option("--vocab-size", type=int, required=True, help="Ids in all, as for `winnow train`.")
@click.option("--source", "named", multiple=True, metavar="NAME", help="Leave out this source.")
@click.option("--most", type=click.IntRange(min=1), default=20, show_default=True,
              help="Without --source: how many sources, those with most pretokens of their own.")  # fmt: skip
@click.option("--ban", "ban_lists", multiple=True, metavar="LIST", type=BanListName(),
              help="Ban list: a built-in name or a path.")  # fmt: skip
@click.option("--min-frequency", type=click.IntRange(min=0), default=2, show_default=True,
              help="Least count of a pair that is merged.")  # fmt: skip
@format_option
def sources(
    counts: Path, vocab_size: int, named: tuple[str, ...], most: int, ban_lists: tuple[str, ...],
    min_frequency: int, output_format: str, quiet: bool,
) -> None:  # fmt: skip
    """Show which tokens would not exist without one source: train without it, and compare.

    COUNTS is a counts file made with `winnow count --by-source`, or the file of counts by source itself.
    Every source costs one training on counts. A corpus that gives fewer tokens is compared as it is.
    """
    from banlists.lists import load_ban_lists
    from trainer.leave_one_out import choose_sources, effects
    from trainer.source_counts import read_source_counts
    from trainer.source_reporting import effects_record, effects_table
    from trainer.training import TrainingOptions

    options = TrainingOptions(vocab_size, min_frequency=min_frequency, allow_fewer=True)
    bans = load_ban_lists(ban_lists)
    by_source = read_source_counts(_by_source_file(counts))
    chosen = choose_sources(by_source, named, most)
    found = []
    with Progress(quiet=quiet).bar("leaving out", len(chosen), "sources") as bar:
        for effect in effects(by_source, chosen, options, bans if bans.entries else None):
            found.append(effect)
            bar.advance()
    found.sort(key=lambda effect: (-len(effect.brought), effect.source))
    record = effects_record(found, vocab_size)
    table = effects_table(found, int(by_source.words.counts.sum()))
    emit(record, record["sources"], [table], output_format)


def _frequency_file(counts: Path) -> Path:
    from trainer.frequency_file import is_frequency_file
    from trainer.frequency_job import frequencies_beside

    for path in (counts, frequencies_beside(counts)):
        if is_frequency_file(path):
            return path
    raise WrongCall("no frequencies here", where=counts, hint="winnow count … --frequencies writes them")


def _by_source_file(counts: Path) -> Path:
    from trainer.frequency_file import is_by_source_file
    from trainer.frequency_job import sources_beside

    for path in (counts, sources_beside(counts)):
        if is_by_source_file(path):
            return path
    raise WrongCall("no counts by source here", where=counts, hint="winnow count … --by-source writes them")
