"""The commands `winnow diff` and `winnow audit` from the outside: output, files, exit codes, wrong calls."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from trainer.exports import write_exports
from trainer.vocabulary import Vocabulary
from winnow import main

BYTES = {byte: bytes([byte]) for byte in range(256)}
CLEAN = ("th", "the", " t", "你好")
DIRTY = (*CLEAN, "天天", "中彩票", "天天中彩票")


def write(folder: Path, learned: tuple[str, ...]) -> Path:
    folder.mkdir()
    tokens = BYTES | {256 + place: token.encode() for place, token in enumerate(learned)}
    write_exports(folder, Vocabulary("small", tokens, {"<|endoftext|>": 300}, r" ?\S+|\s+").with_merges())
    return folder


@pytest.fixture
def clean(tmp_path: Path) -> Path:
    return write(tmp_path / "clean", CLEAN)


@pytest.fixture
def dirty(tmp_path: Path) -> Path:
    return write(tmp_path / "dirty", DIRTY)


def test_a_clean_vocabulary_passes(clean: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", str(clean), "-q", "--format", "json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["gate"]["passed"] is True
    assert record["reach"] == {"direct": 260, "in_context": 0, "orphan": 0}
    assert {check["check"] for check in record["checks"]} >= {
        "bytes", "duplicates", "holes", "order", "special", "utf8", "chain", "single-use", "hidden",
        "personal", "url", "mixed-script", "length", "reach", "round-trip", "agreement", "residue", "ban",
        "risk", "boilerplate",
    }  # fmt: skip


def test_a_polluted_vocabulary_fails_with_3_and_says_why(
    dirty: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["audit", str(dirty), "-q", "--format", "json"]) == 3
    captured = capsys.readouterr()
    assert "policy default" in captured.err
    tokens = {token["token"]: token for token in json.loads(captured.out)["tokens"]}
    assert tokens["天天中彩票"]["flagged"]
    assert tokens["天天中彩票"]["category"] == "gambling"
    assert bytes.fromhex(tokens["天天中彩票"]["bytes"]).decode() == "天天中彩票"


def test_a_banned_token_is_an_error(dirty: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", str(dirty), "-q", "--ban", "core", "--format", "jsonl"]) == 3
    findings = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    banned = {finding["token"] for finding in findings if finding["check"] == "ban"}
    assert "天天中彩票" in banned
    assert "the" not in banned


@pytest.mark.parametrize("output_format", ["table", "markdown", "sarif", "junit"])
def test_every_format_prints(clean: Path, output_format: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", str(clean), "-q", "--format", output_format]) == 0
    assert capsys.readouterr().out.strip()


def test_the_files_are_complete_and_the_same_every_time(dirty: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert main(["audit", str(dirty), "-q", "-o", str(tmp_path / name)]) == 3
    names = {path.name for path in (tmp_path / "one").iterdir()} - {".winnow-lock"}
    assert names == {
        "findings.jsonl", "findings.sarif", "summary.md", "audit.json", "report.html", "manifest.json",
    }  # fmt: skip
    for name in names - {"manifest.json"}:
        first, second = ((tmp_path / run / name).read_bytes() for run in ("one", "two"))
        assert first == second
        assert str(tmp_path).encode() not in first


def test_a_finished_audit_is_not_done_again_but_still_answers(
    dirty: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call = ["audit", str(dirty), "-o", str(tmp_path / "out")]
    assert main(call) == 3
    capsys.readouterr()
    assert main(call) == 3
    assert "already finished" in capsys.readouterr().err
    assert main([*call, "--policy", "report-only"]) == 2  # another call: the folder is taken
    assert main([*call, "--policy", "report-only", "--force"]) == 0


def test_diff_against_itself_is_empty(clean: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", str(clean), str(clean), "-q", "--exit-code", "--format", "json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["only_a"], record["only_b"], record["different"]) == (0, 0, False)


def test_diff_exits_with_3_only_when_asked(clean: Path, dirty: Path) -> None:
    call = ["diff", str(clean), str(dirty), "-q"]
    assert main(call) == 0
    assert main([*call, "--exit-code"]) == 3


def test_diff_into_a_folder(clean: Path, dirty: Path, tmp_path: Path) -> None:
    call = ["diff", str(clean), str(dirty), "-q", "--exit-code", "-o", str(tmp_path / "out")]
    assert main(call) == 3
    assert {"diff.json", "report.html", "manifest.json"} <= {p.name for p in (tmp_path / "out").iterdir()}
    assert main(call) == 3


def test_refused_merges_are_found_beside_the_tokenizer(
    clean: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    event = {"event": "refused", "left": "e4", "right": "b8", "token": "e4b8", "count": 3, "rank": 9}
    event |= {"text": "?", "entry": "zh/x", "list": "zh", "category": "adult", "reason": "r"}
    (clean / "merges.jsonl").write_text(json.dumps(event) + "\n", encoding="utf-8")
    assert main(["audit", str(clean), "-q", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["refused_merges"] == 1
    (clean / "merges.jsonl").write_text("{broken\n", encoding="utf-8")
    assert main(["audit", str(clean), "-q"]) == 1
    assert "merges.jsonl:1" in capsys.readouterr().err


@pytest.mark.parametrize(
    "options",
    [["--policy", "no-such"], ["--ban", "no-such"], ["--counts", "absent.parquet"], ["--corpus", "absent"],
     ["--against", "no-such"], ["--merges", "absent.jsonl"], ["--format", "xml"]],
)  # fmt: skip
def test_wrong_calls_exit_with_2(clean: Path, options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", str(clean), "-q", *options]) == 2
    captured = capsys.readouterr()
    assert captured.err.strip()
    assert "Traceback" not in captured.err


def test_a_missing_tokenizer_exits_with_2(tmp_path: Path) -> None:
    assert main(["audit", str(tmp_path / "absent.json")]) == 2
    assert main(["diff", str(tmp_path / "absent.json")]) == 2
