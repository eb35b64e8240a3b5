"""Signals: each on text made for it, the kernels against plain Python, and robustness."""

from __future__ import annotations

import math
import unicodedata
from pathlib import Path

import numpy as np
import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.counting import Counted, count
from curation.language_verdict import UNKNOWN, Verdict
from curation.leaks import found_leak_marks, leak_points
from curation.measuring import SPAM_SCORE, measure_counted, pack
from curation.patterns import board_lines, generated_marks, mojibake_count
from curation.phrase_kernel import build_trie, count_phrases
from curation.points import decode, fold_table, read_text, styled_table
from curation.rules import load_rules
from curation.signals import SIGNALS
from curation.spam_score import load_spam_model


def counted(*texts: str, language: str = "und") -> Counted:
    verdict = UNKNOWN if language == "und" else Verdict(language, 1.0, 1.0, "test", 0.2)
    return count(pack(texts, [verdict] * len(texts)))


def signal(name: str, text: str) -> float:
    return float(measure_counted(counted(text), [name])[name][0])


ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)


@given(st.lists(ANY_TEXT, min_size=1, max_size=4))
@settings(max_examples=150, deadline=None)
def test_decoding_agrees_with_python(texts: list[str]) -> None:
    batch = pack(texts, [UNKNOWN] * len(texts))
    points, starts = decode(batch.data, batch.offsets)
    for index, text in enumerate(texts):
        assert "".join(map(chr, points[starts[index] : starts[index + 1]])) == text


@given(ANY_TEXT)
@settings(max_examples=150, deadline=None)
def test_shares_of_characters_agree_with_regex(text: str) -> None:
    patterns = {
        "letter_share": r"\p{L}",
        "digit_share": r"\p{N}",
        "punctuation_share": r"\p{P}",
        "symbol_share": r"\p{S}",
        "space_share": r"\s",
        "private_share": r"\p{Co}",
        "unassigned_share": r"\p{Cn}",
    }
    found = measure_counted(counted(text), list(patterns))
    for name, pattern in patterns.items():
        expected = len(regex.findall(pattern, text, flags=regex.V1)) / max(1, len(text))
        assert float(found[name][0]) == pytest.approx(expected), name


@given(st.lists(ANY_TEXT, min_size=1, max_size=3))
@settings(max_examples=60, deadline=None)
def test_every_signal_is_finite_or_does_not_apply(texts: list[str]) -> None:
    table = measure_counted(counted(*texts), [*SIGNALS, SPAM_SCORE])
    for name, column in table.items():
        assert column.shape == (len(texts),), name
        assert not np.isinf(column).any(), name


