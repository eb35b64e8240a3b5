"""The commands of the audit: `winnow diff` and `winnow audit`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from banlists.ban_option import BanListName
from corpora.cli import emit, force_option, format_option, verb
from corpora.errors import GateFailed
from corpora.progress import Progress

if TYPE_CHECKING:
    from audit.results import AuditResult

AUDIT_FORMATS = ("table", "json", "jsonl", "markdown", "sarif", "junit")
_lists_option = click.option(
    "--lists/--no-lists", "use_lists", default=True, show_default=True,
    help="Take the built-in ban lists as evidence for the score; without them only the lexicons count.",
)  # fmt: skip
_all_option = click.option(
    "--all", "score_all", is_flag=True, help="Score every token, not only those worth it."
)
_out_option = click.option(
    "-o", "--out", type=click.Path(path_type=Path), help="Folder for the files and report.html."
)


class PolicyName(click.ParamType):  # type: ignore[type-arg]  # generic since click 8.4, floor 8.1
    """A built-in policy or a file, read when the command line is: a wrong one costs no work."""

    name = "policy"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name as it is. Raises WrongCall for a policy that does not exist or is broken."""
        from audit.policy import load_policy

        load_policy(value)
        return value


@verb("diff", example="winnow diff out/tokenizer o200k_base --text corpus.jsonl")
@click.argument("a", metavar="A")
@click.argument("b", metavar="[B]", default="o200k_base")
@click.option(
    "--text", "texts", metavar="INPUT", multiple=True, help="Compare segmentations on these documents."
)
@_all_option
@_lists_option
@click.option("--exit-code", is_flag=True, help="Exit with 3 when the two differ.")
@_out_option
@force_option
@format_option
def diff(
    a: str,
    b: str,
    texts: tuple[str, ...],
    score_all: bool,
    use_lists: bool,
    exit_code: bool,
    out: Path | None,
    force: bool,
    output_format: str,
    quiet: bool,
) -> None:
    """Compare vocabulary A with B (default o200k_base): what is shared, what is not, what is risky.

    Tokens are compared by their bytes. Without --text only the vocabularies are compared.
    """
    from audit.comparing import DiffOptions, compare_vocabularies
    from audit.output_files import diff_into
    from audit.records import diff_record, diff_token_record
    from audit.tables import diff_tables
    from corpora.documents import ReadOptions, open_corpus
    from trainer.load import load_tokenizer

    progress = Progress(quiet=quiet)
    corpus = open_corpus(texts, ReadOptions()) if texts else None
    options = DiffOptions(corpus, score_all, use_lists)
    vocabularies = (load_tokenizer(a), load_tokenizer(b))
    if out is not None:
        different = diff_into(out, vocabularies, options, force=force, progress=progress)
    else:
        result = compare_vocabularies(*vocabularies, options, progress.say)
        rows = [diff_token_record(token) for token in result.tokens]
        emit(diff_record(result), rows, diff_tables(result), output_format)
        different = result.different
    if exit_code and different:
        raise GateFailed(f"{a} and {b} differ")


@verb("audit", example="winnow audit out/tokenizer --ban core --against o200k_base -o out/audit")
@click.argument("tokenizer", metavar="TOKENIZER")
@click.option("--counts", type=click.Path(path_type=Path), help="Your pretoken counts, from `winnow count`.")
@click.option(
    "--ban",
    "bans",
    metavar="LIST",
    type=BanListName(),
    multiple=True,
    help="No token may match this list; repeatable.",
)
@click.option(
    "--policy", type=PolicyName(), default="default", show_default=True,
    help="Policy that decides on exit code 3.",
)  # fmt: skip
@_all_option
@_lists_option
@click.option("--corpus", type=click.Path(path_type=Path), help="Folder of `winnow filter`, for the report.")
@click.option("--against", metavar="TOKENIZER", multiple=True, help="Also compare with this one; repeatable.")
@click.option("--merges", type=click.Path(path_type=Path), help="merges.jsonl, if not beside the tokenizer.")
@click.option(
    "--format", "output_format", type=click.Choice(AUDIT_FORMATS), default="table", show_default=True,
    help="What to print on stdout.",
)  # fmt: skip
@_out_option
@force_option
def audit(
    tokenizer: str,
    counts: Path | None,
    bans: tuple[str, ...],
    policy: str,
    score_all: bool,
    use_lists: bool,
    corpus: Path | None,
    against: tuple[str, ...],
    merges: Path | None,
    output_format: str,
    out: Path | None,
    force: bool,
    quiet: bool,
) -> None:
    """Check a vocabulary: structure, round trip, reachability, risk; exit with 3 when the policy fails."""
    from audit.auditing import AuditOptions, audit_vocabulary, find_merges
    from audit.output_files import audit_into
    from trainer.load import load_tokenizer

    progress = Progress(quiet=quiet)
    log = merges or find_merges(tokenizer)
    options = AuditOptions(counts, bans, policy, score_all, use_lists, corpus, against, log)
    vocabulary = load_tokenizer(tokenizer)
    if out is not None:
        passed = audit_into(out, vocabulary, options, force=force, progress=progress)
    else:
        result = audit_vocabulary(vocabulary, options, progress.say)
        _print_audit(result, output_format)
        passed = result.gate is None or result.gate.passed
    if not passed:
        raise GateFailed(f"{vocabulary.name} does not pass the policy {policy}")


def _print_audit(result: AuditResult, output_format: str) -> None:
    from audit.output_formats import to_jsonl, to_junit, to_markdown, to_sarif
    from audit.records import audit_record
    from audit.tables import audit_tables

    if output_format in ("table", "json"):
        emit(audit_record(result), (), audit_tables(result), output_format)
        return
    printers = {
        "jsonl": lambda: to_jsonl(result.findings),
        "markdown": lambda: to_markdown(result),
        "sarif": lambda: to_sarif(result.findings),
        "junit": lambda: to_junit(result.checks, result.gate),
    }
    click.echo(printers[output_format](), nl=False)
