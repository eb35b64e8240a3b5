"""`winnow ban suggest`: what counts as evidence, how candidates are grouped, and what is written."""

from __future__ import annotations

import csv
import datetime
import json
from pathlib import Path

import pytest

from banlists.banlist import BanList
from banlists.entries import Entry
from banlists.families import find_families, largest_family
from banlists.lint import lint
from banlists.lists import load_packs
from banlists.suggestions import Candidate, find_candidates, group_by_stem
from banlists.suspects import Suspect, from_counts, from_vocabulary
from winnow import main

LABELS = Path(__file__).resolve().parents[2] / "banlists" / "labels" / "o200k.tsv"
SPAM = ["天天中彩票", "天天中彩票网", "天天中彩票提现", "天天中彩票官网"]
WORDS = ["公司", "学习", "北京大学"]


def vocabulary(*texts: str) -> dict[int, bytes]:
    return {id_: text.encode() for id_, text in enumerate(texts)}


def expected(text: str, language: str) -> float | None:
    """Words are as frequent as such ranks are; what is made of none is rare."""
    return (-1.0 if text in WORDS else -8.0) if language == "zh" else None


def mined(tokens: dict[int, bytes], bans: BanList | None = None) -> list[Candidate]:
    return find_candidates(from_vocabulary(tokens, bans or BanList.empty()), expected, 100)


def test_a_share_follows_from_the_rank() -> None:
    shares = [each.log_share for each in from_vocabulary(vocabulary(*WORDS), BanList.empty())]
    assert shares == sorted(shares, reverse=True)
    assert 10 ** shares[0] == pytest.approx(1 / (1.0986 + 0.5772), rel=1e-3)  # 1 / (ln 3 + Euler's constant)


def test_counts_give_the_share_itself() -> None:
    rows = [("天天中彩票".encode(), 100), ("公司".encode(), 1)]
    shares = [each.log_share for each in from_counts(rows, 1000, BanList.empty())]
    assert shares == pytest.approx([-1.0, -3.0])


def test_who_is_looked_at_and_in_which_language() -> None:
    tokens = vocabulary("カタカナ", "出張マッサージ", "出張", "카지노", "สล็อต", "casino", "的", "123456")
    tokens[99] = "中彩票".encode()[1:]  # begins with half a character
    found = {each.text: each.language for each in from_vocabulary(tokens, BanList.empty())}
    assert found == {
        "カタカナ": "ja", "出張マッサージ": "ja", "出张": "zh", "카지노": "ko", "สล็อต": "th",
        "casino": "spaced",
    }  # fmt: skip


def test_what_stands_in_front_is_told_only_when_it_glues() -> None:
    tokens = vocabulary("_北京赛车", "\ufeff北京赛车", " 北京赛车", "（北京赛车")
    assert [each.glue for each in from_vocabulary(tokens, BanList.empty())] == ["_", "\ufeff", "", ""]


def test_a_family_is_all_tokens_with_the_stem() -> None:
    suspects = from_vocabulary(vocabulary(*SPAM, "彩票", "casino", "casinos"), BanList.empty())
    families = find_families(suspects)
    assert [each.text for each in families["彩票"]] == [*SPAM, "彩票"]
    assert largest_family(SPAM[0], families) == "彩票"
    assert "casin" not in families


def test_frequency_and_family_put_spam_before_words() -> None:
    candidates = mined(vocabulary(*WORDS, *SPAM))
    assert {each.suspect.text for each in candidates[: len(SPAM)]} == set(SPAM)
    first = candidates[0]
    assert first.family == len(SPAM)
    assert first.excess is not None
    assert first.score == pytest.approx(first.excess + 2 * 0.60206, abs=1e-3)  # log10 of four tokens


def test_without_a_word_list_the_family_decides() -> None:
    found = mined(vocabulary("สล็อตออนไลน์", "สล็อตเว็บตรง", "ประเทศไทย"))
    assert found[0].excess is None
    assert found[0].score > found[-1].score == 0.0


def test_what_is_listed_is_left_out_and_lends_its_category() -> None:
    bans = BanList([Entry("mine", "lottery", "contains", "中彩票提现", category="gambling")])
    found = mined(vocabulary(*SPAM), bans)
    assert SPAM[2] not in {each.suspect.text for each in found}
    assert {each.category for each in found} == {"gambling"}
    assert {each.near for each in found} == {"中彩票提现"}


