"""`winnow ban impact`: what ban lists would do to a vocabulary, before anybody does it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from banlists.ban_option import BanListName
from corpora.cli import TableView, emit, format_option, verb
from corpora.progress import Progress

if TYPE_CHECKING:
    from corpora.documents import Corpus
    from trainer.ban_application import Application
    from trainer.ban_impact import Impact, RuleImpact
    from trainer.text_cost import TextCost

SCHEMA_VERSION = 1
_SHOWN = 20  # groups and patterns in a table; JSON has them all
_ALL, _UNKNOWN = "all", "und"  # of every language; ISO 639-2: undetermined


@verb(
    "impact",
    example="winnow ban impact o200k_base --ban core\n"
    "winnow ban impact o200k_base --ban core --ban my.toml --text clean.jsonl --format json",
)
@click.argument("tokenizer")
@click.option("--ban", "--list", "lists", multiple=True, default=("core",), show_default=True,
              type=BanListName(), metavar="LIST", help="Ban list: a built-in name or a path.")  # fmt: skip
@click.option("--text", "texts", multiple=True, metavar="INPUT",
              help="Text to measure the cost on. [default: the clean documents of the sample]")  # fmt: skip
@click.option("--text-field", default="text", show_default=True, help="Field that holds a document's text.")
@click.option("--language-field", default="language", show_default=True,
              help="Field that holds its language; `und` where there is none.")  # fmt: skip
@format_option
def impact(
    tokenizer: str, lists: tuple[str, ...], texts: tuple[str, ...], text_field: str, language_field: str,
    output_format: str, quiet: bool,
) -> None:  # fmt: skip
    """Show what `ban apply` would remove, by list, group and pattern, and what text would pay.

    Orphans are tokens that only a banned one leads to; `ban apply` takes them along, so none is left.
    """
    from banlists.lists import load_ban_lists
    from corpora.documents import ReadOptions, open_corpus
    from trainer.apply_command import sample_folder
    from trainer.ban_application import plan_application
    from trainer.ban_impact import measure_impact
    from trainer.load import load_tokenizer

    options = ReadOptions(text_field=text_field, only_text=language_field == "language")
    corpus = open_corpus(texts or [sample_folder()], options)
    application = plan_application(tokenizer, load_tokenizer(tokenizer), load_ban_lists(lists), "keep")
    found = measure_impact(application, _documents(corpus, language_field))
    Progress(quiet=quiet).say(f"{found.unused:,} patterns ban no token of {application.before.name}")
    record = _record(application, found, lists)
    emit(record, record["patterns"], _views(application, found), output_format)


def _documents(corpus: Corpus, language_field: str) -> Iterator[tuple[str, str]]:
    """(language, text) of every document."""
    from corpora.documents import Problems

    for shard in corpus.shards:
        for batch in shard.batches(Problems()):
            texts = batch.column("text").to_pylist()
            known = language_field in batch.schema.names
            languages = batch.column(language_field).to_pylist() if known else [None] * len(texts)
            for language, text in zip(languages, texts, strict=True):
                yield str(language or _UNKNOWN), text


def _record(application: Application, found: Impact, lists: Sequence[str]) -> dict[str, Any]:
    from trainer.ban_impact import total_cost

    removal = application.removal
    costs = {_ALL: total_cost(found.costs), **found.costs}
    return {
        "schema_version": SCHEMA_VERSION,
        "tokenizer": application.before.name,
        "lists": list(lists),
        "tokens": len(application.before.tokens),
        "removed": {
            "all": len(removal.removed),
            "banned": len(application.banned),
            "dependents": len(removal.dependents),
            "orphans_avoided": len(removal.orphans),
        },
        "categories": found.categories,
        "patterns_without_effect": found.unused,
        "by_list": [_rule_record(rule) for rule in found.lists],
        "by_group": [_rule_record(rule) for rule in found.groups],
        "patterns": [_rule_record(rule) for rule in found.patterns],
        "text": [_cost_record(language, cost) for language, cost in costs.items()],
    }


def _rule_record(rule: RuleImpact) -> dict[str, Any]:
    from corpora.display import show_bytes

    return {
        "rule": rule.rule, "pattern": rule.pattern or None, "categories": rule.categories,
        "banned": rule.banned, "dependents": rule.dependents, "orphans_avoided": rule.orphans,
        "examples": [show_bytes(token) for token in rule.examples],
    }  # fmt: skip


def _cost_record(language: str, cost: TextCost) -> dict[str, Any]:
    before, after = cost.bytes_per_token
    return {
        "language": language, "documents": cost.documents, "bytes": cost.bytes,
        "tokens": {"before": cost.tokens_before, "after": cost.tokens_after},
        "bytes_per_token": {"before": round(before, 6), "after": round(after, 6)},
        "change": round(cost.change, 6),
    }  # fmt: skip


def _views(application: Application, found: Impact) -> list[TableView]:
    removal = application.removal
    title = (
        f"{application.before.name}: {len(removal.removed):,} of {len(application.before.tokens):,} tokens go"
    )
    rows = [
        ("banned", f"{len(application.banned):,}"),
        *((f"  {name}", f"{count:,}") for name, count in found.categories.items()),
        ("built on banned tokens", f"{len(removal.dependents):,}"),
        ("  of those, made by nothing else", f"{len(removal.orphans):,}"),
    ]
    return [
        TableView(title, ("what", "tokens"), rows),
        _rules_view("lists", found.lists),
        _rules_view("groups", found.groups),
        _rules_view("patterns", found.patterns),
        _costs_view(found),
    ]


def _rules_view(what: str, rules: Sequence[RuleImpact]) -> TableView:
    from corpora.display import show_bytes, show_text

    shown = rules[:_SHOWN]
    title = f"{len(rules):,} {what} with an effect" + (f", the first {_SHOWN}" if len(rules) > _SHOWN else "")
    rows = [
        (
            f"{rule.rule}/{show_text(rule.pattern)}" if rule.pattern else rule.rule,
            f"{rule.banned:,}", f"{rule.dependents:,}", f"{rule.orphans:,}",
            " | ".join(show_bytes(token) for token in rule.examples),
        )
        for rule in shown
    ]  # fmt: skip
    return TableView(title, ("rule", "banned", "dependents", "orphans avoided", "examples"), rows)


def _costs_view(found: Impact) -> TableView:
    from trainer.ban_impact import total_cost

    rows = []
    for language, cost in {_ALL: total_cost(found.costs), **found.costs}.items():
        before, after = cost.bytes_per_token
        rows.append((language, f"{cost.documents:,}", f"{cost.bytes:,}", f"{before:.4f}", f"{after:.4f}",
                     f"{cost.change:+.3%}"))  # fmt: skip
    columns = ("language", "documents", "bytes", "bytes/token before", "after", "change")
    return TableView("what the text would pay", columns, rows)
