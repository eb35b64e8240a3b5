"""Reachability and round trip: witnesses are real, orphans are named, and libraries are compared."""

from __future__ import annotations

from dataclasses import replace

import pytest
import tiktoken

from audit.engines import Engine, encode_tokens, make_engines, text_engine
from audit.reach import check_reach, orphan_ids, reach_tokens, summarize
from audit.round_trip import check_agreement, check_round_trip, random_texts
from audit.token_text import read_tokens
from trainer.exports import to_tiktoken
from trainer.load import load_tokenizer
from trainer.pretokenize import PATTERNS
from trainer.vocabulary import Encoding, Vocabulary

BYTES = {byte: bytes([byte]) for byte in range(256)}
WORDS = r" ?[a-z]+| ?[^\sa-z]+|\s+"


def make(*learned: bytes, pattern: str = WORDS) -> Vocabulary:
    tokens = BYTES | {256 + place: token for place, token in enumerate(learned)}
    return Vocabulary("small", tokens, {}, pattern).with_merges()


def reach(vocabulary: Vocabulary) -> dict[bytes, tuple[str, str]]:
    texts, engines = read_tokens(vocabulary.tokens), make_engines(vocabulary)
    states = reach_tokens(vocabulary, texts, encode_tokens(texts, engines), engines[0])
    return {state.token.bytes: (state.state, state.witness) for state in states}


def test_a_word_is_direct() -> None:
    assert reach(make(b"th", b"the"))[b"the"] == ("direct", "the")


def test_a_token_across_pretokens_is_an_orphan() -> None:
    assert reach(make(b"a1"))[b"a1"] == ("orphan", "")


def test_a_token_kept_whole_only_by_its_neighbour_is_in_context() -> None:
    vocabulary = make(b"ab", pattern=r"ab(?=s)|[\s\S]")
    assert reach(vocabulary)[b"ab"] == ("in-context", "abs")


def test_whole_piece_lookup_does_not_hide_a_token_without_merges() -> None:
    vocabulary = make(b"abcd")
    texts, engines = read_tokens(vocabulary.tokens), make_engines(vocabulary)
    result = check_reach(vocabulary, texts, encode_tokens(texts, engines), engines)
    (finding,) = [finding for finding in result.findings if finding.id == 256]
    assert finding.severity == "warning"
    assert "only as a whole pretoken" in finding.message


def test_orphans_are_errors_and_counted() -> None:
    vocabulary = make(b"a1")
    texts, engines = read_tokens(vocabulary.tokens), make_engines(vocabulary)
    result = check_reach(vocabulary, texts, encode_tokens(texts, engines), engines)
    assert orphan_ids([result]) == {256}
    assert summarize(len(texts), result).orphan == 1


def test_a_cut_character_gets_a_text_that_completes_it() -> None:
    token = "中".encode()[:2]
    state, witness = reach(make(token, pattern=r"[\s\S]+"))[token]
    assert state == "direct"
    assert 256 in to_tiktoken(make(token, pattern=r"[\s\S]+")).encode_ordinary(witness)


def test_a_vocabulary_that_cannot_encode_is_skipped_with_a_reason() -> None:
    vocabulary = replace(make(b"th"), encoding=Encoding.UNKNOWN)
    texts = read_tokens(vocabulary.tokens)
    assert make_engines(vocabulary) == ()
    assert text_engine(vocabulary) is None
    encoded = encode_tokens(texts, ())
    for result in (
        check_reach(vocabulary, texts, encoded, ()),
        check_round_trip(encoded, ()),
        check_agreement(encoded, (), WORDS),
    ):
        assert result.skipped


def test_three_engines_agree_on_a_sound_vocabulary() -> None:
    vocabulary = make(b"th", b"the", b" t", b" the")
    texts, engines = read_tokens(vocabulary.tokens), make_engines(vocabulary)
    assert [engine.name for engine in engines] == ["tiktoken", "tokenizers", "reference"]
    encoded = encode_tokens(texts, engines)
    assert not check_round_trip(encoded, engines).findings
    assert not check_agreement(encoded, engines, WORDS).findings


def test_a_library_that_differs_or_loses_text_is_found() -> None:
    vocabulary = make(b"th", b"the")
    texts, engines = read_tokens(vocabulary.tokens), make_engines(vocabulary)
    broken = Engine("broken", lambda texts: [list(text.encode()) for text in texts], lambda ids: b"?")
    engines = (engines[0], broken)
    encoded = encode_tokens(texts, engines)
    lost = check_round_trip(encoded, engines).findings
    assert {finding.message for finding in lost} == {"broken loses it"}
    differing = check_agreement(encoded, engines, WORDS).findings
    assert any("tiktoken and broken differ" in finding.message for finding in differing)


def test_unicode_versions_that_differ_are_no_disagreement() -> None:
    """U+3D967 is a letter to newer engines only; they cut `\\c` after it in different places."""
    pattern = PATTERNS["o200k"]
    vocabulary = make(rb"\c", "K\U0003d967\\c".encode(), pattern=pattern)
    texts, engines = read_tokens(vocabulary.tokens), make_engines(vocabulary)
    encoded = encode_tokens(texts, engines)
    assert not check_agreement(encoded, engines, pattern).findings


def test_a_token_that_common_neighbours_take_apart_is_still_found() -> None:
    """Every usual sign before the line end is merged with it first; a rare one is not."""
    taken = [sign.encode()[-1:] + b"\n" for sign in ".“(/'"]
    vocabulary = make(*taken, b"//", b"\n//", pattern=PATTERNS["o200k"])
    state, witness = reach(vocabulary)[b"\n//"]
    assert state == "in-context"
    assert vocabulary.ids_of[b"\n//"] in to_tiktoken(vocabulary).encode_ordinary(witness)


def test_random_texts_are_the_same_every_time() -> None:
    texts = read_tokens(make(b"th", b"the").tokens)
    assert random_texts(texts) == random_texts(texts)


@pytest.fixture(scope="module")
def o200k() -> Vocabulary:
    return load_tokenizer("o200k_base").with_merges()


def test_o200k_has_no_orphans_and_twelve_tokens_in_context(o200k: Vocabulary) -> None:
    texts = read_tokens(o200k.tokens)
    engines = make_engines(o200k)[:1]
    result = check_reach(o200k, texts, encode_tokens(texts, engines), engines)
    summary = summarize(len(texts), result)
    assert (summary.in_context, summary.orphan) == (12, 0)
    encoding: tiktoken.Encoding = to_tiktoken(o200k)
    states = reach_tokens(o200k, texts, encode_tokens(texts, engines), engines[0])
    witnessed = [state for state in states if state.state == "in-context"]
    assert {state.token.text for state in witnessed} >= {" I'", "\n//", "亚洲AV"}
    for state in witnessed:
        assert state.token.id in encoding.encode_ordinary(state.witness)
        assert encoding.encode_ordinary(state.token.text) != [state.token.id]
