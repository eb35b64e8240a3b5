"""What scores take as evidence: the user's own lists first, then all built-in packs."""

from __future__ import annotations

from collections.abc import Sequence

from audit.risk import RiskOptions, ask_lists
from banlists.lists import BanList, load_ban_lists

EVIDENCE_LISTS = ("full",)  # every built-in pack is evidence for the score


def evidence(use_lists: bool, bans: Sequence[str] = (), *, score_all: bool = False) -> RiskOptions:
    """The options of a score; without lists the lexicons alone speak."""
    lists = evidence_lists(use_lists, bans)
    return RiskOptions(ask_lists(lists) if lists else None, score_all=score_all)


def evidence_lists(use_lists: bool, bans: Sequence[str]) -> tuple[BanList, ...]:
    """The lists behind a score, in the order in which they are asked."""
    own = (load_ban_lists(bans),) if bans else ()
    return (*own, load_ban_lists(EVIDENCE_LISTS)) if use_lists else own
