"""The written files are what other libraries expect, byte for byte the same each time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tiktoken.load import load_tiktoken_bpe
from tokenizers import Tokenizer

from corpora.errors import WinnowError, WrongCall
from trainer.exports import EXPORTS, to_tiktoken, to_tokenizers, write_exports
from trainer.expressible import unmatched_character
from trainer.portable import compile_pattern, is_one_piece, portable_pattern
from trainer.pretokenize import PATTERNS
from trainer.tokenizer_json import tokenizer_record
from trainer.verify import verify_exports
from trainer.vocabulary import Vocabulary

Maker = Callable[..., Vocabulary]


def test_every_file_is_written_and_the_same_each_time(toy: Vocabulary, tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_exports(tmp_path / name, toy)
    assert {path.name for path in (tmp_path / "one").iterdir()} == set(EXPORTS)
    for name in EXPORTS:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_auto_tokenizer_opens_the_folder(toy: Vocabulary, texts: list[str], tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    write_exports(tmp_path, toy)
    opened = transformers.AutoTokenizer.from_pretrained(str(tmp_path))
    encoding = to_tiktoken(toy)
    for text in texts[:60]:
        ids = opened(text, add_special_tokens=False).input_ids
        assert ids == encoding.encode(text, allowed_special="all")
        assert opened.decode(ids, skip_special_tokens=False) == text
    assert opened.eos_token == "<|endoftext|>"
    assert opened.convert_tokens_to_ids("<|pad|>") == 1
    assert len(opened) == toy.size


def test_tokenizers_sees_every_id(toy: Vocabulary) -> None:
    tokenizer = to_tokenizers(toy)
    assert tokenizer.get_vocab_size() == toy.size == 3000
    assert [tokenizer.token_to_id(text) for text in toy.special_tokens] == [0, 1]
    assert Tokenizer.from_str(tokenizer.to_str()).to_str() == tokenizer.to_str()


def test_tiktoken_reads_the_file(toy: Vocabulary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", "")
    write_exports(tmp_path, toy)
    assert load_tiktoken_bpe(str(tmp_path / "tokenizer.tiktoken")) == toy.ids_of
    assert to_tiktoken(toy).n_vocab == toy.rows == 3000


def test_o200k_s_file_is_the_published_one(o200k: Vocabulary, tmp_path: Path) -> None:
    write_exports(tmp_path, o200k)
    digest = hashlib.sha256((tmp_path / "tokenizer.tiktoken").read_bytes()).hexdigest()
    assert digest == "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d"
    assert len(json.loads((tmp_path / "tokenizer.json").read_bytes())["model"]["merges"]) == 199_742


def test_whole_pieces_are_asked_for_only_where_a_token_needs_it(make_vocabulary: Maker) -> None:
    for learned, needed in (((b"ab", b"abc"), False), ((b"ab", b"abcd"), True)):
        record = tokenizer_record(make_vocabulary(*learned).with_merges())
        assert record["model"]["ignore_merges"] is needed


def test_special_tokens_stand_in_both_lists(make_vocabulary: Maker) -> None:
    record = tokenizer_record(make_vocabulary(special=("<s>", "</s>")).with_merges())
    assert [(token["id"], token["content"], token["special"]) for token in record["added_tokens"]] == [
        (0, "<s>", True),
        (1, "</s>", True),
    ]
    assert record["model"]["vocab"]["</s>"] == 1


def test_ids_with_holes_keep_their_numbers(make_vocabulary: Maker) -> None:
    base = make_vocabulary()
    far = Vocabulary("far", {**base.tokens, 700: b"ab"}, {"<s>": 900}, base.pattern)
    tokenizer = to_tokenizers(far)
    assert tokenizer.encode("ab<s>").ids == [700, 900]
    assert to_tiktoken(far).encode("ab<s>", allowed_special="all") == [700, 900]
    assert (far.size, far.rows) == (258, 901)


def test_a_special_token_spelled_like_a_token_is_refused(make_vocabulary: Maker) -> None:
    with pytest.raises(WinnowError, match="'ab' has the spelling"):
        to_tokenizers(make_vocabulary(b"ab", special=("ab",)))


def test_vocab_txt_is_for_eyes(make_vocabulary: Maker, tmp_path: Path) -> None:
    write_exports(tmp_path, make_vocabulary(b" a", b" ab\n", b"\xe2\x80", special=("<s>",)))
    lines = (tmp_path / "vocab.txt").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "0\t[<s>]\tspecial"
    assert lines[1] == "1\t[!]\tbyte"
    assert lines[257] == "257\t[ a]\t[ ] + [a]"
    assert lines[258] == "258\t[ ab\\n]\twhole pieces only"
    assert lines[259] == "259\t[<0xE2><0x80>]\t[<0xE2>] + [<0x80>]"
    assert len(lines) == 260


def test_tombstones_keep_the_matrix_s_shape(make_vocabulary: Maker) -> None:
    full = make_vocabulary(b"ab", b"cd")
    tokens = {id_: token for id_, token in full.tokens.items() if token != b"ab"}
    left = Vocabulary("left", tokens, {}, full.pattern.replace(r"\S", r"\w"), tombstones=frozenset({256}))
    tokenizer = to_tokenizers(left)
    assert tokenizer.get_vocab_size() == full.size == left.rows
    assert tokenizer.id_to_token(256) == "<|removed_256|>"
    assert 256 not in tokenizer.encode("<|removed_256|> ab").ids


def test_a_tombstone_that_text_could_produce_is_refused(make_vocabulary: Maker, tmp_path: Path) -> None:
    full = make_vocabulary(b"ab", pattern=r"\S+|\s+")
    tokens = {id_: token for id_, token in full.tokens.items() if id_ < 256}
    left = Vocabulary("left", tokens, {}, full.pattern, tombstones=frozenset({256}))
    with pytest.raises(WinnowError, match="--ids compact"):
        write_exports(tmp_path / "out", left)
    assert not (tmp_path / "out").exists()


def test_a_pattern_that_leaves_text_out_is_refused(make_vocabulary: Maker, tmp_path: Path) -> None:
    with pytest.raises(WinnowError, match=r"does not match '!' \(U\+0021\)"):
        write_exports(tmp_path / "out", make_vocabulary(pattern=r"\w+|[^\w!]+"))
    assert not (tmp_path / "out").exists()


def test_special_tokens_that_begin_alike_are_refused(make_vocabulary: Maker, tmp_path: Path) -> None:
    with pytest.raises(WinnowError, match="begins"):
        write_exports(tmp_path / "out", make_vocabulary(special=("<a>", "<a><b>")))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("pattern", "portable"),
    [
        (r"\p{N}{1,3}+|\s++$", r"\p{N}{1,3}|\s++(?![\s\S])"),
        (r"^a|[$^]+|\$", r"(?<![\s\S])a|[$^]+|\$"),
        (r"[^{1,2}+]|a{2}", r"[^{1,2}+]|a{2}"),
        (r"(?:a|b{2,}+)", None),
        (r"a{2}+b", None),
    ],
)
def test_portable_patterns(pattern: str, portable: str | None) -> None:
    if portable is not None:
        assert portable_pattern(pattern) == portable
        assert portable_pattern(portable) == portable
        return
    with pytest.raises(WrongCall, match="possessive"):
        portable_pattern(pattern)


def test_a_broken_pattern_is_a_wrong_call() -> None:
    with pytest.raises(WrongCall, match="not a valid pattern"):
        compile_pattern("(unclosed")


def test_a_pattern_that_another_engine_refuses(make_vocabulary: Maker, tmp_path: Path) -> None:
    vocabulary = make_vocabulary(pattern=r"\p{Alphabetic=Yes}|[\s\S]")
    with pytest.raises(WinnowError, match="tokenizers does not open it"):
        to_tokenizers(vocabulary)
    write_exports(tmp_path, vocabulary)
    with pytest.raises(WinnowError, match=r"tokenizer\.json: tokenizers does not open it"):
        verify_exports(tmp_path, vocabulary, adversarial=10)


def test_anchors_mean_the_ends_of_the_text(make_vocabulary: Maker, tmp_path: Path) -> None:
    vocabulary = make_vocabulary(b"a\n", b"b\n", pattern=r"^a\n|b\n$|[\s\S]")
    write_exports(tmp_path, vocabulary)
    verify_exports(tmp_path, vocabulary, ["a\na\nb\nb\n", "a\nb\n\n", "xa\nb\ny"], adversarial=200)


def test_is_one_piece() -> None:
    assert is_one_piece(r"\w+|\W+", "abc")
    assert not is_one_piece(r"\w+|\W+", "a-c")
    assert is_one_piece("x", "abc")


@pytest.mark.parametrize("name", PATTERNS)
def test_the_named_patterns_leave_no_character_out(name: str) -> None:
    """`require_expressible` takes this for granted."""
    assert unmatched_character(PATTERNS[name]) == ""
