"""Verdicts: what the answers show of each token, measured against ordinary tokens of the same script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from audit.norms.statistics import fisher_exact
from audit.probe.records import (
    KINDS,
    VERDICTS,
    Ask,
    Candidate,
    Kind,
    KindScore,
    Reply,
    ScoredAnswer,
    TokenVerdict,
    Verdict,
)
from audit.probe.scoring import common_words, score_answers

RIGHT = 0.5  # an answer from this score on counts as right
LEAST_BASELINE = 0.5  # controls must score this much on a kind of question, else failing it means nothing
LEAST_CONTROLS = 3  # of one script; with fewer, the controls of all scripts are the baseline
RECOGNISED, UNKNOWN = 0.75, 0.25
LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class Asked:
    """One token with its scored answers; `lost` questions have none."""

    candidate: Candidate
    answers: tuple[ScoredAnswer, ...]
    lost: int

    def of(self, kind: Kind) -> list[float]:
        """The scores of one kind of question."""
        return [answer.score for answer in self.answers if answer.kind == kind]


def judge(
    candidates: Sequence[Candidate], asks: Sequence[Ask], replies: Mapping[str, Reply]
) -> tuple[TokenVerdict, ...]:
    """The verdict on every candidate and, for comparison, on every control, in their order."""
    texts = {candidate.id: _texts(candidate, asks, replies) for candidate in candidates}
    common = common_words([each["translation"] for each in texts.values() if each["translation"]])
    asked = {candidate.id: _scored(candidate, asks, texts[candidate.id], common) for candidate in candidates}
    controls = [each for each in asked.values() if each.candidate.control]
    return tuple(_verdict(asked[candidate.id], controls) for candidate in candidates)


def membership_statement(verdicts: Sequence[TokenVerdict]) -> str:
    """What the probe says about training data, and how weak that is."""
    asked = [each for each in verdicts if not each.candidate.control]
    counts = {name: sum(each.verdict == name for each in asked) for name in VERDICTS}
    told = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    return (
        f"Of {len(asked)} tokens: {told}. This is weak evidence on training data. That a model recognises "
        "a token says that text with it, or with its parts, was met somewhere: not where, not how often, not "
        "in which stage; repetition and spelling can be done without ever having met it. That a token is "
        "unknown says that its row was hardly trained; the text may still have been in the data, split "
        "otherwise or filtered after the vocabulary was made. No control here has the same frequency as a "
        "candidate, so the verdicts tell tokens of one vocabulary apart and prove no membership."
    )


def _texts(candidate: Candidate, asks: Sequence[Ask], replies: Mapping[str, Reply]) -> dict[Kind, list[str]]:
    own = [ask for ask in asks if ask.id == candidate.id and ask.key in replies]
    return {kind: [replies[ask.key].text for ask in own if ask.kind == kind] for kind in KINDS}


def _scored(
    candidate: Candidate, asks: Sequence[Ask], texts: Mapping[Kind, Sequence[str]], common: frozenset[str]
) -> Asked:
    answers = [each for kind in KINDS for each in score_answers(candidate, kind, texts[kind], common)]
    return Asked(candidate, tuple(answers), sum(ask.id == candidate.id for ask in asks) - len(answers))


def _verdict(each: Asked, controls: Sequence[Asked]) -> TokenVerdict:
    others = [control for control in controls if control.candidate.id != each.candidate.id]
    alike = [control for control in others if control.candidate.script == each.candidate.script]
    baseline = alike if len(alike) >= LEAST_CONTROLS else others
    kinds = tuple(_kind(kind, each, baseline) for kind in KINDS if each.of(kind))
    used = [kind for kind in kinds if kind.used]
    score = fmean(min(1.0, kind.score / kind.controls) for kind in used) if used else None
    p = _chance(each, baseline, [kind.kind for kind in used]) if used else None
    verdict, why = _decide(each, score, p, kinds)
    return TokenVerdict(each.candidate, verdict, score, p, kinds, each.answers, each.lost, why)


def _kind(kind: Kind, each: Asked, baseline: Sequence[Asked]) -> KindScore:
    scores = [score for control in baseline for score in control.of(kind)]
    controls = fmean(scores) if scores else 0.0
    return KindScore(kind, fmean(each.of(kind)), controls, controls >= LEAST_BASELINE)


def _chance(each: Asked, baseline: Sequence[Asked], kinds: Sequence[Kind]) -> float:
    """One-sided chance of so many wrong answers; answers to one question are alike, so it is too small."""
    own = [score >= RIGHT for kind in kinds for score in each.of(kind)]
    theirs = [score >= RIGHT for kind in kinds for control in baseline for score in control.of(kind)]
    return fisher_exact(own.count(False), own.count(True), theirs.count(False), theirs.count(True)).p_greater


def _decide(
    each: Asked, score: float | None, p: float | None, kinds: Sequence[KindScore]
) -> tuple[Verdict, str]:
    told = "; ".join(
        f"{kind.kind} {kind.score:.2f} (controls {kind.controls:.2f}{'' if kind.used else ', not counted'})"
        for kind in kinds
    )
    if not each.answers:
        return "undecided", "its bytes are no text that can be asked about" if not each.lost else "no answer"
    if score is None or p is None:
        return "undecided", f"the model fails at ordinary tokens too: {told}"
    if score >= RECOGNISED:
        return "recognised", told
    if p >= LEVEL:
        return "undecided", f"fewer right answers than controls, but chance may do that (p = {p:.2g}): {told}"
    return ("unknown" if score <= UNKNOWN else "partial"), f"{told}; p = {p:.2g}"
