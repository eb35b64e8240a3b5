"""tokenizers, tiktoken and the reference encoder give the same ids, and nothing is lost on the way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest
import tiktoken
import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st

from corpora.errors import WinnowError
from trainer import reference_encoder
from trainer.exports import to_tiktoken, to_tokenizers
from trainer.load import load_tokenizer
from trainer.removal import remove_tokens
from trainer.unicode_drift import drifting_characters
from trainer.verify import adversarial_texts
from trainer.vocabulary import Encoding, Vocabulary

Maker = Callable[..., Vocabulary]

# Assigned in Unicode 15 or earlier in Python 3.11 to 3.13 alike, so that all engines know them.
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs", "Cn"]), max_size=60)


@dataclass(frozen=True)
class Trio:
    vocabulary: Vocabulary
    tokenizer: tokenizers.Tokenizer
    encoding: tiktoken.Encoding

    @classmethod
    def of(cls, vocabulary: Vocabulary) -> Trio:
        return cls(vocabulary.with_merges(), to_tokenizers(vocabulary), to_tiktoken(vocabulary))

    def check(self, texts: Sequence[str], reference: Sequence[str] | None = None) -> None:
        """Compare the three with special tokens allowed, and plain where `tokenizers` can do that."""
        texts = list(texts)
        found = [found.ids for found in self.tokenizer.encode_batch_fast(texts, add_special_tokens=False)]
        for text, ids in zip(texts, found, strict=True):
            assert ids == self.encoding.encode(text, allowed_special="all"), repr(text)
            assert self.encoding.decode_bytes(ids) == text.encode()
        back = self.tokenizer.decode_batch(found, skip_special_tokens=False)
        assert back == texts
        drifting = drifting_characters(self.vocabulary.pattern, texts)
        for text in texts if reference is None else reference:
            if drifting.isdisjoint(text):
                self.check_reference(text)

    def check_reference(self, text: str) -> None:
        vocabulary, encoding = self.vocabulary, self.encoding
        every = vocabulary.special_tokens
        assert reference_encoder.encode(vocabulary, text, every) == encoding.encode(
            text, allowed_special="all"
        )
        plain = reference_encoder.encode(vocabulary, text)
        assert plain == encoding.encode_ordinary(text)
        assert reference_encoder.decode(vocabulary, plain) == text


@pytest.fixture(scope="module")
def toy_trio(toy: Vocabulary) -> Trio:
    return Trio.of(toy)


@pytest.fixture(scope="module")
def removed_trio(toy: Vocabulary) -> Trio:
    """The toy without 40 tokens of its first half and all that was built on them."""
    return Trio.of(remove_tokens(toy, range(300, 1500, 30)).vocabulary)


@pytest.fixture(scope="module")
def orphan_trio(toy: Vocabulary) -> Trio:
    """The toy without 40 tokens, but with what was built on them: whole pieces only."""
    gone = set(range(300, 1500, 30))
    tokens = {id_: token for id_, token in toy.tokens.items() if id_ not in gone}
    trio = Trio.of(Vocabulary("orphans", tokens, toy.special_tokens, toy.pattern))
    assert len(trio.vocabulary.orphans) > 20
    return trio


@pytest.fixture(scope="module", params=["toy_trio", "removed_trio", "orphan_trio"])
def trio(request: pytest.FixtureRequest) -> Trio:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Trio)
    return found


def test_sample_texts(trio: Trio, texts: list[str]) -> None:
    trio.check(texts, reference=texts[:120])


def test_adversarial_concatenations(trio: Trio) -> None:
    made = adversarial_texts(trio.vocabulary, 10_000, seed=7)
    trio.check(made, reference=made[:500])


@settings(max_examples=200, deadline=None)
@given(text=ANY_TEXT)
def test_any_text(toy_trio: Trio, removed_trio: Trio, orphan_trio: Trio, text: str) -> None:
    for each in (toy_trio, removed_trio, orphan_trio):
        each.check([text])


@settings(max_examples=200, deadline=None)
@given(
    pieces=st.lists(
        st.sampled_from(["<|endoftext|>", "<|pad|>", "<|end", "oftext|>", " a", "\n", "é"]), max_size=8
    )
)
def test_special_tokens_in_text(toy_trio: Trio, pieces: list[str]) -> None:
    toy_trio.check(["".join(pieces)])


@settings(max_examples=300, deadline=None)
@given(data=st.binary(max_size=80))
def test_every_byte_string_survives(
    toy: Vocabulary, removed_trio: Trio, orphan_trio: Trio, data: bytes
) -> None:
    for vocabulary in (toy, removed_trio.vocabulary, orphan_trio.vocabulary):
        ids = reference_encoder.encode_bytes(vocabulary, data)
        assert reference_encoder.decode_bytes(vocabulary, ids) == data


def test_all_single_bytes_and_pairs_survive(toy: Vocabulary) -> None:
    for data in (bytes(pair) for first in range(256) for pair in ([first], [first, 0xFF - first])):
        assert reference_encoder.decode_bytes(toy, reference_encoder.encode_bytes(toy, data)) == data


def test_o200k(o200k: Vocabulary, texts: list[str]) -> None:
    trio = Trio.of(o200k)
    trio.check(texts, reference=texts[:80])
    made = adversarial_texts(o200k, 3000, seed=1)
    trio.check(made, reference=made[:150])


def test_cl100k_on_tiktoken_s_own_pattern(cl100k: Vocabulary, texts: list[str]) -> None:
    trio = Trio.of(cl100k)
    trio.check(texts, reference=texts[:80])
    made = adversarial_texts(cl100k, 3000, seed=2)
    trio.check(made, reference=made[:150])


def test_bundled_vocabularies_encode_as_splintr_does(texts: list[str]) -> None:
    import splintr

    for name in ("llama3", "qwen3", "glm4", "mistral_v3", "whisper", "kimi_k2", "phi4"):
        encoding = to_tiktoken(load_tokenizer(name))
        theirs = splintr.Tokenizer.from_pretrained(name)
        for text in texts[:120]:
            assert encoding.encode_ordinary(text) == theirs.encode_ordinary(text), (name, text)


def test_whole_pieces_are_looked_up_only_where_the_vocabulary_does(make_vocabulary: Maker) -> None:
    vocabulary = make_vocabulary(b"ab", b"abcd").with_merges()
    ids = vocabulary.ids_of
    assert reference_encoder.encode(vocabulary, "abcd") == [ids[b"abcd"]]
    assert reference_encoder.encode(vocabulary, "abcde") == [ids[b"ab"], ids[b"c"], ids[b"d"], ids[b"e"]]
    assert reference_encoder.encode_piece(vocabulary, b"abcd", whole=False) == [
        ids[b"ab"],
        ids[b"c"],
        ids[b"d"],
    ]


def test_the_longest_of_several_special_tokens_is_taken(make_vocabulary: Maker) -> None:
    vocabulary = make_vocabulary(special=("<a>", "<a><b>"))
    assert reference_encoder.encode(vocabulary, "<a><b>", vocabulary.special_tokens) == [1]
    assert len(reference_encoder.encode(vocabulary, "<a><b>")) == 6


def test_a_lone_surrogate_is_refused(toy: Vocabulary) -> None:
    with pytest.raises(WinnowError, match="surrogate"):
        reference_encoder.encode(toy, "a\ud800b")


def test_a_missing_byte_is_refused() -> None:
    vocabulary = Vocabulary("small", {0: b"a"}, {}, r"\S+")
    with pytest.raises(WinnowError, match="0x62"):
        reference_encoder.encode(vocabulary, "ab")


def test_tokens_alone_cannot_encode() -> None:
    vocabulary = load_tokenizer("llama2")
    assert vocabulary.encoding is Encoding.UNKNOWN
    with pytest.raises(WinnowError, match="not how it encodes"):
        reference_encoder.encode(vocabulary, "a")
    with pytest.raises(WinnowError, match="sentencepiece"):
        to_tokenizers(vocabulary)
