"""Find out what a folder or a list offers to review, and where its vocabulary is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from audit.auditing import identify
from audit.output_files import DIFF, FINDINGS
from audit.review.audit_candidates import read_audit, read_diff
from audit.review.list_candidates import read_suggestions, suggestion_files
from audit.review.records import Source
from corpora.errors import WinnowError, WrongCall
from corpora.manifest import REVIEW_JOURNAL, REVIEWED_LIST
from trainer.bundled import BUNDLED_NAMES
from trainer.load import load_tokenizer
from trainer.vocabulary import Vocabulary


def read_source(place: Path, checks: Sequence[str]) -> Source:
    """The candidates at `place`: a folder of `winnow audit`, `diff` or `run`, or lists of suggestions.

    Raises WrongCall when there is nothing to review, WinnowError for a broken file.
    """
    if not place.exists():
        raise WrongCall("no such file or folder", where=place)
    if place.is_file():
        if place.suffix != ".toml":
            raise WrongCall("not a list of suggestions", where=place, hint="name its folder, or a .toml file")
        return read_suggestions([place], place)
    for folder in (place, place / "audit"):  # `winnow run` has its audit in a folder of its own
        if (folder / FINDINGS).is_file():
            return read_audit(folder, checks)
    if (place / DIFF).is_file():
        return read_diff(place)
    lists = [path for path in suggestion_files(place) if path.name != REVIEWED_LIST]
    if lists:
        return read_suggestions(lists, place)
    raise WrongCall(
        "nothing here to review", where=place,
        hint="name what winnow audit -o, winnow diff -o, winnow run -o or winnow ban suggest -o wrote",
    )  # fmt: skip


def default_journal(place: Path) -> Path:
    """Where decisions are kept: in the folder, or beside the list of suggestions."""
    return place / REVIEW_JOURNAL if place.is_dir() else place.with_name(f"{place.stem}-{REVIEW_JOURNAL}")


def default_list(place: Path) -> Path:
    """The list for accepted entries when none is named."""
    return place / REVIEWED_LIST if place.is_dir() else place.with_name(f"{place.stem}-{REVIEWED_LIST}")


def refuse_own_list(source: Source, path: Path) -> None:
    """Raise WrongCall when accepted entries would go into a list that is being reviewed."""
    place = source.folder
    if source.kind == "suggestions" and path.exists():
        own = [place] if place.is_file() else suggestion_files(place)
        if any(path.samefile(each) for each in own):
            raise WrongCall("holds the suggestions themselves", where=path, hint="name another --list")


def find_vocabulary(source: Source, tokenizer: str | None) -> Vocabulary | None:
    """The vocabulary that was looked at: the one named, else a bundled one or the one of the same run.

    Nothing is fetched. None when it is not here, or when its SHA-256 is not the one that was audited.
    """
    if tokenizer is not None:
        return load_tokenizer(tokenizer)
    for name in _likely(source):
        try:
            vocabulary = load_tokenizer(name)
        except WinnowError:
            continue
        if not source.identity or identify(vocabulary) == source.identity:
            return vocabulary
    return None


def _likely(source: Source) -> list[str]:
    """Tokenizers that the candidates may be from, without asking any network."""
    names = list(dict.fromkeys(_named(source)))
    bundled = [name for name in names[:1] if name in BUNDLED_NAMES]
    sibling = source.folder.parent / "tokenizer" / "tokenizer.json"
    return [*bundled, *([str(sibling)] if source.identity and sibling.is_file() else [])]


def _named(source: Source) -> list[str]:
    evidence = [each for candidate in source.candidates for each in candidate.evidence]
    return [each[4:].rpartition(":")[0] for each in evidence if each.startswith("tok:")]
