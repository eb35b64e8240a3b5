"""The risk score: clean readings, additive reasons, lists, relatives, and o200k's known tokens."""

from __future__ import annotations

import csv
from pathlib import Path
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.family import Family
from audit.lexicons import UNKNOWN_CHARACTER, Lexicon, explain, load_lexicon
from audit.prevalence import estimate_share, log_odds
from audit.relatives import find_relatives
from audit.results import TokenScore
from audit.risk import RiskOptions, ask_lists, score_tokens
from audit.risk_features import FeatureMaker, core_of, explain_candidates, implied_log_share
from audit.risk_model import Weight, load_risk_model, probability
from audit.scoring import evidence
from audit.token_text import read_tokens
from audit.verdict_checks import check_boilerplate, check_risk
from banlists.lists import load_ban_lists
from trainer.load import load_tokenizer

LABELS = Path(__file__).parents[2] / "banlists" / "labels" / "o200k.tsv"
OTHERS = LABELS.with_name("other_vocabularies.tsv")


def test_the_best_reading_is_the_most_probable_one() -> None:
    lexicon = Lexicon("xx", {"a": -2.0, "b": -2.0, "ab": -3.0})
    assert explain("ab", lexicon).words == ("ab",)
    assert explain("abz", lexicon).log_share == -3.0 + UNKNOWN_CHARACTER
    assert explain("", lexicon).words == ()


def test_chinese_is_read_in_traditional_characters_too() -> None:
    chinese = load_lexicon("zh")
    assert explain("臺灣大學", chinese).log_share == explain("台湾大学", chinese).log_share


@pytest.mark.parametrize(
    ("text", "core"), [(" 天天", "天天"), ("_北京PK", "北京pk"), ("【อ่าน", "อ่าน"), ("!!", "")]
)
def test_cores(text: str, core: str) -> None:
    assert core_of(text) == core


def test_ranks_of_any_vocabulary_are_put_on_one_scale() -> None:
    assert implied_log_share(50_000, 100_000) == implied_log_share(100_000, 200_000)
    assert implied_log_share(10, 100_000) > implied_log_share(1000, 100_000)


def test_relatives_contain_one_another() -> None:
    relatives = find_relatives(["彩票", "天天彩票", "中彩票", "天天"])
    assert relatives.larger["彩票"] == ("中彩票", "天天彩票")
    assert relatives.smaller["天天彩票"] == ("天天", "彩票")
    assert relatives.pairs["彩票"] == 3


def test_a_family_counts_its_risky_members() -> None:
    relatives = find_relatives(["彩票", "天天彩票", "中彩票"])
    family = Family({"天天彩票": (True, "gambling"), "中彩票": (False, None)}, relatives)
    feature = family.feature("彩票")
    assert feature is not None
    assert feature.value == pytest.approx(1 / 3)
    assert "天天彩票" in feature.evidence
    assert family.category("彩票") == "gambling"
    assert family.feature("没有") is None


def test_weights_clip_and_start_at_zero() -> None:
    weight = Weight(per=2.0, zero=1.0, low=0.0, high=3.0)
    assert [weight.points(value) for value in (-5.0, 1.0, 2.0, 9.0)] == [-2.0, 0.0, 2.0, 4.0]


def test_the_scorecard_says_where_it_comes_from() -> None:
    model = load_risk_model()
    assert 0 < model.threshold < 1
    assert model.threshold_reason
    assert model.fitted_on
    assert model.group_of("Han").languages == ("zh", "ja")
    assert model.group_of("Latin") is model.group[-1]


@pytest.fixture(scope="module")
def o200k() -> dict[str, TokenScore]:
    scores = score_tokens(read_tokens(load_tokenizer("o200k_base").tokens), evidence(True))
    return {score.token: score for score in scores}


