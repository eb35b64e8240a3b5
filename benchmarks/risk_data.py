"""What the risk score is fitted and measured on: labelled tokens with their features."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from audit.lexicons import load_lexicon
from audit.risk import ask_lists
from audit.risk_features import Candidate, FeatureMaker, explain_candidates
from audit.risk_model import Group, load_risk_model
from audit.scoring import evidence_lists
from audit.token_text import TokenText, read_tokens
from benchmarks import banlist_labels
from benchmarks.risk_fit import Flags, Floats
from trainer.load import load_tokenizer

LABELS = Path(__file__).parents[1] / "banlists" / "labels"
O200K, OTHERS = LABELS / "o200k.tsv", LABELS / "other_vocabularies.tsv"
CODES = ("lift", "word", "words", "pairs", "characters", "space", "glue", "mixed", "supers")
HOLDS = frozenset({"word", "space", "glue", "mixed"})  # these hold or not: their points start at 0
CLIP = (1.0, 99.0)  # percentiles at which values are cut


@dataclass(frozen=True, slots=True)
class Label:
    """One labelled token of o200k."""

    id: int
    label: str
    category: str
    language: str

    @property
    def fits(self) -> bool:
        """Whether it is in the fit: neither borderline nor boilerplate."""
        return self.label != "borderline" and self.category != "boilerplate"

    @property
    def polluted(self) -> bool:
        """Whether it is spam."""
        return self.label == "polluted" and self.category != "boilerplate"


@dataclass(frozen=True, slots=True)
class Scale:
    """How values become columns: cut to low..high, minus zero; a feature that is absent is 0."""

    low: Floats
    high: Floats
    zero: Floats

    def columns(self, values: Floats) -> Floats:
        """Shape (rows, codes), NaN where absent → the same shape without NaN."""
        moved: Floats = np.clip(values, self.low, self.high) - self.zero
        return np.nan_to_num(moved, nan=0.0)


@dataclass(frozen=True, slots=True)
class Data:
    """Labelled tokens: features (rows, codes), 1 for polluted, whether a core entry matches, languages."""

    x: Floats
    y: Floats
    listed: Flags
    labels: tuple[Label, ...]
    cores: tuple[str, ...]
    family: Mapping[str, Sequence[str]]
    scale: Scale


def read_labels() -> list[Label]:
    """All labels of o200k."""
    rows = banlist_labels.read_labels(O200K)
    return [Label(int(row["id"]), row["label"], row["category"], row["language"]) for row in rows]


def hash_of(path: Path) -> str:
    """The beginning of the SHA-256 of a file, in hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def o200k_texts() -> list[TokenText]:
    """All tokens of o200k_base."""
    return read_tokens(load_tokenizer("o200k_base").tokens)


def make_data(texts: Sequence[TokenText], group: Group, codes: Sequence[str] = CODES) -> Data:
    """The labelled tokens of one group of scripts."""
    lexicons = [load_lexicon(language) for language in group.languages]
    everything = group is load_risk_model().group[-1]
    named = {script for each in load_risk_model().group for script in each.scripts}
    tokens = [
        text for text in texts
        if sum(map(str.isalpha, text.text)) >= 2
        and (text.script not in named if everything else text.script in group.scripts)
    ]  # fmt: skip
    labels = {label.id: label for label in read_labels() if label.fits}
    wanted = tokens if not everything else [token for token in tokens if token.id in labels]
    candidates = explain_candidates(wanted, lexicons)
    maker = FeatureMaker(candidates, lexicons, len(texts), codes)
    rows = [candidate for candidate in candidates if candidate.token.id in labels]
    values = _values(rows, maker, codes)
    scale = _scale(_values(candidates, maker, codes), values, codes)
    ask = ask_lists(evidence_lists(True, ()))
    kept = tuple(labels[candidate.token.id] for candidate in rows)
    return Data(
        scale.columns(values),
        np.array([float(label.polluted) for label in kept]),
        np.array([(match := ask(c.token.bytes)) is not None and match.severity == "core" for c in rows]),
        kept,
        tuple(candidate.core for candidate in rows),
        {c.core: _relatives(maker, c.core) for c in rows},
        scale,
    )


def _relatives(maker: FeatureMaker, core: str) -> tuple[str, ...]:
    return (*maker.relatives.larger.get(core, ()), *maker.relatives.smaller.get(core, ()))


def _values(candidates: Sequence[Candidate], maker: FeatureMaker, codes: Sequence[str]) -> Floats:
    rows = [{f.code: f.value for f in maker.features(candidate)} for candidate in candidates]
    return np.array([[row.get(code, np.nan) for code in codes] for row in rows])


def _scale(everything: Floats, labelled: Floats, codes: Sequence[str]) -> Scale:
    absent = np.isnan(everything).all(axis=0) | np.isnan(labelled).all(axis=0)
    low, high = np.nanpercentile(np.where(absent, 0.0, everything), CLIP, axis=0)
    zero = np.nanmean(np.where(absent, 0.0, np.clip(labelled, low, high)), axis=0)
    holds = np.array([code in HOLDS for code in codes])
    return Scale(np.where(holds, 0.0, low), np.where(holds, 1.0, high), np.where(holds, 0.0, zero))
