"""`winnow scan`: leaks are found where they are, look-alikes pass, big and odd files are read right."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.leaks.detector import find_clusters
from audit.leaks.markers import Marker, load_markers
from audit.leaks.phrases import phrases_of, tokens_of
from audit.leaks.scanning import scan_stream
from audit.leaks.windows import CHUNK_BYTES
from banlists.lists import load_ban_lists
from trainer.vocabulary import Vocabulary

PHRASES = phrases_of(load_ban_lists(["core"]))
CLEAN_LINE = "    return value  # nothing to see, 値, ценность\n"
GLITCH = "天天中彩票"

LEAKS = (
    f'const label = "{GLITCH}";',
    "done.♀♀♀♀assistant to=functions.write_file კომენტary {",
    f"*** End Patch to=functions.apply_patch {GLITCH}买 json",
    '"}} to=functions.read to=functions.read and again',
    "$countanalysis to=functions.search code",
    "summary: 】【。】【”】【",
    "to=functions.run մեկնաբանություն json",
    "see 大发快三计划 北京赛车开奖 code required? Need tool call",
)
LOOK_ALIKES = (
    "<|start|>assistant to=functions.get_weather<|channel|>commentary json<|message|>{}<|call|>",
    "ROLES = ['assistant to=functions.my_tool', 'commentary']",
    "在消息中写 assistant to=functions.get_weather 表示调用工具",
    "<numerusform>%n file(s)</numerusform>",
    "if (tag == 'numerusform') parse(tag);",
    "commentLabel: 'Ավելացնել մեկնաբանություն',",
    "label: 'კომენტარი',",
    "【重要】【最新】公告】【附件】",
    "♀ und ♂, XX/XY",
    "+#+#+  # a wall of the maze",
    "昨天他买了一张福利彩票，没有中奖。",
    "{ name: '大香蕉', price: 3.5 },",
    'GAMES = {"大发时时彩": 1008}',
    "English, Русский, 中文, العربية, ಕನ್ನಡ, ไทย",
    "goto=functions; --to=browser.html",
    "Let's call it a day. You need a valid ticket.",
)


@pytest.mark.parametrize("marker", load_markers(), ids=lambda marker: marker.name)
def test_every_marker_keeps_its_own_tests(marker: Marker) -> None:
    assert marker.hit and marker.ok
    for text in marker.hit:
        assert marker.shape.search(text), text
        assert any(needle in text for needle in marker.needles), text
    for text in marker.ok:
        assert not marker.shape.search(text), text


@pytest.mark.parametrize("text", LEAKS)
def test_leaks_are_found(text: str) -> None:
    assert max(cluster.points for cluster in find_clusters(text, PHRASES)) >= 2


@pytest.mark.parametrize("text", LOOK_ALIKES)
def test_look_alikes_pass(text: str) -> None:
    assert max((cluster.points for cluster in find_clusters(text, PHRASES)), default=0) < 2


def test_far_evidence_does_not_add_up() -> None:
    near = "assistant to=functions.read 大发快三"
    far = near.replace(" 大", " x" * 200 + " 大")
    points = [max(cluster.points for cluster in find_clusters(text, PHRASES)) for text in (near, far)]
    assert points[0] > points[1] == 1


def test_a_line_can_be_let_pass() -> None:
    assert find_clusters(f'PLACEHOLDER = "{GLITCH}"  # winnow: ignore\n', PHRASES) == []


def test_tokens_of_a_vocabulary_are_found_where_it_cuts_them() -> None:
    tokens = [GLITCH, "天天", "買", "中"]
    learned = {256 + place: token.encode() for place, token in enumerate(tokens)}
    vocabulary = Vocabulary("small", {b: bytes([b]) for b in range(256)} | learned, {}, r"\p{Han}+|\P{Han}")
    find = tokens_of(vocabulary, load_ban_lists(["core"]))
    assert [(each.start, each.end) for each in find(f"ab {GLITCH} x")] == [(3, 8)]
    assert find("plain ascii") == []
    assert find("中文 only") == []


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_places_in_a_file_of_several_windows(newline: str) -> None:
    """Leaks around the borders of the windows, and a line longer than one window."""
    line = CLEAN_LINE.replace("\n", newline)
    repeats = CHUNK_BYTES // len(line.encode())
    lines = [line] * (repeats - 3)
    for place in range(12):
        lines += [f"x{place} = '{GLITCH}'{newline}"] + [line] * 2
    lines += ["y" * (2 * CHUNK_BYTES) + f" {GLITCH}{newline}", f"{GLITCH}{newline}"]
    wanted = [
        (number, text.index(GLITCH) + 1) for number, text in enumerate(lines, start=1) if GLITCH in text
    ]
    scan = scan_stream(io.BytesIO("".join(lines).encode()), "big.py", PHRASES)
    assert [(leak.line, leak.column) for leak in scan.leaks] == wanted
    assert scan.bytes == len("".join(lines).encode())


@given(st.lists(st.sampled_from([CLEAN_LINE, f"{GLITCH}\n", "é" * 7, "\n"]), max_size=30))
def test_positions_are_those_of_the_text(pieces: list[str]) -> None:
    text = ("z" * 200 + "\n").join(pieces)
    scan = scan_stream(io.BytesIO(text.encode()), "f", PHRASES)
    lines = text.split("\n")
    for leak in scan.leaks:
        assert lines[leak.line - 1][leak.column - 1 :].startswith(GLITCH[:1])


def test_encodings_and_binary_files() -> None:
    text = f"a\nb {GLITCH}\n"
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        scan = scan_stream(io.BytesIO(text.encode(encoding)), "f", PHRASES)
        assert [(leak.line, leak.column) for leak in scan.leaks] == [(2, 3)], encoding
    assert scan_stream(io.BytesIO(b"\x7fELF\0" + text.encode()), "f", PHRASES).skipped == "binary"
    assert scan_stream(io.BytesIO(b"\xff\xfe\xff" + text.encode()), "f", PHRASES).skipped is None
    assert scan_stream(io.BytesIO(b""), "f", PHRASES).leaks == ()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "src").mkdir()
    (tmp_path / ".git").mkdir()
    (tmp_path / "src" / "clean.py").write_text(CLEAN_LINE, encoding="utf-8")
    (tmp_path / "src" / "leak,a.py").write_text(f"x = 1\ny = '{GLITCH}'\n", encoding="utf-8")
    (tmp_path / ".git" / "index").write_text(GLITCH, encoding="utf-8")
    (tmp_path / "log.txt.gz").write_bytes(gzip.compress(f"{GLITCH}\n".encode()))
    (tmp_path / "image.bin").write_bytes(b"\0\1\2")
    return tmp_path


def test_a_folder_is_scanned_and_the_exit_code_tells(repository: Path, winnow) -> None:
    outcome = winnow("scan", repository, "--format", "json")
    assert outcome.code == 3
    record = json.loads(outcome.stdout)
    assert record["schema_version"] == 1
    assert [Path(leak["path"]).name for leak in record["leaks"]] == ["log.txt.gz", "leak,a.py"]
    assert [leak["line"] for leak in record["leaks"]] == [1, 2]
    assert [entry["reason"] for entry in record["skipped"]] == ["binary"]
    assert winnow("scan", repository, "--exclude", "*.gz", "--exclude", "leak*").code == 0
    assert winnow("scan", repository, "--exclude", "src/", "--exclude", "*.gz").code == 0
    assert winnow("scan", repository, "--fail-on", "error").code == 0
    assert winnow("scan", repository, "--fail-on", "never").code == 0
    assert winnow("scan", repository / "src" / "clean.py").code == 0


def test_notes_are_shown_only_when_asked_for(tmp_path: Path, winnow) -> None:
    (tmp_path / "games.py").write_text('GAMES = {"大发时时彩": 1008}\n', encoding="utf-8")
    assert winnow("scan", tmp_path, "--format", "jsonl") == type(winnow("scan", tmp_path))(0, "", "")
    outcome = winnow("scan", tmp_path, "--format", "jsonl", "--level", "note", "--fail-on", "note")
    assert outcome.code == 3
    assert json.loads(outcome.stdout)["severity"] == "note"


def test_formats_for_machines(repository: Path, winnow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository)
    lines = winnow("scan", ".", "--format", "github").stdout.splitlines()
    assert lines[1].startswith("::warning file=src/leak%2Ca.py,line=2,endLine=2,col=6,")
    log = json.loads(winnow("scan", ".", "--format", "sarif").stdout)
    place = log["runs"][0]["results"][1]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "src/leak%2Ca.py"
    assert place["region"] == {"startLine": 2, "startColumn": 6, "endLine": 2, "endColumn": 11}
    assert GLITCH in winnow("scan", ".").stdout


def test_wrong_calls_and_broken_files(tmp_path: Path, winnow) -> None:
    assert winnow("scan", tmp_path / "absent").code == 2
    assert winnow("scan", tmp_path, "--list", "no-such").code == 2
    (tmp_path / "broken.gz").write_bytes(gzip.compress(CLEAN_LINE.encode() * 99)[:-20])
    outcome = winnow("scan", tmp_path)
    assert outcome.code == 1
    assert "broken.gz" in outcome.stderr


def test_development_data(shared_data: Path) -> None:
    lines = (shared_data / "leaks" / "leaks.jsonl").read_text(encoding="utf-8").splitlines()
    records = list(map(json.loads, lines))
    best = {
        record["id"]: max((c.points for c in find_clusters(record["text"], PHRASES)), default=0)
        for record in records
    }
    leaks = [best[record["id"]] for record in records if record["kind"] in ("leak", "capture")]
    look_alikes = [best[record["id"]] for record in records if record["kind"] in ("fp", "gamble_src")]
    assert sum(points >= 2 for points in leaks) >= 0.95 * len(leaks)
    assert all(points < 2 for points in look_alikes)
