"""The verbs of `winnow ban`, run as a user runs them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import click
import pytest

from banlists.commands import VERBS, ban
from banlists.lists import load_ban_lists
from winnow import main

ADD = ["--group", "draws", "--category", "gambling", "--match", "contains", "--reason",
       "live draws on betting pages", "--evidence", "tok:o200k_base:78698", "--lang", "zh"]  # fmt: skip


def run(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    capsys.readouterr()
    assert main(["ban", *arguments]) == code
    captured = capsys.readouterr()
    return captured.out if code in (0, 3) else captured.err


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    path = tmp_path / "mine.toml"
    assert main(["ban", "init", str(path), "--title", "mine", "-q"]) == 0
    tests = ["--hit", "开奖直播", "--hit", "开奖直播间", "--ok", "直播"]
    assert main(["ban", "add", str(path), "开奖直播", *ADD, *tests, "-q"]) == 0
    return path


@pytest.mark.parametrize("name", sorted(VERBS))
def test_every_verb_has_help_with_an_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = run(capsys, name, "--help")
    assert "Example" in text
    assert f"winnow ban {name}" in text


@pytest.mark.parametrize("name", sorted(VERBS))
def test_every_verb_speaks_json(name: str) -> None:
    command = ban.get_command(click.Context(ban, info_name="ban"), name)
    assert command is not None
    (option,) = [each for each in command.params if each.name == "output_format"]
    assert isinstance(option.type, click.Choice)
    assert "json" in option.type.choices


def test_verbs_that_write_say_what_they_wrote(
    mine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def told(*arguments: str) -> dict[str, object]:
        record: dict[str, object] = json.loads(run(capsys, *arguments, "--format", "json"))
        assert record.pop("schema_version") == 1
        return record

    other, words = tmp_path / "other.toml", tmp_path / "words.txt"
    words.write_text("casino\nx\n")
    assert told("init", str(other), "--title", "t", "--version", "1") == {
        "path": str(other), "id": "other", "version": "1"
    }  # fmt: skip
    assert told("add", str(mine), "开奖直播网", *ADD)["added"] == ["开奖直播网"]
    assert told("retire", str(mine), "开奖直播网", "--reason", "too long")["retired"] == "开奖直播网"
    assert told("fmt", str(mine))["changed"] == []
    imported = told("import", str(words), "--from", "text", "-o", str(tmp_path / "i.toml"), "--category",
                    "gambling", "--reason", "a list", "--evidence", "url:x")  # fmt: skip
    assert (imported["patterns"], imported["left_out"]) == (1, ["x"])
    assert told("pack", str(mine), "-o", str(tmp_path / "p.toml"))["patterns"] == 1
    exported = told("export", str(mine), "--to", "text")
    assert (exported["lines"], exported["left_out"]) == (["开奖直播"], 0)
    locked = told("lock", str(mine), "-o", str(tmp_path / "l.json"))
    assert locked["lists"] == [str(mine)]


def test_a_lock_notices_other_rules_from_the_same_files(
    mine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "l.json"
    run(capsys, "lock", str(mine), "-o", str(path))
    assert json.loads(run(capsys, "verify", str(path), "--format", "json"))["differences"] == []
    record = json.loads(path.read_text())
    record["compiled"] = "0" * 64
    path.write_text(json.dumps(record))
    assert "other rules" in run(capsys, "verify", str(path), "--format", "json", code=3)
    del record["compiled"]  # as an older version wrote it
    path.write_text(json.dumps(record))
    run(capsys, "verify", str(path))


def test_verbs_can_be_registered_and_missing_modules_are_not_listed() -> None:
    context = click.Context(ban, info_name="ban")
    ban.lazy["later"] = ("no_such_module", "later")
    try:
        assert "later" not in ban.list_commands(context)
        assert ban.get_command(context, "later") is None
    finally:
        del ban.lazy["later"]


def test_lint_and_test_pass_on_the_built_in_packs(capsys: pytest.CaptureFixture[str]) -> None:
    assert json.loads(run(capsys, "lint", "--today", "2026-11-22", "--format", "json"))["findings"] == []
    assert json.loads(run(capsys, "test", "--format", "json"))["failed"] == []


def test_a_list_from_init_to_use(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "lint", str(mine))
    run(capsys, "test", str(mine))
    run(capsys, "fmt", str(mine), "--check")
    explained = json.loads(run(capsys, "explain", "看开奖直播", "--ban", str(mine), "--format", "json"))
    assert explained["banned"] is True
    assert explained["matches"][0]["entry"] == "mine/draws"
    assert load_ban_lists([str(mine)]).match("开奖直播".encode()) is not None


def test_add_wants_reason_and_evidence(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call = ["add", str(mine), "别的词", "--group", "g", "--category", "seo"]
    assert "reason and evidence" in run(capsys, *call, code=2)
    assert "reason and evidence" in run(capsys, *call, "--reason", "because", code=2)


def test_add_refuses_an_unknown_category_and_another_kind(
    mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = mine.read_bytes()
    call = ["add", str(mine), "别的词", "--reason", "because of it", "--evidence", "url:x"]
    assert "category" in run(capsys, *call, "--group", "new", "--category", "bad", code=2)
    assert mine.read_bytes() == before


def test_retire_leaves_a_tombstone_that_add_and_lint_respect(
    mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, "retire", str(mine), "开奖直播", "--reason", "too common")
    assert "[[tombstone]]" in mine.read_text(encoding="utf-8")
    assert "was retired on" in run(capsys, "add", str(mine), "开奖直播", *ADD, code=2)
    group = (
        '[[group]]\nid = "x"\ncategory = "seo"\nmatch = "text"\nreason = "by hand"\npatterns = ["开奖直播"]\n'
    )
    mine.write_text(mine.read_text(encoding="utf-8") + group, encoding="utf-8")
    findings = json.loads(run(capsys, "lint", str(mine), "--format", "json", code=3))["findings"]
    assert "tombstone" in {finding["check"] for finding in findings}


def test_retire_names_the_nearest_pattern(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "开奖直播" in run(capsys, "retire", str(mine), "开奖直", "--reason", "x", code=2)


@pytest.mark.parametrize(
    ("extra", "check"),
    [
        ('match = "text"\npatterns = ["开奖直播回放"]', "subsumed"),
        ('match = "contains"\npatterns = ["开奖直播"]', "duplicate"),
        ('match = "contains"\npatterns = ["sex"]', "too-short"),
        ('match = "text"\npatterns = ["two words"]', "unsatisfiable"),
        ('match = "text"\npatterns = ["kазино"]', "mixed-script"),
        ('match = "text"\npatterns = ["词语"]\nreview_by = 2020-01-01', "expired"),
        ('match = "text"\npatterns = ["词语"]', "no-evidence"),
        ('match = "text"\npatterns = []', "empty"),
        ('match = "text"\npatterns = ["词语"]\n[[allow]]\npattern = "词语"\nreason = "no"', "hidden-group"),
        ('match = "text"\npatterns = ["词语"]\n[[disable]]\nrule = "a/b"\nreason = "no"', "dead-disable"),
    ],
)
def test_lint_checks(mine: Path, capsys: pytest.CaptureFixture[str], extra: str, check: str) -> None:
    head = '[[group]]\nid = "more"\ncategory = "seo"\nreason = "short"\n'
    mine.write_text(mine.read_text(encoding="utf-8") + head + extra + "\n", encoding="utf-8")
    findings = json.loads(run(capsys, "lint", str(mine), "--format", "json", code=3))["findings"]
    assert {check, "no-reason", "no-tests"} <= {finding["check"] for finding in findings}


def test_failing_tests_exit_3(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = mine.read_text(encoding="utf-8").replace(
        'ok = ["直播"]', 'ok = ["开奖直播厅"]\ntodo_hit = ["开奖直播"]'
    )
    mine.write_text(text, encoding="utf-8")
    failed = json.loads(run(capsys, "test", str(mine), "--format", "json", code=3))["failed"]
    assert [result["expectation"] for result in failed] == ["ok", "todo_hit"]


def test_clean_text_over_the_budget_exits_3(
    mine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "clean.jsonl.gz"
    with gzip.open(path, "wt", encoding="utf-8") as file:
        for text in ("今天天气很好", "正在开奖直播", "我们去散步"):
            file.write(json.dumps({"text": text}) + "\n")
    call = ["test", str(mine), "--clean", str(path), "--format", "json"]
    report = json.loads(run(capsys, *call, code=3))
    assert (report["clean"]["documents"], report["clean"]["hit_documents"]) == (3, 1)
    run(capsys, *call, "--fp-budget", "50%")
    assert "not a share" in run(capsys, *call, "--fp-budget", "lots", code=2)


def test_coverage_names_dead_rules(mine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "docs.jsonl"
    path.write_text('{"text": "nothing here"}\n', encoding="utf-8")
    report = json.loads(run(capsys, "coverage", str(path), "--ban", str(mine), "--format", "json"))
    assert report["dead"] == [{"rule": "mine/draws", "pattern": "开奖直播"}]
    assert report["hit_documents"] == 0


def test_diff(mine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other.toml"
    text = mine.read_text(encoding="utf-8").replace('patterns = ["开奖直播"]', 'patterns = ["开奖现场"]')
    other.write_text(text, encoding="utf-8")
    report = json.loads(run(capsys, "diff", str(mine), str(other), "--format", "json", "--exit-code", code=3))
    assert [change["change"] for change in report["changes"]] == ["added", "removed"]
    run(capsys, "diff", str(mine), str(mine), "--exit-code")


def test_lock_and_verify(mine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lock = tmp_path / "bans.lock.json"
    run(capsys, "lock", str(mine), "zh-seo", "-o", str(lock))
    first = lock.read_bytes()
    run(capsys, "lock", str(mine), "zh-seo", "-o", str(lock))
    assert lock.read_bytes() == first
    run(capsys, "verify", str(lock))
    mine.write_text(mine.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert "mine changed" in run(capsys, "verify", str(lock), code=3)
    lock.write_text("{}", encoding="utf-8")
    assert "not a lock file" in run(capsys, "verify", str(lock), code=1)


@pytest.mark.parametrize(
    ("source_format", "text", "expected"),
    [
        ("text", "# comment\nbad phrase\nword\nword\n", ["bad phrase", "word"]),
        ("hosts", "# c\n0.0.0.0 casino.example\n127.0.0.1 localhost\n", ["casino.example"]),
        ("abp", "! c\n||casino.example^\n||a.example^$third-party\n##.ad\n", ["casino.example", "a.example"]),
        ("jsonl", '{"value": "one"}\n{"pattern": "two"}\n', ["one", "two"]),
        ("spacy", '{"label":"X","pattern":[{"LOWER":"big"},{"LOWER":"win"}]}\n{"pattern":"one"}\n',
         ["big win", "one"]),
    ],
)  # fmt: skip
def test_import(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], source_format: str, text: str, expected: list[str]
) -> None:
    source, out = tmp_path / "words", tmp_path / "imported.toml"
    source.write_text(text, encoding="utf-8")
    call = ["import", str(source), "--from", source_format, "-o", str(out), "--category", "seo",
            "--reason", "from another tool", "--evidence", "url:example.org"]  # fmt: skip
    run(capsys, *call)
    shown = json.loads(run(capsys, "show", str(out), "--format", "json"))["entries"]
    assert sorted(each["pattern"] for each in shown) == sorted(expected)
    assert {each["status"] for each in shown} == {"experimental"}
    run(capsys, "test", str(out))
    assert "exists already" in run(capsys, *call, code=2)


def test_a_broken_line_names_file_and_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "bad.jsonl"
    source.write_text('{"value": "one"}\n{oops\n', encoding="utf-8")
    said = run(capsys, "import", str(source), "--from", "jsonl", "-o", str(tmp_path / "o.toml"), "--category",
               "seo", "--reason", "x", "--evidence", "y", code=1)  # fmt: skip
    assert "bad.jsonl:2" in said
    assert not (tmp_path / "o.toml").exists()


def test_export_can_be_imported_again(mine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for form in ("jsonl", "text", "spacy"):
        source, out = tmp_path / f"e.{form}", tmp_path / f"{form}.toml"
        source.write_text(run(capsys, "export", str(mine), "--to", form), encoding="utf-8")
        run(capsys, "import", str(source), "--from", form, "-o", str(out), "--category", "gambling",
            "--reason", "round trip", "--evidence", "url:x")  # fmt: skip
        assert load_ban_lists([str(out)]).match("开奖直播".encode()) is not None


def test_pack_bans_what_the_set_bans(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "core.toml"
    run(capsys, "pack", "full", "--severity", "core", "-o", str(out))
    packed, core = load_ban_lists([str(out)]), load_ban_lists(["core"])
    assert len(packed.entries) == len(core.entries)
    for token in ("天天中彩票", "카지노", "彩票", "在线观看", "hello", " sbobet"):
        assert (packed.match(token.encode()) is None) == (core.match(token.encode()) is None)


def test_review_and_renew(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call = ["review", str(mine), "--today", "2099-01-01", "--format", "json"]
    due = json.loads(run(capsys, *call, "--exit-code", code=3))["due"]
    assert [each["rule"] for each in due] == ["mine/draws"]
    run(capsys, "fmt", str(mine), "--renew", "draws=2100-01-01")
    assert json.loads(run(capsys, *call))["due"] == []
    assert "did you mean 'draws'" in run(capsys, "fmt", str(mine), "--renew", "draw=2100-01-01", code=2)


def test_fmt_keeps_the_header_and_refuses_to_lose_a_comment(
    mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    body = mine.read_text(encoding="utf-8")
    mine.write_text("# ours\n" + body.replace('"开奖直播"]', '"开奖直播", "开奖直播"]', 1), encoding="utf-8")
    run(capsys, "fmt", str(mine), "--check", code=3)
    run(capsys, "fmt", str(mine))
    assert mine.read_text(encoding="utf-8").startswith("# ours\n")
    mine.write_text(body + "# lost?\n", encoding="utf-8")
    assert "would be lost" in run(capsys, "fmt", str(mine), code=2)


def test_explain_tokens_by_id_and_hex(capsys: pytest.CaptureFixture[str]) -> None:
    by_id = json.loads(run(capsys, "explain", "tok:o200k_base:2783", "--format", "json"))
    assert by_id["folded"] == "天天中彩票"
    assert by_id["banned"] is True
    assert json.loads(run(capsys, "explain", "hex:e5a4a9", "--format", "json"))["banned"] is False
    assert "hex" in run(capsys, "explain", "hex:zz", code=2)
    assert "tok:" in run(capsys, "explain", "tok:nothing:1", code=2)


@pytest.mark.parametrize("output_format", ["table", "json", "jsonl", "markdown"])
@pytest.mark.parametrize("call", [("show", "ja-boards"), ("stats", "ja-boards"), ("explain", "彩票")])
def test_every_format(capsys: pytest.CaptureFixture[str], call: tuple[str, ...], output_format: str) -> None:
    assert run(capsys, *call, "--format", output_format).strip()


def test_the_schema_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert "Pack" in json.loads(run(capsys, "schema"))["$ref"]


def test_show_filters_and_refuses_unknown_values(capsys: pytest.CaptureFixture[str]) -> None:
    entries = json.loads(run(capsys, "show", "zh-seo", "--category", "personal", "--format", "json"))[
        "entries"
    ]
    assert {each["category"] for each in entries} == {"personal"}
    assert "did you mean 'adult'" in run(capsys, "show", "--category", "adlt", code=2)
