"""Harnesses of what a run finds when it goes on, and of manifests that somebody else checks."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from corpora.files import write_json
from corpora.outputs import MARKER_NAME, AlreadyFinished, output_folder
from corpora.verification import verify
from curation.parts import DECISIONS, DOCUMENTS, TALLY_KEY, PartPaths
from curation.tally import Tally
from fuzz.contract import Target
from trainer.shard_counts import read_part

_SHA256 = "9834876dcfb05cb167a5c24953eba58c4ac89b1adf57f28f2f9d09af107ee8f0"  # of b"aaa"
_MANIFESTS = {"manifest.json", MARKER_NAME}


def _output(data: bytes, folder: Path) -> None:
    """A marker, a zero byte, and the manifest beside it."""
    out = folder / "out"
    out.mkdir(exist_ok=True)
    marker, _, manifest = data.partition(b"\0")
    for name, content in zip(sorted(_MANIFESTS), (marker, manifest), strict=True):
        (out / name).unlink(missing_ok=True)
        if content:
            (out / name).write_bytes(content)
    try:
        with output_folder(out, "call"):
            write_json(out / "manifest.json", {"call": "call"})
    except AlreadyFinished:
        return


def _count_part(data: bytes, folder: Path) -> None:
    path = folder / "part-000000.json"
    path.write_bytes(data)
    read_part(path)


def _tally(data: bytes, folder: Path) -> None:
    """The tally in the footer of a part of decisions."""
    paths = PartPaths(folder, 0)
    paths.path(DECISIONS).parent.mkdir(exist_ok=True)
    table = pa.table({"id": ["a"]}).replace_schema_metadata({TALLY_KEY.encode(): data})
    pq.write_table(table, paths.path(DECISIONS))
    Tally().add(paths.read_tally())


def _part(data: bytes, folder: Path) -> None:
    """A part of decisions that is damaged."""
    paths = PartPaths(folder, 0)
    paths.path(DECISIONS).parent.mkdir(exist_ok=True)
    paths.path(DECISIONS).write_bytes(data)
    Tally().add(paths.read_tally())


def _kept(data: bytes, folder: Path) -> None:
    """A part of kept documents that is damaged."""
    paths = PartPaths(folder, 0)
    paths.path(DOCUMENTS).parent.mkdir(exist_ok=True)
    paths.path(DOCUMENTS).write_bytes(data)
    list(paths.kept_documents())
    list(paths.kept_batches())


def _verify(data: bytes, folder: Path) -> None:
    release, inputs = folder / "release", folder / "inputs"
    for place in (release, inputs):
        place.mkdir(exist_ok=True)
        (place / "a.txt").write_bytes(b"aaa")
    (release / "manifest.json").write_bytes(data)
    for check in verify(release, [inputs]).files:
        check.fine  # noqa: B018 - looked at, that is all


def _kept_seeds() -> Sequence[bytes]:
    sink = io.BytesIO()
    pq.write_table(pa.table({"id": ["a"], "source": ["s"], "text": ["t"]}), sink, compression="none")
    return [sink.getvalue()]


def _part_seeds() -> Sequence[bytes]:
    sink = io.BytesIO()
    tally = {TALLY_KEY.encode(): _TALLY}
    pq.write_table(pa.table({"id": ["a"]}).replace_schema_metadata(tally), sink, compression="none")
    return [sink.getvalue()]


_FILE = {"path": "a.txt", "sha256": _SHA256, "bytes": 3}
_RELEASE = msgspec.json.encode(
    {"command": "count", "tool_version": "1", "inputs": [_FILE, {**_FILE, "sha256": ""}], "outputs": [_FILE]}
)
_TALLY = Tally().to_json()
_COUNTED = (
    b'{"file":"part-000000-x.arrow","batches":[[0],[]],"groups":[["en","1/3"]],"sources":["a"],"documents":2,'
    b'"bytes":9,"pretokens":3,"problems":1,"examples":["a:1: x"]}'
)
_WORDS = (
    b'"call"',
    b'"other"',
    b'"path"',
    b'""',
    b'"."',
    b'"../x"',
    b'"/etc/passwd"',
    b'"a\\u0000b"',
    b'"' + b"a" * 300 + b'"',
    b'"\xff"',
    b"18446744073709551616",
    b"-1",
    b"1e400",
    _SHA256.encode(),
)

TARGETS = (
    Target("output-marker", lambda: [b'{"call":"call"}', b'\0{"call":"call"}', b"{}\0{}"], _output, _WORDS),
    Target("count-part", lambda: [_COUNTED], _count_part, _WORDS),
    Target("part-tally", lambda: [_TALLY], _tally, _WORDS),
    Target("decision-part", _part_seeds, _part, (b"PAR1", TALLY_KEY.encode())),
    Target("document-part", _kept_seeds, _kept, (b"PAR1", b"id", b"text")),
    Target("verify", lambda: [_RELEASE], _verify, _WORDS),
)
