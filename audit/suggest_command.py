"""`winnow ban suggest`: candidates for a ban list, mined from a vocabulary or from counts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from banlists.ban_option import BanListName
from corpora.cli import FORMATS, TableView, emit, verb
from corpora.display import show_text
from corpora.errors import WrongCall
from corpora.progress import Progress

if TYPE_CHECKING:
    from banlists.banlist import BanList
    from banlists.suggestions import Candidate, CandidateGroup
    from banlists.suspects import Suspect

SCHEMA_VERSION = 1
_FREQUENT = 200_000  # pretokens of a counts file that are looked at, the most frequent ones


@verb(
    "suggest",
    example="winnow ban suggest o200k_base --against core -o suggested.toml\n"
    "winnow ban suggest counts.parquet --limit 50 --format table",
)
@click.argument("source", metavar="TOKENIZER|COUNTS")
@click.option("--against", multiple=True, type=BanListName(), metavar="LIST",
              help="Leave out what this list bans; what stands near it counts as evidence.")  # fmt: skip
@click.option("--limit", type=click.IntRange(min=1), default=200, show_default=True,
              help="How many candidates, the most suspicious ones.")  # fmt: skip
@click.option("-o", "--out", type=click.Path(path_type=Path), help="List file to write (TOML).")
@click.option("--format", "output_format", type=click.Choice(["toml", *FORMATS]), default="toml",
              show_default=True, help="How to print the result on stdout.")  # fmt: skip
def suggest(
    source: str, against: tuple[str, ...], limit: int, out: Path | None, output_format: str, quiet: bool
) -> None:
    """Name tokens that look like spam, with the evidence, as an experimental list.

    Evidence: more frequent than the words it is made of explain (wordfreq; Chinese, Japanese, Korean),
    a large family on one stem, glued to a joiner, near what --against lists ban. A candidate is a
    reason to look, not a verdict: read it, delete what is clean, then set `status = "stable"`.
    """
    from banlists.families import find_families
    from banlists.lists import load_ban_lists
    from banlists.suggestions import find_candidates, group_by_stem

    if out is not None and out.exists():
        raise WrongCall("exists already", where=out, hint="choose another --out")
    bans = load_ban_lists(against)
    suspects, shown = _suspects(source, bans)
    candidates = find_candidates(suspects, expected_share, limit)
    groups = group_by_stem(candidates, find_families(suspects), expected_share)
    Progress(quiet=quiet).say(
        f"{len(candidates)} candidates in {len(groups)} groups, of {len(suspects):,} tokens looked at"
    )
    text = _toml(groups, suspects, candidates, shown, out)
    if out is not None:
        from corpora.files import write_text

        write_text(out, text)
    if output_format != "toml":
        record = {"schema_version": SCHEMA_VERSION, "source": shown, "against": against,
                  "looked_at": len(suspects), "groups": [_group_record(each) for each in groups]}  # fmt: skip
        emit(record, record["groups"], [_view(groups)], output_format)  # type: ignore[arg-type]
    elif out is None:
        click.echo(text, nl=False)
    else:
        click.echo(show_text(str(out)))


def _suspects(source: str, bans: BanList) -> tuple[list[Suspect], str]:
    """The tokens to look at, and what evidence calls their source."""
    from banlists.suspects import from_counts, from_vocabulary
    from trainer.load import load_tokenizer

    if not source.endswith(".parquet"):
        vocabulary = load_tokenizer(source)
        return from_vocabulary(vocabulary.tokens, bans), f"tok:{vocabulary.name}"
    from trainer.counts_file import is_counts_file, read_counts
    from trainer.words import words_of

    path = Path(source)
    if not is_counts_file(path):
        raise WrongCall("not a counts file", where=source, hint="make one with: winnow count")
    words = words_of(read_counts([path]))
    order = words.counts.argsort(kind="stable")[::-1][:_FREQUENT]
    rows = [
        (words.keys[words.starts[row] : words.stops[row]].tobytes(), int(words.counts[row])) for row in order
    ]
    return from_counts(rows, max(int(words.counts.sum()), 1), bans), f"counts:{path.name}"


def expected_share(text: str, language: str) -> float | None:
    """log10 of the share of a text by the words it is made of; None where wordfreq has no words."""
    from audit.lexicons import explain, load_lexicon

    return explain(text, load_lexicon(language)).log_share if language in ("ja", "ko", "zh") else None


def _toml(
    groups: Sequence[CandidateGroup],
    suspects: Sequence[Suspect],
    candidates: Sequence[Candidate],
    source: str,
    out: Path | None,
) -> str:
    from banlists.schema import ListInfo
    from banlists.suggestion_pack import to_pack
    from banlists.toml_text import pack_to_toml

    chosen = {each.suspect.text for each in candidates}
    kept = [each for each in suspects if each.listed is None and each.text not in chosen]
    name = out.stem if out else "suggested"
    info = ListInfo(name, "unread", f"Suggested from {source}; read before use")
    return pack_to_toml(to_pack(groups, kept, source, info))


def _group_record(group: CandidateGroup) -> dict[str, Any]:
    return {
        "stem": group.stem, "pure": group.pure, "category": group.category, "score": group.score,
        "candidates": [_candidate_record(each) for each in group.candidates],
    }  # fmt: skip


def _candidate_record(candidate: Candidate) -> dict[str, Any]:
    from banlists.suggestion_pack import evidence
    from corpora.display import show_bytes

    return {
        "id": candidate.suspect.name, "token": show_bytes(candidate.suspect.token),
        "bytes": candidate.suspect.token.hex(), "text": candidate.suspect.text,
        "language": candidate.suspect.language, "score": candidate.score, "excess": candidate.excess,
        "stem": candidate.stem, "family": candidate.family, "listed": candidate.listed,
        "near": candidate.near or None, "category": candidate.category, "evidence": evidence(candidate),
    }  # fmt: skip


def _view(groups: Sequence[CandidateGroup]) -> TableView:
    from banlists.suggestion_pack import evidence
    from corpora.display import show_text

    rows = [
        (show_text(group.stem), f"{each.score:.1f}", str(each.suspect.name),
         show_text(each.suspect.text), each.category, "; ".join(evidence(each)))
        for group in groups for each in group.candidates
    ]  # fmt: skip
    columns = ("stem", "score", "id", "token", "category", "evidence")
    return TableView(f"{len(rows)} candidates, most suspicious groups first", columns, rows)
