"""Vocabularies and texts that the tests of this room share."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import corpora
from trainer.byte_alphabet import mapped_byte_order
from trainer.load import load_tokenizer
from trainer.vocabulary import Vocabulary

_SAMPLE = Path(corpora.__file__).parent / "sample" / "clean"

# Texts on which encoders have been seen to differ: spaces at ends and line ends, contractions in
# capitals, numbers, marks, joiners, rare planes, half-width kana, right-to-left text with marks.
_TRICKY_TEXTS = (
    "",
    " ",
    "  \n\n  ",
    "a\r\n\r\n b \t\tc  ",
    "\t\t\t\r\nIELD",
    "don't DON'T I'VE we'Re 'Sx ſ'ſ it'ſ",
    "1 12 123 1234 12345678 ½ ٣٤٥ ⅷ",
    "ÀÉîõü naïve NAÏVE ǅungla",
    "e\u0301te\u0301 \u0915\u094d\u0937 \u0e01\u0e33\u0e25\u0e31\u0e07",
    "👩‍👩‍👧‍👦 🏳️‍🌈 🇺🇳 \u200b\u2060\ufeff",
    "ｶﾞｷﾞｸﾞ ＡＶ ﬁ ﷺ",
    "שָׁלוֹם עֲלֵיכֶם السَّلَامُ عَلَيْكُمْ",
    "x\u2028y\u2029z\x85\x0b\x0c\x1c\x00",
    "/* // */ https://example.org/a?b=c#d %20 __init__ ->>=",
    "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𠮷野家 𓀀",
    "<|endoftext|> <|endoftext|><|pad|>x<|endof",
)


def _sample_texts(count: int) -> list[str]:
    """The first `count` clean documents of the embedded sample, taken from all its files in turn."""
    files = [path.read_text(encoding="utf-8").splitlines() for path in sorted(_SAMPLE.glob("*.jsonl"))]
    rounds = (lines[place] for place in range(max(map(len, files))) for lines in files if place < len(lines))
    return [json.loads(line)["text"] for line, _ in zip(rounds, range(count), strict=False)]


def _make_vocabulary(*learned: bytes, pattern: str = r"\S+|\s+", special: tuple[str, ...] = ()) -> Vocabulary:
    """A vocabulary of special tokens, the 256 bytes and then `learned`, numbered as Hugging Face does."""
    tokens = [bytes([byte]) for byte in mapped_byte_order()] + list(learned)
    numbered = dict(enumerate(tokens, start=len(special)))
    return Vocabulary("hand-made", numbered, {text: id_ for id_, text in enumerate(special)}, pattern)


@pytest.fixture(scope="session")
def make_vocabulary() -> Callable[..., Vocabulary]:
    return _make_vocabulary


@pytest.fixture(scope="session")
def texts() -> list[str]:
    return [*_TRICKY_TEXTS, *_sample_texts(300)]


@pytest.fixture(scope="session")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Vocabulary:
    """3,000 tokens trained by Hugging Face's own trainer on the sample, o200k's pattern, two specials."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

    pattern = load_tokenizer("o200k_base").pattern
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(pattern), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=3000,
        special_tokens=["<|endoftext|>", "<|pad|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_sample_texts(300), trainer)
    path = tmp_path_factory.mktemp("toy") / "tokenizer.json"
    tokenizer.save(str(path))
    return load_tokenizer(str(path))


@pytest.fixture(scope="session")
def o200k() -> Vocabulary:
    return load_tokenizer("o200k_base").with_merges()


@pytest.fixture(scope="session")
def cl100k() -> Vocabulary:
    return load_tokenizer("cl100k_base").with_merges()
