"""Input made to hurt: bombs, endless lines, false paths, symlinks, impossible numbers, escapes, scripts."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from corpora.display import show_lines
from corpora.documents import Problems, ReadOptions, open_corpus
from corpora.errors import WinnowError, WrongCall, outcome
from trainer.byte_alphabet import to_mapped

ROOMS = ("corpora", "curation", "banlists", "trainer", "audit")
MIB = 1 << 20
ESCAPE = "\x1b]0;owned\x07\x1b[2J\u202e\u2066\x9b31m\u200b"
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
MARK = "data-ran"
SCRIPTS = (
    f"<script>document.documentElement.setAttribute('{MARK}', 1)</script>",
    f"<img src=x onerror=\"document.documentElement.setAttribute('{MARK}', 2)\">",
    f"\"'><svg onload=document.documentElement.setAttribute('{MARK}',3)>",
    f"</script><script>document.documentElement.setAttribute('{MARK}', 4)</script>",
)


def read_all(path: Path, **options: object) -> tuple[list[dict], Problems]:
    problems = Problems()
    shards = open_corpus([str(path)], ReadOptions(**options)).shards
    rows = [row for shard in shards for batch in shard.batches(problems) for row in batch.to_pylist()]
    return rows, problems


# --- size -----------------------------------------------------------------------------------------

PEAK = """
import resource, sys
from corpora.documents import Problems, ReadOptions, open_corpus
from corpora.errors import WinnowError
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
rows, said = 0, ""
try:
    for shard in open_corpus([sys.argv[1]], ReadOptions(split_bytes=1 << 60)).shards:
        rows += sum(batch.num_rows for batch in shard.batches(Problems()))
except WinnowError as error:
    said = str(error)