def test_reasons_add_up_to_the_score(o200k: dict[str, TokenScore]) -> None:
    for score in o200k.values():
        total = probability(sum(reason.points for reason in score.reasons))
        assert score.score == pytest.approx(total, abs=1e-4)
        assert score.flagged == (score.score >= load_risk_model().threshold)
        assert score.flagged == ("pollution" in score.verdicts)


@pytest.mark.parametrize(
    ("token", "category"),
    [
        (" 天天中彩票", "gambling"),
        ("大发快三", "gambling"),
        ("_日本毛片免费视频观看", "adult"),
        (" สล็อต", "gambling"),
        ("출장샵", "adult"),
    ],
)
def test_known_pollution_is_flagged_with_reasons(
    o200k: dict[str, TokenScore], token: str, category: str
) -> None:
    score = o200k[token]
    assert score.flagged
    assert score.category == category
    assert all(reason.evidence for reason in score.reasons)


ORDINARY = ["中国", " 日本", "送料無料", "감사합니다", "ประเทศไทย", "中国特色社会主义"]
# Spam uses these all the time, and so does everybody else.
LOADED = ["彩票", " 彩票", "福利彩票", " 体育彩票", " 天天", "天天", "久久", " 痞客邦", "老司机", " 老司机"]


@pytest.mark.parametrize("token", ORDINARY + LOADED)
def test_ordinary_words_are_not(o200k: dict[str, TokenScore], token: str) -> None:
    assert token not in o200k or not o200k[token].flagged


def test_boilerplate_is_told_but_not_flagged(o200k: dict[str, TokenScore]) -> None:
    score = o200k["風吹けば名無し"]
    assert (score.category, score.flagged) == ("boilerplate", False)
    told = {finding.token for finding in check_boilerplate(list(o200k.values())).findings}
    assert "風吹けば名無し" in told
    assert "風吹けば名無し" not in {finding.token for finding in check_risk(list(o200k.values())).findings}


def test_the_clean_reading_is_shown(o200k: dict[str, TokenScore]) -> None:
    assert o200k[" 天天中彩票"].segmentation == ("天天", "中", "彩票")
    assert o200k[" 天天中彩票"].language == "zh"


def test_every_flag_has_a_clean_reading(o200k: dict[str, TokenScore]) -> None:
    assert all(score.segmentation for score in o200k.values() if score.flagged)
    assert o200k[" เครดิตฟรี"].segmentation == ("เครดิต", "ฟรี")
    assert o200k[" เครดิตฟรี"].language is None


def test_mild_entries_do_not_speak_for_pollution(o200k: dict[str, TokenScore]) -> None:
    reasons = {reason.code: reason for reason in o200k["老司机"].reasons}
    assert reasons["unlisted"].points < 0
    assert "on no core list, only zh-" in reasons["unlisted"].evidence


def test_precision_and_recall_on_the_labels(o200k: dict[str, TokenScore]) -> None:
    """Boilerplate and borderline tokens aside, in zh, ja, ko and th."""
    with LABELS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    by_id = {score.id: score for score in o200k.values()}
    kept = [
        row for row in rows
        if row["language"] in ("zh", "ja", "ko", "th")
        and row["label"] != "borderline" and row["category"] != "boilerplate"
    ]  # fmt: skip
    polluted = {int(row["id"]) for row in kept if row["label"] == "polluted"}
    flagged = {int(row["id"]) for row in kept if int(row["id"]) in by_id and by_id[int(row["id"])].flagged}
    assert len(polluted & flagged) / len(flagged) >= 0.95
    assert len(polluted & flagged) / len(polluted) >= 0.90


def test_scripts_with_spaces_are_left_alone(o200k: dict[str, TokenScore]) -> None:
    texts = read_tokens(load_tokenizer("o200k_base").tokens)
    for script in ("Latin", "Cyrillic", "Arabic", "Devanagari", "Bengali", "Tamil"):
        tokens = sum(text.script == script for text in texts)
        flagged = sum(score.flagged and score.script == script for score in o200k.values())
        assert flagged / tokens <= 0.003


