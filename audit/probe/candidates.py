"""Which tokens to ask about: from findings, norm scans, ban lists and lists of ids; and their controls."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from audit.probe.records import Candidate
from audit.results import Category, as_category
from audit.token_text import Utf8Class, read_token
from banlists.entries import SEVERITIES
from banlists.lists import BanList, builtin_names, load_ban_lists
from corpora.errors import WinnowError, WrongCall
from corpora.json_data import decode_json
from trainer.vocabulary import Vocabulary

_IDS = re.compile(r"[0-9]{1,9}(-[0-9]{1,9})?(,[0-9]{1,9}(-[0-9]{1,9})?)*")
_DIGITS = re.compile(r"\s*[0-9]{1,9}\s*")  # an id by itself
_SERIOUS = ("error", "warning")
_LEAST_LETTERS = 2


def find_candidates(specs: Sequence[str], vocabulary: Vocabulary, limit: int) -> list[Candidate]:
    """The tokens that `specs` name, in their order, each once, at most `limit`.

    A spec is a findings.jsonl (its errors and warnings), the norms.json of a scan (hot and untrained rows),
    a ban list (what it bans), ids such as `12,40-49`, or a file with an id or a token a line.
    Raises WrongCall for what names nothing, WinnowError for a broken file.
    """
    found: dict[int, Candidate] = {}
    for spec in specs:
        for id_, why, category in _named(spec, vocabulary):
            if id_ in vocabulary.tokens and id_ not in found:
                found[id_] = _candidate(vocabulary, id_, why, category)
    if not found:
        raise WrongCall(
            "no token to ask about", where=", ".join(specs), hint="ids, a list, findings or norms"
        )
    return list(found.values())[:limit]


def choose_controls(
    candidates: Sequence[Candidate], vocabulary: Vocabulary, each: int, seed: int
) -> list[Candidate]:
    """Up to `each` ordinary tokens of every script that the candidates have, the same for the same seed.

    Ordinary: whole letters, no candidate, not banned by the core lists, and of the lower half of the script's
    ids, which are the more frequent tokens.
    """
    taken, bans = {candidate.id for candidate in candidates}, load_ban_lists(["core"])
    pools: dict[str, list[Candidate]] = {script: [] for script in {c.script for c in candidates}}
    for id_ in sorted(vocabulary.tokens):
        ordinary = _candidate(vocabulary, id_, "an ordinary token of the script", None, control=True)
        if ordinary.script in pools and id_ not in taken and _is_word(ordinary):
            pools[ordinary.script].append(ordinary)
    return [control for script in sorted(pools) for control in _draw(pools[script], bans, each, seed)]


def _draw(pool: list[Candidate], bans: BanList, each: int, seed: int) -> list[Candidate]:
    frequent = pool[: max(each, len(pool) // 2)]
    order = random.Random(seed).sample(frequent, len(frequent))
    clean = (candidate for candidate in order if bans.match(candidate.token) is None)
    return sorted((c for c, _ in zip(clean, range(each), strict=False)), key=lambda candidate: candidate.id)


def _is_word(candidate: Candidate) -> bool:
    word = (candidate.text or "").strip()
    return len(word) >= _LEAST_LETTERS and word.isalpha()


def _candidate(
    vocabulary: Vocabulary, id_: int, why: str, category: Category | None, *, control: bool = False
) -> Candidate:
    token = vocabulary.tokens[id_]
    read = read_token(id_, token)
    text = read.text if read.utf8 is Utf8Class.WHOLE else None
    return Candidate(id_, token, text, read.script, why, category, control)


_Named = Iterator[tuple[int, str, Category | None]]


def _named(spec: str, vocabulary: Vocabulary) -> _Named:
    path = Path(spec)
    if spec in SEVERITIES or spec in builtin_names() or path.suffix == ".toml":
        yield from _banned(spec, vocabulary)
    elif _IDS.fullmatch(spec):
        yield from ((id_, "asked for by id", None) for part in spec.split(",") for id_ in _range(part, spec))
    elif not path.is_file():
        raise WrongCall("neither ids, nor a ban list, nor a file", where=spec)
    elif path.suffix == ".jsonl":
        yield from _from_findings(path)
    elif path.suffix == ".json":
        yield from _from_norms(path)
    else:
        yield from _from_lines(path, vocabulary)


def _range(part: str, spec: str) -> Iterable[int]:
    first, _, last = part.partition("-")
    if int(last or first) < int(first):
        raise WrongCall(f"{part} runs backwards", where=spec)
    return range(int(first), int(last or first) + 1)


def _banned(spec: str, vocabulary: Vocabulary) -> _Named:
    bans = load_ban_lists([spec])
    for id_ in sorted(vocabulary.tokens):
        match = bans.match(vocabulary.tokens[id_])
        if match is not None and len(vocabulary.tokens[id_]) > 1:
            yield id_, f"banned by {match.entry}", as_category(match.category)


class _Finding(msgspec.Struct):
    check: str
    severity: str
    message: str
    id: int | None
    category: str | None = None


def _from_findings(path: Path) -> _Named:
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        finding = decode_json(line, _Finding, "not a finding", where=f"{path}:{number}")
        if finding.id is not None and finding.severity in _SERIOUS:
            yield finding.id, f"{finding.check}: {finding.message}", as_category(finding.category)


class _Row(msgspec.Struct):
    id: int
    category: str | None = None


class _Ids(msgspec.Struct):
    ids: list[int]


class _Norms(msgspec.Struct):
    hot: list[_Row]
    low_lump: _Ids
    unused_direction: _Ids | None = None


def _from_norms(path: Path) -> _Named:
    norms = decode_json(
        path.read_bytes(), _Norms, "not a scan of norms", where=path, hint="norms scan -o DIR"
    )
    yield from ((row.id, "its row is hot", as_category(row.category)) for row in norms.hot)
    away = norms.unused_direction.ids if norms.unused_direction is not None else []
    yield from ((id_, "its row is untrained", None) for id_ in sorted({*norms.low_lump.ids, *away}))


def _from_lines(path: Path, vocabulary: Vocabulary) -> _Named:
    """An id or a token a line; of a number that is both, the id counts."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise WinnowError("not UTF-8", where=path) from error
    for number, line in enumerate(lines, start=1):
        known: Any = int(line) if _DIGITS.fullmatch(line) else vocabulary.ids_of.get(line.encode())
        if line and known not in vocabulary.tokens:
            raise WinnowError(f"no token {line!r}", where=f"{path}:{number}", hint="a leading space counts")
        if line:
            yield known, f"listed in {path.name}", None
