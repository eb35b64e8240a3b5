"""Score tokens: additive points with reasons, from clean lexicons first, then from ban lists and relatives."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from audit.lexicons import Lexicon, load_lexicon
from audit.results import CATEGORIES, Category, Reason, TokenScore, Verdict
from audit.risk_features import Candidate, Feature, FeatureMaker, explain_candidates
from audit.risk_model import Group, RiskModel, load_risk_model, probability, to_reasons
from audit.suspicious_text import hidden_characters, matching_patterns
from audit.token_text import TokenText, Utf8Class
from banlists.lists import BanList
from corpora.display import show_bytes

_BASE = "base"
_LETTERS_WORTH_SCORING = 2
Extra = Callable[[Candidate], Iterable[Feature]]


@dataclass(frozen=True, slots=True)
class RiskOptions:
    """`ban_list` gives evidence (an empty list: lexicons alone); `score_all` scores every token.

    `extra` adds features from the user's own counts.
    """

    ban_list: BanList
    score_all: bool = False
    extra: Extra | None = None


@dataclass(frozen=True, slots=True)
class _Draft:
    candidate: Candidate
    reasons: tuple[Reason, ...]
    category: Category | None

    @property
    def points(self) -> float:
        return sum(reason.points for reason in self.reasons)


def score_tokens(texts: Sequence[TokenText], options: RiskOptions) -> list[TokenScore]:
    """Score the tokens worth it, most risky first; ties by id. `texts` are all tokens of one vocabulary."""
    model = load_risk_model()
    matches = {text.id: match for text in texts if (match := options.ban_list.match(text.bytes))}
    by_group: dict[str, list[TokenText]] = defaultdict(list)
    for text in texts:
        group = model.group_of(text.script)
        if options.score_all or text.id in matches or _worth_scoring(text, group):
            by_group[group.name].append(text)
    scores: list[TokenScore] = []
    for group in model.group:
        scorer = _GroupScorer(group, model, options, matches, len(texts))
        scores += scorer.score(by_group.get(group.name, []))
    return sorted(scores, key=lambda score: (-score.score, score.id))


class _GroupScorer:
    """Scores the tokens of one script group; `matches` are the ban-list matches by token id."""

    def __init__(
        self, group: Group, model: RiskModel, options: RiskOptions, matches: Mapping[int, Match], size: int
    ) -> None:
        self.group, self.model, self.options, self.matches, self.size = group, model, options, matches, size

    def score(self, texts: Sequence[TokenText]) -> list[TokenScore]:
        if not texts:
            return []
        lexicons = [load_lexicon(language) for language in self.group.languages]
        candidates = explain_candidates(texts, lexicons)
        maker = FeatureMaker(candidates, lexicons, self.size)
        drafts = [self._draft(candidate, maker) for candidate in candidates]
        with_family = _Family(drafts, maker.relatives, self.group)
        return [self._finish(with_family.add(draft)) for draft in drafts]
