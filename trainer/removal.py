"""Tokens taken out of a finished vocabulary, together with everything that was built on them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from corpora.errors import WinnowError
from trainer.derive import Merge, derive_merges, last_pair
from trainer.vocabulary import Encoding, Vocabulary

Ids = Literal["keep", "compact"]


@dataclass(frozen=True, slots=True)
class Removal:
    """What was removed, and the vocabulary that is left, with its merges.

    `removed` holds every removed id, ascending. `dependents` are those that no ban named: a removed
    token was a step on the way to them. `orphans` are the dependents that nothing else
    makes: kept, they would be emitted for whole pre-tokens only. `id_remap` maps every surviving id
    to its new one.
    """

    removed: tuple[int, ...]
    dependents: tuple[int, ...]
    orphans: tuple[int, ...]
    vocabulary: Vocabulary
    id_remap: Mapping[int, int]


def remove_tokens(vocabulary: Vocabulary, banned_ids: Collection[int], ids: Ids = "keep") -> Removal:
    """Remove tokens and every token whose derivation passes through one of them.

    The dependents must go too: tiktoken would still emit them for whole pre-tokens, while merge
    rules cannot name parts that are gone. `ids="keep"` leaves tombstones, so ids and the shape of
    the embedding matrix stay; "compact" numbers what is left from 0, in the old order.

    Raises WinnowError for an id that is no ordinary token, for a single byte (all 256 must stay, or
    text could be lost), and for a vocabulary whose merges do not follow its ids.
    """
    _require_removable(vocabulary, banned_ids)
    rules = vocabulary.with_merges().rules
    removed = _closure(rules, banned_ids)
    dependents = tuple(sorted(removed - set(banned_ids)))
    left = {id_: token for id_, token in vocabulary.tokens.items() if id_ not in removed}
    kept = replace(
        vocabulary,
        tokens=left,
        merges=derive_merges(left).merges,
        tombstones=vocabulary.tombstones | removed,
    )
    id_remap = _compact_ids(kept) if ids == "compact" else {id_: id_ for id_ in _used(kept)}
    return Removal(
        removed=tuple(sorted(removed)),
        dependents=dependents,
        orphans=_unreachable(vocabulary, banned_ids, dependents),
        vocabulary=_renumbered(kept, id_remap) if ids == "compact" else kept,
        id_remap=id_remap,
    )


def _require_removable(vocabulary: Vocabulary, banned_ids: Iterable[int]) -> None:
    if vocabulary.encoding is not Encoding.RANKS:
        raise WinnowError(
            "tokens can be removed only where ids are merge priorities",
            where=vocabulary.name,
            hint="; ".join(vocabulary.notes) or "its merge rules do not follow its ids",
        )
    for id_ in banned_ids:
        if id_ not in vocabulary.tokens:
            raise WinnowError(f"id {id_} is no ordinary token", where=vocabulary.name)
        if len(vocabulary.tokens[id_]) == 1:
            raise WinnowError(f"id {id_} is a single byte; all bytes must stay", where=vocabulary.name)


def _closure(rules: Iterable[Merge], banned_ids: Iterable[int]) -> set[int]:
    """The banned tokens and all that is built on them; repeats until a pass finds nothing new.

    One pass is enough while parts come before wholes; an edited vocabulary may have it otherwise.
    """
    removed = set(banned_ids)
    rules = list(rules)
    before = -1
    while len(removed) != before:
        before = len(removed)
        removed |= {token for left, right, token in rules if left in removed or right in removed}
    return removed


def _unreachable(
    vocabulary: Vocabulary, banned_ids: Collection[int], dependents: Iterable[int]
) -> tuple[int, ...]:
    """The dependents that no merge would make if only the banned tokens themselves were gone."""
    banned = set(banned_ids)
    ranks = {token: id_ for id_, token in vocabulary.tokens.items() if id_ not in banned}
    return tuple(id_ for id_ in dependents if last_pair(vocabulary.tokens[id_], ranks) is None)


def _used(vocabulary: Vocabulary) -> list[int]:
    return sorted({*vocabulary.tokens, *vocabulary.special_ids})


def _compact_ids(vocabulary: Vocabulary) -> dict[int, int]:
    return {old: new for new, old in enumerate(_used(vocabulary))}


def _renumbered(vocabulary: Vocabulary, id_remap: Mapping[int, int]) -> Vocabulary:
    """The vocabulary under new ids in the old order, without holes and tombstones."""
    return replace(
        vocabulary,
        tokens={id_remap[id_]: token for id_, token in vocabulary.tokens.items()},
        special_tokens={text: id_remap[id_] for text, id_ in vocabulary.special_tokens.items()},
        merges=tuple((id_remap[a], id_remap[b], id_remap[c]) for a, b, c in vocabulary.rules),
        tombstones=frozenset(),
    )
