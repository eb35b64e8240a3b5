"""What the risk score looks at: numbers about one token, each with the evidence that a reader can check."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from statistics import median

import regex

from audit.lexicons import Explanation, Lexicon, explain
from audit.relatives import Relatives, find_relatives, pairs_of
from audit.scripts import scripts_of
from audit.suspicious_text import hidden_characters
from audit.token_text import TokenText

_EDGES = regex.compile(r"^[^\p{L}\p{M}\p{N}]+|[^\p{L}\p{M}\p{N}]+$")
_LEADING = regex.compile(r"[^\p{L}\p{M}\p{N}]+")
_LATIN_LETTER = regex.compile(r"\p{Latin}")
_NO_MASS = 1e-8  # share of a character pair that no lexicon word has: the rarest words have 10 ** -8.3
_NEED_RELATIVES = frozenset({"pairs", "characters", "supers", "chain", "family"})
_FEW_CORES = 3000  # with fewer cores (o200k has 3,700 of Han) shares of them would look too high
_FEW_WORDS = 200  # with fewer ordinary words their median says nothing about a vocabulary
_USUAL_LIFT = -1.8  # that median in o200k: Zipf's law over all text asks for less than one language's lists
_PHRASE, _PART = 5, 3  # characters of a phrase learned in one go, and of a part of it that counts
_NEAREST_RANK = 1e-5  # share of the rank: nearer neighbours in one chain are no stronger evidence


@dataclass(frozen=True, slots=True)
class Feature:
    """One number about a token (`code` names it) and what it says in words."""

    code: str
    value: float
    evidence: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A token to score: its text, its core (lower case, without edge signs) and its best explanation."""

    token: TokenText
    core: str
    explanation: Explanation | None


def core_of(text: str) -> str:
    """`text` in lower case without spaces and signs at its edges."""
    core: str = _EDGES.sub("", text)
    return core.lower()


def explain_candidates(tokens: Sequence[TokenText], lexicons: Sequence[Lexicon]) -> list[Candidate]:
    """Every token with its core and the best explanation over the lexicons."""
    return [_candidate(token, core_of(token.text), lexicons) for token in tokens]


def _candidate(token: TokenText, core: str, lexicons: Sequence[Lexicon]) -> Candidate:
    explanations = [explain(core, lexicon) for lexicon in lexicons] if core else []
    best = max(explanations, key=lambda explanation: explanation.log_share, default=None)
    return Candidate(token, core, best)


