"""Without bans: the merges and ids of Hugging Face's trainer, and of the slow reference trainer."""

from __future__ import annotations

import gzip
import itertools
import json
import os
import random
import sysconfig
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
import tokenizers
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tokenizers import models, pre_tokenizers, trainers

import trainer
from corpora.errors import WinnowError, WrongCall
from trainer.byte_alphabet import from_mapped
from trainer.counts import CountTable, from_items
from trainer.judge import Reason, make_judge
from trainer.pretokenize import PATTERNS, split
from trainer.reference_trainer import count_pairs, merge, train_reference
from trainer.training import TrainingResult

DATA = Path(os.environ.get("WINNOW_DATA", Path(__file__).parents[2].parent / "shared" / "data"))
PATTERN_NAMES = ("gpt2", "cl100k", "o200k")
Words = Mapping[bytes, int]


def table(words: Words) -> CountTable:
    return from_items([(word, "und", count) for word, count in words.items()], PATTERNS["o200k"])


def count_words(texts: Sequence[str], pattern: str) -> Counter[bytes]:
    return Counter(piece.encode() for text in texts for piece in split(pattern, text))


Trained = tuple[dict[str, int], list[tuple[str, str]]]  # vocabulary and merges


def hugging_face(
    texts: Sequence[str], pattern: str, size: int, minimum: int, specials: Sequence[str]
) -> Trained:
    tokenizer = tokenizers.Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(tokenizers.Regex(pattern), behavior="isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])  # fmt: skip
    settings = trainers.BpeTrainer(
        vocab_size=size, min_frequency=minimum, special_tokens=list(specials), show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )  # fmt: skip
    tokenizer.train_from_iterator(texts, settings)
    model = json.loads(tokenizer.to_str())["model"]
    return model["vocab"], [tuple(rule) for rule in model["merges"]]


def assert_equals_hugging_face(
    texts: Sequence[str], name: str, size: int, specials: Sequence[str] = ()
) -> None:
    vocab, rules = hugging_face(texts, PATTERNS[name], size, 2, specials)
    result = trainer.train(
        table(count_words(texts, PATTERNS[name])), vocab_size=size, special_tokens=specials, allow_fewer=True
    )
    ours = [(event.left, event.right) for event in result.events if event.refused is None]
    assert ours == [(from_mapped(left), from_mapped(right)) for left, right in rules]
    assert {token: place for place, token in enumerate(result.tokens)} == {
        text.encode() if text in specials else from_mapped(text): place for text, place in vocab.items()
    }


def stdlib_texts() -> list[str]:
    library = Path(sysconfig.get_paths()["stdlib"])
    names = (
        "argparse.py",
        "ast.py",
        "datetime.py",
        "inspect.py",
        "typing.py",
        "html/entities.py",
        "locale.py",
    )
    return [(library / name).read_text(encoding="utf-8") for name in names if (library / name).exists()]


MULTILINGUAL = [
    "今天天气很好,我们去公园散步。今天的天气真好。我们明天去公园吗?",
    "Сегодня хорошая погода, и мы пойдём гулять. Погода хорошая, гулять хорошо.",
    "It's raining; it's been raining since Tuesday, they'll say it'll rain again.",
    "नमस्ते दुनिया, नमस्ते भारत। दुनिया भर में नमस्ते।",
    "السَّلَامُ عَلَيْكُمْ ورحمة الله، مرحبا بالعالم مرحبا",
    "スーパーでリンゴとバナナを買いました。スーパーは駅の近くです。",
    "สวัสดีครับ ผมชื่อสมชาย สวัสดีค่ะ ดิฉันชื่อสมหญิง",
    "aaaaaaaaaa aaaa aaaaaaa banana bananana banananana 1111111111 ......... \n\n\n    \t\t",
]


@pytest.mark.parametrize("name", PATTERN_NAMES)
@pytest.mark.parametrize("specials", [(), ("<|endoftext|>", "<|pad|>")])
def test_merges_and_ids_are_hugging_face_s_on_code_and_prose(name: str, specials: Sequence[str]) -> None:
    assert_equals_hugging_face(stdlib_texts() + MULTILINGUAL, name, 4000, specials)


@pytest.mark.parametrize("name", PATTERN_NAMES)
def test_until_nothing_is_left(name: str) -> None:
    assert_equals_hugging_face(MULTILINGUAL, name, 100_000)


@pytest.mark.parametrize("name", PATTERN_NAMES)
def test_merges_and_ids_are_hugging_face_s_in_75_languages(name: str) -> None:
    path = DATA / "multilingual" / "sentences.jsonl.gz"
    if not path.exists():
        pytest.skip("no multilingual sentences at $WINNOW_DATA")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line in lines][::3]
    assert_equals_hugging_face(texts, name, 12_000)


@pytest.mark.parametrize("name", PATTERN_NAMES)
def test_reference_trainer_agrees(name: str) -> None:
    words = count_words(MULTILINGUAL, PATTERNS[name])
    assert_equals_reference(words, 420)


