"""The ban-list entry that a candidate would become, and lists of one entry to try it out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from pathlib import Path

import msgspec

from audit.results import Reason
from audit.review.records import Proposal
from banlists.banlist import BanList, PackFile
from banlists.compilation import compile_allows, compile_groups
from banlists.fold import ALL_VARIANTS, strip_edges
from banlists.lint import lint
from banlists.lists import LoadedPack
from banlists.schema import Group, ListInfo, Pack
from corpora.errors import WrongCall

# What a reviewer may choose, from the widest to the narrowest; the others need more than one token.
KINDS = ("contains", "prefix", "suffix", "text", "bytes")
REASON_LENGTH = 240  # characters of a reason that is made from evidence
_REASONS_TOLD = 2
_ALONE = Path("review")


def propose(token: bytes, category: str, reason: str) -> Proposal | None:
    """The narrowest entry that sees through a token's disguises, or, where that cannot be, its exact bytes.

    `text` needs a token of whole characters that is one word; None for what no list bans without
    `force`: single bytes and single characters.
    """
    for kind in ("text", "bytes"):
        pattern = pattern_for(token, kind)
        proposal = Proposal(kind, pattern, category, reason)
        if pattern and _fits(proposal, token):
            return proposal
    return None


def pattern_for(token: bytes, kind: str) -> str:
    """A token as a pattern of `kind`: hexadecimal for `bytes`, else its text without edge signs."""
    if kind == "bytes":
        return token.hex()
    try:
        return strip_edges(token.decode("utf-8"), ALL_VARIANTS)
    except UnicodeDecodeError:
        return ""


def fill_in(
    token: bytes, standing: Proposal, kind: str | None, pattern: str | None, category: str | None,
    reason: str | None,
) -> Proposal:  # fmt: skip
    """`standing` with what somebody changed of it; another kind without a pattern takes the token's own."""
    kind = kind or standing.kind
    kept = standing.pattern if kind == standing.kind else pattern_for(token, kind)
    return Proposal(
        kind,
        kept if pattern is None else pattern,
        category or standing.category,
        standing.reason if reason is None else reason,
    )


@lru_cache(4096)  # asked again for every accepted entry, after every decision
def list_of(proposal: Proposal) -> BanList:
    """A ban list with this entry alone. Raises WrongCall for a pattern that cannot be an entry."""
    return BanList(compile_groups(_pack(proposal), "entry"))


def loaded(pack: Pack, path: Path) -> LoadedPack:
    """A pack that may not be in a file yet, as lint and matching take it."""
    file = PackFile(pack.info.id, pack.info.version, path.name, "")
    return LoadedPack(path, pack, file, compile_groups(pack, path), compile_allows(pack, path))


def reason_from(reasons: Sequence[Reason], segmentation: Sequence[str], fallback: str) -> str:
    """A reason in words: the strongest evidence against a token, and how it reads as clean words."""
    own = [reason for reason in reasons if reason.code != "base" and reason.points > 0][:_REASONS_TOLD]
    parts = [f"{reason.code}: {reason.evidence}" for reason in own] or [fallback]
    if segmentation:
        parts.append(f"reads as {' + '.join(segmentation)}")
    text = " ".join("; ".join(parts).split())
    return text if len(text) <= REASON_LENGTH else text[: REASON_LENGTH - 1] + "…"


def pattern_problems(proposal: Proposal) -> list[str]:
    """What lint says of the pattern itself, whatever list it is in."""
    findings = lint([loaded(_pack(proposal), _ALONE)], date.min)
    return [f"{each.check}: {each.message}" for each in findings if each.pattern]


def _fits(proposal: Proposal, token: bytes) -> bool:
    try:
        return list_of(proposal).match(token) is not None and not pattern_problems(proposal)
    except WrongCall:
        return False


def _pack(proposal: Proposal) -> Pack:
    record = {
        "id": "entry", "category": proposal.category, "match": proposal.kind, "reason": proposal.reason,
        "patterns": [proposal.pattern],
    }  # fmt: skip
    try:
        return Pack(info=ListInfo("review", "0", "one entry"), group=[msgspec.convert(record, Group)])
    except msgspec.ValidationError as error:
        raise WrongCall(str(error)) from error
