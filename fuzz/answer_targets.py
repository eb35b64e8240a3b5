"""Harnesses of what other programs send or keep: a model's answers, packed files, optimisers, candidates."""

from __future__ import annotations

import gzip
import json
import struct
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import click
import msgspec
import numpy as np

from audit.leaks.scanning import scan_file
from audit.probe.endpoint import Endpoint, EndpointOptions
from audit.probe.journal import open_journal, read_journal
from audit.probe.records import Ask
from audit.suggest_command import suggest
from corpora.display import show_text
from fuzz.contract import BrokenPromise, Target
from fuzz.page_targets import phrases
from trainer.carried_optimizer import carry_optimizer

_ASK = Ask(1, "repeat", 0, "", "x", "", exact=True)
_OPTIONS = EndpointOptions("http://localhost:9/v1", "m", "WINNOW_NO_KEY", 0.0, 8, 1.0, 1, 0.0, 1)
_SHAPE = (4, 6)


def _reply(data: bytes, folder: Path) -> None:
    """A status, what `Retry-After` says, and a body, by lines: read, kept in a journal, and read back."""
    import httpx

    status, _, rest = data.partition(b"\n")
    wait, _, body = rest.partition(b"\n")
    code = 100 + (status[0] if status else 100) * 2
    response = httpx.Response(code, headers=[(b"retry-after", _header(wait))], content=body)
    if not 0 <= _endpoint()._wait(0, response) <= 60:
        raise BrokenPromise("waits for longer than a minute, or not at all")
    reply = _endpoint()._read(response)
    path = folder / "journal.jsonl"
    path.unlink(missing_ok=True)
    with open_journal(path) as journal:
        journal.asked(_ASK.key)
        journal.answered(_ASK.key, reply)
    if read_journal(path).replies != {_ASK.key: reply}:
        raise BrokenPromise(f"the journal changed {reply!r}")


@cache
def _endpoint() -> Endpoint:
    """One for all: its certificates take 30 ms to load."""
    return Endpoint(_OPTIONS)


def _header(data: bytes) -> bytes:
    """What may stand in a header of HTTP."""
    return bytes(byte for byte in data if byte >= 0x20 and byte != 0x7F).strip()


def _packed(data: bytes, folder: Path) -> None:
    """The first byte chooses the ending."""
    path = folder / ("x.txt.gz" if data[:1] < b"\x80" else "x.txt.zst")
    path.write_bytes(data[1:])
    scan = scan_file(path, phrases())
    if scan.skipped is not None and show_text(scan.skipped) != scan.skipped:
        raise BrokenPromise(f"skipped for {scan.skipped!r}")


def _optimizer(data: bytes, folder: Path) -> None:
    """The first byte chooses PyTorch's format, or safetensors with the header's length put right."""
    shapes, rows = {"wte.weight": _SHAPE}, {"wte.weight": np.array([0, 2, 3])}
    if data[:1] < b"\x80":
        source, content = folder / "optimizer.safetensors", _framed(data[1:])
    else:
        source, content = folder / "optimizer.pt", data[1:]
    source.write_bytes(content)
    target = folder / f"new{source.suffix}"
    target.unlink(missing_ok=True)
    carry_optimizer(source, target, shapes, rows)


def _framed(data: bytes) -> bytes:
    header, _, values = data.partition(b"\0\0")
    return struct.pack("<Q", len(header)) + header + values


def _suggest(data: bytes, folder: Path) -> None:
    """Tokens, one a line, as a vocabulary from which candidates are taken."""
    path, out = folder / "tokenizer.json", folder / "suggested.toml"
    tokens = {line.decode("utf-8", errors="replace"): rank for rank, line in enumerate(data.split(b"\n"))}
    model = {"type": "BPE", "vocab": tokens, "merges": []}
    path.write_bytes(msgspec.json.encode({"model": model, "added_tokens": []}))
    out.unlink(missing_ok=True)
    with click.Context(suggest):
        suggest.callback(str(path), ("core",), 50, out, "json", quiet=True)  # type: ignore[misc]
    from banlists.lists import load_file

    load_file(out)


def _pickled() -> Sequence[bytes]:
    """What PyTorch writes, where it is installed."""
    from importlib.util import find_spec

    if find_spec("torch") is None:
        return []
    import io

    import torch

    state = {"step": torch.tensor(1.0), "exp_avg": torch.ones(_SHAPE), "exp_avg_sq": torch.zeros(_SHAPE)}
    sink = io.BytesIO()
    torch.save({"state": {0: state}, "param_groups": [{"lr": 0.1, "params": [0]}]}, sink)
    return [b"\xff" + sink.getvalue()]


def _optimizer_seeds() -> Sequence[bytes]:
    entry = {"dtype": "F32", "shape": list(_SHAPE), "data_offsets": [0, 96]}
    header = json.dumps({"exp_avg": entry, "__metadata__": {"format": "pt"}}).encode()
    return [b"\0" + header + b"\0\0" + bytes(96), *_pickled()]


_ANSWER = b'{"choices":[{"message":{"content":"the the"}}],"usage":{"prompt_tokens":3,"completion_tokens":2}}'
_HAN = "天天中彩票\n 北京\n彩票\n中彩票网\nthe\n lottery\n免费视频\n视频".encode()

TARGETS = (
    Target(
        "probe-reply",
        lambda: [b"2\n\n" + _ANSWER, b"2\n1.5\n" + _ANSWER, b"\xa4\n30\nbusy"],
        _reply,
        (b'"content"', b"null", b"[]", b"{}", b'"usage"', b"1e400", b'"\\ud800"', b"\xb2", b"[" * 5_000),
    ),
    Target(
        "scan-packed",
        lambda: [b"\0" + gzip.compress(b"to=functions.exec " + _HAN), b"\xff\x28\xb5\x2f\xfd\0\0\1\0\0"],
        _packed,
        (b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd"),
    ),
    Target(
        "optimizer",
        _optimizer_seeds,
        _optimizer,
        (b'"F32"', b"[4, 6]", b"PK\x03\x04", b"ctorch._utils\n", b"cos\nsystem\n", b"\x80\x02}q\x00", b"."),
    ),
    Target("ban-suggest", lambda: [_HAN], _suggest, ("天".encode(), b"\n", b" ", "票".encode(), b"\xff")),
)
