"""`winnow ban apply` on small tokenizers: what it removes, writes, says and refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from banlists.lists import load_ban_lists
from corpora.errors import WinnowError, WrongCall
from corpora.outputs import AlreadyFinished
from trainer.apply_command import apply
from trainer.ban_application import find_banned
from trainer.exports import EXPORTS, to_tiktoken, write_exports
from trainer.load import load_tokenizer
from trainer.vocabulary import Vocabulary

Maker = Callable[..., Vocabulary]


_LIST = """
[list]
id = "words"
version = "2026.11.22"
title = "One word"

[[group]]
id = "luck"
category = "gambling"
match = "{match}"
reason = "a test"
patterns = [{patterns}]
"""


@pytest.fixture
def ban_file(tmp_path: Path) -> Path:
    """A list that bans the token `lucky` and no longer one, so that there are dependents."""
    path = tmp_path / "words.toml"
    path.write_text(_LIST.format(match="text", patterns='"lucky"'), encoding="utf-8")
    return path


@pytest.fixture
def tokenizer(make_vocabulary: Maker, tmp_path: Path) -> Path:
    learned = (b"lu", b"ck", b"luck", b"lucky", b"luckyx", b"ing")
    folder = tmp_path / "source"
    vocabulary = make_vocabulary(*learned, pattern=r"\w+|\W+", special=("<s>",))
    write_exports(folder, replace(vocabulary, name="source"))
    return folder


@pytest.fixture
def clean_text(tmp_path: Path) -> Path:
    path = tmp_path / "clean.txt"
    path.write_text("ducking the lucky luckyx\n", encoding="utf-8")
    return path


def _run(*arguments: object) -> Result:
    result = CliRunner().invoke(apply, [str(argument) for argument in arguments], catch_exceptions=True)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_keep(tokenizer: Path, ban_file: Path, clean_text: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = _run(tokenizer, "--ban", ban_file, "-o", out, "--text", clean_text)
    assert result.stdout == f"{out}\n"
    assert "2 go: 1 banned and 1 built on them" in result.stderr
    assert "[luckyx] (nothing else makes it)" in result.stderr
    assert "clean text pays" in result.stderr
    before, after = load_tokenizer(str(tokenizer)), load_tokenizer(str(out))
    gone = {before.ids_of[b"lucky"], before.ids_of[b"luckyx"]}
    assert after.tombstones == gone
    assert after.rows == before.rows
    ids = to_tiktoken(after).encode_ordinary("lucky luckyx")
    assert gone.isdisjoint(ids)
    assert {path.name for path in out.iterdir()} == {
        *EXPORTS,
        "removed_tokens.txt",
        "summary.json",
        "manifest.json",
    }


def test_compact(tokenizer: Path, ban_file: Path, clean_text: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    _run(tokenizer, "--ban", ban_file, "-o", out, "--text", clean_text, "--ids", "compact")
    before, after = load_tokenizer(str(tokenizer)), load_tokenizer(str(out))
    remap = {int(old): new for old, new in json.loads((out / "id_remap.json").read_text()).items()}
    assert after.rows == after.size == before.size - 2
    assert {before.bytes_of(old): new for old, new in remap.items()} == {
        after.bytes_of(new): new for new in range(after.rows)
    }


def test_the_files_say_what_was_done(
    tokenizer: Path, ban_file: Path, clean_text: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    _run(tokenizer, "--ban", ban_file, "-o", out, "--text", clean_text)
    before = load_tokenizer(str(tokenizer)).ids_of
    banned, dependent = before[b"lucky"], before[b"luckyx"]
    assert (out / "removed_tokens.txt").read_text().splitlines() == [
        f"{banned}\t[lucky]\t6c75636b79\tbanned by words/luck",
        f"{dependent}\t[luckyx]\t6c75636b7978\tbuilt on {banned} [lucky]",
    ]
    summary = json.loads((out / "summary.json").read_text())
    assert summary["removed"] == {
        "all": 2,
        "banned": 1,
        "dependents": 1,
        "dependents_unreachable_otherwise": 1,
    }
    assert summary["removed_by"] == {"words/luck": 1}
    assert summary["text_cost"]["documents"] == 1
    assert summary["text_cost"]["tokens"]["after"] == summary["text_cost"]["tokens"]["before"] + 3
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["vocab_size"] == summary["tokens"]["after"]
    assert manifest["gguf"] == summary["gguf"]
    assert {entry["path"] for entry in manifest["outputs"]} == {
        *EXPORTS,
        "removed_tokens.txt",
        "summary.json",
    }
    assert all(entry["sha256"] for entry in manifest["inputs"])


def test_two_runs_write_the_same_bytes(
    tokenizer: Path, ban_file: Path, clean_text: Path, tmp_path: Path
) -> None:
    for name in ("one", "two"):
        _run(tokenizer, "--ban", ban_file, "-o", tmp_path / name, "--text", clean_text)
    for path in (tmp_path / "one").iterdir():
        if path.name != "manifest.json":
            assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()


def test_a_finished_output_is_left_alone(
    tokenizer: Path, ban_file: Path, clean_text: Path, tmp_path: Path
) -> None:
    call = (tokenizer, "--ban", ban_file, "-o", tmp_path / "out", "--text", clean_text)
    _run(*call)
    with pytest.raises(AlreadyFinished):
        _run(*call)
    _run(*call, "--force", "--quiet")
    with pytest.raises(WrongCall, match="a different call"):
        _run(*call, "--ids", "compact")


def test_dry_run_writes_nothing(tokenizer: Path, ban_file: Path, tmp_path: Path) -> None:
    result = _run(tokenizer, "--ban", ban_file, "-o", tmp_path / "out", "--dry-run")
    assert "2 go" in result.stderr
    assert _run(tokenizer, "--ban", ban_file, "--dry-run").stderr == result.stderr
    assert not (tmp_path / "out").exists()


def test_a_folder_must_be_named(tokenizer: Path, ban_file: Path) -> None:
    with pytest.raises(WrongCall, match="no folder to write"):
        _run(tokenizer, "--ban", ban_file)


def test_quiet_says_nothing(tokenizer: Path, ban_file: Path, clean_text: Path, tmp_path: Path) -> None:
    result = _run(tokenizer, "--ban", ban_file, "-o", tmp_path / "out", "--text", clean_text, "-q")
    assert result.stderr == ""


def test_the_tokenizer_s_own_folder_is_not_overwritten(
    tokenizer: Path, ban_file: Path, clean_text: Path
) -> None:
    with pytest.raises(WrongCall, match="overwrite"):
        _run(tokenizer, "--ban", ban_file, "-o", tokenizer, "--text", clean_text)


def test_a_pair_rule_bans_the_token_that_the_pair_makes(tokenizer: Path, tmp_path: Path) -> None:
    path = tmp_path / "pairs.toml"
    path.write_text(_LIST.format(match="pair", patterns='["lu", "ck"]'), encoding="utf-8")
    vocabulary = load_tokenizer(str(tokenizer))
    assert list(find_banned(vocabulary, load_ban_lists([str(path)]))) == [vocabulary.ids_of[b"luck"]]


def test_a_banned_special_token_is_an_error(ban_file: Path, make_vocabulary: Maker) -> None:
    vocabulary: Vocabulary = make_vocabulary(special=("lucky",))
    with pytest.raises(WinnowError, match=r"'lucky' is banned by words/luck"):
        find_banned(vocabulary, load_ban_lists([str(ban_file)]))


def test_built_in_lists_on_cl100k(cl100k: Vocabulary) -> None:
    bans = load_ban_lists(["core"])
    banned = find_banned(cl100k, bans)
    assert banned
    assert all(len(cl100k.tokens[id_]) > 1 for id_ in banned)
    assert list(banned) == sorted(banned)
