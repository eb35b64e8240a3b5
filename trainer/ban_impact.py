"""What ban lists would do to a vocabulary: tokens and dependents by rule, and what text would pay."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from banlists.entries import Match
from trainer.ban_application import Application
from trainer.derive import Merge
from trainer.exports import to_tiktoken
from trainer.text_cost import TextCost

_EXAMPLES = 3  # tokens named for each rule, those with the smallest ids
_Name = Callable[[Match], tuple[str, str]]  # what a match is counted under: a rule, and a pattern or ""


@dataclass(frozen=True, slots=True)
class RuleImpact:
    """What one list, group (`list/group`) or pattern bans; `pattern` is empty for lists and groups.

    `banned` tokens are banned by it and `dependents` built on those. `orphans` of the dependents
    nothing else would make: left in, only a whole pre-token would give them.
    """

    rule: str
    pattern: str
    categories: tuple[str, ...]
    banned: int
    dependents: int
    orphans: int
    examples: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Impact:
    """The whole answer: rules that ban something, most tokens first, then by name.

    `categories` counts banned tokens, `unused` the patterns that ban none; `costs` holds one text
    cost for each language, in the order of their names.
    """

    lists: tuple[RuleImpact, ...]
    groups: tuple[RuleImpact, ...]
    patterns: tuple[RuleImpact, ...]
    categories: Mapping[str, int]
    unused: int
    costs: Mapping[str, TextCost]


def measure_impact(application: Application, documents: Iterable[tuple[str, str]]) -> Impact:
    """Sort what an application removes by the rule that asks for it; encode (language, text) documents.

    A dependent counts for every rule that bans a token on the way to it, so the dependents of
    several rules may add up to more than there are.
    """
    banned = application.banned
    causes = _causes(application.before.with_merges().rules, banned, application.removal.dependents)
    used = {(match.entry, match.pattern) for match in banned.values()}
    return Impact(
        lists=_impacts(application, causes, lambda match: (match.list_id, "")),
        groups=_impacts(application, causes, lambda match: (match.entry, "")),
        patterns=_impacts(application, causes, lambda match: (match.entry, match.pattern)),
        categories=dict(sorted(Counter(match.category for match in banned.values()).items())),
        unused=len(application.bans.entries) - len(used),
        costs=measure_costs(application, documents),
    )


def measure_costs(application: Application, documents: Iterable[tuple[str, str]]) -> dict[str, TextCost]:
    """Encode (language, text) documents with the vocabulary before and after; language → cost."""
    old, new = to_tiktoken(application.before), to_tiktoken(application.removal.vocabulary)
    sums: dict[str, list[int]] = {}
    for language, text in documents:
        row = sums.setdefault(language, [0, 0, 0, 0])
        row[0] += 1
        row[1] += len(text.encode("utf-8"))
        row[2] += len(old.encode_ordinary(text))
        row[3] += len(new.encode_ordinary(text))
    return {language: TextCost(*sums[language]) for language in sorted(sums)}


def total_cost(costs: Mapping[str, TextCost]) -> TextCost:
    """All languages together."""
    rows = costs.values()
    return TextCost(
        sum(cost.documents for cost in rows),
        sum(cost.bytes for cost in rows),
        sum(cost.tokens_before for cost in rows),
        sum(cost.tokens_after for cost in rows),
    )


def _causes(
    rules: Iterable[Merge], banned: Collection[int], dependents: Iterable[int]
) -> dict[int, frozenset[int]]:
    """For every dependent, the banned tokens on the way to it."""
    parts = {made: (left, right) for left, right, made in rules}
    known = {id_: frozenset((id_,)) for id_ in banned}

    def cause(id_: int) -> frozenset[int]:
        if id_ not in known:
            known[id_] = frozenset().union(*map(cause, parts.get(id_, ())))
        return known[id_]

    return {id_: cause(id_) for id_ in dependents}


def _impacts(
    application: Application, causes: Mapping[int, frozenset[int]], name: _Name
) -> tuple[RuleImpact, ...]:
    banned: dict[tuple[str, str], list[int]] = {}
    for id_, match in application.banned.items():
        banned.setdefault(name(match), []).append(id_)
    dependents: dict[tuple[str, str], set[int]] = {}
    for id_, roots in causes.items():
        for root in roots:
            dependents.setdefault(name(application.banned[root]), set()).add(id_)
    rows = [_impact(application, key, ids, dependents.get(key, set())) for key, ids in banned.items()]
    return tuple(sorted(rows, key=lambda row: (-row.banned, row.rule, row.pattern)))


def _impact(
    application: Application, key: tuple[str, str], ids: list[int], dependents: set[int]
) -> RuleImpact:
    return RuleImpact(
        rule=key[0],
        pattern=key[1],
        categories=tuple(sorted({application.banned[id_].category for id_ in ids})),
        banned=len(ids),
        dependents=len(dependents),
        orphans=len(dependents.intersection(application.removal.orphans)),
        examples=tuple(application.before.tokens[id_] for id_ in sorted(ids)[:_EXAMPLES]),
    )
