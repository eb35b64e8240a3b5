"""`winnow train --ban-rounds`: what is added, what stays, and that the extension stands for the rounds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banlists.banlist import BanList
from banlists.entries import Entry
from banlists.lists import load_ban_lists
from benchmarks.adversarial_texts import adversarial_texts, banned_phrases
from benchmarks.export_equality import compare
from trainer.ban_extension import EXTENSION, LOG, extended
from trainer.ban_rounds import BanRounds, PhraseScanner
from trainer.banned_places import find_banned_words, find_sightings
from trainer.counts import from_items
from trainer.pretokenize import resolve_pattern
from trainer.round_job import RoundsDone, RoundsResult, read_rounds, run_rounds
from trainer.substring_counts import HEAD, count_substrings
from trainer.training import TrainingOptions, first_state, run_training
from trainer.training_result import TrainingResult
from trainer.words import Words, words_of
from winnow import main

PATTERN = resolve_pattern("o200k")
BANS = BanList([Entry("mine", "stem", "contains", "天天中彩票", category="gambling")])
CORPUS = {"看天天中彩票网": 40, "天天中彩票": 30, "中彩票": 6, "今天天气": 50, "彩票": 60}


def words(counts: dict[str, int]) -> Words:
    return words_of(from_items([(text.encode(), "zh", count) for text, count in counts.items()], PATTERN))


def learn(bans: BanList, counts: dict[str, int], size: int) -> TrainingResult:
    options = TrainingOptions(size, allow_fewer=True)
    return run_training(first_state(words(counts), options), PATTERN, options, bans)


def close(counts: dict[str, int], most: int, share: float, path: Path, done: RoundsDone) -> RoundsResult:
    rounds = BanRounds(most, share)
    scanner = PhraseScanner(words(counts), BANS, rounds)
    said: list[tuple[int, int]] = []
    outcome = run_rounds(
        BANS, rounds, scanner, lambda bans, number: learn(bans, counts, 400), done, path,
        lambda number, added: said.append((number, added)),
    )  # fmt: skip
    assert sum(added for _, added in said) == len(outcome.additions) - len(done.additions)
    return outcome


@given(st.lists(st.binary(min_size=1, max_size=12), min_size=1, max_size=12, unique=True), st.data())
def test_substrings_are_counted_as_a_search_would(rows: Sequence[bytes], data: st.DataObject) -> None:
    table = from_items([(row, "und", place + 1) for place, row in enumerate(rows)], PATTERN)
    whole = b"".join(rows)
    starts = data.draw(st.lists(st.integers(0, max(len(whole) - HEAD, 0)), max_size=8))
    wanted = [whole[start : start + HEAD + start % 3] for start in starts]
    wanted = [string for string in dict.fromkeys(wanted) if len(string) >= HEAD]
    naive = [
        sum(
            count * sum(row.startswith(string, at) for at in range(len(row)))
            for row, _, count in table.items()
        )
        for string in wanted
    ]
    assert count_substrings(words_of(table), wanted) == naive


def test_words_with_phrases_and_where() -> None:
    (found,) = find_banned_words(words({"看天天中彩票网": 3, "彩票": 5}), BANS)
    (phrase,) = found.phrases
    assert found.count == 3
    assert found.word[phrase.start : phrase.end].decode() == "天天中彩票"


def test_a_phrase_of_a_fragment_rule_counts_too() -> None:
    bans = BanList([Entry("mine", "piece", "fragment_of", "天天中彩票")])
    assert len(find_banned_words(words({"看天天中彩票网": 3}), bans)) == 1


def test_inside_and_across_but_not_beside() -> None:
    banned = find_banned_words(words({"看天天中彩票网站": 3}), BANS)
    tokens = ["中彩", "看天", "票网", "网站", "网"]
    seen = find_sightings(banned, [token.encode() for token in tokens])
    assert {token.decode(): (each.inside, each.across) for token, each in seen.items()} == {
        "中彩": (3, 0), "看天": (0, 3), "票网": (0, 3),
    }  # fmt: skip


def test_only_pieces_that_clean_text_does_not_need_are_added(tmp_path: Path) -> None:
    outcome = close(CORPUS, 5, 0.95, tmp_path / "rounds.json", RoundsDone("call"))
    added = {each.text for each in outcome.additions}
    assert added
    assert outcome.left == 0
    learned = {token.decode(errors="replace") for token in outcome.result.tokens[256:]}
    assert {"彩票", "天天"} <= learned  # ordinary words, and most of 彩票 is elsewhere
    assert not added & learned
    assert all(each.share >= 0.95 for each in outcome.additions)
    assert all(each.inside + each.across <= each.occurrences for each in outcome.additions)


def test_the_share_decides(tmp_path: Path) -> None:
    """中彩 stands in 70 banned words and 6 others: 92 %."""
    loose = close(CORPUS, 5, 0.9, tmp_path / "a.json", RoundsDone("call"))
    strict = close(CORPUS, 5, 0.95, tmp_path / "b.json", RoundsDone("call"))
    assert "中彩票" in {each.text for each in loose.additions} - {each.text for each in strict.additions}


def test_an_ordinary_word_stays_though_only_spam_has_it(tmp_path: Path) -> None:
    bans = BanList([Entry("mine", "stem", "contains", "北京赛车", category="gambling")])
    rounds = BanRounds(3)
    scanner = PhraseScanner(words({"北京赛车": 50}), bans, rounds)
    scan = scanner.scan(1, ["北京".encode(), "京赛".encode(), "赛车".encode()])
    assert [each.text for each in scan.additions] == ["京赛"]
    assert {token.decode() for token in scan.kept} == {"北京", "赛车"}


def test_additions_are_no_phrases_of_the_next_round() -> None:
    """Else every round would ban the neighbours of the last one's neighbours."""
    counts = {"看天天中彩票网": 40}
    scanner = PhraseScanner(words(counts), BANS, BanRounds(3))
    scan = scanner.scan(1, ["票网".encode()])
    wider = extended(BANS, scan.additions)
    assert wider.match("票网".encode()) is not None
    assert wider.match("票网站".encode()) is None  # the token itself, nothing that contains it
    assert scanner.scan(2, ["网站".encode()]).additions == ()


