"""Score tokens: additive points with reasons, from clean lexicons, ban lists, relatives and patterns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from audit.clean_reading import with_clean_readings
from audit.family import Family
from audit.lexicons import load_lexicon
from audit.prevalence import estimate_share, log_odds
from audit.results import Category, Reason, TokenScore, Verdict, as_category
from audit.risk_features import Candidate, Feature, FeatureMaker, explain_candidates, is_word
from audit.risk_model import Group, RiskModel, load_risk_model, probability, to_reasons
from audit.suspicious_text import hidden_characters, matching_patterns
from audit.token_text import TokenText, Utf8Class
from banlists.entries import SEVERITIES, Match
from banlists.lists import BanList
from corpora.display import show_bytes

_LETTERS_WORTH_SCORING = 2
_FRAGMENT: Category = "fragment"
# What a page is about says more than how it was promoted.
_TELLING = ("adult", "gambling", "anomalous", "seo", "boilerplate", "personal", "control", _FRAGMENT)
Extra = Callable[[Candidate], Iterable[Feature]]


@dataclass(frozen=True, slots=True)
class RiskOptions:
    """What to score with.

    `listed` says which ban-list entry matches a token (None: lexicons alone, see `ask_lists`); `score_all`
    scores every token; `extra` adds features from the user's own counts; `unreachable` are ids that no
    text produces.
    """

    listed: Callable[[bytes], Match | None] | None = None
    score_all: bool = False
    extra: Extra | None = None
    unreachable: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Draft:
    """A candidate with its reasons so far; `category` comes from a list or a pattern."""

    candidate: Candidate
    reasons: tuple[Reason, ...]
    category: Category | None

    @property
    def points(self) -> float:
        """The log-odds so far."""
        return sum(reason.points for reason in self.reasons)


def score_tokens(texts: Sequence[TokenText], options: RiskOptions) -> list[TokenScore]:
    """Score the tokens worth it, most risky first; ties by id. `texts` are all tokens of one vocabulary."""
    model = load_risk_model()
    ask = options.listed or _no_list
    matches = {text.id: match for text in texts if (match := ask(text.bytes))}
    by_group: dict[str, list[TokenText]] = defaultdict(list)
    for text in texts:
        group = model.group_of(text.script)
        if options.score_all or text.id in matches or _worth_scoring(text, group):
            by_group[group.name].append(text)
    scores: list[TokenScore] = []
    for group in model.group:
        if by_group[group.name]:
            scores += _score_group(by_group[group.name], group, model, options, matches, len(texts))
    read = with_clean_readings(scores, texts)
    return sorted(read, key=lambda score: (-score.score, score.id))


def ask_lists(ban_lists: Sequence[BanList]) -> Callable[[bytes], Match | None]:
    """A question to several lists; the first that matches answers. Answers are kept for the next vocabulary.

    Of several entries in one list, the most severe speaks, then the most telling category (_TELLING).
    """

    @cache
    def ask(token: bytes) -> Match | None:
        for each in ban_lists:
            if each.match(token) is not None:
                return min(each.explain(token).matches, key=_weight_of)
        return None

    return ask


def _weight_of(match: Match) -> tuple[int, int]:
    telling = _TELLING.index(match.category) if match.category in _TELLING else len(_TELLING)
    return SEVERITIES.index(match.severity), telling


def draft_group(
    texts: Sequence[TokenText],
    group: Group,
    model: RiskModel,
    options: RiskOptions,
    matches: Mapping[int, Match],
    size: int,
) -> tuple[list[Draft], FeatureMaker]:
    """The tokens of one group with every reason but their family; `size` is the vocabulary's."""
    lexicons = [load_lexicon(language) for language in group.languages]
    candidates = explain_candidates(texts, lexicons)
    maker = FeatureMaker(candidates, lexicons, size, group.weights)
    drafts = []
    for candidate in candidates:
        features = maker.features(candidate)
        if options.extra is not None:
            features += options.extra(candidate)
        match = matches.get(candidate.token.id)
        reasons = to_reasons(features, group.weights)
        reasons += _listed(match, group, asked=options.listed is not None)
        drafts.append(Draft(candidate, tuple(reasons), _category(candidate.token, match)))
    base = _base(group, [draft.points + group.base for draft in drafts])
    return [replace(draft, reasons=(base, *draft.reasons)) for draft in drafts], maker


