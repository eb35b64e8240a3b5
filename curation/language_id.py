"""Documents → languages: both ends, a sample, and the paragraphs where those leave a doubt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from curation.language_codes import UNDETERMINED
from curation.language_model import LanguageModel
from curation.language_options import LanguageOptions
from curation.language_piece import enough_letters, identify_piece
from curation.language_verdict import MIXED, Verdict
from curation.scripts import ScriptShare, count_scripts

# Leads in evidence above which paragraphs are not looked at one by one: where the ends were looked at before,
# and in documents so short that they were not.
_SURE, _SURE_WHEN_SHORT = 0.5, 0.8


class LanguageIdentifier:
    """Identifies languages with one model and one set of thresholds."""

    def __init__(self, model: LanguageModel | None = None, options: LanguageOptions | None = None) -> None:
        self.model = model or LanguageModel()
        self.options = options or LanguageOptions()

    def identify_all(self, texts: Sequence[str]) -> list[Verdict]:
        """One verdict per text."""
        return [self.identify(text) for text in texts]

    def identify(self, text: str) -> Verdict:
        """The language of one text; never raises for any string."""
        head, window = text[: self.options.characters], self.options.window
        if len(head) <= 2 * window:
            return self._identify_short(head)
        first, last = self._piece(head[:window]), self._piece(head[-window:])
        same = first.language == last.language != UNDETERMINED
        if same and min(first.margin, last.margin) >= self.options.window_margin:
            return _both(first, last)
        whole = self._piece(_sample(head, self.options.sample))
        scripts = count_scripts(head)
        languages = {first.language, last.language} - {UNDETERMINED}
        if _two_scripts(scripts) or len(languages) > 1 or (not same and whole.margin < _SURE):
            return self._by_paragraphs(head, scripts, whole)
        return whole

    def _identify_short(self, text: str) -> Verdict:
        whole = self._piece(text)
        if "\n" not in text:
            return whole
        scripts = count_scripts(text)
        if whole.margin < _SURE_WHEN_SHORT or _two_scripts(scripts):
            return self._by_paragraphs(text, scripts, whole)
        return whole

    def _piece(self, piece: str) -> Verdict:
        return identify_piece(piece, self.model, self.options)

    def _by_paragraphs(self, head: str, scripts: ScriptShare, whole: Verdict) -> Verdict:
        """`mixed` when the long paragraphs are in different languages, else the verdict on the whole."""
        options = self.options
        pieces = [piece for piece in head.split("\n") if len(piece) >= options.paragraph_letters]
        if len(pieces) < 2 or not enough_letters(scripts, options):
            return whole
        shares = self._paragraph_shares(_spread(pieces, options.paragraphs))
        if len(shares) < 2 or shares[0][1] > options.mixed_share:
            return _with_shares(whole, shares)
        if shares[1][1] < (1 - options.mixed_share) / 2:
            return _with_shares(whole, shares)
        parts = ", ".join(f"{language} {share:.0%}" for language, share in shares[:3])
        margin = round(shares[0][1] - shares[1][1], 4)
        return Verdict(MIXED, shares[0][1], margin, f"paragraphs in {parts}", shares=shares)

    def _paragraph_shares(self, pieces: Sequence[str]) -> tuple[tuple[str, float], ...]:
        """(language, share of the letters) of paragraphs whose language is clear, largest share first."""
        letters: dict[str, int] = {}
        for piece in pieces:
            verdict = self._piece(piece[: self.options.paragraph_characters])
            if verdict.language != UNDETERMINED:
                letters[verdict.language] = letters.get(verdict.language, 0) + count_scripts(piece).letters
        total = sum(letters.values())
        ranked = sorted(letters.items(), key=lambda pair: (-pair[1], pair[0]))
        return tuple((language, round(count / total, 4)) for language, count in ranked)


def _both(first: Verdict, last: Verdict) -> Verdict:
    """The verdict of two pieces that agree: the weaker one, with the mean share of function words, and the
    greater probability (that of a whole text is greater than that of its pieces).
    """
    weaker = min(first, last, key=lambda verdict: verdict.margin)
    share = (first.function_share + last.function_share) / 2
    return replace(weaker, function_share=share, probability=max(first.probability, last.probability))


def _with_shares(verdict: Verdict, shares: tuple[tuple[str, float], ...]) -> Verdict:
    return replace(verdict, shares=shares)


def _sample(head: str, size: int) -> str:
    """The beginning, middle and end of a text, together about `size` characters."""
    if len(head) <= size:
        return head
    third, middle = size // 3, (len(head) - size // 3) // 2
    return "\n".join([head[:third], head[middle : middle + third], head[-third:]])


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