def test_a_resumed_run_ends_as_one_that_was_not_killed(tmp_path: Path) -> None:
    whole = close(CORPUS, 5, 0.95, tmp_path / "whole.json", RoundsDone("call"))
    path = tmp_path / "killed.json"
    close(CORPUS, 1, 0.95, path, RoundsDone("call"))
    done = read_rounds(path, "call")
    assert done.rounds == 1
    resumed = close(CORPUS, 5, 0.95, path, done)
    assert resumed.additions == whole.additions
    assert resumed.result.tokens == whole.result.tokens
    assert read_rounds(path, "another call") == RoundsDone("another call")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rounds") / "corpus.jsonl"
    tails = ["提现", "官网", "怎么玩", "是真的吗", "邀请码"]
    spam = [f"天天中彩票{tail}，彩神争霸{tail}。" for tail in tails for _ in range(20)]
    clean = ["今天天气很好，我们在公园里散步。", "福利彩票是一种公益事业。", "the cat sat on the mat."] * 40
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in spam + clean))
    return path


def train(corpus: Path, out: Path, *more: str) -> dict[str, object]:
    call = ["train", str(corpus), "-o", str(out), "--vocab-size", "600", "--ban", "core", "-q", *more]
    assert main([*call, "--allow-fewer"]) == 0
    record: dict[str, object] = json.loads((out / "manifest.json").read_text())
    return record


def test_the_command_writes_a_log_and_a_list_that_stands_for_the_rounds(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = train(corpus, tmp_path / "rounds", "--ban-rounds", "6")
    log = [json.loads(line) for line in (tmp_path / "rounds" / LOG).read_text().splitlines()]
    assert record["ban_rounds"] == {
        "run": max(each["round"] for each in log), "added": len(log), "left": 0, "closed": True,
        "extension": EXTENSION, "log": LOG,
    }  # fmt: skip
    assert {"round", "why", "token", "text", "phrase", "entry", "share"} <= set(log[0])
    extension = str(tmp_path / "rounds" / EXTENSION)
    assert main(["ban", "lint", extension, "-q"]) == 0
    assert main(["ban", "test", extension, "-q"]) == 0
    train(corpus, tmp_path / "list", "--ban", extension)
    for name in ("tokenizer.json", "tokenizer.tiktoken"):
        assert (tmp_path / "rounds" / name).read_bytes() == (tmp_path / "list" / name).read_bytes()


def test_two_runs_give_the_same_bytes(corpus: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        train(corpus, tmp_path / name, "--ban-rounds", "2")
    for name in ("tokenizer.json", "merges.jsonl", EXTENSION, LOG):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_several_sizes_get_the_same_extension(corpus: Path, tmp_path: Path) -> None:
    train(corpus, tmp_path / "sizes", "--vocab-size", "300", "--ban-rounds", "2")
    lists = [(tmp_path / "sizes" / size / EXTENSION).read_bytes() for size in ("300", "600")]
    assert lists[0] == lists[1]


def test_no_rounds_when_nothing_is_to_be_found(tmp_path: Path) -> None:
    clean = tmp_path / "clean.jsonl"
    clean.write_text('{"text": "the cat sat on the mat and the dog"}\n' * 20)
    record = train(clean, tmp_path / "clean", "--ban-rounds", "3")
    rounds = record["ban_rounds"]
    assert isinstance(rounds, dict)
    assert (rounds["run"], rounds["added"], rounds["closed"]) == (0, 0, True)
    assert load_ban_lists([str(tmp_path / "clean" / EXTENSION)]).entries == ()


@pytest.mark.parametrize(
    "options", [["--ban-rounds", "2"], ["--ban", "core", "--ban-rounds", "2", "--ban-share", "0.3"]]
)
def test_wrong_calls(options: list[str], corpus: Path, tmp_path: Path) -> None:
    assert main(["train", str(corpus), "-o", str(tmp_path / "t"), "--vocab-size", "300", *options]) == 2
    assert not (tmp_path / "t").exists()


def test_the_exports_agree_on_adversarial_texts_after_rounds(corpus: Path, tmp_path: Path) -> None:
    train(corpus, tmp_path / "out", "--ban-rounds", "3")
    bans = load_ban_lists(["core", str(tmp_path / "out" / EXTENSION)])
    tokens = [text.encode() for text in ("中彩票", "彩神", " 天天", "官网", "霸官")]
    texts = adversarial_texts(banned_phrases(bans), tokens, ["今天天气很好，我们在公园里散步。"], 3000)
    assert texts == adversarial_texts(
        banned_phrases(bans), tokens, ["今天天气很好，我们在公园里散步。"], 3000
    )
    verdict = compare(tmp_path / "out", bans, texts, 200)
    assert verdict.passed
    assert (verdict.texts, verdict.reference_texts > 150) == (3000, True)
