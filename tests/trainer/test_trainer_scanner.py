"""The compiled scanners cut every text where `regex` does."""

from __future__ import annotations

import gzip
import json
import os
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from corpora.errors import WinnowError, WrongCall
from trainer import scanner as scanners
from trainer.arrays import key_buffers
from trainer.pretokenize import PATTERNS, resolve_pattern, split
from trainer.scanner import pretoken_ends, scanner_for, spans

DATA = Path(os.environ.get("WINNOW_DATA", Path(__file__).parents[2].parent / "shared" / "data"))
SPELLINGS = {
    **PATTERNS,
    "tiktoken's gpt2": scanners._TIKTOKEN_GPT2,
    "tiktoken's cl100k": scanners._TIKTOKEN_CL100K,
}
TRICKY = (
    "aAbZsStTreEvVlLdDmM'’\u017f\u212a \t\n\r\x0b\x1c\x85\u00a0\u2003\u2028\u3000/.,!-_019٣²Ⅷ"
    "\u0300\u0301\u064b\u05b0\u0e31éÉßﬁıİǅʰª中文の한กำאع\u200b\u200d\ufeff\u0378\ue000\U0010ffff\x00😀🏽𝐀𝒶"
)
texts = st.text(st.one_of(st.sampled_from(TRICKY), st.characters(codec="utf-8")), max_size=40)


def scanned(pattern: str, text: str) -> list[str]:
    scanner = scanner_for(pattern)
    assert scanner is not None
    data = text.encode()
    ends = pretoken_ends(scanner, data).tolist()
    return [data[start:end].decode() for start, end in zip([0, *ends], ends, strict=False)]


@pytest.mark.parametrize("name", SPELLINGS)
@settings(max_examples=400, deadline=None)
@given(text=texts)
@example("'ſ'S'ſa 'ſ x'ſ")
@example("K'k\u212a'll'LL'Ll'lL'rE'Ve")
@example("a\r\n\r\n \n\t b  \n  ")
@example("  \u0301\u0301ABC\u0301D中A")
@example("ab//\r\n//\n x/\n")
@example("12345 678９０x1")
@example("\u0378\u0378a\u0378")
def test_scanner_equals_regex(name: str, text: str) -> None:
    pattern = SPELLINGS[name]
    assert scanned(pattern, text) == split(pattern, text)


@pytest.mark.parametrize("name", SPELLINGS)
def test_scanner_equals_regex_on_code_and_prose(name: str) -> None:
    pattern = SPELLINGS[name]
    for text in real_texts():
        assert scanned(pattern, text) == split(pattern, text)


@pytest.mark.parametrize("name", ["gpt2", "cl100k", "o200k"])
def test_one_long_word_and_long_runs(name: str) -> None:
    for text in (
        "a" * 1_000_000,
        "Ж" * 300_000,
        " " * 100_000 + "x",
        "\n" * 50_000 + " ",
        "9" * 100_000,
        "!" * 99_999,
    ):
        pieces = scanned(PATTERNS[name], text)
        assert "".join(pieces) == text
        assert pieces == split(PATTERNS[name], text)


@pytest.mark.parametrize("name", SPELLINGS)
def test_scanner_equals_regex_in_75_languages(name: str) -> None:
    path = DATA / "multilingual" / "sentences.jsonl.gz"
    if not path.exists():
        pytest.skip("no multilingual sentences at $WINNOW_DATA")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for text in [json.loads(line)["text"] for line in lines][::4]:
            assert scanned(SPELLINGS[name], text) == split(SPELLINGS[name], text)


def test_every_character_alone_and_between_letters() -> None:
    every = [chr(code) for code in (*range(0xD800), *range(0xE000, 0x110000))]
    for start in range(0, len(every), 50_000):
        text = "a".join(every[start : start + 50_000])
        for pattern in (PATTERNS["gpt2"], PATTERNS["cl100k"], PATTERNS["o200k"]):
            assert scanned(pattern, text) == split(pattern, text)


def test_spans_of_many_documents_with_empty_ones_and_a_slice() -> None:
    documents = ["skipped", "", "one two", "", "", "three\n", ""]
    array = pa.array(documents, pa.large_string()).slice(1)
    scanner = scanner_for(PATTERNS["o200k"])
    assert scanner is not None
    data, offsets = key_buffers(array)
    ends = np.concatenate(list(spans(scanner, data, offsets)))
    expected = [piece for document in documents[1:] for piece in split(PATTERNS["o200k"], document)]
    starts = np.append(offsets[0], ends[:-1])
    found = [data[start:end].tobytes().decode() for start, end in zip(starts, ends, strict=True)]
    assert found == expected


def test_blocks_of_ends_join_seamlessly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanners, "_BLOCK", 3)
    text = "The quick brown fox, it's 12345 years old.\n\n  Truly!"
    scanner = scanner_for(PATTERNS["cl100k"])
    assert scanner is not None
    data = np.frombuffer(text.encode(), dtype=np.uint8)
    offsets = np.array([0, 4, len(text)])
    blocks = [block.tolist() for block in map(np.copy, spans(scanner, data, offsets))]
    assert max(map(len, blocks)) == 3
    ends = [end for block in blocks for end in block]
    pieces = [text[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    assert pieces == split(PATTERNS["cl100k"], text[:4]) + split(PATTERNS["cl100k"], text[4:])


def test_named_patterns() -> None:
    assert resolve_pattern("llama3") == resolve_pattern("cl100k")
    assert resolve_pattern("o200k_harmony") == resolve_pattern("o200k")
    assert resolve_pattern(r"\S+|\s+") == r"\S+|\s+"
    with pytest.raises(WrongCall, match="o200k"):
        resolve_pattern("o20k")
    with pytest.raises(WrongCall, match="not a valid pattern"):
        resolve_pattern("(unclosed|")


def test_a_pattern_with_gaps_is_refused() -> None:
    with pytest.raises(WinnowError, match="matches nothing"):
        split(r"\w+", "one two")
    assert split(r"\w+|\W+|", "one two") == ["one", " ", "two"]


def real_texts() -> Iterator[str]:
    library = Path(sysconfig.get_paths()["stdlib"])
    for name in ("argparse.py", "locale.py", "heapq.py", "test/test_unicodedata.py", "html/entities.py"):
        if (library / name).exists():
            yield (library / name).read_text(encoding="utf-8")
    yield MULTILINGUAL


MULTILINGUAL = """\
It's a plain text; they'LL say I'd've known. ŒUVRE œuvre ÉTÉ été Straße STRASSE ŉ ǅ Ǆ ǆ
Сегодня хорошая погода, и мы пойдём гулять в 10:30. ΑΒΓ αβγ ς
今天天气很好,我们去公园散步。香港電影節 12345 円です。日本語のテキスト、カタカナとひらがな。
오늘은 날씨가 좋습니다. สวัสดีครับ ผมชื่อสมชาย ១២៣ ክርስቲያን
नमस्ते दुनिया, क्षेत्रीय भाषाएँ। বাংলা ভাষা தமிழ் మాట ಕನ್ನಡ മലയാളം
السَّلَامُ عَلَيْكُمْ، مرحبا بالعالم ٢٠٢٤ שָׁלוֹם עולם
\tindent\r\n\r\n    four spaces\u00a0\u2003wide\n\n\n   end   \n"""
