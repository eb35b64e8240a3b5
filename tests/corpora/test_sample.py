"""The embedded sample is what its README says: reproducible, labelled, safe, and broad enough."""

from __future__ import annotations

import json
import random
import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

from corpora import sample_maker

SAMPLE = Path(sample_maker.__file__).parent / "sample"
POLLUTED = SAMPLE / "polluted"
CLEAN = SAMPLE / "clean"

POLLUTED_KEYS = ["id", "text", "lang", "label", "category", "kind"]
CLEAN_KEYS = ["id", "text", "lang", "label", "topic"]

# A host after a scheme, "www." or "@", or a bare name under a top-level domain that spam uses.
HOST = re.compile(
    r"(?:https?://|\bwww\.|(?<=[\w.])@)(?P<marked>[a-z0-9-]+(?:\.[a-z0-9-]+)+)"
    r"|(?<![\w.-])(?P<bare>(?:[a-z0-9-]+\.)+"
    r"(?:com|net|org|info|biz|xyz|top|vip|cc|cn|ru|th|kr|jp|vn|id|tr|tv|io|me|app|bet|club|site|online|shop|win|fr|de|es|br|in))"
    r"(?![\w-])",
    re.IGNORECASE | re.ASCII,
)
RESERVED = re.compile(r"(?:^|\.)(?:example\.(?:com|net|org)|example|invalid|test|localhost)$", re.IGNORECASE)


def read(folder: Path) -> list[dict[str, str]]:
    paths = sorted(folder.glob("*.jsonl"))
    return [
        json.loads(line) for path in paths for line in path.read_text(encoding="utf-8").split("\n") if line
    ]


def hosts(text: str) -> set[str]:
    return {(match["marked"] or match["bare"]).lower() for match in HOST.finditer(text)}


def scripts(texts: Iterable[str], letters_needed: int = 500) -> set[str]:
    """The scripts with at least so many letters; a letter's script is the first word of its name."""
    counts: Counter[str] = Counter()
    for character, count in Counter("".join(texts)).items():
        if unicodedata.category(character).startswith("L"):
            counts[unicodedata.name(character, "UNNAMED").split()[0].split("-")[0]] += count
    same = {"HIRAGANA": "KANA", "KATAKANA": "KANA"}
    by_script: Counter[str] = Counter()
    for name, count in counts.items():
        by_script[same.get(name, name)] += count
    return {name for name, count in by_script.items() if count >= letters_needed}


@pytest.fixture(scope="module")
def polluted() -> list[dict[str, str]]:
    return read(POLLUTED)


@pytest.fixture(scope="module")
def clean() -> list[dict[str, str]]:
    return read(CLEAN)


def test_regenerating_gives_the_committed_bytes(tmp_path: Path) -> None:
    assert sample_maker.main([str(tmp_path)]) == 0
    committed = {path.name: path.read_bytes() for path in POLLUTED.iterdir()}
    generated = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert generated.keys() == committed.keys()
    assert [name for name in committed if generated[name] != committed[name]] == []


def test_wrong_arguments_write_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert sample_maker.main([]) == 2
    assert "usage" in capsys.readouterr().err


def test_each_template_file_says_what_and_why() -> None:
    for path in sorted(sample_maker.TEMPLATES.glob("*.toml")):
        if path.name == sample_maker.COPIES:
            continue
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        assert table["kind"] == path.stem
        assert table["why"] and table["evidence"] and table["languages"], path.name


def test_template_sources_show_invisible_characters() -> None:
    for path in sample_maker.TEMPLATES.glob("*.toml"):
        text = path.read_text(encoding="utf-8")
        assert not [c for c in text if unicodedata.category(c) == "Cf"], f"{path.name}: write \\uXXXX instead"


def test_unknown_slots_are_refused() -> None:
    with pytest.raises(KeyError):
        sample_maker.fill("{nothing}", {}, {}, random.Random(0))


def test_braces_of_code_are_no_slots() -> None:
    line = '{"path":"a"} {{ row.name }} {} f(){'
    assert sample_maker.fill(line, {}, {}, random.Random(0)) == line


def test_polluted_documents_are_labelled(polluted: list[dict[str, str]]) -> None:
    assert len(polluted) >= 120
    for document in polluted:
        assert list(document) == POLLUTED_KEYS
        assert document["label"] == "spam"
        assert document["category"] in sample_maker.CATEGORIES
    assert {document["category"] for document in polluted} == set(sample_maker.CATEGORIES)


def test_polluted_documents_have_the_promised_length(polluted: list[dict[str, str]]) -> None:
    assert [each["id"] for each in polluted if not 200 <= len(each["text"]) <= 1500] == []


def test_exact_copies_are_the_planned_ones(polluted: list[dict[str, str]]) -> None:
    repeats = Counter(Counter(each["text"] for each in polluted).values())
    assert {times: count for times, count in repeats.items() if times > 1} == {2: 8, 10: 1}


def test_one_stem_takes_twenty_tails(polluted: list[dict[str, str]]) -> None:
    pages = [each["text"] for each in polluted if each["kind"] == "lottery-zh"]
    assert any(len(set(re.findall(r"天天中彩票(\w{1,4})", page))) >= 20 for page in pages)


def test_polluted_documents_name_only_reserved_hosts(polluted: list[dict[str, str]]) -> None:
    real = {
        host: each["id"] for each in polluted for host in hosts(each["text"]) if not RESERVED.search(host)
    }
    assert real == {}


def test_the_host_check_sees_real_hosts() -> None:
    seen = hosts("go to http://casino.real.bet/x, www.real.com, shop@real.net or real-shop.ru now")
    assert {host for host in seen if not RESERVED.search(host)} == {
        "casino.real.bet",
        "real.com",
        "real.net",
        "real-shop.ru",
    }
    assert all(RESERVED.search(host) for host in hosts("https://a.example.com/ b@example.net kf1.invalid"))


def test_contact_numbers_are_fake(polluted: list[dict[str, str]]) -> None:
    contact = re.compile(r"(?:QQ|Q|QQ群|群)[：: ]?(\d{6,})")
    numbers = [number for each in polluted for number in contact.findall(each["text"])]
    assert numbers and all(number.startswith("000") for number in numbers)


def test_ids_are_unique_over_both_halves(polluted: list[dict[str, str]]) -> None:
    ids = Counter(each["id"] for each in read(CLEAN) + polluted)
    assert [each for each, count in ids.items() if count > 1] == []


def test_clean_documents_are_labelled(clean: list[dict[str, str]]) -> None:
    for document in clean:
        assert list(document) == CLEAN_KEYS, document["id"]
        assert document["label"] == "ham"


def test_clean_half_is_broad(clean: list[dict[str, str]]) -> None:
    texts = [document["text"] for document in clean]
    found = scripts(texts)
    assert len(texts) >= 600
    assert sum(len(text.encode("utf-8")) for text in texts) >= 150_000
    assert len({document["lang"] for document in clean}) >= 24
    assert len(found) >= 12, sorted(found)