class FeatureMaker:
    """Computes the list-free features of the candidates of one script group.

    `size` is the vocabulary's number of tokens: ranks are taken as a share of it. `wanted` are the codes
    of the features to compute; relatives are only looked for when one of them needs them.
    """

    def __init__(
        self,
        candidates: Sequence[Candidate],
        lexicons: Sequence[Lexicon],
        size: int,
        wanted: Collection[str],
    ) -> None:
        self.lexicons = lexicons
        self.size = size
        needed = not _NEED_RELATIVES.isdisjoint(wanted)
        self.relatives: Relatives = (
            find_relatives(c.core for c in candidates) if needed else find_relatives(())
        )
        self._crowdings: dict[str, float] = {}
        self._ids: dict[str, list[int]] = defaultdict(list)
        for candidate in candidates:
            self._ids[candidate.core].append(candidate.token.id)
        self._usual_lift = self._median_lift(candidates)
        makers: dict[str, Callable[[Candidate], Feature | None]] = {
            "lift": self._lift,
            "word": _word,
            "words": _words,
            "pairs": self._pairs,
            "characters": self._characters,
            "supers": self._supers,
            "length": _length,
            "space": _space,
            "chain": self._chain,
            "glue": _glue,
            "mixed": _latin,
            "hidden": _hidden,
        }
        self._makers = [make for code, make in makers.items() if code in wanted]

    def features(self, candidate: Candidate) -> list[Feature]:
        """The wanted features of one candidate, in a fixed order; those that say nothing are left out."""
        made = (make(candidate) for make in self._makers)
        return [feature for feature in made if feature is not None]

    def _lift(self, candidate: Candidate) -> Feature | None:
        explanation = candidate.explanation
        if explanation is None:
            return None
        implied = implied_log_share(candidate.token.id, self.size) - self._usual_lift
        words = " + ".join(explanation.words)
        evidence = (
            f"words of its rank have a share of 10^{implied:.1f}; "
            f"the best clean reading, {explanation.language} {words}, has 10^{explanation.log_share:.1f}"
        )
        return Feature("lift", implied - explanation.log_share, evidence)

    def _median_lift(self, candidates: Sequence[Candidate]) -> float:
        """The median lift of this vocabulary's ordinary words, by which its ranks are read."""
        lifts = [
            implied_log_share(candidate.token.id, self.size) - candidate.explanation.log_share
            for candidate in candidates
            if candidate.explanation is not None and is_word(candidate)
        ]
        return median(lifts) if len(lifts) >= _FEW_WORDS else _USUAL_LIFT

    def _pairs(self, candidate: Candidate) -> Feature | None:
        # Many tokens hold 彩票, but a word of clean text is not suspect for the company that it is found in.
        return None if is_word(candidate) else self._crowd("pairs", pairs_of(candidate.core))

    def _characters(self, candidate: Candidate) -> Feature | None:
        return self._crowd("characters", list(candidate.core))

    def _crowd(self, code: str, grams: Sequence[str]) -> Feature | None:
        """Mean over the grams of: their share of this vocabulary's cores, against running text."""
        if not grams or not self.lexicons:
            return None
        ratios = [self._crowding(gram) for gram in grams]
        most = grams[max(range(len(grams)), key=ratios.__getitem__)]
        evidence = f"{self._holders(most)} tokens hold {most}, which clean text does not account for"
        return Feature(code, sum(ratios) / len(ratios), evidence)

    def _holders(self, gram: str) -> int:
        counts = self.relatives.pairs if len(gram) > 1 else self.relatives.characters
        return counts[gram]

    def _crowding(self, gram: str) -> float:
        if gram not in self._crowdings:
            clean = max(_mass(lexicon, gram) for lexicon in self.lexicons)
            share = self._holders(gram) / max(self.relatives.size, _FEW_CORES)
            # Half the exponent: distinct words with a gram grow like the root of its frequency.
            self._crowdings[gram] = math.log10(share) - 0.5 * math.log10(max(clean, _NO_MASS))
        return self._crowdings[gram]

    def _supers(self, candidate: Candidate) -> Feature:
        larger = self.relatives.larger.get(candidate.core, ())
        shown = ", ".join(larger[:3])
        return Feature("supers", math.log10(1 + len(larger)), f"{len(larger)} longer tokens hold it: {shown}")

    def _chain(self, candidate: Candidate) -> Feature | None:
        """How near in rank the nearest relative of a phrase is: text that is always repeated whole is
        learned in one go (` SolidGoldMagikarp`, and the notices of sites)."""
        core, rank = candidate.core, candidate.token.id
        relatives = (*self.relatives.larger.get(core, ()), *self.relatives.smaller.get(core, ()))
        distances = [
            (abs(id_ - rank), relative)
            for relative in relatives
            if len(core) >= _PART and len(relative) >= _PART and max(len(core), len(relative)) >= _PHRASE
            for id_ in self._ids[relative]
        ]
        if not distances:
            return None
        distance, nearest = min(distances)
        nearness = -math.log10(max(distance / (1 + rank), _NEAREST_RANK))
        return Feature("chain", nearness, f"{distance} ranks from {nearest}: learned in one go")


def is_word(candidate: Candidate) -> bool:
    """Whether the best clean reading of two or more characters is one word."""
    explanation = candidate.explanation
    return explanation is not None and len(explanation.words) == 1 and len(candidate.core) > 1


def implied_log_share(rank: int, size: int) -> float:
    """log10 of the share of running text that a rank implies: Zipf's law, 0.1 / rank, over 200,000 ranks.

    Ranks of smaller vocabularies are stretched to that: a small corpus orders its tokens too roughly
    for a low rank to mean much.
    """
    return -1.0 - math.log10(1 + rank * 200_000 / max(size, 1))


def _mass(lexicon: Lexicon, gram: str) -> float:
    known = lexicon.pairs if len(gram) > 1 else lexicon.characters
    return known.get(lexicon.fold(gram), 0.0)


def _word(candidate: Candidate) -> Feature | None:
    if not is_word(candidate):
        return None
    return Feature("word", 1.0, "one word of clean text")


def _glue(candidate: Candidate) -> Feature | None:
    signs = _leading_signs(candidate.token.text).strip()
    return Feature("glue", 1.0, f"glued to the sign {signs} before it") if signs else None


def _words(candidate: Candidate) -> Feature | None:
    if candidate.explanation is None:
        return None
    count = len(candidate.explanation.words)
    return Feature("words", float(count), f"the best clean reading has {count} words")


def _length(candidate: Candidate) -> Feature:
    length = len(candidate.core)
    return Feature("length", float(length), f"{length} characters")


def _space(candidate: Candidate) -> Feature | None:
    if candidate.token.text[:1] != " ":
        return None
    return Feature("space", 1.0, "a space before it, in a script written without spaces")


def _latin(candidate: Candidate) -> Feature | None:
    found = _LATIN_LETTER.findall(candidate.token.text)
    if not found or set(scripts_of(candidate.core)) == {"Latin"}:
        return None
    return Feature("mixed", 1.0, f"Latin letters {''.join(found)} glued to another script")


def _hidden(candidate: Candidate) -> Feature | None:
    hidden = hidden_characters(candidate.token.text)
    if not hidden:
        return None
    return Feature("hidden", 1.0, "hidden " + ", ".join(f"U+{ord(character):04X}" for character in hidden))


def _leading_signs(text: str) -> str:
    match = _LEADING.match(text)
    return match[0] if match else ""
