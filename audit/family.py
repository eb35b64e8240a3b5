"""What a token's relatives say about it: how many tokens that contain it, or that it contains, are risky."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from audit.relatives import Relatives
from audit.results import Category
from audit.risk_features import Feature

_SHOWN = 3


class Family:
    """Looks up relatives among scored cores; `risky` says of each core whether it is, and its category."""

    def __init__(self, risky: Mapping[str, tuple[bool, Category | None]], relatives: Relatives) -> None:
        self._risky = risky
        self._relatives = relatives

    def feature(self, core: str) -> Feature | None:
        """Share of risky cores among the relatives, shrunk towards none for small families."""
        members = self._members(core)
        if not members:
            return None
        risky = self._risky_among(members)
        shown = ", ".join(sorted(risky, key=lambda member: (len(member), member))[:_SHOWN])
        evidence = f"{len(risky)} of {len(members)} tokens around it are risky" + (
            f": {shown}" if shown else ""
        )
        return Feature("family", len(risky) / (len(members) + 1), evidence)

    def category(self, core: str) -> Category | None:
        """The category that most risky relatives have, fragments aside; ties by name."""
        categories = [self._risky[member][1] for member in self._risky_among(self._members(core))]
        counts = Counter(category for category in categories if category not in (None, "fragment"))
        return min(counts, key=lambda category: (-counts[category], str(category)), default=None)

    def _members(self, core: str) -> tuple[str, ...]:
        return (*self._relatives.larger.get(core, ()), *self._relatives.smaller.get(core, ()))

    def _risky_among(self, members: tuple[str, ...]) -> list[str]:
        return [member for member in members if self._risky.get(member, (False, None))[0]]
