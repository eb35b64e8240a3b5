"""List files: what loads, the errors that broken ones get, and that writing gives back what was read."""

from __future__ import annotations

from pathlib import Path

import pytest

from banlists.editing import canonical_text
from banlists.lists import PACKS, builtin_names, load_ban_lists, load_packs
from banlists.patterns import regex_problem
from banlists.schema import json_schema, read_pack
from banlists.toml_text import header_comments, pack_to_toml, stray_comment
from corpora.errors import WinnowError, WrongCall

LIST = '[list]\nid = "mine"\nversion = "2026.11.22"\ntitle = "test"\n'
GROUP = '[[group]]\nid = "g"\ncategory = "seo"\nmatch = "text"\nreason = "because of that"\n'


def write(folder: Path, text: str, name: str = "mine.toml") -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[list", "not valid TOML"),
        (LIST.replace("title", "titel"), "did you mean 'title'"),
        (LIST + GROUP + 'pattern = ["x"]', "did you mean 'patterns'"),
        (LIST + GROUP + "patterns = [1]", "$.group[0].patterns[0]"),
        (LIST + GROUP.replace("text", "texts") + 'patterns = ["xy"]', "$.group[0].match"),
        (LIST + "[[alow]]\n", "did you mean 'allow'"),
        (GROUP + 'patterns = ["xy"]', "missing required field `list`"),
        (LIST + "schema = 9\n", "this version reads 1"),
        (LIST + GROUP + 'patterns = ["性"]', "only with force"),
        (LIST + GROUP + 'patterns = ["】【"]', "nothing is left"),
        (LIST + GROUP.replace('"text"', '"bytes"') + 'patterns = ["e5"]', "256 single bytes"),
        (LIST + GROUP.replace('"text"', '"bytes"') + 'patterns = ["xyz"]', "hexadecimal"),
        (LIST + GROUP.replace('"text"', '"bytes"') + 'patterns = ["e5a4a9"]', "only with force"),
        (LIST + GROUP.replace('"text"', '"regex"') + 'patterns = ["(a+)+"]', "bounded repeat"),
        (LIST + GROUP.replace('"text"', '"pair"') + 'patterns = ["xy"]', "two-element"),
        (LIST + GROUP + 'patterns = [["x", "y"]]', "two-element"),
        (LIST + GROUP.replace('"text"', '"fragment_of"') + 'patterns = ["short"]', "a phrase needs"),
        (LIST + GROUP + 'patterns = ["\u0e38\u0e49นบาท"]', "combining mark"),
        (LIST + GROUP + 'patterns = ["xy"]\n[group.tests]\nhits = ["xy"]', "did you mean 'hit'"),
    ],
)  # fmt: skip
def test_a_broken_file_says_what_and_where(tmp_path: Path, text: str, said: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(WrongCall) as error:
        load_ban_lists([path])
    assert said in str(error.value)
    assert path in str(error.value)


def test_unknown_names_get_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(WrongCall, match="did you mean 'zh-gambling'"):
        load_ban_lists(["zh-gamblin"])
    with pytest.raises(WrongCall, match="no such ban list"):
        load_ban_lists([str(tmp_path / "absent.toml")])


def test_two_files_with_one_id_are_refused(tmp_path: Path) -> None:
    first, second = write(tmp_path, LIST, "a.toml"), write(tmp_path, LIST, "b.toml")
    with pytest.raises(WrongCall, match="is also that of"):
        load_ban_lists([first, second])


def test_sets_hold_one_another() -> None:
    core, extended, full = (set(load_ban_lists([name]).entries) for name in ("core", "extended", "full"))
    assert core < extended <= full
    assert {entry.severity for entry in core} == {"core"}
    assert {entry.status for entry in full} == {"stable"}


def test_a_file_named_twice_counts_once() -> None:
    assert len(load_packs(["core", "zh-gambling", "core"])) == len(builtin_names())


def test_packs_are_named_without_folders() -> None:
    files = load_ban_lists(["core"]).packs
    assert [file.path for file in files] == [f"builtin:{name}" for name in builtin_names()]
    assert all(len(file.sha256) == 64 for file in files)


def test_disable_switches_off_a_group_and_a_pattern(tmp_path: Path) -> None:
    token = "在线观看".encode()
    rule = load_ban_lists(["zh-seo"]).match(token)
    assert rule is not None
    for disabled in (rule.entry, f"{rule.entry}/{rule.pattern}"):
        path = write(tmp_path, LIST + f'[[disable]]\nrule = "{disabled}"\nreason = "we sell films"\n')
        assert load_ban_lists(["zh-seo", path]).match(token) is None


def test_a_local_allow_beats_a_built_in_ban(tmp_path: Path) -> None:
    path = write(tmp_path, LIST + '[[allow]]\npattern = "카지노"\nreason = "we write about tourism"\n')
    assert load_ban_lists(["ko-spam"]).match("카지노".encode()) is not None
    assert load_ban_lists(["ko-spam", path]).match("카지노".encode()) is None


@pytest.mark.parametrize("name", builtin_names())
def test_built_in_files_are_in_canonical_form(name: str) -> None:
    path = PACKS / f"{name}.toml"
    assert canonical_text(path) == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", builtin_names())
def test_writing_gives_back_what_was_read(name: str, tmp_path: Path) -> None:
    pack = read_pack(PACKS / f"{name}.toml")
    assert read_pack(Path(write(tmp_path, pack_to_toml(pack)))) == pack


def test_hidden_characters_are_written_as_escapes(tmp_path: Path) -> None:
    path = write(tmp_path, LIST + GROUP + 'patterns = ["\\"q", "a\\ufeffb\\\\"]\n')
    text = canonical_text(Path(path))
    assert "\\uFEFF" in text
    assert read_pack(Path(write(tmp_path, text, "again.toml"))) == read_pack(Path(path))


def test_comments_are_kept_at_the_top_and_found_elsewhere() -> None:
    assert header_comments("# a\n# b\n[list]\n# c\n") == "# a\n# b\n"
    assert stray_comment("# a\n[list]\n# c\n") == 3
    assert stray_comment("# a\n[list]\n") is None


@pytest.mark.parametrize(
    "pattern",
    ["a*", "a+", "a{2,}", "(ab){2}", r"(a)\1", "(?=a)b", "(?i)a", "a{65}", "[", "(a", "a?", "", "|",
     "a{1,60}b{1,60}c{1,60}"],
)  # fmt: skip
def test_regexes_outside_the_linear_subset(pattern: str) -> None:
    assert regex_problem(pattern) is not None


@pytest.mark.parametrize(
    "pattern", ["ab?c", r"\d{5,11}", "(?:qq|vx)[:： ]?[0-9]{5}", "^a$", r"a\.b", "(ab)?c", "[^a]b"]
)
def test_regexes_inside_it(pattern: str) -> None:
    assert regex_problem(pattern) is None


def test_the_json_schema_names_every_key() -> None:
    text = str(json_schema())
    assert all(key in text for key in ("patterns", "tombstone", "review_by", "todo_ok"))


def test_errors_are_one_family() -> None:
    assert issubclass(WrongCall, WinnowError)
