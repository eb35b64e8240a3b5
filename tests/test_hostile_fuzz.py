"""Every reader keeps its promise on inputs that hypothesis makes, and on those that once broke it."""

from __future__ import annotations

import base64
import random
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fuzz.contract import BrokenPromise, Target, check, warm
from fuzz.mutation import mutated
from fuzz.targets import TARGETS, chosen

EXAMPLES = 40
SLOW = {"tiktoken": 5, "decisions": 15, "pattern": 20, "leak-scan": 20, "ban-suggest": 3, "optimizer": 20}

# Inputs that fuzzing found, as short as they could be made, with what they did before.
REGRESSIONS = [
    ("jsonl", b"\0null\n"),  # ended the process inside of Arrow
    ("jsonl", b"\0\xef\xbb\xbf\xef\xbb\xbf\n null\n"),
    ("jsonl", b"\0" + b'{"a":' * 20_000 + b"1" + b"}" * 20_000),  # the same, out of stack
    ("jsonl", b"\0" + b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    ("jsonl", b"\0" + b'{"a":"]]]","b":\n' * 20_000),
    ("json", b"\0null"),
    ("csv", b"\0id,text,text\na,b,c\n"),  # KeyError
    ("counts", b"PAR1"),  # OSError
    ("clusters", b"PAR1"),
    ("decisions", b"PAR1"),
    ("corpus-summary", b'{"documents":{},"bytes":{},"dropped_by":{},"languages":{}}\0{"configuration":[]}'),
    ("count-progress", b'{"call":"call","groups":[["en","1/0"]]}'),  # ZeroDivisionError
    ("ban-lock", b'{"lists":["\xff"]}'),  # UnicodeDecodeError
    ("ban-lock", b"[" * 100_000),  # RecursionError
    ("ban-rounds", b'{"call":"\x80"}'),
    ("manifest", b'"\xff"'),
    ("findings", b'{"check":"\xff"}'),
    ("probe-journal", b'{"event":"\xff"}\n'),
    ("probe-lists", "²".encode()),  # a digit for Python, no number
    ("probe-lists", b"9" * 5_000),
    ("hit-table", b"id,hits\n" + b"9" * 5_000 + b",1\n"),
    ("tiktoken", b"dGg= " + b"9" * 5_000 + b"\n"),
    ("carried-config", b'{"a":"\xff"}'),
    ("carried-config", b'{"suppress_tokens":["a",{}]}'),
    ("safetensors-index", b'{"weight_map":{"wte.weight":"' + b"a" * 400 + b'"}}'),  # OSError
    ("safetensors-index", b'{"weight_map":{"wte.weight":"../../x"}}'),
    ("safetensors-copy", b'\0{"a":{"dtype":"F32","shape":[2,2],"data_offsets":[16,0]}}\0\0' + bytes(16)),
    ("safetensors-copy", b'\0{"a":{"dtype":"F32","shape":[0,2],"data_offsets":[0,0]}}\0\0'),
    ("tokenizer-json", b'{"model":{"type":"BPE","vocab":{"a":18446744073709551615}}}'),
    ("setting", b"train.a=\x1b[31m\nx"),
    ("token-name", b"tok:\xe2\x80\xae:1"),  # an error that turns the line around
    # In a range of their own Arrow took lines that are broken, or two objects in one.
    ("jsonl-ranges", b'\x01\0{"id": "a", "text": "one two", "sou\x80rce": "web"}\nbroken'),
    ("jsonl-ranges", b'\0\t{"id": 7, "text": "drei"}\n\xef\xbb\xbf{"text": "\\ud83d\\ude00"}\r'),
    ("jsonl-ranges", b'\x01({"id": "a"}\n{"text": "a"}\r{"text": "x"}\n\nbroken\n{"text": "no end"}\n'),
    ("output-marker", b'\0{"cl\xea"}'),  # UnicodeDecodeError
    ("output-marker", b"[" * 100_000),  # RecursionError
    ("part-tally", b'{"documents_i_in":{},"cut_by":{},"examples":{}}'),  # KeyError
    ("part-tally", b'{},"languages_in":{}'),
    ("part-tally", b'{"documents_in":0,"dropped_by":-1,"\xed":0}'),
    ("decision-part", b"PAR1"),  # ArrowInvalid
    ("document-part", b"PAR1"),
    (
        "verify",
        b'{"command":"c","tool_version":"1","inputs":[],"outputs":[{"path":"'
        + b"a" * 300
        + b'","sha256":"","bytes":3}]}',
    ),  # OSError
    (
        "verify",
        b'{"command":"c","tool_version":"1","outputs":[],"inputs":[{"path":".","sha256":"0","bytes":9}]}',
    ),
    ("probe-reply", b"\xa4\n3\xb20\nbusy"),  # ValueError: a superscript is a digit for Python
    ("probe-reply", b'2\n\n{"choices":[{"message":{"content":"\\ud800"}}]}'),  # half a pair of surrogates
    ("probe-reply", b'2\n\n{"choices":[{"message":{"content":"a"}}],"usage":[1]}'),  # AttributeError
    ("probe-reply", b'2\n\n{"choices":[{"message":{"content":"a"}}],"usage":{"prompt_tokens":"x"}}'),
]
INPUTS = sorted(
    (Path(__file__).parent.parent / "fuzz" / "inputs").glob("*.bin")
)  # longer ones: TARGET--WHAT.bin


@pytest.mark.parametrize("name", TARGETS)
def test_a_reader_keeps_its_promise_on_changed_seeds(name: str, tmp_path: Path) -> None:
    target = TARGETS[name]
    seeds = list(target.seeds())
    warm(target, tmp_path)
    for data in seeds:
        assert_kept(target, data, tmp_path)

    @settings(max_examples=SLOW.get(name, EXAMPLES), suppress_health_check=list(HealthCheck), database=None)
    @given(st.one_of(st.binary(max_size=200), st.randoms(use_true_random=False)))
    def holds(made: bytes | random.Random) -> None:
        data = made if isinstance(made, bytes) else mutated(seeds, target.words, made)
        assert_kept(target, data, tmp_path)

    holds()


@pytest.mark.parametrize(("name", "data"), REGRESSIONS, ids=range(len(REGRESSIONS)))
def test_what_once_broke_a_promise_is_kept(name: str, data: bytes, tmp_path: Path) -> None:
    warm(TARGETS[name], tmp_path)
    assert_kept(TARGETS[name], data, tmp_path)


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: path.stem)
def test_what_once_ended_the_process_is_kept(path: Path, tmp_path: Path) -> None:
    assert_kept(TARGETS[path.stem.partition("--")[0]], path.read_bytes(), tmp_path)


