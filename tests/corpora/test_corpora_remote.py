"""URLs as inputs: the same documents as from files, and clear words when a place cannot be reached."""

from __future__ import annotations

import functools
import gzip
import json
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import fsspec
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

from corpora.documents import Problems, ReadOptions, open_corpus
from corpora.errors import WinnowError, WrongCall
from corpora.manifest import hash_file

ROWS = [{"id": "a", "text": "Guten Tag"}, {"id": "b", "text": "สวัสดี\nครับ"}, {"id": "c", "text": "x"}]
LINES = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS).encode()


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder, and writes no log."""

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same rows in every format."""
    place = tmp_path_factory.mktemp("remote")
    (place / "rows.jsonl").write_bytes(LINES)
    (place / "rows.jsonl.gz").write_bytes(gzip.compress(LINES))
    (place / "rows.json").write_text(json.dumps(ROWS))
    (place / "rows.csv").write_text('id,text\na,Guten Tag\nb,"สวัสดี\nครับ"\nc,x\n')
    pq.write_table(pa.Table.from_pylist(ROWS), place / "rows.parquet")
    pyarrow.feather.write_feather(pa.Table.from_pylist(ROWS), str(place / "rows.arrow"))
    (place / "lines.txt").write_text("one\ntwo\n")
    (place / "notes.md").write_text("no data")
    return place


@pytest.fixture(scope="module")
def memory(folder: Path) -> Iterator[str]:
    """The folder in fsspec's memory, as a store of objects would hold it."""
    system = fsspec.filesystem("memory")
    for path in folder.iterdir():
        system.pipe(f"/corpus/in/{path.name}", path.read_bytes())
    yield "memory://corpus/in"
    system.rm("/corpus", recursive=True)