def _base(group: Group, points: Sequence[float]) -> Reason:
    """Where every sum of this group starts in this vocabulary."""
    share = estimate_share(points, group.share) if group.adapts else group.share
    shift = log_odds(share) - log_odds(group.share)
    evidence = f"about {share:.1%} of the {group.name} tokens of such a vocabulary are polluted"
    return Reason("base", round(group.base + shift, 3), evidence)


def _score_group(
    texts: Sequence[TokenText],
    group: Group,
    model: RiskModel,
    options: RiskOptions,
    matches: Mapping[int, Match],
    size: int,
) -> list[TokenScore]:
    drafts, maker = draft_group(texts, group, model, options, matches, size)
    family = Family({d.candidate.core: (d.points > 0, d.category) for d in drafts}, maker.relatives)
    scores = []
    for draft in drafts:
        # A word of clean text is not suspect for the company that it is found in.
        feature = None if is_word(draft.candidate) else family.feature(draft.candidate.core)
        reasons = (*draft.reasons, *to_reasons([feature] if feature else [], group.weights))
        match = matches.get(draft.candidate.token.id)
        whole = _as_boilerplate(Draft(draft.candidate, reasons, draft.category), match, model)
        scores.append(_finish(whole, family.category(draft.candidate.core), model, options))
    return scores


def _finish(draft: Draft, relatives: Category | None, model: RiskModel, options: RiskOptions) -> TokenScore:
    """The score of a draft; a flagged token without a category of its own takes its relatives'."""
    token, explanation = draft.candidate.token, draft.candidate.explanation
    score = round(probability(draft.points), 4)
    flagged = score >= model.threshold
    return TokenScore(
        id=token.id,
        token=show_bytes(token.bytes),
        bytes=token.bytes,
        score=score,
        flagged=flagged,
        category=_final_category(draft.category, relatives) if flagged else draft.category,
        script=token.script,
        reasons=tuple(sorted(draft.reasons, key=lambda reason: (-abs(reason.points), reason.code))),
        verdicts=_verdicts(token, draft, flagged, options),
        segmentation=explanation.words if explanation else (),
        language=explanation.language if explanation else None,
    )


def _final_category(own: Category | None, relatives: Category | None) -> Category:
    if own is not None and own != _FRAGMENT:
        return own
    return relatives or own or "anomalous"


def _verdicts(token: TokenText, draft: Draft, flagged: bool, options: RiskOptions) -> tuple[Verdict, ...]:
    broken = token.utf8 is not Utf8Class.WHOLE or hidden_characters(token.text)
    said: dict[Verdict, bool] = {
        "pollution": flagged,
        "residue": any(reason.code == "residue" for reason in draft.reasons),
        "structure": bool(broken) or token.id in options.unreachable,
    }
    return tuple(verdict for verdict, holds in said.items() if holds)


def _worth_scoring(text: TokenText, group: Group) -> bool:
    letters = sum(map(str.isalpha, text.text))
    if group.score_all and letters >= _LETTERS_WORTH_SCORING:
        return True
    return len(text.text) > 1 and bool(hidden_characters(text.text) or matching_patterns(text.text))


def _no_list(token: bytes) -> Match | None:
    return None


def _listed(match: Match | None, group: Group, *, asked: bool) -> list[Reason]:
    """Core entries speak for pollution; the words of milder ones stand in honest text too."""
    if match is None:
        return [Reason("unlisted", group.unlisted, "on no list")] if asked else []
    evidence = f"{match.entry} ({match.severity}, {match.category}): {match.pattern}"
    if match.severity == "core":
        return [Reason("listed", group.listed, evidence)]
    return [Reason("unlisted", group.unlisted, f"on no core list, only {evidence}")]


def _as_boilerplate(draft: Draft, match: Match | None, model: RiskModel) -> Draft:
    """A listed piece of boilerplate has one sum, under the threshold: worth knowing, not spam."""
    if match is None or match.category != "boilerplate":
        return draft
    missing = getattr(model.boilerplate, match.severity) - draft.points
    reason = Reason("boilerplate", round(missing, 3), "repeated by one site or template, but not spam")
    return replace(draft, reasons=(*draft.reasons, reason))


def _category(token: TokenText, match: Match | None) -> Category | None:
    if match is not None:
        return as_category(match.category)
    if any(pattern.check == "personal" for pattern in matching_patterns(token.text)):
        return "personal"
    return "control" if hidden_characters(token.text) else None
