"""Tokens taken out of a finished vocabulary: the closure, the ids, and what encoders do afterwards."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpora.errors import WinnowError
from trainer.exports import to_tiktoken, write_exports
from trainer.load import load_tokenizer
from trainer.reference_encoder import decode_bytes, encode, encode_piece
from trainer.removal import remove_tokens
from trainer.verify import verify_exports
from trainer.vocabulary import Vocabulary

Maker = Callable[..., Vocabulary]


@pytest.fixture
def chain(make_vocabulary: Maker) -> Vocabulary:
    """`th` → `the` → ` the`; `he` → `hem` → `them` is built apart from `the`... and `xy` from neither."""
    return make_vocabulary(b"th", b"the", b" the", b"xy", special=("<s>",))


def test_everything_built_on_a_banned_token_goes(chain: Vocabulary) -> None:
    ids = chain.ids_of
    removal = remove_tokens(chain, [ids[b"th"]])
    assert removal.removed == (ids[b"th"], ids[b"the"], ids[b" the"])
    assert removal.dependents == (ids[b"the"], ids[b" the"])
    assert set(removal.vocabulary.ids_of) == set(ids) - {b"th", b"the", b" the"}
    assert ids[b"xy"] in {made for _, _, made in removal.vocabulary.rules}


def test_orphans_are_the_dependents_that_nothing_else_makes(make_vocabulary: Maker) -> None:
    """`abc` comes from `ab`+`c`; without `ab`, `a`+`bc` would make it. `abd` has no other way."""
    vocabulary = make_vocabulary(b"ab", b"bc", b"abc", b"abd")
    ids = vocabulary.ids_of
    removal = remove_tokens(vocabulary, [ids[b"ab"]])
    assert removal.dependents == (ids[b"abc"], ids[b"abd"])
    assert removal.orphans == (ids[b"abd"],)


def test_kept_ids_leave_tombstones(chain: Vocabulary) -> None:
    removal = remove_tokens(chain, [chain.ids_of[b"th"]])
    after = removal.vocabulary
    assert after.tombstones == frozenset(removal.removed)
    assert after.rows == chain.rows
    assert after.size == chain.size - 3
    assert all(after.tokens[id_] == chain.tokens[id_] for id_ in after.tokens)
    assert all(old == new for old, new in removal.id_remap.items())


def test_compact_ids_keep_the_order(chain: Vocabulary) -> None:
    removal = remove_tokens(chain, [chain.ids_of[b"th"]], "compact")
    after = removal.vocabulary
    assert after.tombstones == frozenset()
    assert sorted([*after.tokens, *after.special_tokens.values()]) == list(range(after.size))
    assert sorted(removal.id_remap) == sorted(
        {*chain.tokens, *chain.special_tokens.values()} - set(removal.removed)
    )
    for old, new in removal.id_remap.items():
        assert chain.bytes_of(old) == after.bytes_of(new)
    assert list(removal.id_remap.values()) == sorted(removal.id_remap.values())


def test_nothing_banned_changes_nothing(chain: Vocabulary) -> None:
    removal = remove_tokens(chain, [])
    assert removal.removed == ()
    assert removal.vocabulary == chain.with_merges()


@pytest.mark.parametrize(
    ("id_", "says"), [(0, "no ordinary token"), (5, "single byte"), (9999, "no ordinary")]
)
def test_what_cannot_be_removed(chain: Vocabulary, id_: int, says: str) -> None:
    with pytest.raises(WinnowError, match=says):
        remove_tokens(chain, [id_])


def test_a_sentencepiece_vocabulary_is_refused() -> None:
    with pytest.raises(WinnowError, match="sentencepiece"):
        remove_tokens(load_tokenizer("llama2"), [400])


@settings(max_examples=60, deadline=None)
@given(banned=st.sets(st.integers(258, 2999), max_size=12))
def test_survivors_are_merged_as_before(toy: Vocabulary, banned: set[int]) -> None:
    """Closure means that no derivation of a survivor changes, and that no new orphan appears."""
    removal = remove_tokens(toy, banned)
    after, removed = removal.vocabulary, set(removal.removed)
    assert after.rules == tuple(rule for rule in toy.rules if removed.isdisjoint(rule))
    assert after.orphans == ()
    for id_ in removed:
        pieces = encode_piece(after, toy.tokens[id_])
        assert removed.isdisjoint(pieces)
        assert decode_bytes(after, pieces) == toy.tokens[id_]


@pytest.mark.parametrize("ids", ["keep", "compact"])
def test_no_text_gives_a_removed_token(toy: Vocabulary, texts: list[str], ids: str, tmp_path: Path) -> None:
    banned = range(300, 3000, 60)
    removal = remove_tokens(toy, banned, "compact" if ids == "compact" else "keep")
    after = removal.vocabulary
    write_exports(tmp_path, after)
    spelled = [
        b" ".join([toy.tokens[id_], toy.tokens[id_]]).decode("utf-8", "ignore") for id_ in removal.removed
    ]
    verify_exports(tmp_path, after, [*texts, *spelled], adversarial=3000)
    encoding, gone = to_tiktoken(after), {toy.tokens[id_] for id_ in removal.removed}
    for text in spelled:
        assert gone.isdisjoint(encoding.decode_tokens_bytes(encoding.encode_ordinary(text)))
        assert encode(after, text) == encoding.encode_ordinary(text)
    again = load_tokenizer(str(tmp_path))
    assert (again.tokens, again.tombstones) == (after.tokens, after.tombstones)


def test_removing_twice_is_removing_both(toy: Vocabulary) -> None:
    first, second = list(range(300, 900, 50)), list(range(900, 1500, 50))
    once = remove_tokens(toy, [*first, *second])
    step = remove_tokens(toy, first)
    left = [id_ for id_ in second if id_ in step.vocabulary.tokens]
    twice = remove_tokens(step.vocabulary, left)
    assert twice.vocabulary.tokens == once.vocabulary.tokens
    assert twice.vocabulary.tombstones == once.vocabulary.tombstones
