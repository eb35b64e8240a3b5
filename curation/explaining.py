"""Why one document is kept or dropped: every rule replayed, and what would have kept it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from corpora.documents import Corpus, Problems
from corpora.errors import WinnowError
from curation.judging import Judge, Judgement, JudgeSettings
from curation.measuring import SPAM_SCORE
from curation.patterns import found_leak_marks
from curation.rules import Rule
from curation.spam_score import load_spam_model
from curation.workers import texts_of


@dataclass(frozen=True, slots=True)
class Document:
    """One document of an input."""

    id: str
    source: str
    text: str


@dataclass(frozen=True, slots=True)
class RuleReplay:
    """One rule asked of the document. `to_keep` says what would have kept it; empty unless it drops."""

    rule: str
    signal: str
    value: float
    comparison: str
    threshold: float
    verdict: str
    reason: str
    to_keep: str


@dataclass(frozen=True, slots=True)
class Part:
    """What one signal adds to the spam score, in log-odds."""

    signal: str
    value: float
    log_odds: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision with all that led to it."""

    document: Document
    judgement: Judgement
    language_why: str
    rules: tuple[RuleReplay, ...]
    spam_parts: tuple[Part, ...]
    leak_marks: tuple[str, ...]


def find_document(corpus: Corpus, document_id: str) -> Document:
    """The first document with this id. Raises WinnowError when there is none."""
    for shard in corpus.shards:
        for batch in shard.batches(Problems()):
            ids = batch.column("id").to_pylist()
            if document_id in ids:
                row = ids.index(document_id)
                text = texts_of(batch.column("text"))[row]
                if isinstance(text, Exception):
                    raise WinnowError(
                        f"the document's text is broken: {text}", where=f"{shard.where}: {document_id}"
                    )
                return Document(document_id, batch.column("source")[row].as_py(), text)
    where = ", ".join(shard.where for shard in corpus.shards[:3])
    raise WinnowError(
        f"no document {document_id!r}", where=where, hint="ids stand in DIR/decisions; --id-field"
    )


def explain_document(document: Document, settings: JudgeSettings) -> Explanation:
    """Replay the language choice and every rule on one document."""
    judge = Judge(settings)
    model = load_spam_model()
    measured = judge.measure([document.text], (*model.signals, SPAM_SCORE))
    judgement = judge.decide(measured)[0]
    verdicts = {value.rule: value.verdict for value in judgement.rules}
    values = {rule.name: float(measured.signals[rule.condition.signal][0]) for rule in settings.rules.rules}
    replays = [_replay(rule, values[rule.name], verdicts[rule.name]) for rule in settings.rules.rules]
    parts = tuple(Part(*part) for part in model.contributions(measured.signals, 0))
    marks = found_leak_marks(document.text) if "leak_points" in settings.rules.signals else ()
    return Explanation(document, judgement, measured.verdicts[0].why, tuple(replays), parts, marks)


def _replay(rule: Rule, value: float, verdict: str) -> RuleReplay:
    condition = rule.condition
    to_keep = _to_keep(rule, value) if verdict == "drop" else ""
    return RuleReplay(
        rule.name,
        condition.signal,
        value,
        condition.comparison,
        condition.threshold,
        verdict,
        rule.reason,
        to_keep,
    )


def _to_keep(rule: Rule, value: float) -> str:
    """The threshold of the rule, or the condition not met, with which the document stays."""
    condition = rule.condition
    beyond = {
        ">": value,
        "<": value,
        ">=": math.nextafter(value, math.inf),
        "<=": math.nextafter(value, -math.inf),
    }
    threshold = beyond[condition.comparison]
    bound = "at least" if condition.comparison.startswith(">") else "at most"
    return f"a threshold of {bound} {threshold:.6g}"


def dropping(replays: Sequence[RuleReplay]) -> list[RuleReplay]:
    """The rules that drop the document."""
    return [replay for replay in replays if replay.verdict == "drop"]
