"""The structural checks, each on a small vocabulary that has exactly that fault."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.merge_tree import MergeTree, check_chains, check_single_use
from audit.results import CheckResult
from audit.scripts import is_mixed, main_script, scripts_of
from audit.structure import (
    check_bytes,
    check_duplicates,
    check_holes,
    check_order,
    check_special_tokens,
    check_utf8,
)
from audit.suspicious_text import (
    check_hidden,
    check_lengths,
    check_mixed_scripts,
    hidden_characters,
    matching_patterns,
)
from audit.token_text import Utf8Class, read_token, read_tokens
from trainer.vocabulary import Encoding, Vocabulary

BYTES = {byte: bytes([byte]) for byte in range(256)}


def make(*learned: str | bytes, special: Mapping[str, int] | None = None, start: int = 256) -> Vocabulary:
    tokens = dict(BYTES)
    for place, token in enumerate(learned):
        tokens[start + place] = token.encode() if isinstance(token, str) else token
    return Vocabulary("small", tokens, special or {}, r"[\s\S]+").with_merges()


def messages(result: CheckResult) -> list[tuple[str, str]]:
    return [(finding.severity, finding.token) for finding in result.findings]


def test_a_sound_vocabulary_has_no_structural_errors() -> None:
    vocabulary = make("th", "the")
    assert not check_bytes(vocabulary).findings
    assert not check_duplicates(vocabulary).findings
    assert not check_holes(vocabulary).findings
    assert not check_order(vocabulary).findings


def test_a_missing_byte_is_an_error() -> None:
    tokens = {id_: token for id_, token in BYTES.items() if id_ != 0x41}
    result = check_bytes(Vocabulary("small", tokens, {}, "."))
    assert [finding.severity for finding in result.findings] == ["error"]
    assert "0x41" in result.findings[0].message


def test_duplicates_name_all_ids() -> None:
    tokens = BYTES | {256: b"th", 257: b"th"}
    twice = Vocabulary("small", tokens, {}, ".", encoding=Encoding.UNKNOWN)
    (finding,) = check_duplicates(twice).findings
    assert (finding.severity, finding.id, finding.evidence) == ("note", 257, "[256, 257]")


def test_holes_are_shown_as_ranges() -> None:
    (finding,) = check_holes(make("th", start=260)).findings
    assert finding.message == "4 ids have no token"
    assert finding.evidence == "256..259"


def test_a_part_of_higher_rank_breaks_the_order() -> None:
    (finding,) = check_order(make("the", "th")).findings
    assert finding.token == "the"


@pytest.mark.parametrize(
    ("special", "severities"),
    [
        ({"<|end|>": 300}, []),
        ({"the": 300}, ["error", "warning"]),
        ({"hello world": 300}, ["warning"]),
        ({"<|a|>": 300, "<|a|><|b|>": 301}, ["note"]),
    ],
)
def test_special_tokens(special: dict[str, int], severities: list[str]) -> None:
    result = check_special_tokens(make("th", "the", special=special))
    assert [finding.severity for finding in result.findings] == severities


@pytest.mark.parametrize(
    ("token", "utf8", "text"),
    [
        (b"the", Utf8Class.WHOLE, "the"),
        ("é".encode(), Utf8Class.WHOLE, "é"),
        (b" \xe4\xb8", Utf8Class.ENDS_INSIDE, " "),
        (b"\xb8\xad\xe5\x9b\xbd", Utf8Class.STARTS_INSIDE, "国"),
        (b"\xad\xe5\x9b\xbd\xe4", Utf8Class.BOTH, "国"),
        (b"\xb8\xad", Utf8Class.INSIDE, ""),
        (b"\xf0\x9f\x98", Utf8Class.INSIDE, ""),
        (b"\xc0\x80", Utf8Class.NEVER, ""),
        (b"a\xffb", Utf8Class.NEVER, ""),
        (b"\xed\xa0", Utf8Class.NEVER, ""),
        (b"\x80\x80\x80\x80a", Utf8Class.NEVER, "a"),
    ],
)
def test_utf8_classes(token: bytes, utf8: Utf8Class, text: str) -> None:
    read = read_token(0, token)
    assert read.utf8 is utf8
    if utf8 is not Utf8Class.NEVER:
        assert (read.text, read.head + read.text.encode() + read.tail) == (text, token)


@given(st.text(min_size=1), st.integers(0, 8), st.integers(0, 8))
def test_any_cut_of_any_text_is_read_as_possible(text: str, start: int, stop: int) -> None:
    data = text.encode("utf-8", errors="ignore")
    cut = data[start : len(data) - stop]
    if cut:
        read = read_token(0, cut)
        assert read.utf8 is not Utf8Class.NEVER
        assert read.head + read.text.encode() + read.tail == cut or read.utf8 is Utf8Class.INSIDE


def test_cut_characters_are_notes_and_impossible_bytes_warnings() -> None:
    result = check_utf8(read_tokens(make(b"\xe4\xb8", b"\xc0\x80").tokens))
    assert messages(result) == [("note", "<0xE4><0xB8>"), ("warning", "<0xC0><0x80>")]


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("plain", ""),
        ("\ufeff출장안마", "\ufeff"),
        ("a\u202eb", "\u202e"),
        ("می\u200cخواهم", ""),
        ("\u200b", "\u200b"),
    ],
)
def test_hidden_characters_but_not_joiners_inside_words(text: str, hidden: str) -> None:
    assert hidden_characters(text) == hidden


def test_hidden_characters_inside_a_word_are_warnings() -> None:
    result = check_hidden(read_tokens({1: "\ufeffabc".encode(), 2: "\u200b".encode(), 3: b"\n"}))
    assert messages(result) == [("warning", "\\ufeffabc"), ("note", "\\u200b")]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("someone@example.com", {"an e-mail address", "a domain name"}),
        ("@gmail", {"a mail provider"}),
        ("@param", set()),
        ("@user_1984", {"a handle"}),
        ("+49 30 1234567", {"a telephone number"}),
        ("12345678", set()),
        ("3f2a-9b1c-4d5e", {"a UUID or a part of one"}),
        ("9f86d081884c7d65", {"a key or hash"}),
        ("https://www.", set()),
        ("https://casino.example", {"a URL"}),
        ("window.console", set()),
        ("888.vip", {"a domain name"}),
    ],
)
def test_patterns(text: str, names: set[str]) -> None:
    found = {pattern.name for pattern in matching_patterns(text)}
    assert names <= found if names else not found


@pytest.mark.parametrize(
    ("text", "script"),
    [
        (" the", "Latin"),
        ("12 ", "Common"),
        ("天天中彩票app", "Han"),
        ("お問い合わせ", "Hiragana"),
        ("ｯﾁ", "Katakana"),
        ("bet官网", "Han"),
        ("сайт", "Cyrillic"),
        ("สล็อต", "Thai"),
        ("", "Common"),
        ("𠀀", "Han"),
    ],
)
def test_main_script(text: str, script: str) -> None:
    assert main_script(text) == script


def test_mixed_scripts() -> None:
    assert is_mixed(frozenset({"Latin", "Cyrillic"}))
    assert not is_mixed(frozenset({"Han", "Hiragana", "Katakana"}))
    assert scripts_of("аa1") == {"Cyrillic": 1, "Latin": 1}
    result = check_mixed_scripts(read_tokens({1: "раypal".encode(), 2: "東京タワー".encode()}))
    assert messages(result) == [("note", "раypal")]


def test_length_outliers_need_a_distribution() -> None:
    words = {id_: ("word" + "s" * (id_ % 4)).encode() for id_ in range(40)}
    assert not check_lengths(read_tokens(words)).findings
    words[99] = b"averyveryverylongtokenthatnobodywrites"
    (finding,) = check_lengths(read_tokens(words)).findings
    assert finding.id == 99


def test_chains_are_followed_to_their_end() -> None:
    phrase = make("ab", "abc", "abcd", "abcde", "abcdef")
    (finding,) = check_chains(MergeTree(phrase)).findings
    assert finding.evidence == "abcd → abcde → abcdef"


def test_single_use_counts_parts_and_leaves() -> None:
    tree = MergeTree(make("ab", "abc", "xy"))
    (finding,) = check_single_use(tree).findings
    assert finding.message == "1 tokens are part of exactly one other token, 2 of none"
    assert tree.depth(257) == 2
