"""What a user's pretoken counts say of a vocabulary: how often tokens are used, or only merged on."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from audit.engines import Engine
from audit.merge_tree import MergeTree
from audit.results import CheckResult, Finding
from audit.risk_features import Candidate, Feature, implied_log_share
from audit.structure import token_finding
from corpora.errors import WinnowError, WrongCall

# LiteToken (arXiv 2602.04706): a residue is seldom left over at the end. With fewer occurrences than
# this a ratio says nothing.
RESIDUE_RATIO = 0.02
RESIDUE_COUNT = 50
EXPECTED_AT_LEAST = 5.0  # occurrences that a rank must imply before their absence is evidence
_BATCH = 20_000  # pretokens encoded at a time


@dataclass(frozen=True)
class Usage:
    """Counts of one corpus under one vocabulary.

    `final` is how often each token is emitted, `made` how often it exists at some moment of merging
    (emitted, or merged on); both by id. `characters` is the corpus's size.
    """

    final: Mapping[int, int]
    made: Mapping[int, int]
    pretokens: Mapping[str, int]
    characters: int


def read_counts(path: Path) -> dict[str, int]:
    """Pretoken → count over all languages, from a file that `winnow count` wrote.

    Raises WrongCall when the file is missing, WinnowError when it is not such a file.
    """
    if not path.is_file():
        raise WrongCall("no such file", where=path, hint="--counts takes a file of `winnow count`")
    counts: Counter[str] = Counter()
    for pretoken, count in zip(*_stored_counts(path), strict=True):
        counts[pretoken.decode("utf-8", errors="replace")] += count
    return dict(counts)


def _stored_counts(path: Path) -> tuple[list[bytes], list[int]]:
    """The two columns that matter here, as what they must be."""
    try:
        table = pq.read_table(path, columns=["pretoken", "count"])
        columns = table["pretoken"].cast(pa.large_binary()), table["count"].cast(pa.uint64())
    except (pa.ArrowException, OSError, KeyError, UnicodeDecodeError) as error:
        raise WinnowError(f"not a counts file: {error}", where=path) from error
    if columns[0].null_count or columns[1].null_count:
        raise WinnowError("not a counts file: a pretoken or its count is missing", where=path)
    return columns[0].to_pylist(), columns[1].to_pylist()


def measure_usage(pretokens: Mapping[str, int], tree: MergeTree, engine: Engine) -> Usage:
    """Encode every distinct pretoken once and count the tokens, those emitted and those merged on."""
    final: Counter[int] = Counter()
    texts = sorted(pretokens)
    for start in range(0, len(texts), _BATCH):
        batch = texts[start : start + _BATCH]
        for text, ids in zip(batch, engine.encode(batch), strict=True):
            for id_ in ids:
                final[id_] += pretokens[text]
    made = Counter(final)
    # Every token made consumed its two parts once (span-isolation lemma), and parts rank before wholes.
    for id_, parts in reversed(tree.parts.items()):
        for part in parts:
            made[part] += made[id_]
    characters = sum(len(text) * count for text, count in pretokens.items())
    return Usage(dict(final), dict(made), pretokens, characters)


def check_residues(tree: MergeTree, usage: Usage | None) -> CheckResult:
    """Tokens that are made often and hardly ever left: FI ratio = emitted / made under RESIDUE_RATIO."""
    title = "No residues"
    if usage is None:
        return CheckResult("residue", title, 0, (), "needs --counts")
    findings = [finding for id_ in sorted(tree.parts) if (finding := _residue(tree, usage, id_))]
    unused = sum(1 for id_ in tree.parts if not usage.made.get(id_))
    if unused:
        message = f"{unused} of {len(tree.parts)} merged tokens do not occur in the counts"
        findings.append(Finding("residue", "note", message))
    return CheckResult("residue", title, len(tree.parts), tuple(findings))


def residue_ids(check: CheckResult) -> frozenset[int]:
    """The ids that `check_residues` found."""
    return frozenset(finding.id for finding in check.findings if finding.id is not None)


class UsageFeatures:
    """Risk features from the counts: `absent` and `residue` (see docs/audit.md)."""

    def __init__(self, usage: Usage, residues: Collection[int], cores: Iterable[str], size: int) -> None:
        self._usage, self._residues, self._size = usage, residues, size
        self._occurrences = count_substrings(usage.pretokens, set(cores))

    def __call__(self, candidate: Candidate) -> list[Feature]:
        """The features that hold for one candidate."""
        features = []
        id_ = candidate.token.id
        expected = self._usage.characters * 10 ** implied_log_share(id_, self._size)
        found = self._occurrences.get(candidate.core, 0)
        if expected >= EXPECTED_AT_LEAST:
            gap = math.log10(expected / (found + 0.5))  # half a count: nothing is never infinitely rare
            evidence = f"{found} times in your counts, where its rank implies about {expected:.0f}"
            features.append(Feature("count-gap", gap, evidence))
        if id_ in self._residues:
            ratio = self._usage.final.get(id_, 0) / self._usage.made[id_]
            features.append(Feature("residue", 1.0, f"left over in {ratio:.1%} of the times it is made"))
        return features


def count_substrings(pretokens: Mapping[str, int], wanted: Collection[str]) -> dict[str, int]:
    """How often each wanted text occurs in the pretokens, in lower case, at any place."""
    lengths = sorted({len(text) for text in wanted if text})
    starts = {text[:1] for text in wanted}
    counts: Counter[str] = Counter()
    for pretoken, count in pretokens.items():
        lowered = pretoken.lower()
        for start in range(len(lowered)):
            if lowered[start] in starts:
                _count_at(lowered, start, lengths, wanted, counts, count)
    return dict(counts)


def _count_at(
    text: str, start: int, lengths: Sequence[int], wanted: Collection[str], counts: Counter[str], count: int
) -> None:
    for length in lengths:
        if start + length > len(text):
            return
        part = text[start : start + length]
        if part in wanted:
            counts[part] += count


def _residue(tree: MergeTree, usage: Usage, id_: int) -> Finding | None:
    made, final = usage.made.get(id_, 0), usage.final.get(id_, 0)
    if made < RESIDUE_COUNT or final >= RESIDUE_RATIO * made:
        return None
    message = "a residue: nearly always merged on into longer tokens"
    evidence = f"made {made} times, left over {final} times"
    return token_finding("residue", "note", id_, tree.vocabulary.tokens[id_], message, evidence)
