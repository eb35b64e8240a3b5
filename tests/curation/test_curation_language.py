"""Language identification: known failures of bare fastText, gates, mixed documents, models' labels."""

from __future__ import annotations

import gzip
import json
import os
from collections import Counter
from pathlib import Path

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from corpora.errors import WrongCall
from curation.function_words import languages_of_word, profiled_languages, string_share, word_shares
from curation.language_codes import language_code
from curation.language_id import LanguageIdentifier
from curation.language_model import LanguageModel, clean_line, default_model_path
from curation.language_options import LanguageOptions
from curation.scripts import SCRIPTS, count_scripts, script_table, scripts_of

DATA = Path(os.environ.get("WINNOW_DATA", Path(__file__).parents[2].parent / "shared" / "data"))
SAMPLE = Path(__file__).parents[2] / "corpora" / "sample" / "clean"
UNKNOWN_TO_LID_176 = {"ts", "xh", "tn", "mi", "st", "lg", "sn", "zu"}

GERMAN = "Der alte Mann saß am Fenster und las in der Zeitung, dass es morgen regnen wird."
FRENCH = "Le vieil homme était assis à la fenêtre et lisait dans le journal que la pluie viendrait."


WORDS = regex.compile(r"[\p{L}\p{M}]+(?:['-][\p{L}\p{M}]+)*|'n(?![\p{L}\p{M}\p{N}_])")


@given(
    st.text(st.sampled_from("abné'-_ 1’ʼ中ก\u0301.") | st.characters(exclude_categories=["Cs"]), max_size=40)
)
@settings(max_examples=400, deadline=None)
def test_words_are_those_of_the_pattern(text: str) -> None:
    words = WORDS.findall(text.replace("’", "'").replace("ʼ", "'"))
    shares, count = word_shares(text)
    assert count == len(words)
    hits = Counter(language for word in words for language in languages_of_word().get(word, ()))
    assert shares == {language: times / len(words) for language, times in hits.items()}


@pytest.fixture(scope="module")
def identifier() -> LanguageIdentifier:
    return LanguageIdentifier()


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("THE OLD MAN SAT AT THE WINDOW AND READ THAT IT WOULD RAIN TOMORROW", "en"),
        ("DER ALTE MANN SASS AM FENSTER UND LAS IN DER ZEITUNG VON GESTERN", "de"),
        ("СТАРИК СИДЕЛ У ОКНА И ЧИТАЛ ГАЗЕТУ О ТОМ, ЧТО БУДЕТ ДОЖДЬ", "ru"),
        ("东京", "zh"),
        ("今天天气很好", "zh"),
        ("これは本です", "ja"),
        ("안녕하세요", "ko"),
        ("สวัสดีครับ", "th"),
        ("Καλημέρα σας", "el"),
        ("გამარჯობა", "ka"),
        ("Ang mga tawo sa isla nagpuyo gikan sa dagat ug sa yuta", "ceb"),
        ("Аԥсуа бызшәа аҟны иҩу ари аҭекст иҟоуп ҳәа аҩҵара", "ab"),
    ],
)
def test_known_failures_of_the_bare_model(identifier: LanguageIdentifier, text: str, language: str) -> None:
    assert identifier.identify(text).language == language


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n\t\r ",
        "\0",
        "12345 67.89 %",
        "!!! ??? ...",
        "\ud800\udfff",
        "🙂🙂🙂",
        "https://example.org/a/b/c",
        "ab",
    ],
)
def test_text_without_words_is_undetermined(identifier: LanguageIdentifier, text: str) -> None:
    verdict = identifier.identify(text)
    assert verdict.language == "und"
    assert verdict.score == 0.0


@pytest.mark.parametrize("joint", [" ", "\n", " | "])
def test_a_menu_of_languages_is_no_language(identifier: LanguageIdentifier, joint: str) -> None:
    names = [
        "English",
        "Deutsch",
        "Français",
        "Español",
        "Português",
        "Italiano",
        "Nederlands",
        "Polski",
        "Svenska",
    ]
    assert identifier.identify(joint.join(names)).language in ("und", "mixed")


def test_line_breaks_nuls_and_lone_surrogates_do_not_matter(identifier: LanguageIdentifier) -> None:
    plain = identifier.identify(GERMAN)
    broken = identifier.identify(GERMAN.replace(" am ", "\nam\0 ").replace(" und ", "\r\nund \ud800"))
    assert plain.language == broken.language == "de"


def test_paragraphs_in_two_languages_are_mixed(identifier: LanguageIdentifier) -> None:
    verdict = identifier.identify(f"{GERMAN}\n{FRENCH}")
    assert verdict.language == "mixed"
    assert "de" in verdict.why
    assert "fr" in verdict.why


def test_a_long_document_whose_ends_differ_is_mixed(identifier: LanguageIdentifier) -> None:
    text = "\n".join([GERMAN] * 8 + [FRENCH] * 8)
    assert identifier.identify(text).language == "mixed"


