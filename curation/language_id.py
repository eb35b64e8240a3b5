"""Text → language: a fastText model checked against the script, the function words and the paragraphs."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from curation.function_words import profiled_languages, string_share, word_shares
from curation.language_codes import UNDETERMINED
from curation.language_model import LanguageModel, clean_line
from curation.scripts import ONE_LANGUAGE, UNSPACED_SCRIPTS, ScriptShare, count_scripts, scripts_of

MIXED = "mixed"
_NO_WORDS = re.compile(r"https?://\S+|www\.\S+|\S+@\S+|&[a-z]+;|<[^<>]{1,200}>")
_SURE = 0.8  # a lead in evidence above which a document's paragraphs are not looked at one by one
ABKHAZ_LETTERS = frozenset("ҩԥҧҿҽҟ")  # taken together, in no other Cyrillic alphabet
_SERBO_CROATIAN = frozenset({"sh", "sr"})


@dataclass(frozen=True, slots=True)
class LanguageOptions:
    """The thresholds, fitted on 32,000 sentences of 67 languages (benchmarks/language_id.py).

    `characters`: only the first so many are looked at; 2,000 agree with the whole document on 98.9 %.
    `window`: when so many at both ends of them agree without doubt, the rest is not looked at.
    `function_word_weight`: evidence = probability + weight × share of function words (at most 1). `margin`:
    the best language must lead the second by so much evidence. `minimum`: and have at least so much
    (`minimum_without_words` when a text has none of the language's function words: menus, lists of names);
    `minimums` overrides it for single languages. `letters`: fewer letters (`ideographs` in scripts without
    spaces) are `und`. A document is `mixed` when no language has `mixed_share` of the letters of its
    paragraphs (those of at least `paragraph_letters`), and the second has at least 1 - `mixed_share`, halved.
    """

    characters: int = 2_000
    window: int = 300
    function_word_weight: float = 3.0
    margin: float = 0.1
    minimum: float = 0.2
    minimum_without_words: float = 0.5
    minimums: Mapping[str, float] = field(default_factory=dict)
    letters: int = 6
    ideographs: int = 2
    mixed_share: float = 0.7
    paragraph_letters: int = 40
    paragraphs: int = 8


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
    """

    language: str
    score: float
    margin: float
    why: str
    function_share: float = math.nan


UNKNOWN = Verdict(UNDETERMINED, 0.0, 0.0, "not asked")


class LanguageIdentifier:
    """Identifies languages with one model and one set of thresholds."""

    def __init__(self, model: LanguageModel | None = None, options: LanguageOptions | None = None) -> None:
        self.model = model or LanguageModel()
        self.options = options or LanguageOptions()

    def identify_all(self, texts: Sequence[str]) -> list[Verdict]:
        """One verdict per text."""
        return [self.identify(text) for text in texts]

    def identify(self, text: str) -> Verdict:
        """The language of one text; never raises for any string.

        When the two ends of the head agree without doubt, what is between them is not looked at.
        """
        head, window = text[: self.options.characters], self.options.window
        if len(head) > 2 * window:
            first = self._identify_piece(head[:window])
            if first.margin >= _SURE:
                last = self._identify_piece(head[-window:])
                if last.language == first.language and last.margin >= _SURE:
                    return first
        whole = self._identify_piece(head)
        scripts = count_scripts(head)
        doubtful = whole.language == UNDETERMINED or whole.margin < _SURE or _two_scripts(scripts)
        if "\n" in head and doubtful and self._enough_letters(scripts):
            return self._by_paragraphs(head, whole)
        return whole

    def _identify_piece(self, piece: str) -> Verdict:
        line = unicodedata.normalize("NFC", clean_line(_NO_WORDS.sub(" ", piece)))
        scripts = count_scripts(line)
        if not self._enough_letters(scripts):
            return Verdict(UNDETERMINED, 0.0, 0.0, f"only {scripts.letters} letters")
        only = _script_alone(scripts)
        if only and only != "zh":  # Chinese characters also write wuu, yue and others that models tell apart
            return _by_script(only, line, scripts)
        fitting = [each for each in self._evidence(line, scripts) if _fits(each.language, scripts)]
        if only and (not fitting or fitting[0].language == only or fitting[0].evidence < 0.5):
            return _by_script(only, line, scripts)
        if not fitting:
            return Verdict(UNDETERMINED, 0.0, 0.0, f"no candidate is written in {scripts.dominant}")
        return self._decide(fitting, scripts)

    def _evidence(self, line: str, scripts: ScriptShare) -> list[Candidate]:
        probabilities = dict(self.model.candidates(line))
        shares, words = ({}, 0) if scripts.dominant in UNSPACED_SCRIPTS else word_shares(line)
        if "Latn" in scripts.counts and not scripts.counts.get("Cyrl"):
            probabilities = _latin_serbo_croatian(probabilities, shares)
        if scripts.dominant == "Cyrl" and _letter_share(line, ABKHAZ_LETTERS) > 0.005:
            probabilities["ab"] = 1.0  # a language that lid.176 does not know
        if _model_knows_better(probabilities):
            shares = {}
        weight = self.options.function_word_weight * min(1.0, words / 8)  # two words out of two say little
        candidates = [
            Candidate(code, probabilities.get(code, 0.0), shares.get(code, 0.0), weight, words)
            for code in probabilities.keys() | shares.keys()
        ]
        return sorted(candidates, key=lambda each: (-each.evidence, each.language))

    def _decide(self, fitting: Sequence[Candidate], scripts: ScriptShare) -> Verdict:
        best, second = fitting[0], fitting[1] if len(fitting) > 1 else NO_CANDIDATE
        score, margin = round(min(1.0, best.evidence), 4), round(best.evidence - second.evidence, 4)
        needed = self.options.minimums.get(best.language, self.options.minimum)
        if best.lacks_function_words:
            needed = max(needed, self.options.minimum_without_words)
        if best.evidence < needed:
            return Verdict(
                UNDETERMINED, score, margin, f"{best.language} has too little evidence (< {needed})"
            )
        if margin < self.options.margin:
            doubt = f"{best.language} or {second.language}: margin < {self.options.margin}"
            return Verdict(UNDETERMINED, score, margin, doubt)
        known = best.language in profiled_languages() and best.words > 0
        share = best.function_share if known else math.nan
        return Verdict(
            best.language, score, margin, f"model and function words, script {scripts.dominant}", share
        )

    def _enough_letters(self, scripts: ScriptShare) -> bool:
        few = (
            self.options.ideographs
            if scripts.dominant in UNSPACED_SCRIPTS | {"Hang"}
            else self.options.letters
        )
        return scripts.letters >= few

    def _by_paragraphs(self, head: str, whole: Verdict) -> Verdict:
        """`mixed` when the long paragraphs are in different languages, else the verdict on the whole."""
        letters: dict[str, int] = {}
        pieces = [piece for piece in head.split("\n") if len(piece) >= self.options.paragraph_letters]
        for piece in _spread(pieces, self.options.paragraphs):
            verdict = self._identify_piece(piece)
            if verdict.language != UNDETERMINED:
                letters[verdict.language] = letters.get(verdict.language, 0) + count_scripts(piece).letters
        ranked = sorted(letters.items(), key=lambda pair: (-pair[1], pair[0]))
        total = sum(letters.values())
        if len(ranked) < 2 or ranked[0][1] > self.options.mixed_share * total:
            return whole
        if ranked[1][1] < (1 - self.options.mixed_share) / 2 * total:
            return whole
        parts = ", ".join(f"{language} {count / total:.0%}" for language, count in ranked[:3])
        margin = round((ranked[0][1] - ranked[1][1]) / total, 4)
        return Verdict(MIXED, round(ranked[0][1] / total, 4), margin, f"paragraphs in {parts}")


def _fits(language: str, scripts: ScriptShare) -> bool:
    """Whether a language is written in the dominant script; Japanese is often more Han than kana."""
    if scripts.dominant == "Hani" and scripts.counts.get("Kana", 0) >= 0.1 * scripts.letters:
        return language == "ja"
    if scripts.dominant == "Hani" and language == "ja":
        return scripts.counts.get("Kana", 0) > 0
    return scripts.dominant in scripts_of(language) or scripts.dominant == "Zyyy"


def _script_alone(scripts: ScriptShare) -> str | None:
    """The language that the script alone decides, if any."""
    if scripts.dominant == "Hani" and scripts.counts.get("Kana", 0) >= 0.1 * scripts.letters:
        return "ja"
    return ONE_LANGUAGE.get(scripts.dominant) if scripts.share > 0.5 or scripts.letters < 20 else None


def _by_script(language: str, line: str, scripts: ScriptShare) -> Verdict:
    """The verdict when the script decides."""
    if language in profiled_languages():
        share = word_shares(line)[0].get(language, 0.0)
    else:
        share = string_share(line, language)
    return Verdict(language, round(scripts.share, 4), scripts.share, f"script {scripts.dominant}", share)


def _latin_serbo_croatian(
    probabilities: Mapping[str, float], shares: Mapping[str, float]
) -> dict[str, float]:
    """`sh` (withdrawn from ISO 639) and `sr` in Latin letters count for Bosnian or Croatian.

    lid.176 spreads Croatian over hr, sh and sr; the function words say which of the two it is.
    """
    merged = {code: value for code, value in probabilities.items() if code not in _SERBO_CROATIAN}
    shared = sum(value for code, value in probabilities.items() if code in _SERBO_CROATIAN)
    if shared:
        likelier = "bs" if shares.get("bs", 0.0) > shares.get("hr", 0.0) else "hr"
        merged[likelier] = merged.get(likelier, 0.0) + shared
    return merged


def _letter_share(line: str, letters: frozenset[str]) -> float:
    """The share of a line's characters among `letters`, at least two of which must occur."""
    counts = [line.count(letter) for letter in sorted(letters)]
    return sum(counts) / max(1, len(line)) if sum(map(bool, counts)) >= 2 else 0.0


def _model_knows_better(probabilities: Mapping[str, float]) -> bool:
    """Whether the model is sure of a language without a profile, which function words would argue away."""
    best = max(probabilities, key=lambda code: probabilities[code], default="")
    return best not in profiled_languages() and probabilities.get(best, 0.0) >= 0.5


def _two_scripts(scripts: ScriptShare) -> bool:
    """Whether a second script holds more than a fifth of the letters (Han and kana are one)."""
    counts = dict(scripts.counts)
    if "Kana" in counts or "Hang" in counts:
        counts["Kana"] = counts.get("Kana", 0) + counts.pop("Hani", 0)
    return len(counts) > 1 and max(counts.values()) < 0.8 * sum(counts.values())


def _spread(pieces: Sequence[str], wanted: int) -> Sequence[str]:
    """At most `wanted` pieces, evenly spread."""
    if len(pieces) <= wanted:
        return pieces
    return [pieces[index * len(pieces) // wanted] for index in range(wanted)]
