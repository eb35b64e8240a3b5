"""What language identification says: candidates with their evidence, and the verdict on a text."""

from __future__ import annotations

import math
from dataclasses import dataclass

from curation.function_words import profiled_languages
from curation.language_codes import UNDETERMINED

MIXED = "mixed"


@dataclass(frozen=True, slots=True)
class Candidate:
    """One language: the model's probability, the share of its function words, what they weigh, the words."""

    language: str
    probability: float
    function_share: float
    weight: float
    words: int

    @property
    def evidence(self) -> float:
        """Probability and function words together; may exceed 1."""
        return self.probability + self.weight * self.function_share

    @property
    def lacks_function_words(self) -> bool:
        """Whether a text of some length has no function word of a language whose function words we know."""
        return self.words >= 6 and self.function_share == 0.0 and self.language in profiled_languages()


NO_CANDIDATE = Candidate("", 0.0, 0.0, 0.0, 0)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A language (`und` and `mixed` included), the evidence for it in 0..1, its lead, and why, in words.

    `function_share`: share of its function words (of letters, without spaces); NaN without a profile.
    `probability`: the model's own, 0..1; NaN when the script decided and the model was not asked.
    `shares`: (language, share of the letters) of the paragraphs, largest first, when they were looked at.
    """

    language: str
    score: float
    margin: float
    why: str
    function_share: float = math.nan
    probability: float = math.nan
    shares: tuple[tuple[str, float], ...] = ()


UNKNOWN = Verdict(UNDETERMINED, 0.0, 0.0, "not asked")
