"""How the risk score fares where it was not fitted: on languages left out, and in other vocabularies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from audit.results import TokenScore
from audit.risk import RiskOptions, score_tokens
from audit.risk_model import load_risk_model
from audit.scoring import evidence
from audit.token_text import TokenText, read_tokens
from benchmarks.banlist_labels import read_labels
from benchmarks.risk_data import OTHERS, hash_of, make_data
from benchmarks.risk_fit import Flags, Floats, average_precision, fit, precision_recall
from trainer.load import load_tokenizer

LANGUAGES = ("zh", "ja", "ko", "th", "latin")  # every other label counts as `others`
VOCABULARIES = ("qwen3", "glm4", "kimi_k2", "deepseek_v3")
UNSCORED = -30.0  # points of a token that was not worth scoring


@dataclass(frozen=True, slots=True)
class Pooled:
    """The labels of all scripts in one table; the last column is 1 for a match with a core entry."""

    x: Floats
    y: Floats
    language: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """One labelled token of other vocabularies: points in the vocabulary where it scores most."""

    points: float
    polluted: bool
    boilerplate: bool
    stratum: str
    weight: float


def print_without_language(texts: Sequence[TokenText]) -> None:
    """Fit one line on all languages but one, test it on that one."""
    data = _pool(texts)
    print("one line for all scripts, fitted without the language: polluted, clean, AP, precision, recall;")
    print("  the same without lists: AP (nan: nothing polluted)")
    for language in (*LANGUAGES, "others"):
        held = np.array([each == language for each in data.language])
        cells = [_held_out(data, held, columns) for columns in (slice(None), slice(0, data.x.shape[1] - 1))]
        (ap, precision, recall), (ap_alone, _, _) = cells
        print(
            f"  {language}: {int(data.y[held].sum())}, {int((1 - data.y[held]).sum())}, {ap:.3f}, "
            f"{precision:.3f}, {recall:.3f}; {ap_alone:.3f}"
        )


def _held_out(data: Pooled, held: Flags, columns: slice) -> tuple[float, float, float]:
    points = fit(data.x[~held][:, columns], data.y[~held]).points(data.x[held][:, columns])
    y = data.y[held]
    ap = average_precision(y, points) if y.any() else float("nan")
    return ap, *precision_recall(y, points >= 0)


def _pool(texts: Sequence[TokenText]) -> Pooled:
    tables = [make_data(texts, group) for group in load_risk_model().group]
    x = np.concatenate([np.c_[data.x, data.listed] for data in tables])
    names = [label.language for data in tables for label in data.labels]
    language = tuple(name if name in LANGUAGES else "others" for name in names)
    return Pooled(x, np.concatenate([data.y for data in tables]), language)


def print_other_vocabularies() -> None:
    """Average precision on the labels of long tokens of Qwen 3, GLM-4, Kimi K2 and DeepSeek V3."""
    texts = {name: read_tokens(load_tokenizer(name).tokens) for name in VOCABULARIES}
    print(f"other_vocabularies.tsv {hash_of(OTHERS)}: average precision, weighted by stratum")
    print("  with boilerplate / spam alone, boilerplate left out / spam against all the rest")
    for name, options in (("with lists", evidence(True)), ("without lists", RiskOptions())):
        scores = {key: {s.id: s for s in score_tokens(value, options)} for key, value in texts.items()}
        judged = _judge(scores)
        for title, strata in (
            ("5 or more Han characters", {"five"}),
            ("4", {"four-top", "four-drawn"}),
            ("all", None),
        ):
            mine = [each for each in judged if strata is None or each.stratum in strata]
            print(
                f"  {name}, {title}: {_ap(mine):.3f} / {_ap(_without(mine)):.3f} / {_ap(_against(mine)):.3f}"
            )
        flagged = [each for each in judged if each.points >= 0]
        spam = sum(each.polluted and not each.boilerplate for each in flagged)
        print(f"  {name}: {len(flagged)} labelled tokens flagged, {spam} of them spam")
        for key, value in scores.items():
            print(f"    {key}: {sum(score.flagged for score in value.values())} flagged of {len(texts[key])}")


def _judge(scores: Mapping[str, Mapping[int, TokenScore]]) -> list[Judged]:
    judged = []
    for row in read_labels(OTHERS):
        if row["label"] != "borderline":
            places = [place.split(":") for place in row["ids"].split()]
            points = max(_points(scores[name].get(int(id_))) for name, id_ in places)
            boilerplate = row["category"] == "boilerplate"
            polluted = row["label"] == "polluted"
            judged.append(Judged(points, polluted, boilerplate, row["stratum"], float(row["weight"])))
    return judged


def _points(score: TokenScore | None) -> float:
    return sum(reason.points for reason in score.reasons) if score else UNSCORED


def _ap(judged: Sequence[Judged]) -> float:
    y = np.array([float(each.polluted) for each in judged])
    points, weight = (np.array([getattr(each, name) for each in judged]) for name in ("points", "weight"))
    return average_precision(y, points, weight)


def _without(judged: Sequence[Judged]) -> list[Judged]:
    return [each for each in judged if not each.boilerplate]


def _against(judged: Sequence[Judged]) -> list[Judged]:
    return [
        Judged(
            each.points, each.polluted and not each.boilerplate, each.boilerplate, each.stratum, each.weight
        )
        for each in judged
    ]
