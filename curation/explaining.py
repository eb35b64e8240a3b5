"""Why one document is kept or dropped: every rule replayed, and what would have kept it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from corpora.documents import Corpus, Problems
from corpora.errors import WinnowError
from curation.banned_phrases import find_banned
from curation.judging import Judge, Judgement, JudgeSettings
from curation.leaks import found_leak_marks, leak_spans
from curation.measuring import SPAM_SCORE
from curation.rules import Rule
from curation.signals import BAN_SHARE
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
class Place:
    """Where in the document a signal finds what it counts, in characters: the text there, and what it is."""

    signal: str
    start: int
    end: int
    text: str
    what: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision with all that led to it."""

    document: Document
    judgement: Judgement
    rules: tuple[RuleReplay, ...]
    spam_parts: tuple[Part, ...]
    leak_marks: tuple[str, ...]
    places: tuple[Place, ...]


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
    where = corpus.where
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
    judgement = judge.after_cuts(document.text, judgement)
    values = {rule.name: float(measured.signals[rule.condition.signal][0]) for rule in settings.rules.rules}
    replays = [_replay(rule, values[rule.name], verdicts[rule.name]) for rule in settings.rules.rules]
    parts = tuple(Part(*part) for part in model.contributions(measured.signals, 0))
    marks = found_leak_marks(document.text) if "leak_points" in settings.rules.signals else ()
    return Explanation(document, judgement, tuple(replays), parts, marks, _places(document.text, settings))


def _places(text: str, settings: JudgeSettings) -> tuple[Place, ...]:
    """The places that the rules' signals point at, where they find enough to drop the document."""
    rules = settings.rules
    leaks = [
        Place("leak_points", span.start, span.end, text[span.start : span.end], ", ".join(span.marks))
        for rule in rules.rules
        if rule.condition.signal == "leak_points"
        for span in leak_spans(text, rule.condition.threshold)
    ]
    hits = find_banned(text, rules.ban_lists) if rules.ban_lists else []
    banned = [
        Place(
            BAN_SHARE,
            hit.start,
            hit.end,
            text[hit.start : hit.end],
            f"{hit.match.entry} ({hit.match.category})",
        )
        for hit in hits
    ]
    return (*leaks, *banned)


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
