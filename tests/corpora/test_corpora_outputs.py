"""Output folders and atomic files: refused, locked, resumed, finished, and nothing half-written."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from corpora.errors import WinnowError, WrongCall
from corpora.files import atomic_path, sha256_file, write_json, write_text
from corpora.manifest import Manifest, hash_file, read_manifest, write_manifest
from corpora.outputs import (
    AlreadyFinished,
    fingerprint,
    output_folder,
    refuse_output_inside_inputs,
    writing_file,
)


def finish(folder: Path, call: str) -> None:
    write_manifest(folder / "manifest.json", Manifest("test", ["test"], {}, [], call=call))


def test_an_atomic_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "x.json"
    write_text(target, "old")

    def half() -> None:
        with atomic_path(target) as temporary:
            temporary.write_text("half")
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError):
        half()
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["x.json"]


def test_written_files_have_the_users_permissions(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_json(tmp_path / "x.json", {"a": 1})
    finally:
        os.umask(before)
    assert (tmp_path / "x.json").stat().st_mode & 0o777 == 0o640


def test_a_power_loss_finds_the_file_and_its_name_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is flushed, in order: the new folders' names, the data, and the name after the rename."""
    flushed = []

    def fsync(descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        names = sorted(each.name for each in path.iterdir()) if path.is_dir() else path.read_text()
        flushed.append((path.name, names))
        really(descriptor)

    really = os.fsync
    monkeypatch.setattr(os, "fsync", fsync)
    write_text(tmp_path / "new" / "folder" / "x.txt", "whole")
    assert [flushed[0], flushed[1]] == [(tmp_path.name, ["new"]), ("new", ["folder"])]
    assert flushed[2][1] == "whole"
    assert flushed[3:] == [("folder", ["x.txt"])]


def test_a_file_system_that_flushes_no_folders_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = os.fsync

    def fsync(number: int) -> Callable[[int], None]:
        def refuse(descriptor: int) -> None:
            if stat.S_ISDIR(os.fstat(descriptor).st_mode):
                raise OSError(number, os.strerror(number))
            really(descriptor)

        return refuse

    monkeypatch.setattr(os, "fsync", fsync(errno.EINVAL))
    write_text(tmp_path / "x.txt", "whole")
    assert (tmp_path / "x.txt").read_text() == "whole"
    monkeypatch.setattr(os, "fsync", fsync(errno.EIO))
    with pytest.raises(OSError, match="Input/output"):
        write_text(tmp_path / "y.txt", "whole")


def test_hashes_agree_with_hashlib(tmp_path: Path) -> None:
    import hashlib

    data = os.urandom(3_000_000)
    (tmp_path / "x").write_bytes(data)
    assert sha256_file(tmp_path / "x") == hashlib.sha256(data).hexdigest()
    assert hash_file(tmp_path / "x", shown_as="x").bytes == len(data)


def test_a_finished_output_of_the_same_call_is_left_alone(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with output_folder(out, "call") as folder:
        assert not folder.resumed
        finish(out, "call")
    assert sorted(path.name for path in out.iterdir()) == ["manifest.json"]
    with pytest.raises(AlreadyFinished), output_folder(out, "call"):
        pass


def test_a_failed_run_without_files_leaves_no_folder(tmp_path: Path) -> None:
    def fail() -> None:
        with output_folder(tmp_path / "a" / "out", "call"):
            raise WinnowError("broken input")

    with pytest.raises(WinnowError):
        fail()
    assert not (tmp_path / "a" / "out").exists()


def test_an_unfinished_output_is_resumed_by_the_same_call_only(tmp_path: Path) -> None:
    out = tmp_path / "out"

    def interrupted() -> None:
        with output_folder(out, "call"):
            (out / "part-0").write_text("done")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    with pytest.raises(WrongCall, match="unfinished"), output_folder(out, "another call"):
        pass
    with output_folder(out, "call") as folder:
        assert folder.resumed
        assert (out / "part-0").exists()
        finish(out, "call")


def test_force_starts_over_but_never_empties_a_strangers_folder(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with output_folder(out, "old"):
        (out / "old-part").write_text("x")
        finish(out, "old")
    with pytest.raises(WrongCall, match="different call"), output_folder(out, "new"):
        pass
    with output_folder(out, "new", force=True):
        assert not (out / "old-part").exists()
        finish(out, "new")
    stranger = tmp_path / "home"
    stranger.mkdir()
    (stranger / "thesis.txt").write_text("precious")
    with pytest.raises(WrongCall, match="not empty"), output_folder(stranger, "call", force=True):
        pass
    assert (stranger / "thesis.txt").read_text() == "precious"


def test_two_runs_into_one_folder_refuse_each_other(tmp_path: Path) -> None:
    with output_folder(tmp_path / "out", "call"):
        with pytest.raises(WinnowError, match="another winnow run"), output_folder(tmp_path / "out", "call"):
            pass
        finish(tmp_path / "out", "call")
    assert (tmp_path / "out" / "manifest.json").exists()


def test_two_runs_into_one_file_refuse_each_other(tmp_path: Path) -> None:
    out = tmp_path / "counts.parquet"
    with writing_file(out):
        with pytest.raises(WinnowError, match="another winnow run"), writing_file(out):
            pass
        with writing_file(tmp_path / "other.parquet"):
            pass
    with writing_file(out):
        assert len(list(tmp_path.iterdir())) == 1
    assert not list(tmp_path.iterdir())


def test_many_processes_never_hold_one_lock_together(tmp_path: Path) -> None:
    """A lock file that its holder removes must not serve whoever had opened it before."""
    program = (
        "import os, sys, time\n"
        "from pathlib import Path\n"
        "from corpora.errors import WinnowError\n"
        "from corpora.outputs import writing_file\n"
        "inside = Path(sys.argv[1], 'inside')\n"
        "until = time.monotonic() + 1.5\n"
        "while time.monotonic() < until:\n"
        "    try:\n"
        "        with writing_file(Path(sys.argv[1], 'out')):\n"
        "            os.close(os.open(inside, os.O_CREAT | os.O_EXCL))\n"
        "            inside.unlink()\n"
        "    except WinnowError:\n"
        "        pass\n"
    )
    runs = [subprocess.Popen([sys.executable, "-c", program, str(tmp_path)]) for _ in range(3)]
    assert [run.wait(timeout=120) for run in runs] == [0, 0, 0]


def test_a_file_where_a_folder_is_needed_is_a_wrong_call(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("x")
    with pytest.raises(WrongCall), output_folder(tmp_path / "out", "call"):
        pass


def test_output_over_input_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "in" / "x.jsonl"
    source.parent.mkdir()
    source.write_text("{}")
    for output in (source, source.parent, tmp_path):
        with pytest.raises(WrongCall, match="overwrite"):
            refuse_output_inside_inputs(output, [source])
    refuse_output_inside_inputs(tmp_path / "elsewhere", [source])


def test_fingerprints_tell_calls_apart() -> None:
    base = fingerprint("train", {"vocab": 1, "ban": ["a"]}, [("x", 1)])
    assert base == fingerprint("train", {"ban": ["a"], "vocab": 1}, [("x", 1)])
    assert base != fingerprint("train", {"ban": ["a"], "vocab": 2}, [("x", 1)])
    assert base != fingerprint("count", {"ban": ["a"], "vocab": 1}, [("x", 1)])
    assert base != fingerprint("train", {"ban": ["a"], "vocab": 1}, [("x", 2)])


def test_manifests_are_read_back_and_broken_ones_refused(tmp_path: Path) -> None:
    manifest = Manifest(
        "train", ["winnow", "train"], {"k": Path("x").name}, [], extra={"vocab_size": 5}, call="c"
    )
    write_manifest(tmp_path / "manifest.json", manifest)
    record = read_manifest(tmp_path / "manifest.json")
    assert record["schema_version"] == 1
    assert record["vocab_size"] == 5
    (tmp_path / "manifest.json").write_text("[]")
    with pytest.raises(WinnowError, match="not a manifest"):
        read_manifest(tmp_path / "manifest.json")
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(WinnowError, match="not a manifest"):
        read_manifest(tmp_path / "manifest.json")