def test_a_quotation_does_not_make_a_document_mixed(identifier: LanguageIdentifier) -> None:
    assert identifier.identify("\n".join([GERMAN] * 6 + [FRENCH])).language == "de"


def test_script_decides_where_the_model_guesses_another(identifier: LanguageIdentifier) -> None:
    for line in (SAMPLE / "ta.jsonl").read_text(encoding="utf-8").splitlines()[:5]:
        assert identifier.identify(json.loads(line)["text"]).language == "ta"


def test_minimums_can_be_set_per_language() -> None:
    strict = LanguageIdentifier(options=LanguageOptions(minimums={"de": 5.0}))
    assert strict.identify(GERMAN).language == "und"
    assert strict.identify(FRENCH).language == "fr"


@given(st.text(max_size=300))
@settings(max_examples=150, deadline=None)
def test_no_text_raises(text: str) -> None:
    verdict = LanguageIdentifier().identify(text)
    assert verdict.language
    assert 0.0 <= verdict.score <= 1.0


@pytest.mark.parametrize(
    ("label", "code"),
    [
        ("__label__en", "en"),
        ("__label__ceb", "ceb"),
        ("__label__yue", "yue"),
        ("__label__wuu", "wuu"),
        ("__label__eng_Latn", "en"),
        ("__label__cmn_Hani", "zh"),
        ("__label__zho_Hant", "zh"),
        ("__label__ceb_Latn", "ceb"),
        ("__label__arb_Arab", "ar"),
        ("__label__nob_Latn", "no"),
        ("__label__zxx_Zzzz", "und"),
        ("__label__und_Latn", "und"),
        ("pt-BR", "pt"),
    ],
)
def test_labels_of_lid_176_glotlid_and_openlid(label: str, code: str) -> None:
    assert language_code(label) == code


def test_a_missing_or_broken_model_is_a_wrong_call(tmp_path: Path) -> None:
    with pytest.raises(WrongCall, match="no such language model"):
        LanguageModel(tmp_path / "none.ftz")
    broken = tmp_path / "broken.ftz"
    broken.write_bytes(b"not a model at all")
    with pytest.raises(WrongCall, match="not a fastText model"):
        LanguageModel(broken)


def test_any_model_by_path(tmp_path: Path) -> None:
    copy = tmp_path / "model.ftz"
    copy.write_bytes(default_model_path().read_bytes())
    assert LanguageIdentifier(LanguageModel(copy)).identify(FRENCH).language == "fr"


def test_candidates_have_probabilities_best_first() -> None:
    candidates = LanguageModel().candidates("this is an English sentence")
    assert candidates[0][0] == "en"
    values = [probability for _, probability in candidates]
    assert values == sorted(values, reverse=True)
    assert all(0.0 <= value <= 1.001 for value in values)


def test_clean_line_is_one_line_of_valid_lower_case() -> None:
    line = clean_line("A\nB\0C\r\ud83d")
    assert line == "a b c ?"


def test_scripts_cover_the_letters_of_the_sample() -> None:
    table = script_table()
    assert SCRIPTS[table[ord("я")]] == "Cyrl"
    assert SCRIPTS[table[ord("の")]] == "Kana"
    assert count_scripts("漢字かな交じり文").counts == {"Hani": 4, "Kana": 4}
    assert scripts_of("sr") == {"Cyrl", "Latn"}
    assert scripts_of("sw") == {"Latn"}


def test_function_words() -> None:
    shares, words = word_shares("the cat and the dog")
    assert words == 5
    assert shares["en"] == pytest.approx(3 / 5)
    assert "no" in languages_of_word()["ikke"]
    assert {"en", "ru", "hi", "ko"} <= profiled_languages()
    assert string_share("这是我的书", "zh") == pytest.approx(4 / 5)


def test_the_clean_sample_is_identified() -> None:
    identifier = LanguageIdentifier()
    wrong: Counter[tuple[str, str]] = Counter()
    total = 0
    for path in sorted(SAMPLE.glob("*.jsonl")):
        for document in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
            if document["lang"] in ("code", "mul"):
                continue
            total += 1
            found = identifier.identify(document["text"]).language
            if found != document["lang"]:
                wrong[document["lang"], found] += 1
    assert total >= 400
    assert wrong.total() <= 0.02 * total, wrong


@pytest.mark.skipif(not DATA.exists(), reason="the labelled sentences are not here")
def test_accuracy_on_sentences() -> None:
    identifier = LanguageIdentifier()
    right = wrong = total = 0
    with gzip.open(DATA / "multilingual" / "sentences.jsonl.gz", "rt", encoding="utf-8") as file:
        for number, line in enumerate(file):
            sentence = json.loads(line)
            if number % 7 or sentence["lang"] in UNKNOWN_TO_LID_176:
                continue
            total += 1
            expected = {"nb": "no"}.get(sentence["lang"], sentence["lang"])
            found = identifier.identify(sentence["text"]).language
            right += found == expected
            wrong += found not in (expected, "und", "mixed")
    assert right / total >= 0.90
    assert wrong / total <= 0.07
