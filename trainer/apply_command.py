"""`winnow ban apply`: take ban lists to a finished vocabulary, and write it anew, checked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from banlists.ban_option import BanListName
from corpora.cli import TableView, emit, force_option, format_option, verb
from corpora.display import show_text
from corpora.errors import WrongCall
from corpora.progress import Progress

if TYPE_CHECKING:
    from trainer.ban_application import Application, Written
    from trainer.removal import Ids
    from trainer.text_cost import TextCost

_SHOWN = 12  # dependents named on screen; removed_tokens.txt has them all


@verb(
    "apply",
    example="winnow ban apply o200k_base --ban core -o clean-o200k\n"
    "winnow ban apply model/tokenizer.json --ban core --ids compact --weights model -o clean-model",
)
@click.argument("tokenizer")
@click.option(
    "--ban",
    "ban_names",
    multiple=True,
    required=True,
    type=BanListName(),
    metavar="LIST",
    help="Ban list: a built-in name or a path. May be given again.",
)
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Folder to write.")
@click.option(
    "--ids",
    type=click.Choice(["keep", "compact"]),
    default="keep",
    show_default=True,
    help="keep leaves a tombstone at every removed id; compact numbers the rest anew (id_remap.json).",
)
@click.option(
    "--text",
    "text_input",
    metavar="INPUT",
    help="Clean text to measure the cost on  [default: the embedded sample's clean documents]",
)
@click.option(
    "--weights",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Checkpoint in safetensors whose rows follow the compacted ids; written to the same folder.",
)
@click.option("--optimizer", type=click.Path(path_type=Path), help="Its optimiser's state, to carry too.")
@click.option("--dry-run", is_flag=True, help="Show what would be removed, and write nothing.")
@force_option
@format_option
def apply(
    tokenizer: str,
    ban_names: tuple[str, ...],
    out: Path | None,
    ids: Ids,
    text_input: str | None,
    weights: Path | None,
    optimizer: Path | None,
    dry_run: bool,
    force: bool,
    quiet: bool,
    output_format: str,
) -> None:  # fmt: skip
    """Remove what ban lists ban from a finished vocabulary, and every token built on it.

    TOKENIZER is a name, a tokenizer.json, a .tiktoken file, a folder that `winnow train` wrote, or a
    Hugging Face hub id. Tokens that were built on a banned one go too: without their parts, one
    library would still emit them and another would not. What goes is shown first; then all files are
    written, read back with tokenizers and tiktoken, and compared.
    """
    from banlists.lists import load_ban_lists
    from corpora.documents import ReadOptions, open_corpus
    from trainer.ban_application import plan_application, write_application
    from trainer.carry import carry_request
    from trainer.load import load_tokenizer

    if out is None and not dry_run:
        raise WrongCall("no folder to write", hint="give -o DIR, or --dry-run")
    progress = Progress(quiet=quiet)
    bans = load_ban_lists(ban_names)
    corpus = open_corpus([text_input or sample_folder()], ReadOptions(only_text=True))
    request = carry_request(weights, optimizer)
    application = plan_application(tokenizer, load_tokenizer(tokenizer), bans, ids, request)
    _show_closure(application, progress)
    if dry_run or out is None:
        _emit_summary(application, None, None, output_format)
        return
    written = write_application(application, corpus, out, force=force)
    progress.say(f"{written.verification.texts:,} texts encode alike in tokenizers and tiktoken")
    _show_cost(written.cost, progress)
    for line in written.carried.lines if written.carried else ():
        progress.say(line)
    _emit_summary(application, written, out, output_format)


def sample_folder() -> str:
    """The embedded sample's clean documents."""
    import corpora

    return str(Path(corpora.__file__).parent / "sample" / "clean")


def _emit_summary(
    application: Application, written: Written | None, out: Path | None, output_format: str
) -> None:
    """The folder's path; in another format than the table, what `summary.json` holds and what was checked."""
    from trainer.removal_files import removal_summary

    if output_format == "table":
        if out is not None:
            click.echo(show_text(str(out)))
        return
    cost = written.cost if written else None
    record = removal_summary(
        application.before, application.removal, application.banned, cost, application.ids
    )
    record |= {"out": str(out) if out else None, "verified": written.verification if written else None}
    rows = [(name, str(value)) for name, value in record.items()]
    emit(record, [record], [TableView("ban apply", ("what", "value"), rows)], output_format)


def _show_closure(application: Application, progress: Progress) -> None:
    """Say what will go, before anything is written."""
    from corpora.display import show_bytes

    removal, before = application.removal, application.before
    for note in before.notes:
        progress.say(f"note: {note}")
    progress.say(
        f"{before.name}: of {len(before.tokens):,} tokens {len(removal.removed):,} go: "
        f"{len(application.banned):,} banned and {len(removal.dependents):,} built on them"
    )
    for id_ in removal.dependents[:_SHOWN]:
        fate = " (nothing else makes it)" if id_ in removal.orphans else ""
        progress.say(f"  built on a banned token: {id_} [{show_bytes(before.tokens[id_])}]{fate}")
    if len(removal.dependents) > _SHOWN:
        progress.say(f"  and {len(removal.dependents) - _SHOWN:,} more")


def _show_cost(cost: TextCost, progress: Progress) -> None:
    before, after = cost.bytes_per_token
    progress.say(
        f"clean text pays {-cost.change:.3%}: {before:.4f} bytes per token before, {after:.4f} after "
        f"({cost.documents:,} documents, {cost.bytes:,} bytes)"
    )
