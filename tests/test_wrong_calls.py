"""Wrong calls and broken inputs: one clear line, the right exit code, nothing half-written."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

GOOD = b'{"id": "a", "text": "A quiet sentence about the harbour and its boats."}\n' * 20

INPUTS = {
    "missing.jsonl": (None, 2),
    "empty.jsonl": (b"", 1),
    "binary.jsonl": (bytes(range(256)) * 4, 1),
    "utf8.jsonl": (b'{"text": "\xff"}\n', 1),
    "truncated.jsonl.gz": (gzip.compress(GOOD * 100)[:-30], 1),
    "notext.jsonl": (b'{"body": "x"}\n', 1),
    "notjson.jsonl": (b"hello\n", 1),
    "array.json": (b"[1, 2, 3]", 1),
    "fake.parquet": (b"not parquet", 1),
    "fake.arrow": (b"not arrow", 1),
    "letter.docx": (b"x", 2),
    "blank.txt": (b"   \n", 1),
}


def files_below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def assert_one_clear_line(stderr: str) -> None:
    lines = [line for line in stderr.strip().splitlines() if line]
    errors = [line for line in lines if line.startswith(("winnow: error:", "Error:"))]
    assert len(errors) == 1, stderr
    assert "Traceback" not in stderr
    assert "internal error" not in stderr


@pytest.mark.parametrize("verb", ["filter", "count", "train"])
@pytest.mark.parametrize("name", INPUTS)
def test_broken_documents(verb: str, name: str, tmp_path: Path, winnow) -> None:
    data, code = INPUTS[name]
    if data is not None:
        (tmp_path / name).write_bytes(data)
    before = files_below(tmp_path)
    extra = {"filter": (), "count": (), "train": ("--vocab-size", 300)}[verb]
    out = tmp_path / ("out.parquet" if verb == "count" else "out")
    outcome = winnow(verb, tmp_path / name, "-o", out, *extra)
    assert outcome.code == code, outcome.stderr
    assert_one_clear_line(outcome.stderr)
    assert name in outcome.stderr
    assert files_below(tmp_path) == before


@pytest.fixture
def good(tmp_path: Path) -> Path:
    (tmp_path / "good.jsonl").write_bytes(GOOD)
    return tmp_path / "good.jsonl"


CALLS = {
    "unknown verb": (["fliter"], 2, "fliter"),
    "no verb": (["--nonsense"], 2, "nonsense"),
    "train without a size": (["train", "GOOD", "-o", "OUT"], 2, "vocab-size"),
    "size below the bytes": (["train", "GOOD", "-o", "OUT", "--vocab-size", "200"], 2, "256"),
    "size that is no number": (["train", "GOOD", "-o", "OUT", "--vocab-size", "many"], 2, "many"),
    "size beyond the corpus": (["train", "GOOD", "-o", "OUT", "--vocab-size", "90000"], 1, "90000"),
    "unknown pattern": (
        ["train", "GOOD", "-o", "OUT", "--vocab-size", "300", "--pattern", "["],
        2,
        "pattern",
    ),
    "unknown ban list": (["train", "GOOD", "-o", "OUT", "--vocab-size", "300", "--ban", "coer"], 2, "coer"),
    "missing ban list": (
        ["train", "GOOD", "-o", "OUT", "--vocab-size", "300", "--ban", "no/such.toml"],
        2,
        "no/such.toml",
    ),
    "bad mix": (["train", "GOOD", "-o", "OUT", "--vocab-size", "300", "--mix", "en=lots"], 2, "mix"),
    "unknown tokenizer": (["audit", "o200k_bass"], 2, "o200k_bass"),
    "unknown tokenizer in diff": (
        ["diff", "o200k_base", "no/such/tokenizer.json"],
        2,
        "no/such/tokenizer.json",
    ),
    "unknown policy": (["audit", "cl100k_base", "--policy", "strickt"], 2, "strickt"),
    "unknown recipe": (["run", "sampel", "-o", "OUT"], 2, "sample"),
    "missing recipe": (["run", "no/such.toml", "-o", "OUT"], 2, "no/such.toml"),
    "wrong setting": (["run", "sample", "-o", "OUT", "--set", "vocab=3"], 2, "TABLE.KEY=VALUE"),
    "unknown key in a recipe": (
        ["run", "sample", "-o", "OUT", "--set", "train.vocab_sise=300"],
        2,
        "vocab-size",
    ),
    "wrong value in a recipe": (
        ["run", "sample", "-o", "OUT", "--set", "train.vocab-size=abc"],
        2,
        "vocab-size",
    ),
    "wrong ban list in a recipe": (["run", "sample", "-o", "OUT", "--set", "train.ban=['coer']"], 2, "coer"),
    "engine that is not there": (["filter", "GOOD", "-o", "OUT", "--engine", "dask"], 2, "engine"),
    "no output": (["filter", "GOOD"], 2, "--out"),
    "unknown format": (["diff", "cl100k_base", "--format", "xml"], 2, "xml"),
    "no such document": (["explain", "GOOD", "--id", "zzz"], 1, "zzz"),
    "missing config": (["filter", "GOOD", "-o", "OUT", "--config", "none.toml"], 2, "none.toml"),
    "a language that is none": (["filter", "GOOD", "-o", "OUT", "--language", "klingonese"], 2, "klingonese"),
    "missing rules": (["filter", "GOOD", "-o", "OUT", "--rules", "no-such.toml"], 2, "no-such.toml"),
    "missing model": (["filter", "GOOD", "-o", "OUT", "--lid-model", "no-such.bin"], 2, "no-such.bin"),
}


@pytest.mark.parametrize("kind", CALLS)
def test_wrong_calls(kind: str, good: Path, tmp_path: Path, winnow) -> None:
    arguments, code, mentions = CALLS[kind]
    places = {"GOOD": str(good), "OUT": str(tmp_path / "out")}
    before = files_below(tmp_path)
    outcome = winnow(*(places.get(argument, argument) for argument in arguments))
    assert outcome.code == code, outcome.stderr
    assert_one_clear_line(outcome.stderr)
    assert mentions in outcome.stderr
    assert files_below(tmp_path) == before


VERBS_WITH_FOLDERS = {
    "filter": ["filter", "GOOD", "-o", "OUT"],
    "train": ["train", "GOOD", "-o", "OUT", "--vocab-size", "280"],
    "audit": ["audit", "cl100k_base", "-o", "OUT"],
    "diff": ["diff", "cl100k_base", "cl100k_base", "-o", "OUT"],
    "run": ["run", "sample", "-o", "OUT"],
}


@pytest.mark.parametrize("verb", VERBS_WITH_FOLDERS)
def test_a_folder_with_other_things_in_it_is_refused(verb: str, good: Path, tmp_path: Path, winnow) -> None:
    out = tmp_path / "home"
    out.mkdir()
    (out / "thesis.txt").write_text("precious")
    for force in ([], ["--force"]):
        arguments = [
            {"GOOD": str(good), "OUT": str(out)}.get(each, each) for each in VERBS_WITH_FOLDERS[verb]
        ]
        outcome = winnow(*arguments, *force)
        assert outcome.code == 2, outcome.stderr
        assert_one_clear_line(outcome.stderr)
        assert files_below(out) == ["thesis.txt"]


@pytest.mark.parametrize("verb", ["filter", "train"])
def test_output_over_the_input_is_refused(verb: str, good: Path, tmp_path: Path, winnow) -> None:
    outcome = winnow(
        *[{"GOOD": str(good), "OUT": str(tmp_path)}.get(each, each) for each in VERBS_WITH_FOLDERS[verb]]
    )
    assert outcome.code == 2
    assert good.read_bytes() == GOOD


def test_count_does_not_overwrite_a_strangers_file(good: Path, tmp_path: Path, winnow) -> None:
    (tmp_path / "x.parquet").write_bytes(b"precious")
    for force in ([], ["--force"]):
        outcome = winnow("count", good, "-o", tmp_path / "x.parquet", *force)
        assert outcome.code == 2, outcome.stderr
        assert (tmp_path / "x.parquet").read_bytes() == b"precious"
    assert winnow("count", good, "-o", good).code == 2
    assert good.read_bytes() == GOOD


BAD_TOKENIZERS = {
    "empty.json": b"",
    "list.json": b"[]",
    "tokenizer.json": b'{"model": {"type": "WordPiece", "vocab": {"a": 0}}}',
    "truncated.json": b'{"model": {"type": "BPE"',
    "x.tiktoken": b"not base64 at all\n",
    "twice.tiktoken": b"YQ== 0\nYQ== 1\n",
    "binary.tiktoken": bytes(range(256)),
}


@pytest.mark.parametrize("name", BAD_TOKENIZERS)
def test_broken_tokenizers(name: str, tmp_path: Path, winnow) -> None:
    (tmp_path / name).write_bytes(BAD_TOKENIZERS[name])
    for verb in ("audit", "diff"):
        outcome = winnow(verb, tmp_path / name)
        assert outcome.code in (1, 2), outcome.stderr
        assert_one_clear_line(outcome.stderr)
        assert name in outcome.stderr


def test_documents_on_stdin_may_be_empty_or_fine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, winnow
) -> None:
    import io
    import sys

    class Stdin:
        def __init__(self, data: bytes) -> None:
            self.buffer = io.BytesIO(data)

        def isatty(self) -> bool:
            return False

    monkeypatch.setattr(sys, "stdin", Stdin(b""))
    assert winnow("count", "-", "-o", tmp_path / "c.parquet").code == 1
    monkeypatch.setattr(sys, "stdin", Stdin(GOOD))
    assert winnow("count", "-", "-o", tmp_path / "c.parquet").code == 0
