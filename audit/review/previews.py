"""What an entry would do before anybody accepts it: which other tokens it bans, and what lint says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from audit.review.proposals import list_of, pattern_problems
from audit.review.records import Candidate, Hit, Preview, Proposal, State
from audit.review.token_index import TokenIndex
from banlists.fold import fold
from corpora.display import show_bytes

_HITS_SHOWN = 24
_SHOWN_FIRST = {"": 0, "rejected": 1}


def preview(
    candidate: Candidate,
    proposal: Proposal,
    candidates: Sequence[Candidate],
    states: Mapping[str, State],
    index: TokenIndex | None,
) -> Preview:
    """The tokens that the entry bans beside the candidate's own: of the vocabulary, else of the candidates.

    Those that are no candidates come first, then rejected ones. Raises WrongCall for no entry.
    """
    found = (
        _in_vocabulary(proposal, index, candidates, states) if index else _among(proposal, candidates, states)
    )
    own = _same_as(candidate)
    others = [hit for token, hit in found if not own(token)]
    others.sort(key=lambda hit: _SHOWN_FIRST.get(hit.status, len(_SHOWN_FIRST)))
    hit_own = list_of(proposal).match(candidate.token) is not None
    return Preview(
        others=len(others),
        unsuspected=sum(hit.status == "" for hit in others),
        rejected=sum(hit.status == "rejected" for hit in others),
        hits=tuple(others[:_HITS_SHOWN]),
        of="vocabulary" if index else "candidates",
        warnings=(*(() if hit_own else ("it does not hit this token",)), *pattern_problems(proposal)),
    )


def _same_as(candidate: Candidate) -> Callable[[bytes], bool]:
    """Whether a token is the candidate: its bytes, or for a pattern without an id what it means."""
    if candidate.id is not None:
        return lambda token: token == candidate.token
    meaning = fold(candidate.token)
    return lambda token: token == candidate.token or fold(token) == meaning


def _in_vocabulary(
    proposal: Proposal, index: TokenIndex, candidates: Sequence[Candidate], states: Mapping[str, State]
) -> Iterator[tuple[bytes, Hit]]:
    statuses = {each.token: states[each.key].status for each in candidates}
    meant = {fold(each.token): states[each.key].status for each in candidates if each.id is None}
    for id_ in index.hits(proposal):
        token = index.token(id_)
        yield token, Hit(show_bytes(token), id_, statuses.get(token) or meant.get(fold(token)) or "")


def _among(
    proposal: Proposal, candidates: Sequence[Candidate], states: Mapping[str, State]
) -> Iterator[tuple[bytes, Hit]]:
    bans = list_of(proposal)
    for each in candidates:
        if bans.match(each.token):
            yield each.token, Hit(each.shown, each.id, states[each.key].status)
