"""`winnow count` and `winnow train` from outside: files, exit codes, resuming, wrong calls."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Sequence
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import tiktoken
import tokenizers

import winnow
from trainer import checkpoint, merge_kernel
from trainer.checkpoint import Checkpoints, load_checkpoint, save_checkpoint
from trainer.counts_file import read_counts
from trainer.load import load_tokenizer
from trainer.merge import merges
from trainer.reference_trainer import train_reference
from trainer.train_job import _CHECKPOINT
from trainer.training import TrainingOptions, first_state, run_training, weigh

FILES = {
    "tokenizer.json", "tokenizer.tiktoken", "vocab.txt", "merges.jsonl", "manifest.json",
    "tokenizer_config.json", "special_tokens_map.json",
}  # fmt: skip
LINES = [
    ("en", "The cat sat on the mat, and the cat's hat sat there. It's 12345 o'clock."),
    ("zh", "今天天气很好,我们去公园散步。今天的天气真好。澳门赌场澳门赌场"),
    ("ru", "Сегодня хорошая погода, и мы пойдём гулять. Погода хорошая."),
    ("th", "สวัสดีครับ ผมชื่อสมชาย สวัสดีครับ"),
]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    library = Path(sysconfig.get_paths()["stdlib"])
    path = tmp_path_factory.mktemp("corpus") / "corpus.jsonl"
    documents = [(language, text) for language, text in LINES * 30]
    documents += [
        ("code", (library / name).read_text(encoding="utf-8")) for name in ("argparse.py", "ast.py")
    ]
    with path.open("w", encoding="utf-8") as lines:
        for number, (language, text) in enumerate(documents):
            record = {"id": str(number), "language": language, "text": text, "source": f"s{number % 2}"}
            lines.write(json.dumps(record, ensure_ascii=False) + "\n")
    return path


@pytest.fixture(scope="module")
def counts(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("counts") / "counts.parquet"
    assert call("count", corpus, "-o", path) == 0
    return path


def call(*arguments: object) -> int:
    return winnow.main([str(argument) for argument in arguments])


def events(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "merges.jsonl").read_text(encoding="utf-8").splitlines()]


def manifest(folder: Path) -> dict[str, object]:
    record: dict[str, object] = json.loads((folder / "manifest.json").read_bytes())
    return record


def outputs(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in FILES - {"manifest.json"}}


def test_count_writes_the_file_and_its_manifest(corpus: Path, counts: Path) -> None:
    record = json.loads((counts.parent / "counts.parquet.manifest.json").read_bytes())
    assert record["command"] == "count"
    assert record["counts"]["documents"] == 122
    assert record["counts"]["rows"] == pq.read_metadata(counts).num_rows
    assert record["inputs"][0]["sha256"] and record["outputs"][0]["path"] == "counts.parquet"
    assert {"read", "count", "write"} == set(record["seconds"])
    assert sorted(path.name for path in counts.parent.iterdir()) == [
        "counts.parquet",
        "counts.parquet.manifest.json",
    ]


def test_count_again_does_nothing_and_another_call_is_refused(
    corpus: Path, counts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = counts.stat().st_mtime_ns
    assert call("count", corpus, "-o", counts) == 0
    assert "already finished" in capsys.readouterr().err
    assert counts.stat().st_mtime_ns == before
    assert call("count", corpus, "-o", counts, "--pattern", "gpt2") == 2
    assert call("count", corpus, "-o", corpus) == 2


def test_count_leaves_files_of_others_alone(corpus: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.parquet"
    other.write_bytes(b"something else")
    assert call("count", corpus, "-o", other) == 2
    assert call("count", corpus, "-o", other, "--force") == 2
    assert other.read_bytes() == b"something else"


def test_count_replaces_its_own_file_when_forced(corpus: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.parquet"
    assert call("count", corpus, "-o", own, "--pattern", "gpt2") == 0
    assert call("count", corpus, "-o", own) == 2
    assert call("count", corpus, "-o", own, "--force") == 0


def test_train_writes_every_file_and_both_libraries_read_them(counts: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert call("train", counts, "-o", out, "--vocab-size", 600, "--special-token", "<|endoftext|>") == 0
    assert {path.name for path in out.iterdir()} == FILES
    record = manifest(out)
    assert (record["vocab_size"], record["refused_merges"], record["exact"]) == (600, 0, True)
    assert {"read", "count", "merge", "export"} == set(record["seconds"])  # type: ignore[call-overload]
    vocabulary = load_tokenizer(str(out))
    theirs = tokenizers.Tokenizer.from_file(str(out / "tokenizer.json"))
    encoding = tiktoken.Encoding(
        "t", pat_str=vocabulary.pattern, mergeable_ranks=dict(vocabulary.ids_of),
        special_tokens=dict(vocabulary.special_tokens),
    )  # fmt: skip
    for _, text in LINES:
        assert theirs.encode(text).ids == encoding.encode(text)
    assert vocabulary.special_tokens == {"<|endoftext|>": 0}
    merged = [event for event in events(out) if event["event"] == "merge"]
    assert [event["id"] for event in merged] == list(range(257, 600))
    assert bytes.fromhex(str(merged[0]["token"])) == vocabulary.tokens[257]


def test_documents_and_counts_give_the_same(corpus: Path, counts: Path, tmp_path: Path) -> None:
    for name, source in (("a", corpus), ("b", counts)):
        assert call("train", source, "-o", tmp_path / name, "--vocab-size", 500) == 0
    assert outputs(tmp_path / "a") == outputs(tmp_path / "b")
    words: dict[bytes, int] = {}
    for pretoken, _, count in read_counts([counts]).items():
        words[pretoken] = words.get(pretoken, 0) + count
    made = train_reference(words, 300, min_frequency=2)
    logged = events(tmp_path / "a")
    assert [(event["id"], event["count"]) for event in logged[: len(made)]] == [
        (event.token_id, event.count) for event in made
    ]


def test_bans_hold_and_refusals_are_logged(counts: Path, tmp_path: Path) -> None:
    banned = tmp_path / "ban.toml"
    banned.write_text(BAN_LIST, encoding="utf-8")
    out = tmp_path / "out"
    assert call("train", counts, "-o", out, "--vocab-size", 1500, "--ban", banned) == 0
    refused = [event for event in events(out) if event["event"] == "refused"]
    assert refused
    assert all("澳门赌" in str(event["text"]) for event in refused)
    assert {event["entry"] for event in refused} == {"test/gambling"}
    assert {event["category"] for event in refused} == {"gambling"}
    assert all(isinstance(event["rank"], int) and event["count"] for event in refused)
    vocabulary = load_tokenizer(str(out))
    assert not any("澳门赌".encode() in token for token in vocabulary.tokens.values())
    record = manifest(out)
    assert record["refused_merges"] == len(refused)
    assert record["ban_lists"][0]["sha256"]  # type: ignore[index]


def test_several_sizes_come_from_one_training(counts: Path, tmp_path: Path) -> None:
    both = tmp_path / "both"
    assert call("train", counts, "-o", both, "--vocab-size", 500, "--vocab-size", 400) == 0
    assert manifest(both)["vocab_sizes"] == [400, 500]
    for size in (400, 500):
        alone = tmp_path / str(size)
        assert call("train", counts, "-o", alone, "--vocab-size", size) == 0
        assert outputs(alone) == outputs(both / str(size))
        assert manifest(both / str(size))["vocab_size"] == size


def test_options_that_change_the_corpus(corpus: Path, counts: Path, tmp_path: Path) -> None:
    for name, options in {
        "mix": ["--mix", "zh=0.9,ru=0.1"], "temperature": ["--mix", "temperature=0.3"],
        "dropped": ["--drop-singletons"], "short": ["--max-token-length", "4"],
        "frequent": ["--min-frequency", "9"],
    }.items():  # fmt: skip
        assert call("train", counts, "-o", tmp_path / name, "--vocab-size", 290, *options) == 0
    assert any("天" in str(event["text"]) for event in events(tmp_path / "mix"))
    assert manifest(tmp_path / "dropped")["exact"] is False
    assert max(len(str(event["token"])) for event in events(tmp_path / "short")) <= 8
    assert min(int(str(event["count"])) for event in events(tmp_path / "frequent")) >= 9
    assert call("train", corpus, "-o", tmp_path / "mixed", "--vocab-size", 290, "--mix", "zh=0.9,ru=0.1") == 0
    assert outputs(tmp_path / "mixed") == outputs(tmp_path / "mix")


@pytest.mark.parametrize(
    ("code", "arguments"),
    [
        (2, ["--vocab-size", "255"]),
        (2, ["--vocab-size", "256", "--special-token", "<x>"]),
        (2, ["--vocab-size", "500", "--vocab-size", "10"]),
        (2, ["--vocab-size", "many"]),
        (2, []),
        (2, ["--vocab-size", "300", "--ban", "no-such-list"]),
        (2, ["--vocab-size", "300", "--mix", "en"]),
        (2, ["--vocab-size", "300", "--mix", "xx=1"]),
        (2, ["--vocab-size", "300", "--pattern", "gpt2"]),
        (2, ["--vocab-size", "300", "--pattern", "o20k"]),
        (2, ["--vocab-size", "300", "--memory", "lots"]),
        (1, ["--vocab-size", "1000000"]),
    ],
)
def test_wrong_calls_leave_nothing(
    code: int, arguments: Sequence[str], counts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("train", counts, "-o", tmp_path / "out", *arguments) == code
    assert "Traceback" not in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_too_few_tokens_says_how_many_and_can_be_allowed(
    counts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call("train", counts, "-o", tmp_path / "out", "--vocab-size", "900000")
    message = capsys.readouterr().err
    assert "900000 were asked for" in message
    assert call("train", counts, "-o", tmp_path / "out", "--vocab-size", "900000", "--allow-fewer", "-q") == 0
    assert f"gives {manifest(tmp_path / 'out')['vocab_size']} tokens" in message


def test_inputs_that_cannot_be_read(tmp_path: Path, counts: Path, corpus: Path) -> None:
    empty, broken = tmp_path / "empty.jsonl", tmp_path / "broken.jsonl"
    empty.write_bytes(b"")
    broken.write_bytes(b'{"text": "fine"}\n{"text": \n')
    for source, code in ((empty, 1), (broken, 1), (tmp_path / "absent.jsonl", 2)):
        assert call("train", source, "-o", tmp_path / "out", "--vocab-size", "300") == code
        assert call("count", source, "-o", tmp_path / "out.parquet") == code
        assert sorted(path.name for path in tmp_path.iterdir()) == ["broken.jsonl", "empty.jsonl"]
    assert call("train", counts, corpus, "-o", tmp_path / "out", "--vocab-size", "300") == 2
    assert call("count", broken, "-o", tmp_path / "out.parquet", "--on-error", "skip") == 0


def test_a_custom_pattern_and_another_language_field(corpus: Path, tmp_path: Path) -> None:
    out = tmp_path / "counts.parquet"
    options = [
        "--pattern",
        r"\S+|\s+",
        "--language-field",
        "source",
        "--source-weight",
        "s1=2",
        "--source-weight",
        "x=2",
    ]
    assert call("count", corpus, "-o", out, *options) == 0
    assert set(read_counts([out]).languages) == {"s0", "s1"}
    assert call("train", out, "-o", tmp_path / "out", "--vocab-size", "300") == 0
    assert load_tokenizer(str(tmp_path / "out")).pattern == r"\S+|\s+"


def test_a_finished_training_is_left_alone(
    counts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert call("train", counts, "-o", out, "--vocab-size", 300) == 0
    assert call("train", counts, "-o", out, "--vocab-size", 300, "--workers", 1) == 0
    assert "already finished" in capsys.readouterr().err
    assert call("train", counts, "-o", out, "--vocab-size", 301) == 2
    assert call("train", counts, "-o", out, "--vocab-size", 301, "--force") == 0


def test_a_training_that_is_killed_resumes_and_ends_the_same(counts: Path, tmp_path: Path) -> None:
    out, whole = tmp_path / "out", tmp_path / "whole"
    arguments = ["train", str(counts), "--vocab-size", "2500", "--allow-fewer", "--checkpoint-every", "0"]
    process = subprocess.Popen(
        [sys.executable, "-m", "winnow", *arguments, "-o", str(out)], env=_environment()
    )
    try:
        deadline = time.monotonic() + 60
        while not (out / _CHECKPOINT).exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.002)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert (out / _CHECKPOINT).exists()
    assert not (out / "manifest.json").exists()
    assert call(*arguments, "-o", out) == 0
    assert call(*arguments, "-o", whole) == 0
    assert outputs(out) == outputs(whole)
    assert {path.name for path in out.iterdir()} == FILES
    assert manifest(out)["counts"] == manifest(whole)["counts"]


def test_a_state_half_way_goes_on_to_the_same_end(
    counts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trainer.merge._EVENTS_PER_CALL", 50)
    table = read_counts([counts])
    options = TrainingOptions(900, ("<x>",), allow_fewer=True)
    words = weigh(table, None, drop_singletons=False)
    whole = run_training(first_state(words, options), table.pattern, options, None)
    place = Checkpoints(tmp_path / "state.npz", "call", note="a note")
    tokens = [b""] + [bytes([byte]) for byte in range(256)]
    for state in merges(first_state(words, options), 900, None, tokens):
        if len(tokens) > 500:
            save_checkpoint(place, state)
            break
    kept = load_checkpoint(place.path, "call")
    assert kept is not None
    state, note = kept
    assert note == "a note"
    assert 500 < state.numbers[merge_kernel.NEXT_ID] < 900
    resumed = run_training(state, table.pattern, options, None)
    assert resumed.tokens == whole.tokens
    assert resumed.log.tolist() == whole.log.tolist()
    assert load_checkpoint(place.path, "another call") is None
    place.path.write_bytes(b"broken")
    with pytest.raises(checkpoint.WinnowError, match="not a checkpoint"):
        load_checkpoint(place.path, "call")


@pytest.mark.parametrize("command", ["count", "train"])
def test_help_shows_an_example_and_starts_fast(command: str) -> None:
    shown = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "winnow", command, "--help"],
        capture_output=True, text=True, env=_environment(), check=True,
    )  # fmt: skip
    assert f"winnow {command}" in shown.stdout.partition("Example:")[2]
    for heavy in ("numpy", "pyarrow", "numba", "regex"):
        assert f" {heavy}\n" not in shown.stderr


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(winnow.__file__).parent)}


BAN_LIST = """\
[list]
id = "test"
version = "2026.1.1"
title = "For tests"

[[group]]
id = "gambling"
category = "gambling"
match = "contains"
reason = "For tests"
patterns = ["澳门赌"]
langs = ["zh"]
evidence = ["for tests"]
added = 2026-01-01
review_by = 2028-01-01
[group.tests]
hit = ["澳门赌场"]
ok = ["天气"]
"""
