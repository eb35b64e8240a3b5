"""An output file beside its manifest, killed at any point between the two; and work in the background."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from corpora.background import in_background
from corpora.errors import WinnowError, WrongCall, outcome
from corpora.files import atomic_path, remove_temporaries, write_bytes
from corpora.manifest import Manifest, write_manifest
from corpora.output_file import claim_output, manifest_beside, replacing_output
from corpora.outputs import AlreadyFinished, writing_file


def write(out: Path, call: str, *, killed: str = "") -> None:
    """What a command does; `killed` says before which step it ends, with no chance to clean up."""
    with writing_file(out):
        claim_output(out, call, force=call == "forced")
        context = replacing_output(out, call)
        context.__enter__()
        if killed == "file":
            return
        write_bytes(out, call.encode())
        if killed == "manifest":
            return
        write_manifest(manifest_beside(out), Manifest("test", [], {}, [], call=call))
        if killed == "end":
            return
        context.__exit__(None, None, None)


@pytest.mark.parametrize("killed", ["file", "manifest", "end"])
@pytest.mark.parametrize("before", ["", "other"])
def test_the_same_call_goes_on_from_any_kill(tmp_path: Path, killed: str, before: str) -> None:
    out = tmp_path / "x.parquet"
    call = "forced" if before else "call"
    if before:
        write(out, before)
    write(out, call, killed=killed)
    with pytest.raises(WrongCall) if killed == "manifest" else pytest.raises((WrongCall, AlreadyFinished)):
        write(out, "third") if out.exists() else claim_nothing()
    if killed == "end" and call == "call":
        with pytest.raises(AlreadyFinished):
            write(out, call)
    else:
        write(out, call)
    assert out.read_bytes() == call.encode()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.parquet", "x.parquet.manifest.json"]


def claim_nothing() -> None:
    raise WrongCall("nothing was written, so anybody may")


def test_a_file_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    out = tmp_path / "x.parquet"
    out.write_bytes(b"theirs")
    for call in ("call", "forced"):
        with pytest.raises(WrongCall, match="no manifest says"):
            write(out, call)
    assert out.read_bytes() == b"theirs"


def test_what_a_killed_write_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    names = ("x.parquet", "x.parquet.manifest.json", "y.parquet")
    unfinished = [atomic_path(tmp_path / name) for name in names]
    for each in unfinished:
        each.__enter__()
    (tmp_path / ".x.parquet.parts").mkdir()
    (tmp_path / ".hidden").write_text("theirs")
    remove_temporaries(tmp_path, of="x.parquet")
    left = sorted(path.name for path in tmp_path.iterdir())
    assert [name.split(".tmp-")[0] for name in left] == [".hidden", ".x.parquet.parts", ".y.parquet"]


def test_background_work_gives_its_result_or_its_error() -> None:
    assert in_background(lambda number: number + 1, 2).result(10) == 3
    with pytest.raises(WinnowError, match="broken"):
        in_background(raise_error).result(10)
    in_background(threading.Event().wait)  # never ends, and keeps nobody


def raise_error() -> None:
    raise WinnowError("broken")


def test_no_room_and_no_memory_are_told_as_what_they_are() -> None:
    message, code = outcome(OSError(28, os.strerror(28), "out/part"))
    assert (message, code) == (
        "error: out/part: No space left on device (make room; the same command resumes)", 1
    )  # fmt: skip
    assert outcome(MemoryError())[0].startswith("error: out of memory")
    assert outcome(OSError(5, "Input/output error"))[0].startswith("internal error")