def test_a_document_is_measured_alike_alone_and_among_others() -> None:
    texts = [
        "casino bonus " * 20,
        "",
        "Ein Satz. Noch ein Satz.\nNoch eine Zeile.",
        "天天中彩票怎么 天天中彩票官网 " * 9,
    ]
    together = measure_counted(counted(*texts), [*SIGNALS, SPAM_SCORE])
    for index, text in enumerate(texts):
        alone = measure_counted(counted(text), [*SIGNALS, SPAM_SCORE])
        for name, column in alone.items():
            assert np.array_equal(column[0], together[name][index], equal_nan=True), name


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("characters", "héllo", 5),
        ("upper_share", "ABcd", 0.5),
        ("emoji_share", "🙂a", 0.5),
        ("invisible_share", "\ufeffabc", 0.25),
        ("invisible_share", "می\u200cشود", 0.0),
        ("control_share", "a\x00b\x01", 0.5),
        ("control_share", "a\tb\n", 0.0),
        ("replacement_share", "a\ufffd", 0.5),
        ("styled_share", "𝗔𝗕cd", 0.5),
        ("bracket_share", "{a;", 2 / 3),
        ("glued_share", "_天_天", 0.5),
        ("glued_share", "snake_case_name", 0.0),
        ("mixed_word_share", "pаypal", 0.5),  # а is Cyrillic; one word out of one, plus one
        ("lucky_name_share", "hoki777", 0.5),
        ("lucky_name_share", "sha256", 0.0),
        ("lucky_name_share", "ton4d", 1 / 3),
        ("spelled_share", "H o k i 7", 5 / 9),
        ("spelled_share", "I am a man", 0.0),
        ("urls", "see https://a.example/b now", 1.0),
        ("url_share", "https://a.example", 12 / 17),
        ("mean_word_length", "aa bbbb", 3.0),
        ("lines", "a\n\nb\n", 2),
        ("longest_line", "ab\nabcd", 4),
        ("short_line_share", "a\n" + "b" * 40, 0.5),
        ("ended_line_share", "One.\nTwo", 0.5),
        ("ended_line_share", "一。\n二！\n三」", 1.0),
        ("bullet_line_share", "• a\nb", 0.5),
        ("ellipsis_line_share", "a...\nb…\nc\nd", 0.5),
        ("repeated_line_share", "x\ny\nx\nx", 0.5),
        ("repeated_line_characters", "xx\nyy\nxx", 1 / 3),
        ("template_line_share", "day 1\nday 22\nday 3\nday 4", 0.5),
        ("repeated_paragraph_share", "a b\n\nc\n\na b", 1 / 3),
        ("sentences", "One. Two! Three?", 3),
        ("curly_brackets", "{{}", 2),
        ("words", "one two three", 3),
        ("words", "一二三四", 2),
        ("wordy_share", "one 2 three 4", 0.5),
        ("hashes", "# a #b c", 0.5),
        ("ellipses", "a ... b c…", 0.5),
        ("stop_words", "the end of it", 2),
    ],
)
def test_signals_on_text_made_for_them(name: str, text: str, expected: float) -> None:
    assert signal(name, text) == pytest.approx(expected)


def test_words_of_scripts_without_spaces_have_no_mean_length() -> None:
    assert math.isnan(signal("mean_word_length", "今天天气很好我们去公园"))
    assert math.isnan(signal("stop_words", "今天天气很好我们去公园"))


def test_repetition_is_seen_without_spaces() -> None:
    varied = "".join(chr(0x4E00 + 7 * number) for number in range(300))
    assert signal("repeated_grams", varied) == 0.0
    assert signal("repeated_grams", "天天中彩票官网" * 30) > 0.9
    assert signal("repeated_grams", "buy cheap pills online " * 30) > 0.9
    assert signal("compression_ratio", "buy cheap pills online " * 30) < 0.2


def test_one_stem_with_rotating_tails() -> None:
    tails = ["怎么", "官网", "提现", "平台", "注册", "开奖", "走势", "下载", "代理", "充值"]
    spam = " ".join(f"天天中彩票{tail}" for tail in tails)
    assert signal("stem_tails", spam) >= 8
    assert signal("top_stem_share", spam) > 0.4


def test_contact_numbers_need_a_messenger() -> None:
    assert signal("contact_numbers", "微信 123456789") == 1.0
    assert signal("contact_numbers", "地震 123456789") == 0.0


def test_gopher_repetition_follows_the_paper() -> None:
    text = "one two three four five six " * 4
    assert signal("top_2_gram", text) == pytest.approx(9 / 22)  # `three four` covers most
    assert signal("repeated_5_grams", text) > 0.5


def plain_phrase_letters(text: str, phrases: list[str]) -> int:
    """The slow, obvious matcher: leftmost longest, whole words for Latin letters."""
    folded = "".join(unicodedata.normalize("NFKC", character).lower() for character in text)
    at = found = 0
    while at < len(folded):
        inside = at > 0 and folded[at - 1].isalpha() and folded[at].isalpha()
        best = 0
        for phrase in phrases:
            stem = phrase.removesuffix("*")
            if inside or not folded.startswith(stem, at):
                continue
            following = folded[at + len(stem) : at + len(stem) + 1]
            if phrase.endswith("*") or not (stem[-1].isalpha() and following.isalpha()):
                best = max(best, len(stem))
        found += best
        at += max(1, best)
    return found


