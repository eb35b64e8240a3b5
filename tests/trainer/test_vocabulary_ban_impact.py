"""`winnow ban impact`: the same removal as `ban apply`, told by list, group, pattern and language."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from banlists.banlist import BanList
from banlists.entries import Entry
from trainer.ban_application import plan_application
from trainer.ban_impact import measure_impact, total_cost
from trainer.text_cost import measure_cost
from trainer.vocabulary import Vocabulary
from winnow import main

BANS = BanList(
    [
        Entry("one", "stem", "text", "abc", category="seo"),
        Entry("one", "stem", "text", "unused"),
        Entry("two", "other", "text", "xy", category="adult"),
    ]
)


@pytest.fixture
def vocabulary(make_vocabulary: Callable[..., Vocabulary]) -> Vocabulary:
    """abcxy is built on both banned tokens, abcd on one."""
    return make_vocabulary(b"ab", b"abc", b"abcd", b"xy", b"abcxy", b"no")


def test_tokens_are_told_by_the_rule_that_bans_them(vocabulary: Vocabulary) -> None:
    found = measure_impact(plan_application("v", vocabulary, BANS, "keep"), [])
    assert [(rule.rule, rule.banned, rule.dependents) for rule in found.lists] == [
        ("one", 1, 2),
        ("two", 1, 1),
    ]
    assert [rule.rule for rule in found.groups] == ["one/stem", "two/other"]
    assert [(rule.pattern, rule.examples) for rule in found.patterns] == [
        ("abc", (b"abc",)),
        ("xy", (b"xy",)),
    ]
    assert found.categories == {"adult": 1, "seo": 1}
    assert found.unused == 1


def test_orphans_are_dependents_that_nothing_else_makes(vocabulary: Vocabulary) -> None:
    application = plan_application("v", vocabulary, BANS, "keep")
    found = measure_impact(application, [])
    assert sum(rule.orphans for rule in found.lists) >= len(application.removal.orphans)
    assert all(rule.orphans <= rule.dependents for rule in found.patterns)


def test_costs_by_language_add_up(vocabulary: Vocabulary) -> None:
    application = plan_application("v", vocabulary, BANS, "keep")
    texts = [("en", "abc abcd"), ("de", "no no"), ("en", "xy")]
    found = measure_impact(application, texts)
    assert list(found.costs) == ["de", "en"]
    assert found.costs["de"].change == 0.0
    assert found.costs["en"].change < 0.0
    assert total_cost(found.costs) == measure_cost(
        vocabulary, application.removal.vocabulary, [text for _, text in texts]
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tokenizer that learned spam."""
    folder = tmp_path_factory.mktemp("impact")
    (folder / "spam.jsonl").write_text('{"text": "天天中彩票提现，北京赛车pk，公司"}\n' * 20)
    call = ["train", str(folder / "spam.jsonl"), "-o", str(folder / "tok"), "--vocab-size", "300", "-q"]
    assert main([*call, "--allow-fewer"]) == 0
    return folder / "tok"


def test_the_command_and_ban_apply_say_the_same(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = tmp_path / "text.jsonl"
    text.write_text('{"text": "公司", "lang": "zh"}\n{"text": "天天中彩票提现"}\n')
    capsys.readouterr()
    call = ["ban", "impact", str(trained), "--ban", "core", "--text", str(text), "--language-field", "lang"]
    assert main([*call, "--format", "json", "-q"]) == 0
    impact = json.loads(capsys.readouterr().out)
    assert main(["ban", "apply", str(trained), "--ban", "core", "--dry-run", "--format", "json", "-q"]) == 0
    apply = json.loads(capsys.readouterr().out)
    assert impact["removed"]["all"] == apply["removed"]["all"] > 0
    assert impact["removed"]["banned"] == apply["removed"]["banned"] == sum(impact["categories"].values())
    assert sum(rule["banned"] for rule in impact["patterns"]) == impact["removed"]["banned"]
    assert {rule["rule"]: rule["banned"] for rule in impact["by_group"]} == apply["removed_by"]
    assert [row["language"] for row in impact["text"]] == ["all", "und", "zh"]
    assert impact["text"][1]["change"] < 0.0
    assert impact["text"][2]["change"] == 0.0


@pytest.mark.parametrize("output_format", ["table", "markdown", "jsonl"])
def test_other_formats(output_format: str, trained: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ban", "impact", str(trained), "--ban", "core", "--format", output_format]) == 0
    assert "zh-gambling/" in capsys.readouterr().out
