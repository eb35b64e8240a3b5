"""Every kind of TOKENIZER loads, and every broken one is refused in one clear sentence."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tiktoken

from corpora.errors import WinnowError, WrongCall
from trainer import bundled
from trainer.bundled import BUNDLED_NAMES, load_bundled, load_from_tiktoken
from trainer.exports import to_tokenizers, write_exports
from trainer.load import load_tokenizer
from trainer.reference_encoder import encode
from trainer.tiktoken_file import format_tiktoken, parse_tiktoken
from trainer.vocabulary import Encoding, Vocabulary

Maker = Callable[..., Vocabulary]
Edit = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize("name", BUNDLED_NAMES)
def test_bundled_names_load_offline(name: str) -> None:
    vocabulary = load_tokenizer(name)
    assert vocabulary.name == name
    assert vocabulary.size > 30_000
    assert (
        (vocabulary.encoding is Encoding.UNKNOWN)
        == (vocabulary.pattern == "")
        == bool(vocabulary.notes and "NFC" not in vocabulary.notes[0])
    )


def test_o200k_loads_in_less_than_two_seconds() -> None:
    load = "from trainer.load import load_tokenizer; load_tokenizer('o200k_base')"
    code = f"import time; start = time.perf_counter(); {load}; print(time.perf_counter() - start)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert float(done.stdout) < 2


def test_importing_load_imports_nothing_heavy() -> None:
    code = "import sys, trainer.load; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"numpy", "tokenizers", "tiktoken", "splintr", "huggingface_hub", "regex", "numba", "pyarrow"}
    assert not heavy & set(done.stdout.split())


@pytest.mark.parametrize("name", ["o200k_base", "cl100k_base", "o200k_harmony"])
def test_bundled_copies_are_tiktoken_s(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """tiktoken, given our regenerated file as its cache, checks the SHA-256 and builds the encoding."""
    ours = load_bundled(name)
    ranks = "o200k_base" if name == "o200k_harmony" else name
    url = f"https://openaipublic.blob.core.windows.net/encodings/{ranks}.tiktoken"
    (tmp_path / hashlib.sha1(url.encode()).hexdigest()).write_bytes(format_tiktoken(ours.tokens))
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    _no_network(monkeypatch)
    theirs = load_from_tiktoken(name)
    assert theirs == ours


def test_a_copy_that_is_not_the_published_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(bundled.SHA256, "cl100k_base", "0" * 64)
    with pytest.raises(WinnowError, match="SHA-256"):
        load_tokenizer("cl100k_base")


def test_a_name_that_only_tiktoken_knows_needs_the_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    _no_network(monkeypatch)
    with pytest.raises(WinnowError, match="TIKTOKEN_CACHE_DIR"):
        load_tokenizer("r50k_base")


def test_exports_load_back(toy: Vocabulary, tmp_path: Path) -> None:
    write_exports(tmp_path, toy)
    for spec in (tmp_path, tmp_path / "tokenizer.json", tmp_path / "tokenizer.tiktoken"):
        read = load_tokenizer(str(spec))
        assert read == Vocabulary(**{**_fields(toy), "name": tmp_path.name})


def test_a_published_tiktoken_file_is_recognised(tmp_path: Path) -> None:
    cl100k = load_bundled("cl100k_base")
    (tmp_path / "some.tiktoken").write_bytes(format_tiktoken(cl100k.tokens))
    read = load_tokenizer(str(tmp_path / "some.tiktoken"))
    assert read.name == "some"
    assert (read.pattern, read.special_tokens) == (cl100k.pattern, cl100k.special_tokens)
    assert load_tokenizer(str(tmp_path)).special_tokens == cl100k.special_tokens


def test_an_unknown_tiktoken_file_says_what_it_assumes(toy: Vocabulary, tmp_path: Path) -> None:
    (tmp_path / "mine.tiktoken").write_bytes(format_tiktoken(toy.tokens))
    read = load_tokenizer(str(tmp_path / "mine.tiktoken"))
    assert read.tokens == toy.tokens
    assert "names no pattern" in read.notes[0]


def test_a_tokenizer_json_of_other_tokens_beside_it_is_not_used(
    toy: Vocabulary, make_vocabulary: Maker, tmp_path: Path
) -> None:
    write_exports(tmp_path, toy)
    other = make_vocabulary(b"ab")
    (tmp_path / "other.tiktoken").write_bytes(format_tiktoken(other.tokens))
    assert load_tokenizer(str(tmp_path / "other.tiktoken")).special_tokens == {}


def test_the_hub_s_cache_is_used(toy: Vocabulary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = tmp_path / "models--someone--toy"
    write_exports(repository / "snapshots" / "abc", toy)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("abc")
    _offline_hub(tmp_path, monkeypatch)
    read = load_tokenizer("someone/toy")
    assert (read.name, read.tokens) == ("someone/toy", toy.tokens)


def test_the_hub_without_a_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _offline_hub(tmp_path, monkeypatch)
    with pytest.raises(
        WinnowError, match=r"someone/else: no such folder here; the Hugging Face hub cannot be reached"
    ):
        load_tokenizer("someone/else")


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("o200k-base", "did you mean 'o200k_base'"),
        ("nothing.json", "no such file"),
        ("./nothing", "no such file"),
        ("a/b/c/d", "no such file"),
        (".", "holds no tokenizer.json"),
        ("notes.md", "not a tokenizer"),
    ],
)
def test_wrong_calls(spec: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "notes.md").write_text("hello")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(WrongCall, match=says):
        load_tokenizer(spec)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "holds no tokens"),
        (b"YQ== 0\nYg== x\n", ":2: not a .tiktoken line"),
        (b"YQ==\n", ":1: not a .tiktoken line"),
        (b"YQ== 0\n!!!! 1\n", ":2: not base64"),
        (b"YQ 0\n", ":1: not base64"),
        (b"YQ== 0\nYg== 0\n", ":2: rank 0 comes twice"),
        (b"YQ== 0\nYQ== 1\n", "a token comes twice"),
        (b"YQ== -1\n", "not a .tiktoken line"),
        (b"\x00\xff\x80 0\n", "not base64"),
        (b'{"version": "1.0"}', "not a .tiktoken line"),
    ],
)
def test_broken_tiktoken_files(data: bytes, says: str, tmp_path: Path) -> None:
    path = tmp_path / "broken.tiktoken"
    path.write_bytes(data)
    with pytest.raises(WinnowError, match=says):
        load_tokenizer(str(path))


def test_an_empty_token_is_refused() -> None:
    with pytest.raises(WinnowError, match="not a"):
        parse_tiktoken(base64.b64encode(b"") + b" 0\n", "x")


@pytest.fixture(scope="module")
def small_file(tmp_path_factory: pytest.TempPathFactory, make_vocabulary: Maker) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("small")
    write_exports(folder, make_vocabulary(b"ab", b"abc", b"bc", special=("<s>",)))
    record: dict[str, Any] = json.loads((folder / "tokenizer.json").read_bytes())
    return record


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (lambda file: file["model"].update(type="Unigram", vocab=[["a", 0.0]]), "this tokenizer is Unigram"),
        (lambda file: file["model"].update(type="WordPiece"), "this tokenizer is WordPiece"),
        (lambda file: file["model"].update(byte_fallback=True), "sentencepiece"),
        (lambda file: file["model"].update(end_of_word_suffix="</w>"), "BPE over characters"),
        (lambda file: file.update(pre_tokenizer={"type": "Whitespace"}, decoder=None), "no ByteLevel step"),
        (lambda file: file["model"]["vocab"].update({"漢": 999}), "not byte-level"),
        (lambda file: file["model"]["vocab"].update({"xy": 5}), "id 5 is used twice"),
        (lambda file: file["model"]["vocab"].update({"xy": "5"}), "not a whole number"),
        (lambda file: file["model"]["vocab"].update({"xy": -5}), "negative"),
        (lambda file: file["model"]["merges"].append(["x", "y"]), "not in the vocabulary"),
        (lambda file: file["model"]["merges"].append(["x", "y", "z"]), "not a merge rule"),
        (lambda file: file["model"]["merges"].append("xyz"), "not a merge rule"),
        (lambda file: file["model"].pop("vocab"), "not byte-level BPE"),
        (lambda file: file.pop("model"), "not a tokenizer.json"),
        (lambda file: file.update(added_tokens=[{"content": "x"}]), "not a tokenizer.json"),
        (lambda file: file["added_tokens"].append({"id": 0, "content": "<t>"}), "the same id"),
        (
            lambda file: file["pre_tokenizer"]["pretokenizers"][0].pop("pattern"),
            "without a regular expression",
        ),
    ],
)
def test_broken_tokenizer_json(small_file: dict[str, Any], edit: Edit, says: str, tmp_path: Path) -> None:
    file = json.loads(json.dumps(small_file))
    edit(file)
    with pytest.raises(WinnowError, match=says):
        load_tokenizer(_write(tmp_path, file))


@pytest.mark.parametrize("data", [b"", b"[]", b"nonsense", b"\xff\xfe\x00", b'"text"'])
def test_what_is_not_json_is_refused(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_bytes(data)
    with pytest.raises(WinnowError, match=r"not a tokenizer\.json"):
        load_tokenizer(str(tmp_path))


def test_a_truncated_file_is_refused(small_file: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_bytes(json.dumps(small_file).encode()[:-40])
    with pytest.raises(WinnowError, match=r"tokenizer\.json: not a tokenizer\.json"):
        load_tokenizer(str(path))


@pytest.mark.parametrize(
    ("steps", "pattern"),
    [
        ([{"type": "ByteLevel", "add_prefix_space": False}], "'s|'t"),
        ([{"type": "ByteLevel", "add_prefix_space": False, "use_regex": False}], r"[\s\S]+"),
        (
            [
                {"type": "Split", "pattern": {"Regex": r"\w+"}, "behavior": "Removed", "invert": True},
                {"type": "ByteLevel", "add_prefix_space": False, "use_regex": False},
            ],
            r"\w+",
        ),
    ],
)
def test_pre_tokenizers_that_one_pattern_says(
    small_file: dict[str, Any], steps: list[dict[str, Any]], pattern: str, tmp_path: Path
) -> None:
    wrapped = steps[0] if len(steps) == 1 else {"type": "Sequence", "pretokenizers": steps}
    read = load_tokenizer(_write(tmp_path, {**small_file, "pre_tokenizer": wrapped}))
    assert read.pattern.startswith(pattern)
    assert read.encoding is Encoding.RANKS


@pytest.mark.parametrize(
    ("first", "note"),
    [
        ({"type": "Digits", "individual_digits": True}, "Digits is not modelled"),
        (
            {"type": "Split", "pattern": {"Regex": "x"}, "behavior": "Isolated", "invert": False},
            "several steps",
        ),
        ({"type": "ByteLevel", "add_prefix_space": True, "use_regex": False}, "add_prefix_space"),
        (
            {"type": "Split", "pattern": {"Regex": "x"}, "behavior": "Removed", "invert": False},
            "behaviour Removed",
        ),
    ],
)
def test_pre_tokenizers_that_no_pattern_says_give_tokens_only(
    small_file: dict[str, Any], first: dict[str, Any], note: str, tmp_path: Path
) -> None:
    steps = [first, {"type": "ByteLevel", "add_prefix_space": False}]
    file = {**small_file, "pre_tokenizer": {"type": "Sequence", "pretokenizers": steps}}
    read = load_tokenizer(_write(tmp_path, file))
    assert read.encoding is Encoding.UNKNOWN
    assert note in " ".join(read.notes)
    assert read.ids_of[b"abc"] == 258


def test_what_the_record_leaves_out_is_noted(small_file: dict[str, Any], tmp_path: Path) -> None:
    file = json.loads(json.dumps({**small_file, "normalizer": {"type": "NFC"}}))
    file["added_tokens"][0]["lstrip"] = True
    notes = " ".join(load_tokenizer(_write(tmp_path, file)).notes)
    assert "NFC" in notes
    assert "1 added tokens" in notes


def test_merges_out_of_id_order_are_kept_and_obeyed(small_file: dict[str, Any], tmp_path: Path) -> None:
    """Rules `bc` before `ab`: only the rules' own order says how to encode."""
    import tokenizers

    file = json.loads(json.dumps(small_file))
    file["model"]["merges"] = [["b", "c"], ["a", "b"], ["a", "bc"]]
    read = load_tokenizer(_write(tmp_path, file))
    assert read.encoding is Encoding.MERGES
    theirs = tokenizers.Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    again = to_tokenizers(read)
    for text in ("abc", "abcabc", "ab bc abcc", "aabbcc"):
        assert encode(read, text) == theirs.encode(text).ids == again.encode(text).ids
    with pytest.raises(WinnowError, match="tiktoken cannot express"):
        write_exports(tmp_path / "out", read)