@settings(max_examples=150, deadline=None)
@given(
    words=st.dictionaries(
        st.text("ab", min_size=1, max_size=14).map(str.encode) | st.binary(min_size=1, max_size=6),
        st.integers(1, 5) | st.integers(2**31, 2**40), min_size=1, max_size=12,
    ),
    extra=st.integers(0, 40),
    specials=st.sampled_from([(), ("<x>",), ("<x>", "aab", "ba")]),
    minimum=st.integers(0, 3),
    longest=st.sampled_from([None, 1, 2, 3, 5]),
    banned=st.sampled_from([None, b"ab", b"aa", b"bab", b"b"]),
)  # fmt: skip
def test_fast_and_reference_trainer_agree(
    words: Words, extra: int, specials: Sequence[str], minimum: int, longest: int | None, banned: bytes | None
) -> None:
    assume(banned is None or not any(banned in special.encode() for special in specials))
    size = 256 + len(specials) + extra
    bans = None if banned is None else Contains(banned)
    assert_equals_reference(words, size, specials=specials, minimum=minimum, longest=longest, bans=bans)


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(st.text("abc", min_size=1, max_size=20).map(str.encode), st.integers(1, 9), max_size=30)
)
def test_no_string_is_ever_learned_twice(words: Words) -> None:
    """So a pair comes into being in one merge only, on which the fast trainer rests."""
    events = train_reference(words, 330)
    ids = [event.token_id for event in events]
    assert ids == list(range(256, 256 + len(ids)))


def test_ties_go_to_the_smaller_left_id_then_the_smaller_right_id() -> None:
    words = {b"zy": 5, b"ba": 5, b"dc": 5, b" a": 5, b"bc": 5}
    taken = [(event.left, event.right) for event in trainer.train(table(words), vocab_size=261).events]
    assert taken == [(b"b", b"a"), (b"b", b"c"), (b"d", b"c"), (b"z", b"y"), (b" ", b"a")]


def test_counts_beyond_32_bits() -> None:
    """tokenizers 0.23.3 counts pairs in 32 bits: it never merges this top pair."""
    words = {b"ab": 2_200_000_000, b"cd": 10, b"xyxyxy": 3_000_000_000}
    events = trainer.train(table(words), vocab_size=260).events
    assert [(event.left + event.right, event.count) for event in events] == [
        (b"xy", 9_000_000_000), (b"xyxy", 6_000_000_000), (b"xyxyxy", 3_000_000_000), (b"ab", 2_200_000_000),
    ]  # fmt: skip


@pytest.mark.slow
def test_a_corpus_on_which_tokenizers_overflows() -> None:
    """The top pair occurs 2.2e9 times: 24 s of tokenizers, which learns nothing and does not say so."""
    word, times = b"a" * 1000, 2_202_204
    assert times * (len(word) - 1) > 2**31
    expected = [b"a" * 2**power for power in range(1, 8)]
    ours = trainer.train(table({word: times}), vocab_size=256 + len(expected)).tokens
    assert list(ours[256:]) == expected
    theirs = tokenizers.Tokenizer(models.BPE())
    options = trainers.BpeTrainer(vocab_size=1 + len(expected), show_progress=False)
    theirs.train_from_iterator(itertools.repeat(word.decode(), times), options)
    if tokenizers.__version__ == "0.23.3":  # later versions may count in 64 bits
        assert list(theirs.get_vocab()) == ["a"]


def test_counts_that_cannot_be_added_up_are_refused() -> None:
    with pytest.raises(WinnowError, match="2\\^63"):
        trainer.train(table({b"abcd": 2**62, b"abce": 2**62}), vocab_size=257)


def test_every_logged_count_equals_a_recount() -> None:
    words = count_words(MULTILINGUAL + stdlib_texts()[:1], PATTERNS["o200k"])
    result = trainer.train(table(words), vocab_size=500, bans=Contains(b"ing"))
    ids = {token: place for place, token in enumerate(result.tokens)}
    segmented = [([ids[bytes([byte])] for byte in word], count) for word, count in words.items()]
    for left, right, token_id, count, refused in result.log.tolist():
        assert count == count_pairs(segmented)[left, right]
        if not refused:
            segmented = [(merge(symbols, (left, right), token_id), times) for symbols, times in segmented]


def test_a_smaller_vocabulary_is_a_prefix() -> None:
    words = count_words(MULTILINGUAL, PATTERNS["o200k"])
    large = trainer.train(table(words), vocab_size=400, bans=Contains("天".encode()))
    for size in (256, 300, 399):
        small = trainer.train(table(words), vocab_size=size, bans=Contains("天".encode()))
        assert same(large.first(size), small)


def test_bans_that_never_apply_change_nothing() -> None:
    words = count_words(MULTILINGUAL, PATTERNS["o200k"])
    assert same(
        trainer.train(table(words), vocab_size=400, bans=Contains(b"\xff\xfe")),
        trainer.train(table(words), vocab_size=400),
    )


