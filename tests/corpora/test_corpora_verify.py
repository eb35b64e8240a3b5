"""`winnow verify`: what changed, is missing or extra, found by somebody who only has the outputs."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from corpora.manifest import FileHash, Manifest, hash_file, write_manifest
from corpora.verification import verify

TEXTS = [
    {"id": str(number), "text": f"the cat sat on mat number {number}, and slept"} for number in range(40)
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A finished folder with two outputs, made from one input that is elsewhere."""
    out = tmp_path / "out"
    (out / "parts").mkdir(parents=True)
    (out / "a.txt").write_text("a")
    (out / "parts" / "b.txt").write_text("b")
    (tmp_path / "inputs").mkdir()
    (tmp_path / "inputs" / "in.jsonl").write_text("{}")
    outputs = [hash_file(out / name, shown_as=name) for name in ("a.txt", "parts/b.txt")]
    inputs = [hash_file(tmp_path / "inputs" / "in.jsonl", shown_as="in.jsonl"), FileHash("hub:x", "", 0)]
    write_manifest(out / "manifest.json", Manifest("test", ["test"], {}, inputs, outputs))
    return out


def found(folder: Path, *inputs: Path) -> dict[str, str]:
    return {file.path: file.status for file in verify(folder, inputs).files}


def test_an_untouched_folder_is_clean(folder: Path, winnow) -> None:
    assert found(folder) == {
        "a.txt": "same", "parts/b.txt": "same", "in.jsonl": "unchecked", "hub:x": "unchecked",
    }  # fmt: skip
    outcome = winnow("verify", folder)
    assert outcome.code == 0
    assert outcome.stdout.startswith("clean: 2 outputs")


def test_every_kind_of_difference_is_told(folder: Path, winnow) -> None:
    (folder / "a.txt").write_text("A")
    (folder / "parts" / "b.txt").unlink()
    (folder / "parts" / "new.txt").write_text("x")
    assert found(folder) | {"in.jsonl": "", "hub:x": ""} == {
        "a.txt": "changed", "parts/b.txt": "missing", "parts/new.txt": "extra", "in.jsonl": "", "hub:x": "",
    }  # fmt: skip
    outcome = winnow("verify", folder, "--format", "json")
    record = json.loads(outcome.stdout)
    assert outcome.code == 1
    assert (record["schema_version"], record["clean"]) == (1, False)
    assert record["files"] == {"changed": 1, "extra": 1, "missing": 1, "unchecked": 2}
    assert record["manifests"][0]["files"][0]["found"] != record["manifests"][0]["files"][0]["expected"]
    assert "3 differences" in winnow("verify", folder).stdout


def test_inputs_are_found_by_their_bytes_wherever_they_are(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "moved").mkdir()
    shutil.copy(tmp_path / "inputs" / "in.jsonl", tmp_path / "moved" / "other-name.jsonl")
    assert found(folder, tmp_path / "moved")["in.jsonl"] == "same"
    assert found(folder, folder / "parts")["in.jsonl"] == "missing"
    (tmp_path / "inputs" / "in.jsonl").write_text("{ }")
    assert found(folder, tmp_path / "inputs")["in.jsonl"] == "changed"


@pytest.mark.parametrize("name", ["../inputs/in.jsonl", "/etc/hostname", "a\0b", "link"])
def test_a_manifest_cannot_lead_out_of_its_folder(folder: Path, name: str) -> None:
    (folder / "link").symlink_to(folder.parent / "inputs" / "in.jsonl")
    write_manifest(folder / "manifest.json", Manifest("test", [], {}, [], [FileHash(name, "0" * 64, 1)]))
    assert found(folder)[name] == "outside"


def test_a_pipe_in_place_of_an_output_is_missing_and_does_not_hang(folder: Path) -> None:
    (folder / "a.txt").unlink()
    os.mkfifo(folder / "a.txt")
    assert found(folder)["a.txt"] == "missing"


def test_what_is_no_manifest_is_an_error(folder: Path, tmp_path: Path, winnow) -> None:
    assert winnow("verify", tmp_path / "inputs").code == 1
    assert winnow("verify", tmp_path / "nothing").code == 2
    assert winnow("verify", folder / "a.txt").code == 2
    assert winnow("verify", folder, "--inputs", tmp_path / "nothing").code == 2
    (folder / "manifest.json").write_text('{"outputs": 3}')
    outcome = winnow("verify", folder)
    assert outcome.code == 1
    assert "not a manifest" in outcome.stderr


def test_the_verbs_own_outputs_verify_and_hang_together(tmp_path: Path, winnow) -> None:
    corpus = tmp_path / "in.jsonl"
    corpus.write_text("".join(json.dumps(row) + "\n" for row in TEXTS))
    job = tmp_path / "job"
    assert winnow("filter", corpus, "-o", job / "kept", "-q").code == 0
    assert winnow("count", job / "kept", "-o", job / "counts.parquet", "-q").code == 0
    size = ("--vocab-size", 270)
    assert winnow("train", job / "counts.parquet", "-o", job / "tok", *size, "-q").code == 0
    assert winnow("verify", job / "kept").code == 0
    result = verify(job, [corpus])
    assert result.clean
    assert {file.status for file in result.files} == {"same"}
    assert winnow("verify", job / "counts.parquet").code == 0
    documents = next((job / "kept" / "documents").iterdir())
    documents.write_bytes(documents.read_bytes()[:-1] + b"?")
    assert [file.path for file in verify(job).files if not file.fine] == ["documents/part-00000.parquet"]