print(rows, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10, said, sep="|")
"""


def peak_of(path: Path, project: Path) -> tuple[int, int, str]:
    """Documents read, MiB that the peak grew, and the error, of a process that reads one file."""
    command = [sys.executable, "-c", PEAK, str(path)]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=True)
    rows, grown, said = done.stdout.rstrip("\n").split("|", 2)
    return int(rows), int(grown), said


@pytest.mark.parametrize("ending", [".gz", ".zst"])
@pytest.mark.parametrize(
    ("name", "start", "unit", "wanted"),
    [
        ("line.jsonl", b'{"text": "', b"a" * (1 << 20), "a line of more than 67,108,864 bytes"),
        ("lines.txt", b"", b"some words\n" * 95_325, ""),
        ("array.json", b"[", b" " * (1 << 20), "not an array of JSON objects"),
    ],
)
def test_a_decompression_bomb_is_streamed_or_refused(
    ending: str, name: str, start: bytes, unit: bytes, wanted: str, tmp_path: Path, project: Path
) -> None:
    path, repeats = tmp_path / f"{name}{ending}", 300  # 300 MiB of some kilobytes
    kind = {".gz": "gzip", ".zst": "zstd"}[ending]
    with pa.CompressedOutputStream(str(path), kind) as stream:
        stream.write(start)
        for _ in range(repeats):
            stream.write(unit)
    assert path.stat().st_size < 2 << 20
    rows, grown, said = peak_of(path, project)
    assert wanted in said and (rows > 50) == (not wanted)
    assert grown < (700 if name == "array.json" else 350), f"{grown} MiB"


def repeated(values: int) -> pa.DictionaryArray:
    """One text of 1 MiB in every row, of which there is one."""
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(values, dtype=np.int32)), pa.array(["a" * MIB]))


def repeated_views(values: int) -> pa.Array:
    """The same as views of one buffer: length, first four bytes, buffer, place."""
    view = struct.pack("<i4sii", MIB, b"aaaa", 0, 0)
    buffers = [None, pa.py_buffer(view * values), pa.py_buffer(b"a" * MIB)]
    return pa.Array.from_buffers(pa.string_view(), values, buffers)


BOMBS = {
    "text.parquet": lambda: pa.table({"text": repeated(4_000)}),
    "lists.parquet": lambda: pa.table(
        {"text": ["x"] * 500, "tags": pa.ListArray.from_arrays(np.arange(0, 2_001, 4), repeated(2_000))}
    ),
    "text.arrow": lambda: pa.table({"text": repeated(4_000)}),
    "views.arrow": lambda: pa.table({"text": repeated_views(2_000)}),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_value_that_repeats_is_not_written_out_at_once(name: str, tmp_path: Path, project: Path) -> None:
    path, table = tmp_path / name, BOMBS[name]()
    if path.suffix == ".parquet":
        table = table.replace_schema_metadata(None)
        options = {"compression": "zstd", "store_schema": False, "dictionary_pagesize_limit": 1 << 30}
        pq.write_table(table, path, row_group_size=1 << 20, **options)
        assert path.stat().st_size < 100_000
    else:
        with pa.ipc.new_file(path, table.schema) as writer:
            writer.write_table(table)
    rows, grown, said = peak_of(path, project)
    assert (rows, said) == (table.num_rows, "")
    assert grown < 350, f"{grown} MiB of {table.num_rows * MIB >> 20}"


def test_a_line_of_ten_gigabytes_is_refused_at_the_limit(tmp_path: Path, project: Path) -> None:
    path = tmp_path / "endless.jsonl"
    with path.open("wb") as file:
        file.write(b'{"text": "first"}\n')
        file.truncate(10 << 30)  # zeros that take no room on the disk
    started = time.perf_counter()
    _, grown, said = peak_of(path, project)
    assert f"{path}:2: a line of more than 67,108,864 bytes" in said and "--max-line-bytes" in said
    assert grown < 350 and time.perf_counter() - started < 30


def test_lines_beyond_the_limit_are_passed_over_and_counted(tmp_path: Path, winnow) -> None:
    path = tmp_path / "x.jsonl"
    long_line = b'{"text": "' + b"a" * (9 << 20) + b'"}\n'
    path.write_bytes(b'{"text": "one"}\n' + long_line + b'{"text": "three"}\n' + long_line.rstrip(b"\n"))
    rows, problems = read_all(path, on_error="skip", max_line_bytes=1 << 20)
    assert [(row["id"], row["text"]) for row in rows] == [("x.jsonl:1", "one"), ("x.jsonl:3", "three")]
    assert problems.count >= 2 and any(f"{path}:2: a line of more" in each for each in problems.examples)
    told = winnow("count", path, "-o", tmp_path / "c.parquet", "--max-line-bytes", 1 << 20)
    assert told.code == 1 and "a line of more than 1,048,576 bytes" in told.stderr


def test_a_paragraph_without_an_end_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_bytes(b"a line\n" * 2_000_000)  # 14 MB and no blank line
    rows, _ = read_all(path, text_unit="paragraph")
    assert len(rows) > 1 and sum(len(row["text"].split("\n")) for row in rows) == 2_000_000


def test_json_with_many_brackets_that_is_not_deep_is_read(tmp_path: Path) -> None:
    path = tmp_path / "code.jsonl"
    lines = [json.dumps({"text": "{[(" * 900, "list": [[1]] * 900, "n": n}) for n in range(50)]
    path.write_text("\n".join(lines))
    rows, _ = read_all(path)
    assert len(rows) == 50 and len(rows[0]["list"]) == 900


@pytest.mark.parametrize("text", ["a = " + "[" * 100_000, "a = " + "9" * 5_000, 'a = "\\ud800"'])
def test_toml_beyond_all_measure_is_refused(text: str, tmp_path: Path, winnow) -> None:
    path = tmp_path / "r.toml"
    path.write_text(text)
    for command in (("run", path, "-o", tmp_path / "o"), ("ban", "lint", path)):
        told = winnow(*command)
        assert told.code == 2 and "not valid TOML" in told.stderr


# --- places ---------------------------------------------------------------------------------------


def test_ids_and_sources_never_become_paths(tmp_path: Path, winnow) -> None:
    path, out = tmp_path / "x.jsonl", tmp_path / "deep" / "out"
    names = ("../../escaped", "/tmp/winnow-escaped", "a/../../b", "con\0x", "..")
    path.write_text(
        "".join(
            json.dumps({"id": name, "source": name, "language": name, "text": f"words {name} " * 20}) + "\n"
            for name in names
        )
    )
    before = set(tmp_path.rglob("*"))
    assert winnow("filter", path, "-o", out, "-q").code == 0
    made = set(tmp_path.rglob("*")) - before
    assert all(each.is_relative_to(tmp_path / "deep") for each in made)
    assert not Path("/tmp/winnow-escaped").exists()
    assert all(re.fullmatch(r"[\w.-]+", each.name) for each in made)


def test_an_index_names_only_files_beside_it(tmp_path: Path, winnow) -> None:
    for name in ("../../x.safetensors", "/etc/passwd", "..", "a/b.safetensors", "a\0b", ""):
        index = {"weight_map": {"wte.weight": name}}
        (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
        told = winnow("norms", "scan", tmp_path)
        assert told.code in (1, 2) and "internal" not in told.stderr, name
        assert "outside of its folder" in told.stderr, name


def test_a_write_replaces_a_symlink_and_not_what_it_points_at(tmp_path: Path) -> None:
    from corpora.files import write_text

    precious, link = tmp_path / "precious", tmp_path / "link.txt"
    precious.write_text("mine")
    link.symlink_to(precious)
    write_text(link, "new")
    assert precious.read_text() == "mine" and not link.is_symlink() and link.read_text() == "new"


def test_starting_over_does_not_follow_symlinks_out_of_the_folder(tmp_path: Path) -> None:
    from corpora.outputs import output_folder

    precious, out = tmp_path / "precious", tmp_path / "out"
    precious.mkdir()
    (precious / "file").write_text("mine")
    with output_folder(out, "call") as folder:
        (folder.path / "manifest.json").write_text('{"call": "call"}')
    (out / "documents").symlink_to(precious)
    (out / "one").symlink_to(precious / "file")
    with output_folder(out, "call", force=True):
        assert not (out / "documents").is_symlink() and not (out / "one").is_symlink()
    assert (precious / "file").read_text() == "mine"


def test_an_output_folder_with_strangers_links_is_refused(tmp_path: Path, winnow) -> None:
    precious, out = tmp_path / "precious", tmp_path / "out"
    precious.mkdir()
    out.mkdir()
    (out / "documents").symlink_to(precious)
    told = winnow("filter", Path(__file__).with_name("conftest.py"), "-o", out)
    assert told.code == 2 and not list(precious.iterdir())
    (tmp_path / "x.txt").write_text("some words")
    assert winnow("filter", tmp_path / "x.txt", "-o", out).code == 2 and not list(precious.iterdir())


# --- numbers and patterns -------------------------------------------------------------------------


@pytest.mark.parametrize("id_", [2**26 + 1, 2**31, 2**63 - 1, 2**64, 10**30, -1, 1.5, True])
def test_an_impossible_id_is_refused(id_: object, tmp_path: Path, winnow) -> None:
    record = tokenizer_record({"a": id_})
    (tmp_path / "tokenizer.json").write_text(json.dumps(record))
    told = winnow("audit", tmp_path)
    assert told.code == 1 and "internal" not in told.stderr, told.stderr


@pytest.mark.parametrize("weight", ["nan", "inf", "-inf", "-1.0", "0.0"])
def test_a_weight_that_is_no_number_is_refused(weight: str, tmp_path: Path, winnow) -> None:
    path = tmp_path / "r.toml"
    path.write_text(f'[[source]]\nname = "a"\ninput = "x.txt"\nweight = {weight}\n')
    (tmp_path / "x.txt").write_text("words")
    told = winnow("run", path, "-o", tmp_path / "o")
    assert told.code == 2 and "weight" in told.stderr


def test_a_threshold_that_is_no_number_is_refused(tmp_path: Path, winnow) -> None:
    path = tmp_path / "rules.toml"
    path.write_text('[[rule]]\nname="a"\nsignal="words"\ndrop="<"\nthreshold=nan\nreason="r"\n')
    (tmp_path / "x.txt").write_text("words")
    told = winnow("filter", tmp_path / "x.txt", "--rules", path, "-o", tmp_path / "o")
    assert told.code == 2 and "internal" not in told.stderr, told.stderr


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 3e38])
def test_rows_that_are_no_numbers_do_not_break_a_scan(value: float, tmp_path: Path, winnow) -> None:
    rows = np.random.default_rng(0).normal(size=(600, 8)).astype("<f4")
    rows[[3, 40]] = value
    write_safetensors(tmp_path / "model.safetensors", rows)
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)  # such as an overflow
        told = winnow("norms", "scan", tmp_path / "model.safetensors", "--format", "json")
    assert "internal" not in told.stderr, told.stderr
    if told.code == 0:
        json.loads(told.stdout, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))


@pytest.mark.parametrize(
    "pattern",
    [
        r"(a+)+b",
        r"(a*)*b",
        r"(.*)*x",
        r"(?=a)b",
        r"(a)\1",
        r"a{1,9999}",
        r"(?:a{1,64}){1,64}",
        r"a+",
        r"(?i)a",
    ],
)
def test_a_list_refuses_what_is_not_linear(pattern: str) -> None:
    from banlists.patterns import regex_problem

    assert regex_problem(pattern) is not None


@pytest.mark.parametrize("pattern", ["a?" * 12 + "b", "[a-z]{0,63}[a-z]{0,62}b", "(?:a|a|a|a)" * 6 + "b"])
def test_the_worst_that_a_list_takes_is_still_fast(pattern: str) -> None:
    from banlists.patterns import regex_problem

    assert regex_problem(pattern) is None
    started = time.perf_counter()
    assert not list(re.compile(pattern).finditer("a" * 5_000))
    assert time.perf_counter() - started < 5


def test_a_pattern_that_backtracks_without_end_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    from trainer import pretokenize

    monkeypatch.setattr(pretokenize, "_seconds", lambda text: 0.3)
    with pytest.raises(WinnowError, match="does not come to an end"):
        pretokenize.split(r"(?:a|aa|aaa|a+)+b|[\s\S]", "a" * 200)


HEADERS = {
    "longer than the file": (2**40, None, 96),
    "negative length": (2**64 - 1, None, 96),
    "offsets beyond the end": (None, {"shape": [4, 6], "data_offsets": [0, 2**40]}, 96),
    "offsets backwards": (None, {"shape": [4, 6], "data_offsets": [96, 0]}, 96),
    "shape larger than the bytes": (None, {"shape": [4, 6000], "data_offsets": [0, 96]}, 96),
    "shape that overflows": (None, {"shape": [2**62, 2**62], "data_offsets": [0, 96]}, 96),
    "bytes missing": (None, {"shape": [4, 6], "data_offsets": [0, 96]}, 40),
    "bytes left over": (None, {"shape": [4, 6], "data_offsets": [0, 96]}, 200),
}


@pytest.mark.parametrize("lie", HEADERS)
def test_a_safetensors_header_that_lies_is_refused(lie: str, tmp_path: Path, winnow) -> None:
    from trainer.shard_files import read_header

    length, entry, size = HEADERS[lie]
    path = tmp_path / "model.safetensors"
    header = json.dumps(
        {"wte.weight": {"dtype": "F32", **(entry or {"shape": [4, 6], "data_offsets": [0, 96]})}}
    )
    path.write_bytes(struct.pack("<Q", length or len(header)) + header.encode() + bytes(size))
    told = winnow("norms", "scan", path)
    assert told.code == 1 and "broken safetensors file" in told.stderr
    if lie not in ("shape larger than the bytes", "shape that overflows"):  # these are for safetensors to see
        with pytest.raises(WinnowError, match="broken safetensors file"):
            read_header(path)


def test_overlapping_tensors_are_refused(tmp_path: Path, winnow) -> None:
    from trainer.shard_files import read_header

    path = tmp_path / "model.safetensors"
    entry = {"dtype": "F32", "shape": [4, 6]}
    header = json.dumps(
        {"wte.weight": {**entry, "data_offsets": [0, 96]}, "b": {**entry, "data_offsets": [48, 144]}}
    )
    path.write_bytes(struct.pack("<Q", len(header)) + header.encode() + bytes(144))
    assert winnow("norms", "scan", path).code == 1
    with pytest.raises(WinnowError, match="lies about its place"):
        read_header(path)


# --- what people see ------------------------------------------------------------------------------


def tokenizer_record(extra: dict[str, object]) -> dict[str, object]:
    vocab = {to_mapped(bytes([byte])): 300 + byte for byte in range(256)} | extra
    return {
        "added_tokens": [],
        "pre_tokenizer": {"type": "ByteLevel"},
        "decoder": {"type": "ByteLevel"},
        "model": {"type": "BPE", "vocab": vocab, "merges": []},
    }


def write_safetensors(path: Path, rows: np.ndarray) -> None:
    entry = {"dtype": "F32", "shape": list(rows.shape), "data_offsets": [0, rows.nbytes]}
    header = json.dumps({"wte.weight": entry}).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header + rows.tobytes())


@pytest.fixture(name="place")
def place_fixture(tmp_path: Path) -> Path:
    """A folder with a hostile name, and a tokenizer, documents, a list and weights full of escapes."""
    place = tmp_path / f"in{ESCAPE}<img src=x>"
    place.mkdir()
    texts = [ESCAPE, *SCRIPTS, f"=cmd|' /C calc'!A0{ESCAPE}"]
    tokens = {to_mapped(text.encode()): number for number, text in enumerate(texts)}
    (place / "tokenizer.json").write_text(json.dumps(tokenizer_record(tokens)))
    rows = [{"id": text, "source": text, "text": f"{text} some words"} for text in texts]
    (place / "x.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (place / "broken.jsonl").write_text(json.dumps({ESCAPE: 1}))
    (place / "list.toml").write_text(
        "[list]\n" + "\n".join(f"{key} = {json.dumps(ESCAPE)}" for key in ("id", "version", "title"))
        + f'\n[[group]]\nid = {json.dumps(ESCAPE)}\ncategory = "control"\nmatch = "text"\n'
        f"reason = {json.dumps(ESCAPE)}\npatterns = {json.dumps(['a' + ESCAPE + 'b'])}\n"
    )  # fmt: skip
    write_safetensors(place / "model.safetensors", np.ones((600, 8), dtype="<f4"))
    return place


FORMATS = ("table", "json", "jsonl", "markdown")
SHOWING = [
    *(("audit", "{}", "--all", "--format", each) for each in (*FORMATS, "sarif", "junit")),
    *(("diff", "{}", "{}/tokenizer.json", "--format", each) for each in FORMATS),
    *(("ban", "show", "{}/list.toml", "--format", each) for each in FORMATS),
    *(("ban", "lint", "{}/list.toml", "--format", each) for each in FORMATS),
    *(("ban", "stats", "{}/list.toml", "--format", each) for each in FORMATS),
    ("ban", "explain", f"a{ESCAPE}b", "--ban", "{}/list.toml"),
    ("ban", "export", "{}/list.toml", "--to", "jsonl"),
    ("ban", "export", "{}/list.toml", "--to", "spacy"),
    ("ban", "test", "{}/list.toml"),
    *(("norms", "scan", "{}/model.safetensors", "--format", each) for each in FORMATS),
    *(("scan", "{}", "--format", each) for each in ("table", "json", "jsonl", "sarif", "github")),
    *(("explain", "{}/x.jsonl", "--id", ESCAPE, "--format", each) for each in FORMATS),
    ("filter", "{}/x.jsonl", "-o", "{}/filtered"),
    ("filter", "{}/broken.jsonl", "-o", "{}/other"),
    ("count", "{}/x.jsonl", "-o", "{}/counts.parquet"),
    ("train", "{}/x.jsonl", "-o", "{}/trained", "--vocab-size", "260", "--ban", "{}/list.toml"),
    ("show", "0", "--tokenizer", "{}"),
    ("stats", "{}/nowhere"),
    ("audit", f"nowhere{ESCAPE}"),
    ("audit", "{}", f"--{ESCAPE}"),
    (ESCAPE,),
]


@pytest.mark.parametrize(
    "command", SHOWING, ids=lambda command: " ".join(command[:2]).encode("ascii", "ignore").decode()
)
def test_no_verb_prints_what_a_terminal_would_obey(command: tuple[str, ...], place: Path, winnow) -> None:
    told = winnow(*(part.replace("{}", str(place)) for part in command))
    for text in (told.stdout, told.stderr):
        assert show_lines(text) == text, repr(text[:2_000])
    assert "internal error" not in told.stderr, told.stderr
    assert told.stdout or told.stderr or command[0] == "scan"


def test_an_error_cannot_turn_its_line_around_or_forge_a_second_one() -> None:
    said, code = outcome(WinnowError("wh\nat\u202e", where="a\u202egnp.exe:3\r\x1b[1A", hint="\x9b31m"))
    assert code == 1 and show_lines(said) == said and "\n" not in said
    assert "a\\u202egnp.exe:3" in said


def test_json_is_escaped_without_changing_what_it_says() -> None:
    from corpora.display import show_json

    value = {"a": ESCAPE + "\x7f天\U000e0001\ue000é", "b": ["\u202e"]}
    text = show_json(json.dumps(value, ensure_ascii=False, indent=2))
    assert json.loads(text) == value and show_lines(text) == text and "天" in text


@pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")
def test_no_script_of_the_input_runs_in_a_report(place: Path, tmp_path: Path, winnow) -> None:
    winnow("filter", place / "x.jsonl", "-o", place / "corpus", "-q")
    command = (
        "audit",
        place,
        "-o",
        tmp_path / "audit",
        "--corpus",
        place / "corpus",
        "--all",
        "--policy",
        "report-only",
    )
    assert winnow(*command, "--against", place / "tokenizer.json").code == 0
    winnow("diff", place, place / "tokenizer.json", "-o", tmp_path / "diff")
    control = tmp_path / "control.html"
    control.write_text(f"<!doctype html><title>x</title><p>{SCRIPTS[0]}")
    assert MARK in root_of(rendered(control, tmp_path)), "the browser would have run it"
    for page in (tmp_path / "audit" / "report.html", tmp_path / "diff" / "report.html"):
        html = rendered(page, tmp_path)
        assert "setAttribute" in html, "the payload is there, as text"
        assert MARK not in root_of(html)
        assert not re.search(
            r"<svg[^>]*onload|<img|onerror=\"", html.replace("&quot;", '"').split("<body")[0]
        )


def rendered(page: Path, folder: Path) -> str:
    """The page's elements after its scripts ran."""
    command = [
        str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
        "--virtual-time-budget=2000", "--dump-dom", f"--user-data-dir={folder / 'profile'}", page.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert "<body" in done.stdout
    return done.stdout


def root_of(html: str) -> str:
    found = re.search(r"<html[^>]*>", html)
    assert found
    return found[0]


# --- what the sources never do --------------------------------------------------------------------

STARTS_ITSELF = {"capacity_probe.py"}  # runs Python on our own module, with no argument from data
FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__", "breakpoint"}
FORBIDDEN_MODULES = {
    "pickle",
    "dill",
    "cloudpickle",
    "marshal",
    "shelve",
    "joblib",
    "yaml",
    "xml.sax",
    "telnetlib",
}


def test_no_source_runs_data_or_unpickles() -> None:
    for path in sources():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                check_call(node, path)
            elif isinstance(node, ast.Import):
                assert not {alias.name for alias in node.names} & FORBIDDEN_MODULES, path
            elif isinstance(node, ast.ImportFrom):
                assert node.module not in FORBIDDEN_MODULES, path


def check_call(node: ast.Call, path: Path) -> None:
    where = f"{path}:{node.lineno}"
    name = ast.unparse(node.func)
    given = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
    assert name not in FORBIDDEN_CALLS, where
    assert not re.search(r"^os\.(system|popen|exec|spawn)", name), where
    assert not name.startswith("subprocess.") or path.name in STARTS_ITSELF, where
    assert given.get("shell") != "True" and "trust_remote_code" not in given, where
    if name in ("np.load", "numpy.load"):
        assert given.get("allow_pickle") == "False", where
    if name == "torch.load":
        assert given.get("weights_only") == "True", where
    assert not re.search(r"csv\.(writer|DictWriter)$|\.to_csv$|write_csv$", name), f"{where}: formulas"


def sources() -> list[Path]:
    root = Path(__file__).parent.parent
    return [root / "winnow.py", *(path for room in ROOMS for path in sorted((root / room).rglob("*.py")))]


def test_hub_code_is_never_trusted() -> None:
    assert not [path for path in sources() if "trust_remote_code" in path.read_text(encoding="utf-8")]
    assert os.environ.get("HF_DATASETS_TRUST_REMOTE_CODE", "0") in ("0", "false", "False")


def test_a_wrong_call_is_an_error_for_people() -> None:
    assert issubclass(WrongCall, WinnowError)