def test_a_dropped_rule_is_noticed(small_file: dict[str, Any], tmp_path: Path) -> None:
    """A token whose rule was deleted by hand: ids alone would merge it, the file does not."""
    file = json.loads(json.dumps(small_file))
    file["model"]["merges"].remove(["ab", "c"])
    assert load_tokenizer(_write(tmp_path, file)).encoding is Encoding.MERGES


def test_needless_rules_change_nothing(small_file: dict[str, Any], tmp_path: Path) -> None:
    """Other converters write every split of every token; the rules that never fire are dropped."""
    file = json.loads(json.dumps(small_file))
    file["model"]["merges"].insert(1, ["a", "bc"])
    read = load_tokenizer(_write(tmp_path, file))
    assert read.encoding is Encoding.RANKS
    assert len(read.rules) == 3


def test_rules_spelled_as_strings(small_file: dict[str, Any], tmp_path: Path) -> None:
    file = json.loads(json.dumps(small_file))
    file["model"]["merges"] = [" ".join(rule) for rule in file["model"]["merges"]]
    assert len(load_tokenizer(_write(tmp_path, file)).rules) == 3


def test_vocabulary_refuses_what_cannot_be() -> None:
    with pytest.raises(WinnowError, match="id 0 is used twice"):
        Vocabulary("x", {0: b"a"}, {"<s>": 0}, "")
    with pytest.raises(WinnowError, match="two ids"):
        Vocabulary("x", {0: b"a", 1: b"a"}, {}, "")
    with pytest.raises(WinnowError, match="empty"):
        Vocabulary("x", {0: b""}, {}, "")
    with pytest.raises(WinnowError, match="no token"):
        Vocabulary("x", {0: b"a"}, {}, "").bytes_of(1)


def test_a_name_wins_over_a_folder_and_dot_slash_names_the_folder(
    toy: Vocabulary, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_exports(tmp_path / "whisper", toy)
    monkeypatch.chdir(tmp_path)
    assert load_tokenizer("whisper").size > 50_000
    assert load_tokenizer("./whisper").size == toy.size


def _fields(vocabulary: Vocabulary) -> dict[str, Any]:
    return {name: getattr(vocabulary, name) for name in Vocabulary.__dataclass_fields__}


def _write(folder: Path, file: dict[str, Any]) -> str:
    (folder / "tokenizer.json").write_text(json.dumps(file), encoding="utf-8")
    return str(folder / "tokenizer.json")


def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert tiktoken.registry.ENCODINGS.keys().isdisjoint({"r50k_base"})
    monkeypatch.setattr(tiktoken.registry, "ENCODINGS", {})


def _offline_hub(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
