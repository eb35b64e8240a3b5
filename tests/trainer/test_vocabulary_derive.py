"""Merge lists derived from ranks: minimal, complete, and the same as an obvious search finds."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.derive import derive_merges
from trainer.reference_encoder import encode_piece
from trainer.vocabulary import Vocabulary

Maker = Callable[..., Vocabulary]


def test_every_token_of_o200k_and_cl100k_is_reachable_by_one_rule(
    o200k: Vocabulary, cl100k: Vocabulary
) -> None:
    for vocabulary, longer_than_a_byte in ((o200k, 199_742), (cl100k, 100_000)):
        made = [token for _, _, token in vocabulary.rules]
        assert len(made) == longer_than_a_byte == len(set(made))
        assert made == sorted(made)
        assert vocabulary.orphans == ()
        assert all(max(left, right) < token for left, right, token in vocabulary.rules)


def test_parts_make_the_token(o200k: Vocabulary) -> None:
    tokens = o200k.tokens
    assert all(tokens[left] + tokens[right] == tokens[token] for left, right, token in o200k.rules)


def test_o200k_is_derived_quickly(o200k: Vocabulary) -> None:
    started = time.process_time()
    derive_merges(o200k.tokens)
    assert time.process_time() - started < 10


def test_hugging_face_s_own_merges_are_found_again(toy: Vocabulary) -> None:
    # `toy` was read from a file whose merges the trainer wrote; reading demands that they agree.
    assert toy.encoding == "ranks"
    assert derive_merges(toy.tokens).merges == toy.rules
    assert len(toy.rules) == 3000 - 2 - 256


def test_an_orphan_has_no_rule(make_vocabulary: Maker) -> None:
    vocabulary = make_vocabulary(b"ab", b"abcd").with_merges()
    assert [vocabulary.tokens[id_] for id_ in vocabulary.orphans] == [b"abcd"]
    assert [token for _, _, token in vocabulary.rules] == [vocabulary.ids_of[b"ab"]]


def test_a_part_may_rank_above_the_whole(make_vocabulary: Maker) -> None:
    vocabulary = make_vocabulary(b"abc", b"ab").with_merges()
    ids = vocabulary.ids_of
    assert (ids[b"ab"], ids[b"c"], ids[b"abc"]) in vocabulary.rules
    assert vocabulary.orphans == ()


def test_equal_pairs_merge_from_the_left(make_vocabulary: Maker) -> None:
    vocabulary = make_vocabulary(b"aa", b"aaa").with_merges()
    ids = vocabulary.ids_of
    assert vocabulary.rules[-1] == (ids[b"aa"], ids[b"a"], ids[b"aaa"])


def test_a_token_whose_byte_is_missing_is_an_orphan() -> None:
    derivation = derive_merges({0: b"a", 1: b"ab"})
    assert derivation.merges == ()
    assert derivation.orphans == (1,)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.text("abc", min_size=2, max_size=6), unique=True, max_size=20))
def test_rules_are_those_that_the_reference_encoder_uses(learned: list[str]) -> None:
    tokens = {0: b"a", 1: b"b", 2: b"c"} | {
        place: token.encode() for place, token in enumerate(learned, start=3)
    }
    vocabulary = Vocabulary("abc", tokens, {}, r"[\s\S]+").with_merges()
    reachable = {
        id_ for id_, token in tokens.items() if encode_piece(vocabulary, token, whole=False) == [id_]
    }
    assert reachable == set(tokens) - set(vocabulary.orphans)
    # Without a token, its own bytes are encoded as just the two parts that its rule names.
    for left, right, made in vocabulary.rules:
        rest = Vocabulary(
            "rest", {id_: token for id_, token in tokens.items() if id_ != made}, {}, r"[\s\S]+"
        )
        assert encode_piece(rest, tokens[made], whole=False) == [left, right]


@pytest.mark.parametrize("learned", [(), (b"ab", b"abc", b"abcd")])
def test_deriving_twice_changes_nothing(make_vocabulary: Maker, learned: tuple[bytes, ...]) -> None:
    vocabulary = make_vocabulary(*learned)
    assert vocabulary.with_merges().rules == derive_merges(vocabulary.tokens).merges
    assert vocabulary.with_merges().with_merges() is vocabulary.with_merges()