@pytest.fixture(scope="module")
def http(folder: Path) -> Iterator[str]:
    """The folder behind a web server on this machine."""
    handler = functools.partial(Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def read(*inputs: str, **options: object) -> list[dict[str, object]]:
    corpus = open_corpus(list(inputs), ReadOptions(**options))
    return [
        row for shard in corpus.shards for batch in shard.batches(Problems()) for row in batch.to_pylist()
    ]


FILES = ["rows.jsonl", "rows.jsonl.gz", "rows.json", "rows.csv", "rows.parquet", "rows.arrow"]


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("place", ["memory", "http", "file"])
def test_every_format_reads_the_same_behind_a_url(
    place: str, name: str, folder: Path, memory: str, http: str
) -> None:
    if (place, name) == ("http", "rows.arrow"):  # read from its end: this server has no ranges of bytes
        with pytest.raises(WinnowError, match="range requests"):
            read(f"{http}/{name}")
        return
    url = {"memory": memory, "http": http, "file": f"file://{folder}"}[place]
    assert read(f"{url}/{name}") == read(str(folder / name))


def test_text_units_work_behind_a_url(memory: str) -> None:
    rows = read(f"{memory}/lines.txt", text_unit="line")
    assert [(row["id"], row["text"]) for row in rows] == [("lines.txt:1", "one"), ("lines.txt:2", "two")]


def test_folders_and_patterns_behind_a_url(folder: Path, memory: str) -> None:
    everything = open_corpus([memory], ReadOptions())
    assert [shard.name for shard in everything.shards] == sorted([*FILES, "lines.txt"])
    some = open_corpus([f"{memory}/rows.jsonl*"], ReadOptions())
    assert [shard.name for shard in some.shards] == ["rows.jsonl", "rows.jsonl.gz"]
    assert read(memory) == read(str(folder))


def test_hashes_and_identities_tell_the_content(folder: Path, memory: str) -> None:
    (shard,) = open_corpus([f"{memory}/rows.jsonl"], ReadOptions()).shards
    corpus = open_corpus([f"{memory}/rows.jsonl"], ReadOptions())
    assert corpus.hashes() == [hash_file(folder / "rows.jsonl", "rows.jsonl")]
    assert shard.identity[2] == len(LINES)
    before = shard.identity
    fsspec.filesystem("memory").pipe("/corpus/other.jsonl", b'{"text": "1"}\n')
    (other,) = open_corpus(["memory://corpus/other.jsonl"], ReadOptions()).shards
    first = other.identity
    fsspec.filesystem("memory").pipe("/corpus/other.jsonl", b'{"text": "2"}\n')
    assert other.identity != first
    assert shard.identity == before


def test_what_filter_wrote_is_an_input_behind_a_url() -> None:
    system = fsspec.filesystem("memory")
    for part in ("documents", "decisions"):
        with system.open(f"/kept/{part}/part-00000.parquet", "wb") as file:
            pq.write_table(pa.table({"id": [part], "text": [part]}), file)
    corpus = open_corpus(["memory://kept"], ReadOptions())
    assert [shard.name for shard in corpus.shards] == ["part-00000.parquet"]
    assert [row["text"] for row in read("memory://kept")] == ["documents"]
    system.rm("/kept", recursive=True)


WRONG = {
    "memory://corpus/in/none.jsonl": "no such file",
    "memory://corpus/in/*.zst": "no such file",
    "memory://corpus/in/notes.md": "no readable file",
    "no-such-scheme://bucket/x.jsonl": "unknown kind of URL",
}


@pytest.mark.parametrize("url", WRONG)
def test_wrong_urls_are_wrong_calls(url: str, memory: str) -> None:
    with pytest.raises(WrongCall, match=WRONG[url]):
        open_corpus([url], ReadOptions())


def test_a_server_that_is_not_there_is_an_error_with_its_name() -> None:
    with pytest.raises((WinnowError, WrongCall)) as raised:
        read("http://127.0.0.1:1/rows.jsonl")
    assert "http://127.0.0.1:1/rows.jsonl" in str(raised.value)


def test_a_file_that_vanishes_is_an_error_with_its_name(memory: str) -> None:
    system = fsspec.filesystem("memory")
    system.pipe("/gone/x.jsonl", LINES)
    (shard,) = open_corpus(["memory://gone/x.jsonl"], ReadOptions()).shards
    system.rm("/gone", recursive=True)
    with pytest.raises(WinnowError, match="memory://"):
        list(shard.batches(Problems()))
    with pytest.raises(WinnowError, match="cannot be reached"):
        _ = shard.identity


def test_damage_behind_a_url_is_told_with_its_place() -> None:
    fsspec.filesystem("memory").pipe("/bad/x.jsonl.gz", gzip.compress(LINES * 900)[:-40])
    with pytest.raises(WinnowError, match=r"memory:///bad/x\.jsonl\.gz"):
        read("memory://bad/x.jsonl.gz")


def test_a_recipe_can_name_urls(tmp_path: Path, memory: str) -> None:
    recipe = f'[[source]]\nname = "far"\ninput = "{memory}/rows.jsonl"\nlimit = 2\n'
    (tmp_path / "r.toml").write_text(recipe)
    rows = read(f"recipe:{tmp_path / 'r.toml'}")
    assert [(row["id"], row["source"]) for row in rows] == [("a", "far"), ("b", "far")]


def test_filter_and_count_take_urls(folder: Path, memory: str, tmp_path: Path, winnow) -> None:
    for name, place in (("a", str(folder / "rows.jsonl")), ("b", f"{memory}/rows.jsonl")):
        assert winnow("count", place, "-o", tmp_path / f"{name}.parquet", "-q").code == 0
        assert winnow("filter", place, "-o", tmp_path / name, "-q").code == 0
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    part = Path("documents") / "part-00000.parquet"
    assert (tmp_path / "a" / part).read_bytes() == (tmp_path / "b" / part).read_bytes()
    again = winnow("filter", f"{memory}/rows.jsonl", "-o", tmp_path / "b")
    assert "already finished" in again.stderr