def test_a_listed_word_with_another_ending() -> None:
    bans = BanList([Entry("mine", "word", "text", "casino", category="gambling")])
    found = mined(vocabulary(" casino", " casinos", " casual", "casino_x"), bans)
    assert [each.suspect.text for each in found] == ["casinos"]


def test_a_stem_of_candidates_only_becomes_one_group() -> None:
    tokens = vocabulary(*WORDS, *SPAM)
    suspects = from_vocabulary(tokens, BanList.empty())
    candidates = [each for each in mined(tokens) if each.suspect.text in SPAM]
    groups = group_by_stem(candidates, find_families(suspects), expected)
    assert [(group.pure, len(group.candidates)) for group in groups] == [(True, len(SPAM))]
    assert groups[0].stem == "天天中彩票"


def test_a_stem_that_others_use_or_that_is_a_word_is_not_suggested_itself() -> None:
    tokens = vocabulary("公司网站甲", "公司网站乙", "公司法", "公司债", "公司法人")
    suspects = from_vocabulary(tokens, BanList.empty())
    two = [each for each in mined(tokens) if "网站" in each.suspect.text]
    (group,) = group_by_stem(two, find_families(suspects), expected)
    assert (group.stem, group.pure) == ("公司网站", True)
    (common,) = group_by_stem(two, find_families(suspects), lambda text, language: -3.0)
    assert not common.pure


@pytest.fixture(scope="module")
def suggested(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("suggest") / "suggested.toml"
    assert main(["ban", "suggest", "o200k_base", "--limit", "150", "-o", str(path), "-q"]) == 0
    return path


def test_the_file_is_experimental_and_in_order(suggested: Path) -> None:
    (loaded,) = load_packs([str(suggested)])
    assert {group.status for group in loaded.pack.group} == {"experimental"}
    assert all(group.reason and group.evidence for group in loaded.pack.group)
    assert lint([loaded], datetime.date(2026, 11, 22)) == []
    assert main(["ban", "test", str(suggested), "-q"]) == 0
    assert main(["ban", "fmt", "--check", str(suggested), "-q"]) == 0


def test_the_first_candidates_of_o200k_are_spam(suggested: Path) -> None:
    """No list was given: what the labels call clean must be rare among what is suggested."""
    (loaded,) = load_packs([str(suggested)])
    with LABELS.open(encoding="utf-8", newline="") as file:
        labels = {int(row["id"]): row["label"] for row in csv.DictReader(file, delimiter="\t", quoting=3)}
    ids = [int(name.rpartition(":")[2]) for group in loaded.pack.group for name in group.evidence]
    known = [labels[id_] for id_ in ids if id_ in labels]
    assert len(known) > 50
    assert known.count("polluted") >= 0.95 * len(known)


def test_the_record_and_the_lists_that_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    call = ["ban", "suggest", "o200k_base", "--against", "core", "--limit", "20", "--format", "json", "-q"]
    assert main(call) == 0
    record = json.loads(capsys.readouterr().out)
    found = [each for group in record["groups"] for each in group["candidates"]]
    assert record["schema_version"] == 1
    assert len(found) == 20
    assert not any("天天中彩票" in each["text"] for each in found)
    assert all(each["evidence"] for each in found)


def test_counts_are_a_source_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corpus, counts = tmp_path / "corpus.jsonl", tmp_path / "counts.parquet"
    texts = [*(f"{phrase}。" for phrase in SPAM for _ in range(50)), "我们在北京大学学习。"]
    corpus.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    assert main(["count", str(corpus), "-o", str(counts), "-q"]) == 0
    assert main(["ban", "suggest", str(counts), "--limit", "4", "--format", "jsonl", "-q"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {each["text"] for line in lines for each in line["candidates"]} == set(SPAM)


def test_wrong_calls(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    taken = tmp_path / "taken.toml"
    taken.write_text("x")
    assert main(["ban", "suggest", "o200k_base", "-o", str(taken)]) == 2
    assert main(["ban", "suggest", str(tmp_path / "none.parquet")]) == 2
    assert "winnow count" in capsys.readouterr().err


def test_a_suspect_keeps_what_the_lists_say() -> None:
    bans = BanList([Entry("mine", "word", "text", "casino")])
    (suspect,) = from_vocabulary(vocabulary(" casino"), bans)
    assert isinstance(suspect, Suspect)
    assert suspect.listed is not None