@pytest.fixture(scope="module")
def glm4() -> list[TokenScore]:
    return score_tokens(read_tokens(load_tokenizer("glm4").tokens), evidence(True))


def test_other_vocabularies_start_from_their_own_share(
    o200k: dict[str, TokenScore], glm4: list[TokenScore]
) -> None:
    base = {reason.code: reason.points for reason in o200k["大发快三"].reasons}["base"]
    theirs = {r.points for score in glm4 if score.script == "Han" for r in score.reasons if r.code == "base"}
    assert len(theirs) == 1
    assert theirs.pop() < base - 3


def test_spam_comes_first_then_boilerplate_then_ordinary_words(glm4: list[TokenScore]) -> None:
    """On the labels of glm4's long tokens: the middle of each kind."""
    with OTHERS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    scores = {f"glm4:{score.id}": score.score for score in glm4}
    kinds: dict[str, list[float]] = {"spam": [], "boilerplate": [], "clean": []}
    for row in rows:
        for name in row["ids"].split():
            if name in scores and row["label"] != "borderline":
                spam = row["label"] == "polluted" and row["category"] != "boilerplate"
                kinds["spam" if spam else row["category"] or "clean"].append(scores[name])
    spam, boilerplate, clean = (median(kinds[kind]) for kind in ("spam", "boilerplate", "clean"))
    assert spam >= 0.5 > boilerplate > clean
    assert sum(score >= 0.5 for score in kinds["clean"]) <= 0.01 * len(kinds["clean"])


@given(st.lists(st.floats(-20, 20), max_size=50), st.floats(0.001, 0.5))
def test_a_share_is_one(points: list[float], labelled: float) -> None:
    assert 0 < estimate_share(points, labelled) <= labelled


def test_the_share_follows_the_tokens() -> None:
    few, many = [-6.0] * 990 + [6.0] * 10, [-6.0] * 700 + [6.0] * 300
    assert estimate_share(few, 0.25) < 0.05
    assert estimate_share(many, 0.25) == pytest.approx(0.25, abs=0.02)
    assert log_odds(0.5) == 0


def test_phrases_learned_in_one_go_are_a_chain() -> None:
    tokens = {1: "不代表新浪网".encode(), 2: "不代表新浪网观点".encode(), 900: "我们都知道".encode()}
    candidates = explain_candidates(read_tokens(tokens), [load_lexicon("zh")])
    maker = FeatureMaker(candidates, [load_lexicon("zh")], 1000, ("chain",))
    found = {c.token.id: [feature.value for feature in maker.features(c)] for c in candidates}
    assert found[1]
    assert found[2]
    assert not found[900]


SMALL = {0: b" the", 1: "天天中彩票".encode(), 2: "你好".encode(), 3: "\ufeff출장안마".encode(), 4: b"x"}


def test_without_lists_only_lexicons_speak() -> None:
    scores = score_tokens(read_tokens(SMALL), RiskOptions())
    assert not {reason.code for score in scores for reason in score.reasons} & {"listed", "unlisted"}


def test_by_default_only_tokens_worth_it_are_scored() -> None:
    assert {score.id for score in score_tokens(read_tokens(SMALL), RiskOptions())} == {1, 2, 3}
    assert len(score_tokens(read_tokens(SMALL), RiskOptions(score_all=True))) == len(SMALL)


def test_hidden_characters_make_a_structure_verdict() -> None:
    scores = {score.id: score for score in score_tokens(read_tokens(SMALL), RiskOptions())}
    assert "structure" in scores[3].verdicts
    assert scores[3].category == "control"


def test_the_order_does_not_depend_on_the_input_order() -> None:
    texts = read_tokens(SMALL)
    options = RiskOptions(ask_lists([load_ban_lists(["core"])]))
    assert score_tokens(texts, options) == score_tokens(texts[::-1], options)
