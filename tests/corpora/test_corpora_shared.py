"""What all rooms share: the class table, safe display, configuration files and recipes."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import click
import numpy as np
import numpy.typing as npt
import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from corpora import unicode_classes as classes
from corpora.cli import TableView, emit, verb
from corpora.display import show_bytes, show_text
from corpora.documents import ReadOptions
from corpora.errors import WrongCall
from corpora.job import option_arguments, override, plan
from corpora.recipes import builtin_recipes, load_recipe, recipe_shards
from corpora.table_cache import stored_table

PROPERTIES = {
    classes.UPPER: r"[\p{Lu}\p{Lt}]",
    classes.LOWER: r"\p{Ll}",
    classes.OTHER_LETTER: r"[\p{Lm}\p{Lo}]",
    classes.MARK: r"\p{M}",
    classes.NUMBER: r"\p{N}",
    classes.SPACE: r"\s",
    classes.NEWLINE: r"[\r\n]",
    classes.PUNCTUATION: r"\p{P}",
    classes.SYMBOL: r"\p{S}",
    classes.HAN: r"\p{Han}",
    classes.INVISIBLE: r"\p{Cf}",
    classes.PRIVATE: r"\p{Co}",
    classes.UNASSIGNED: r"\p{Cn}",
}


@given(st.characters(exclude_categories=["Cs"]))
def test_the_class_table_agrees_with_regex(character: str) -> None:
    bits = int(classes.class_table()[ord(character)])
    for bit, pattern in PROPERTIES.items():
        assert bool(bits & bit) == bool(regex.fullmatch(pattern, character)), (pattern, character)


def test_surrogates_have_no_class_and_the_table_is_read_only() -> None:
    table = classes.class_table()
    assert table.dtype == np.uint16
    assert table.shape == (0x110000,)
    assert not table[0xD800:0xE000].any()
    with pytest.raises(ValueError, match="read-only"):
        table[0] = 1


def test_a_stored_table_comes_back_and_a_damaged_one_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    built: list[int] = []

    def build() -> npt.NDArray[np.int64]:
        built.append(len(built))
        return np.arange(5)

    def check(times: int) -> None:
        table = stored_table("five", np.uint16, 5, build)
        assert table.tolist() == [0, 1, 2, 3, 4]
        assert table.dtype == np.uint16
        assert not table.flags.writeable
        assert len(built) == times

    check(1)
    check(1)
    (stored,) = (tmp_path / "winnow").iterdir()
    content = stored.read_bytes()
    for damaged in (b"", content[:-1], bytes([content[0] ^ 1]) + content[1:]):
        stored.write_bytes(damaged)
        check(len(built) + 1)
    monkeypatch.setenv("XDG_CACHE_HOME", str(stored))  # a file where the folder should be
    check(len(built) + 1)


@given(st.binary(max_size=20))
def test_shown_bytes_hold_nothing_hidden(token: bytes) -> None:
    shown = show_bytes(token)
    assert not any(unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Cn"} for character in shown)
    shown.encode("utf-8")


def test_display_examples() -> None:
    assert show_bytes("天天\u200b".encode()) == "天天\\u200b"
    assert show_bytes(b"a\xe5\xa4") == "a<0xE5><0xA4>"
    assert show_text("x\u202egnp.exe\n") == "x\\u202egnp.exe\\n"
    assert show_text("\U000e0041\ud800") == "\\U000e0041\\ud800"


@verb("tool", example="winnow tool --size 3")
@click.option("--size", type=int, default=1)
@click.option("--ban", multiple=True)
def tool(size: int, ban: tuple[str, ...]) -> None:
    """Echo."""
    click.echo(f"{size} {ban}")


@pytest.mark.parametrize(
    "text", ["size = 5\nban = ['a', 'b']", "[tool]\nsize = 5\nban = ['a', 'b']\n[other]\nx = 1"]
)
def test_a_configuration_file_sets_options(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "c.toml").write_text(text)
    tool.main(["--config", str(tmp_path / "c.toml")], standalone_mode=False)
    assert capsys.readouterr().out == "5 ('a', 'b')\n"
    tool.main(["--config", str(tmp_path / "c.toml"), "--size", "7"], standalone_mode=False)
    assert capsys.readouterr().out.startswith("7 ")


@pytest.mark.parametrize(
    ("text", "message"),
    [("sizes = 5", "did you mean 'size'"), ("size = [", "not valid TOML"), ("tool = 5", "must be a table")],
)
def test_a_wrong_configuration_is_a_wrong_call(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text(text)
    with pytest.raises(WrongCall, match=message):
        tool.main(["--config", str(tmp_path / "c.toml")], standalone_mode=False)


def test_a_missing_configuration_is_a_wrong_call(tmp_path: Path) -> None:
    with pytest.raises(WrongCall, match="No such file"):
        tool.main(["--config", str(tmp_path / "none.toml")], standalone_mode=False)


@pytest.mark.parametrize("output_format", ["table", "json", "jsonl", "markdown"])
def test_every_format_prints(output_format: str, capsys: pytest.CaptureFixture[str]) -> None:
    view = TableView("Things", ["name", "n"], [["a|b[red]", "1"]])
    emit({"schema_version": 1, "rows": [{"name": "a|b"}]}, [{"name": "a|b"}], [view], output_format)
    out = capsys.readouterr().out
    assert "a|b" in out or "a\\|b" in out
    if output_format == "table":
        assert "[red]" in out, "cells are text, not markup"


def test_builtin_recipes_load_and_the_sample_has_documents() -> None:
    assert {"sample", "fineweb2-mini", "wikipedia-mini"} <= builtin_recipes().keys()
    for name in builtin_recipes():
        recipe = load_recipe(name)
        shards = recipe_shards(recipe, ReadOptions())
        assert {shard.source for shard in shards} == {source.name for source in recipe.sources}
        assert [step.verb for step in plan(recipe, name, Path("out"))] == [
            "filter",
            "count",
            "train",
            "audit",
        ]


RECIPE = """
[[source]]
name = "web"
input = "data/*.jsonl"
weight = 2.5
limit = 1
language = "de"
[train]
pattern = "gpt2"
vocab-size = 300
ban = ["core", "./mine.toml"]
allow-fewer = true
force = false
"""


def test_a_recipe_finds_its_inputs_beside_itself(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.jsonl").write_text('{"text": "eins"}\n{"text": "zwei"}\n')
    (tmp_path / "r.toml").write_text(RECIPE)
    recipe = load_recipe(str(tmp_path / "r.toml"))
    (shard,) = recipe_shards(recipe, ReadOptions())
    from corpora.documents import Problems

    rows = [row for batch in shard.batches(Problems()) for row in batch.to_pylist()]
    assert rows == [{"id": "a.jsonl:1", "text": "eins", "source": "web", "language": "de"}]
    count, train = plan(recipe, "r.toml", Path("out"))[1:3]
    assert "--source-weight=web=2.5" in count.arguments
    assert count.arguments[-2:] == ("--pattern", "gpt2")
    mine = str(tmp_path / "mine.toml")
    expected = ("--pattern", "gpt2", "--vocab-size", "300", "--ban", "core", "--ban", mine, "--allow-fewer")
    assert train.arguments[-9:] == expected
    with pytest.raises(WrongCall, match="several sizes"):
        plan(override(recipe, ["train.vocab-size=[300, 400]"]), "r.toml", Path("out"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sources = []", "did you mean 'source'"),
        ("[[source]]\nname='a'\nimput='x'", "did you mean 'input'"),
        ("[[source]]\nname='a'", "input"),
        ("[[source]]\nname='a'\ninput=5", "str"),
        ("source = []", "at least one"),
        ("[[source]]\nname='a'\ninput='x'\n[[source]]\nname='a'\ninput='y'", "two sources"),
        ("[[source]]\nname='a'\ninput='x'\nweight=0", "above 0"),
        ("[[source]]\nname='a'\ninput='x'\nlimit=-1", "above 0"),
        ("[[source]\n", "not valid TOML"),
    ],
)
def test_wrong_recipes_are_wrong_calls(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "r.toml").write_text(text)
    with pytest.raises(WrongCall, match=message):
        load_recipe(str(tmp_path / "r.toml"))


def test_settings_override_a_recipe() -> None:
    recipe = override(
        load_recipe("sample"), ["train.vocab-size=300", "filter.language=en,zh", "train.ban=['a']"]
    )
    assert recipe.stages["train"]["vocab-size"] == 300
    assert recipe.stages["filter"]["language"] == "en,zh"
    assert recipe.stages["train"]["ban"] == ["a"]
    for wrong in ("vocab-size=3", "train.x", "tran.x=1"):
        with pytest.raises(WrongCall, match="not a setting"):
            override(recipe, [wrong])


def test_option_arguments() -> None:
    assert option_arguments({"a_b": True, "c": False, "d": [1, 2], "e": "x"}, Path("f")) == [
        "--a-b", "--d", "1", "--d", "2", "--e", "x",
    ]  # fmt: skip