@given(st.text(alphabet="abc d", max_size=60))
@settings(max_examples=300, deadline=None)
def test_phrases_agree_with_a_plain_matcher(text: str) -> None:
    text = " ".join(text.split())
    phrases = ["ab", "abc", "ab c", "ca*", "b d", "dd"]
    batch = pack([text], [UNKNOWN])
    covered, _ = count_phrases(read_text(batch.data, batch.offsets), build_trie({"topic": phrases}))
    assert covered[0, 0] == plain_phrase_letters(text, phrases)


def test_phrases_fold_width_style_and_case_and_span_white_space() -> None:
    batch = pack(["ＣＡＳＩＮＯ 𝗯𝗼𝗻𝘂𝘀 Free \n spins"], [UNKNOWN])
    trie = build_trie({"t": ["casino", "bonus", "free spins"]})
    _, different = count_phrases(read_text(batch.data, batch.offsets), trie)
    assert different[0, 0] == 3


def test_a_phrase_of_one_character_is_refused() -> None:
    with pytest.raises(ValueError, match="two characters"):
        build_trie({"topic": ["a"]})


def test_tables() -> None:
    assert fold_table()[ord("Ａ")] == ord("a")
    assert styled_table()[ord("𝟳")]
    assert not styled_table()[ord("a")]


@pytest.mark.parametrize(
    "text",
    [
        "Let us send it. assistant to=functions.read  天天中彩票 json {}",
        "numerusformanalysis to=functions.exec_command 彩神争霸",
        "ҟоупanalysis to=functions.shell 】【。】【”】【 code",
        "*** End Patch assistant to=functions.apply_patch commentary need valid JSON",
    ],
)
def test_leaked_tool_calls(text: str) -> None:
    assert leak_points(text) >= 2, found_leak_marks(text)


@pytest.mark.parametrize(
    "text",
    [
        "TOKENS = ['<|start|>', 'assistant to=functions.my_tool', '<|channel|>', 'commentary']",
        "The parameter to=functions.name selects the function that is called.",
        "<numerusform>%n file</numerusform>",
        "addComment: 'Ավելացնել մեկնաբանություն'",
        "中国福利彩票发行管理中心",
        "【一】【二】【三】 ♀ +#+#+",
    ],
)
def test_look_alikes_of_leaks_pass(text: str) -> None:
    assert leak_points(text) < 2, found_leak_marks(text)


def test_boards_generated_files_and_mojibake() -> None:
    posts = "\n".join(
        f"{n} ：名無しさん：2012/10/12(木) 11:22:{n} ID:l7YIUqs{n}0\nはい" for n in range(10, 20)
    )
    assert board_lines(posts, 20.0) == pytest.approx(0.5)
    assert board_lines("A plain letter.\n" * 5, 5.0) == 0.0
    assert generated_marks("// Code generated by tool. DO NOT EDIT.") == 1.0
    assert mojibake_count("Ã©tÃ© â€œtextâ€") >= 3
    assert mojibake_count("été “text”") == 0.0


def test_the_spam_score_explains_itself() -> None:
    model = load_spam_model()
    spam = (
        "Daftar sekarang di situs slot gacor terpercaya, bonus new member, jackpot maxwin setiap hari. " * 4
    )
    honest = "Die Katze schläft auf dem Sofa. Draußen regnet es, und der Nachbar holt die Wäsche herein. " * 4
    for text, is_spam in ((spam, True), (honest, False)):
        columns = measure_counted(counted(text), [*model.signals, SPAM_SCORE])
        parts = model.contributions(columns, 0)
        odds = model.intercept + sum(part[2] for part in parts)
        assert float(columns[SPAM_SCORE][0]) == pytest.approx(1 / (1 + math.exp(-odds)))
        assert (odds > 0) is is_spam


def test_every_signal_says_what_it_is() -> None:
    for each in SIGNALS.values():
        assert each.unit
        assert each.source
        assert each.meaning


def test_the_documentation_names_every_signal_and_rule() -> None:
    text = (Path(__file__).parents[2] / "docs" / "curation.md").read_text(encoding="utf-8")
    names = [*SIGNALS, *(rule.name for rule in load_rules("default").rules)]
    assert [name for name in names if f"`{name}`" not in text] == []