def test_a_merge_that_spells_a_special_token_is_refused() -> None:
    """Hugging Face gives such a merge the special token's id, which other libraries do not."""
    words = {b" the": 90, b"then": 50, b"\xc4\xa0x": 40}
    specials = ("the", "Ġx", "he ")
    result = trainer.train(table(words), vocab_size=268, special_tokens=specials, allow_fewer=True)
    refused = [(event.left + event.right, event.refused) for event in result.events if event.refused]
    assert {token for token, _ in refused} == {b"the", b"\xc4\xa0x"}
    assert {reason.entry for _, reason in refused if reason} == {"special-token"}
    assert b"the" not in result.tokens[3:]
    spelled = trainer.train(table({b" x": 4}), vocab_size=260, special_tokens=("Ġx",), allow_fewer=True)
    assert spelled.refused_merges == 1, "its spelling in tokenizer.json is the special token's"


def test_longest_token_means_what_it_says() -> None:
    words = {b"abcdefgh"[:length]: 9 for length in range(2, 9)}
    for longest, expected in ((1, 1), (2, 2), (4, 4), (5, 5), (8, 8)):
        result = trainer.train(table(words), vocab_size=280, max_token_length=longest, allow_fewer=True)
        assert max(map(len, result.tokens)) == expected


def test_too_few_tokens() -> None:
    with pytest.raises(WinnowError, match="gives 257 tokens, 300 were asked for"):
        trainer.train(table({b"ab": 2, b"cd": 1}), vocab_size=300)
    assert trainer.train(table({b"ab": 2}), vocab_size=300, allow_fewer=True).size == 257


@pytest.mark.parametrize(
    "wrong",
    [
        {"vocab_size": 255}, {"vocab_size": 256, "special_tokens": ["<a>"]},
        {"vocab_size": 300, "special_tokens": ["<a>", "<a>"]}, {"vocab_size": 300, "special_tokens": [""]},
        {"vocab_size": 300, "special_tokens": ["a"]}, {"vocab_size": 300, "min_frequency": -1},
        {"vocab_size": 300, "max_token_length": 0}, {"vocab_size": 300, "mix": "xx=1"},
        {"vocab_size": 300, "mix": "nonsense"}, {"vocab_size": 2**30},
    ],
)  # fmt: skip
def test_wrong_calls(wrong: dict[str, object]) -> None:
    with pytest.raises(WrongCall):
        trainer.train(table({b"ab": 2}), **wrong)  # type: ignore[arg-type]


def test_a_special_token_that_is_banned_is_refused() -> None:
    with pytest.raises(WrongCall, match="banned"):
        trainer.train(table({b"ab": 2}), vocab_size=300, bans=Contains(b"spam"), special_tokens=["<spam>"])


def test_random_corpora_with_random_bans() -> None:
    """Many more words than the heap looks ahead, so that verdicts are asked for again and again."""
    chooser = random.Random(7)
    words = {
        bytes(chooser.choices(b"abcdef", k=chooser.randint(1, 9))): chooser.randint(1, 50) for _ in range(400)
    }
    assert_equals_reference(words, 420, bans=Contains(b"ab"))
    assert_equals_reference(words, 420, bans=Contains(b"a"))


def assert_equals_reference(
    words: Words, size: int, *, specials: Sequence[str] = (), minimum: int = 2,
    longest: int | None = None, bans: Contains | None = None,
) -> None:  # fmt: skip
    result = trainer.train(
        table(words), vocab_size=size, special_tokens=specials, min_frequency=minimum,
        max_token_length=longest, bans=bans, allow_fewer=True,
    )  # fmt: skip
    judge: Callable[[bytes, bytes], Reason | None] = make_judge(bans, specials) or (lambda left, right: None)
    events = train_reference(
        words, size, special_tokens=specials, min_frequency=minimum, max_token_length=longest, refuse=judge
    )
    expected = [
        [event.left, event.right, event.token_id, event.count, int(event.reason is not None)]
        for event in events
    ]
    assert result.log.tolist() == expected
    assert [event.refused for event in result.events] == [event.reason for event in events]


def same(left: TrainingResult, right: TrainingResult) -> bool:
    return left.tokens == right.tokens and left.log.tolist() == right.log.tolist()


class Contains:
    """The simplest ban list: no token may contain one string of bytes."""

    def __init__(self, banned: bytes) -> None:
        self.banned = banned

    def match(self, token: bytes) -> object:
        from banlists.entries import Match

        if self.banned not in token:
            return None
        return Match("test/contains", "test", repr(self.banned), "contains", "anomalous", "high", "for tests")

    def refuse(self, left: bytes, right: bytes) -> object:
        return self.match(left + right)

    def refused(self, pairs: Sequence[tuple[bytes, bytes]]) -> list[bool]:
        return [self.banned in left + right for left, right in pairs]
