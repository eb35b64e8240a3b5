"""Harnesses of what Winnow itself writes and reads again: counts, frequencies, checkpoints, run states."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from audit.corpus_facts import read_corpus_summary, read_merge_counts, read_refused_merges
from audit.norms.sources import table_hits
from audit.output_formats import read_findings
from audit.probe.candidates import _from_findings, _from_lines, _from_norms
from audit.probe.journal import open_journal, read_journal
from audit.usage import read_counts as read_usage
from corpora.display import show_bytes, show_text
from corpora.manifest import read_manifest
from curation.clusters import read_clusters
from fuzz.contract import BrokenPromise, Target
from trainer.checkpoint import load_checkpoint
from trainer.count_progress import read_progress
from trainer.counts_file import is_counts_file, read_counts, read_pattern
from trainer.frequency_file import is_by_source_file, is_frequency_file, read_batches, read_spread
from trainer.merge_kernel import State
from trainer.round_job import read_rounds
from trainer.vocabulary import Vocabulary

_VOCABULARY = Vocabulary("v", {0: b"a", 1: b"b", 2: b" the", 3: b"\xff"}, {"<|x|>": 4}, "[\\s\\S]")


def _counts(data: bytes, folder: Path) -> None:
    path = folder / "counts.parquet"
    path.write_bytes(data)
    is_counts_file(path)
    is_frequency_file(path)
    is_by_source_file(path)
    _refused_or(read_usage, path)
    _refused_or(read_pattern, path)
    table = read_counts([path, path])
    if table.size and not 0 <= table.offsets.min() <= table.offsets.max() <= table.keys.size:
        raise BrokenPromise("offsets lie outside of the keys")
    table.total  # noqa: B018 - summed up, to see that it can be


def _refused_or(reader: object, path: Path) -> None:
    """Several readers of one file: what one refuses another may still read."""
    from corpora.errors import WinnowError

    try:
        reader(path)  # type: ignore[operator]
    except WinnowError as error:
        if error.where is None:
            raise BrokenPromise(f"an error without a place: {error}") from error


def _frequencies(data: bytes, folder: Path) -> None:
    path = folder / "frequencies.parquet"
    path.write_bytes(data)
    for table in read_batches(path, ["pretoken", "language", "count"]):
        table.num_rows  # noqa: B018 - read, that is all
    read_spread(path)


def _clusters(data: bytes, folder: Path) -> None:
    path = folder / "clusters.parquet"
    path.write_bytes(data)
    read_clusters(path)


def _checkpoint(data: bytes, folder: Path) -> None:
    path = folder / "state.npz"
    path.write_bytes(data)
    load_checkpoint(path, "call")


def _count_progress(data: bytes, folder: Path) -> None:
    parts = folder / "parts"
    parts.mkdir(exist_ok=True)
    (parts / "progress.json").write_bytes(data)
    read_progress(parts, "call").members()


def _rounds(data: bytes, folder: Path) -> None:
    path = folder / "rounds.json"
    path.write_bytes(data)
    read_rounds(path, "call")


def _manifest(data: bytes, folder: Path) -> None:
    path = folder / "manifest.json"
    path.write_bytes(data)
    read_manifest(path)


def _findings(data: bytes, folder: Path) -> None:
    path = folder / "findings.jsonl"
    path.write_bytes(data)
    _refused_or(lambda each: list(_from_findings(each)), path)
    for finding in read_findings(path):
        finding.fingerprint  # noqa: B018 - what a baseline keeps


def _probe_lists(data: bytes, folder: Path) -> None:
    path = folder / "list.json"
    path.write_bytes(data)
    _refused_or(lambda each: list(_from_norms(each)), path)
    list(_from_lines(path, _VOCABULARY))


def _journal(data: bytes, folder: Path) -> None:
    path = folder / "journal.jsonl"
    path.write_bytes(data)
    before = read_journal(path)
    with open_journal(path) as journal:
        journal.refused("a new key")
    if read_journal(path).replies != before.replies:
        raise BrokenPromise("opening a journal lost an answer")


def _merge_log(data: bytes, folder: Path) -> None:
    path = folder / "merges.jsonl"
    path.write_bytes(data)
    read_merge_counts(path)
    read_refused_merges(path)


def _summary(data: bytes, folder: Path) -> None:
    """A summary, a zero byte, and the manifest beside it."""
    summary, _, manifest = data.partition(b"\0")
    (folder / "summary.json").write_bytes(summary)
    (folder / "manifest.json").write_bytes(manifest or b"{}")
    (folder / "decisions").mkdir(exist_ok=True)
    read_corpus_summary(folder)


def _decisions(data: bytes, folder: Path) -> None:
    (folder / "summary.json").write_bytes(_SUMMARY)
    (folder / "decisions").mkdir(exist_ok=True)
    (folder / "decisions" / "part-00000.parquet").write_bytes(data)
    read_corpus_summary(folder)


def _hits(data: bytes, folder: Path) -> None:
    path = folder / "hits.csv"
    path.write_bytes(data)
    table_hits(path, "hits", _VOCABULARY)


def _shown(data: bytes, folder: Path) -> None:
    if show_text(show_bytes(data)) != show_bytes(data):
        raise BrokenPromise(f"shown as {show_bytes(data)!r}")


def _parquet(table: pa.Table, **options: object) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


def _count_columns() -> dict[str, pa.Array]:
    return {
        "pretoken": pa.array([b" the", b"a", b"\xff"], pa.binary()),
        "language": pa.array(["en", "en", "und"], pa.string()),
        "count": pa.array([3, 2, 1], pa.uint64()),
    }


def _count_seeds() -> Sequence[bytes]:
    table = pa.table(_count_columns()).replace_schema_metadata({b"winnow.pattern": b"[\\s\\S]"})
    strings = pa.table({**_count_columns(), "pretoken": pa.array(["a", "b", None])})
    negative = pa.table({**_count_columns(), "count": pa.array([-1, 2, 3])})
    tables = (table, strings, negative)
    return [_parquet(each, compression=kind) for each in tables for kind in ("zstd", "none")]


def _frequency_seeds() -> Sequence[bytes]:
    spread = msgspec.json.encode([{"language": "en", "documents": 1, "sources": 1}])
    about = {b"winnow.pattern": b"[\\s\\S]", b"winnow.spread": spread}
    table = pa.table(_count_columns()).replace_schema_metadata(about)
    return [_parquet(table), _parquet(table, compression="none")]


def _cluster_seeds() -> Sequence[bytes]:
    return [_parquet(pa.table({"id": ["a", "b"], "documents": [3, 2]}), compression="none")]


@cache
def _state_seeds() -> Sequence[bytes]:
    arrays = {
        name: np.zeros((2, 3) if name in ("cells", "heap", "pairs") else 2, np.int64)
        for name in State._fields
    }
    sink = io.BytesIO()
    np.savez(sink, allow_pickle=False, **arrays, call=np.array("call"), note=np.array("n"))
    return [sink.getvalue()]


def _decision_seeds() -> Sequence[bytes]:
    row = {
        "id": "d",
        "source": "s",
        "kept": False,
        "rule": "short",
        "value": 1.0,
        "threshold": 2.0,
        "language": "en",
    }
    return [_parquet(pa.Table.from_pylist([row, {**row, "value": None}]), compression="none")]


_SUMMARY = (
    b'{"documents": {"in": 2, "kept": 1, "dropped": 1}, "bytes": {"in": 9, "kept": 4},'
    b' "dropped_by": {"short": 1},'
    b' "languages": {"en": {"in": 2, "kept": 1}}, "examples": {"short": [{"id": "d", "excerpt": "x"}]}}'
)
_MANIFEST = b'{"call": "x", "configuration": {"reasons": {"short": "too short"}}, "outputs": [{"path": "a"}]}'
_FINDING = b'{"check":"ban","severity":"error","message":"m","id":3,"bytes":"e5a4","category":"adult"}\n'
_NORMS = b'{"hot":[{"id":1,"category":"adult"}],"low_lump":{"ids":[1,2]},"unused_direction":{"ids":[3]}}'
_ASKED = (
    b'{"event":"asked","key":"k"}\n{"event":"answered","key":"k","text":"t","prompt_tokens":1}\n'
    b'{"event":"asked","key":"l"}\n'
)
_EVENTS = (
    b'{"event":"merge","id":300,"left":"74","right":"68","token":"7468","text":"th","count":9}\n'
    b'{"event":"refused","rank":301,"left":"74","right":"68","token":"7468","count":9,"entry":"a/b","category":"adult"}\n'
)
_PROGRESS = b'{"call":"call","shards":1,"runs":[],"groups":[["en","1/3"]],"documents":2}'
_ROUNDS = b'{"call":"call","rounds":1,"additions":[]}'
_WORDS = (
    b'"id"',
    b'"bytes"',
    b'"e5a"',
    b"18446744073709551616",
    b'"event"',
    b"1e400",
    b"\xe2\x80\xa8",
    b"\x85",
    b'"1/0"',
    b'"in"',
)

TARGETS = (
    Target("counts", _count_seeds, _counts, (b"PAR1", b"pretoken", b"winnow.pattern")),
    Target("frequencies", _frequency_seeds, _frequencies, (b"PAR1", b"winnow.spread", b'"documents"')),
    Target("clusters", _cluster_seeds, _clusters, (b"PAR1",)),
    Target(
        "checkpoint",
        _state_seeds,
        _checkpoint,
        (b"PK\x03\x04", b"'descr': '|O'", b"'shape': (99999999999,)", b"<i8", b"True"),
    ),
    Target("count-progress", lambda: [_PROGRESS], _count_progress, _WORDS),
    Target("ban-rounds", lambda: [_ROUNDS], _rounds, _WORDS),
    Target("manifest", lambda: [_MANIFEST], _manifest, _WORDS),
    Target("findings", lambda: [_FINDING, _FINDING * 2], _findings, _WORDS),
    Target("probe-lists", lambda: [_NORMS, b"1\n the\n", b"0-2,3"], _probe_lists, _WORDS),
    Target("probe-journal", lambda: [_ASKED], _journal, _WORDS),
    Target("merge-log", lambda: [_EVENTS], _merge_log, _WORDS),
    Target("corpus-summary", lambda: [_SUMMARY, _SUMMARY + b"\0" + _MANIFEST], _summary, _WORDS),
    Target("decisions", _decision_seeds, _decisions, (b"PAR1", b"kept", b"rule")),
    Target(
        "hit-table",
        lambda: [b"id,token,hits\n1,,2\n, the,nan\n", b"token,hits\na,1e3\n"],
        _hits,
        (b"id", b"hits", b'"', b"\r", b"\0", b"9" * 5000),
    ),
    Target("shown-bytes", lambda: [" the\u200b\u202e".encode(), b"\xff\xfea", b"\x1b[2J"], _shown),
)