def assert_kept(target: Target, data: bytes, folder: Path) -> None:
    finding = check(target, data, folder)
    if finding is not None:
        shown = base64.b64encode(data).decode()
        raise AssertionError(f"{target.name}: {finding.what} at {finding.place}\n{shown}")


def test_the_check_sees_every_kind_of_broken_promise(tmp_path: Path) -> None:
    from corpora.errors import WinnowError

    def half_written(data: bytes, folder: Path) -> None:
        (folder / ".x.tmp").write_bytes(data)

    def raising(error: BaseException) -> Target:
        def call(data: bytes, folder: Path) -> None:
            raise error

        return Target("t", lambda: [b""], call)

    broken = [ValueError("x"), MemoryError(), BrokenPromise("x"), WinnowError("no place"), WinnowError("")]
    for error in broken:
        assert check(raising(error), b"", tmp_path) is not None, error
    assert check(raising(WinnowError("what", where="here")), b"", tmp_path) is None
    assert check(Target("t", lambda: [b""], half_written), b"x", tmp_path) is not None


def test_one_command_fuzzes_a_target_and_counts(tmp_path: Path, project: Path) -> None:
    command = [sys.executable, "-m", "fuzz", "manifest", "--runs", "50", "--engine", "mutation"]
    done = subprocess.run(
        [*command, "--out", tmp_path], cwd=project, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "manifest mutation: 51 executions" in done.stdout
    assert {target.name for target in chosen([])} == set(TARGETS)
