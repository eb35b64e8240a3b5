"""A piece of text → language: the model's candidates checked against the script and the function words."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence

from curation.function_words import profiled_languages, string_share, word_shares
from curation.language_codes import UNDETERMINED
from curation.language_model import LanguageModel, clean_line
from curation.language_options import LanguageOptions
from curation.language_verdict import NO_CANDIDATE, Candidate, Verdict
from curation.scripts import ONE_LANGUAGE, UNSPACED_SCRIPTS, ScriptShare, count_scripts, scripts_of

# What is no text: addresses, entities, tags. A pattern is only run where its sign stands.
_NO_WORDS = (
    ("//", re.compile(r"https?://\S+")),
    ("www.", re.compile(r"www\.\S+")),
    ("@", re.compile(r"[^\s@]+@\S+")),
    ("&", re.compile(r"&[a-z]+;")),
    ("<", re.compile(r"<[^<>]{1,200}>")),
)
_ABKHAZ_LETTERS = frozenset("ҩԥҧҿҽҟ")  # taken together, in no other Cyrillic alphabet
_SERBO_CROATIAN = frozenset({"sh", "sr"})


def identify_piece(piece: str, model: LanguageModel, options: LanguageOptions) -> Verdict:
    """The language of one piece of text, looked at as a whole; never raises for any string."""
    line = unicodedata.normalize("NFC", clean_line(without_addresses(piece)))
    scripts = count_scripts(line)
    if not enough_letters(scripts, options):
        return Verdict(UNDETERMINED, 0.0, 0.0, f"only {scripts.letters} letters")
    only = _script_alone(scripts)
    if only and only != "zh":  # Chinese characters also write wuu, yue and others that models tell apart
        return _by_script(only, line, scripts)
    fitting = _fitting_candidates(line, scripts, model, options)
    if only and (not fitting or fitting[0].language == only or fitting[0].evidence < 0.5):
        return _by_script(only, line, scripts)
    if not fitting:
        return Verdict(UNDETERMINED, 0.0, 0.0, f"no candidate is written in {scripts.dominant}")
    return _decide(fitting, scripts, options)


def without_addresses(text: str) -> str:
    """The text with a space in place of addresses, entities and tags."""
    for sign, pattern in _NO_WORDS:
        if sign in text:
            text = pattern.sub(" ", text)
    return text


def enough_letters(scripts: ScriptShare, options: LanguageOptions) -> bool:
    """Whether a text has letters enough to be asked about."""
    solid = scripts.dominant in UNSPACED_SCRIPTS or scripts.dominant == "Hang"
    return scripts.letters >= (options.ideographs if solid else options.letters)


def _fitting_candidates(
    line: str, scripts: ScriptShare, model: LanguageModel, options: LanguageOptions
) -> list[Candidate]:
    """The best two candidates that are written in the text's script, most evidence first."""
    probabilities = dict(model.candidates(line))
    shares, words = ({}, 0) if scripts.dominant in UNSPACED_SCRIPTS else word_shares(line)
    if "Latn" in scripts.counts and not scripts.counts.get("Cyrl"):
        probabilities = _latin_serbo_croatian(probabilities, shares)
    if scripts.dominant == "Cyrl" and _letter_share(line, _ABKHAZ_LETTERS) > 0.005:
        probabilities["ab"] = 1.0  # a language that lid.176 does not know
    if _model_knows_better(probabilities):
        shares = {}
    weight = options.function_word_weight * min(1.0, words / 8)  # two words out of two say little
    evidence = {code: probabilities.get(code, 0.0) + weight * share for code, share in shares.items()}
    ranked = sorted(
        (-value, code) for code, value in {**probabilities, **evidence}.items() if _fits(code, scripts)
    )
    return [
        Candidate(code, probabilities.get(code, 0.0), shares.get(code, 0.0), weight, words)
        for _, code in ranked[:2]
    ]


def _decide(fitting: Sequence[Candidate], scripts: ScriptShare, options: LanguageOptions) -> Verdict:
    best, second = fitting[0], fitting[1] if len(fitting) > 1 else NO_CANDIDATE
    score, margin = round(min(1.0, best.evidence), 4), round(best.evidence - second.evidence, 4)
    why = _doubt(best, second, options)
    if why:
        return Verdict(UNDETERMINED, score, margin, why, probability=best.probability)
    known = best.language in profiled_languages() and best.words > 0
    share = best.function_share if known else math.nan
    why = f"model and function words, script {scripts.dominant}"
    return Verdict(best.language, score, margin, why, share, best.probability)


def _doubt(best: Candidate, second: Candidate, options: LanguageOptions) -> str:
    """Why the best candidate is not good enough; empty when it is."""
    needed = options.minimums.get(best.language, options.minimum)
    if best.lacks_function_words:
        needed = max(needed, options.minimum_without_words)
    if best.evidence < needed:
        return f"{best.language} has too little evidence (< {needed})"
    if best.evidence - second.evidence < options.margin:
        return f"{best.language} or {second.language}: margin < {options.margin}"
    return ""


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
