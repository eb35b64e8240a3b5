"""The byte alphabet is Hugging Face's, and o200k numbers its bytes in that order."""

from __future__ import annotations

import pytest
from tokenizers import pre_tokenizers

from trainer.byte_alphabet import byte_to_character, from_mapped, mapped_byte_order, to_mapped
from trainer.vocabulary import Vocabulary


def test_characters_are_those_of_tokenizers() -> None:
    assert sorted(byte_to_character()) == sorted(pre_tokenizers.ByteLevel.alphabet())


def test_every_character_stands_for_the_byte_that_tokenizers_maps_to_it() -> None:
    step = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    for text in ("".join(map(chr, range(0x80))), "éÿ\x80\xa0\xad", "漢字 कि"):
        [(mapped, _)] = step.pre_tokenize_str(text)
        assert to_mapped(text.encode()) == mapped
        assert from_mapped(mapped) == text.encode()


def test_every_byte_survives_the_map() -> None:
    every = bytes(range(256))
    assert from_mapped(to_mapped(every)) == every
    assert len(set(byte_to_character())) == 256


def test_order_is_by_mapped_character_which_is_also_o200k_s(o200k: Vocabulary) -> None:
    assert sorted(mapped_byte_order()) == list(range(256))
    assert b"".join(o200k.tokens[id_] for id_ in range(256)) == mapped_byte_order()
    assert mapped_byte_order()[:3] == b'!"#'
    assert mapped_byte_order().index(b" ") == 220


def test_a_character_outside_the_map_is_named() -> None:
    with pytest.raises(ValueError, match="漢"):
        from_mapped("a漢")
