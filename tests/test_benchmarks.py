"""The benchmarks' own parts: extracting text, sampling, measuring, tables; nothing is downloaded."""

from __future__ import annotations

import io
import json
import re
import shutil
import struct
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import results
from benchmarks.banned import BannedRun, banned_table
from benchmarks.corpus import MIXTURES, CorpusRecord, beginning, budgets, fair_shares, take
from benchmarks.corpus import _Entry as Entry
from benchmarks.documents import Deduplicator, cut, language_of, language_tag, package_documents, text_of
from benchmarks.drawn_corpus import DrawnCorpus
from benchmarks.extract import catalogue_strings, decode, strip_markup, strip_roff
from benchmarks.measure import CommandFailed, Spread, Usage, interleaved, measure, measure_all, spread
from benchmarks.packages import Group, Package, PackedFile, choose, read_groups
from benchmarks.parity import compare
from benchmarks.peers import PEERS, Task, by_name, train_tokenizers, write_ranks
from benchmarks.results import Run
from benchmarks.timing import contenders, stages_of
from benchmarks.vocabularies import first_difference, read_tokens, shared_tokens
from trainer.pretokenize import PATTERNS

PROJECT = Path(__file__).resolve().parent.parent


# Text extraction


def test_markup_becomes_lines_of_text() -> None:
    page = """<html><head><title>no</title></head><body><nav>menu</nav><!-- <p>no</p> -->
    <h1>Größe &amp; Form</h1><p>One
    sentence, <b>bold</b> words.</p><script>var x = "<p>no</p>";</script><footer>no</footer></body></html>"""
    assert strip_markup(page) == "Größe & Form\n\nOne sentence, bold words."


def test_preformatted_text_keeps_its_lines() -> None:
    assert strip_markup("<p>Try:</p><pre>if x &lt; 1:\n    pass</pre><p>Done.</p>") == (
        "Try:\n\nif x < 1:\n    pass\n\nDone."
    )


def test_mallard_and_docbook_are_markup_too() -> None:
    assert strip_markup("<?xml version='1.0'?><page><title>題</title><p>内容。</p></page>") == "題\n\n内容。"


def test_roff_requests_and_escapes_go() -> None:
    page = r""".\" a comment
.TH LS 1 "2024\-01\-01" "GNU"
.SH NAME
ls \- list \fBdirectory\fP contents
.PP
.BR ls (1)
.B "two words"
.sp 2
caf\['e]\(aqs \[u00E9]t\[u00E9]"""
    assert strip_roff(page) == (
        "LS 1 2024-01-01 GNU\n\nNAME\nls - list directory contents\n\nls(1)\ntwo words\ncaf's été"
    )


def catalogue(order: str, pairs: list[tuple[bytes, bytes]]) -> bytes:
    texts = [original for original, _ in pairs] + [translation for _, translation in pairs]
    start = 28 + 8 * len(texts)
    entries, data = b"", b""
    for text in texts:
        entries += struct.pack(f"{order}2I", len(text), start + len(data))
        data += text + b"\0"
    head = struct.pack(f"{order}7I", 0x950412DE, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, 0)
    return head + entries + data


@pytest.mark.parametrize("order", ["<", ">"])
def test_catalogues_give_what_was_translated(order: str) -> None:
    pairs = [
        (b"", b"Content-Type: text/plain; charset=UTF-8\n"),
        (b"File", b"Datei"),
        (b"OK", b"OK"),
        (b"%d page\0%d pages", b"%d Seite\0%d Seiten"),
        (b"Bad", b"\xff\xfe"),
    ]
    assert catalogue_strings(catalogue(order, pairs)) == ["Datei", "%d Seite\n%d Seiten"]


def test_what_is_no_catalogue_gives_nothing() -> None:
    assert catalogue_strings(b"plain text, more than four bytes") == []


def test_only_utf8_text_is_decoded() -> None:
    assert decode("\ufeffa\r\nb\rc".encode()) == "a\nb\nc"
    assert decode(b"\xe9t\xe9") is None
    assert decode(b"a\0b") is None


@pytest.mark.parametrize(
    ("path", "data", "text"),
    [
        ("usr/share/man/de/man1/ls.1", b".SH NAME\nls", "NAME\nls"),
        ("usr/share/doc/x/index.html", b"<p>a</p>", "a"),
        ("usr/share/doc/x/guide.rst", b"a  \n\n\n\nb", "a\n\nb"),
        ("usr/share/games/fortunes/ru/love", b"a\n%\nb", "a\n%\nb"),
        ("usr/share/games/fortunes/ru/love.dat", b"a", ""),
        ("usr/bin/program", b"\x7fELF", ""),
    ],
)
def test_files_are_read_by_kind(path: str, data: bytes, text: str) -> None:
    assert text_of(PackedFile(path, data)) == text


# Languages, cutting, deduplication


@pytest.mark.parametrize(
    ("spelling", "tag"),
    [("zh_CN", "zh"), ("zh-tw", "zh-hant"), ("zh_HK", "zh-hant"), ("pt_BR", "pt"), ("sr@latin", "sr-latn"),
     ("C", "en"), ("no", "nb"), ("ca_ES@valencia", "ca"), ("de-dev", "de")],
)  # fmt: skip
def test_one_tag_for_all_spellings(spelling: str, tag: str) -> None:
    assert language_tag(spelling) == tag


@pytest.mark.parametrize(
    ("path", "language"),
    [
        ("usr/share/help/zh_CN/gnome-help/a.page", "zh"),
        ("usr/share/help/C/gnome-help/a.page", "en"),
        ("usr/share/man/ja/man1/a.1", "ja"),
        ("usr/share/man/man1/a.1", "xx"),
        ("usr/lib/libreoffice/program/resource/am/LC_MESSAGES/acc.mo", "am"),
        ("usr/share/wordpress/wp-content/languages/admin-de_DE.mo", "de"),
        ("usr/share/doc/debian-handbook/html/zh-TW/a.html", "zh-hant"),
        ("usr/share/doc/python3/html/faq/a.html", "xx"),
    ],
)
def test_folders_name_languages(path: str, language: str) -> None:
    assert language_of(path, "xx") == language


@given(st.text(alphabet="ab\n", max_size=200), st.integers(1, 20))
def test_pieces_make_the_text_again(text: str, limit: int) -> None:
    pieces = list(cut(text, limit))
    assert "".join(pieces) == text
    assert all(0 < len(piece) <= limit for piece in pieces)


def test_cuts_are_at_line_ends() -> None:
    assert list(cut("one\ntwo\nthree", 8)) == ["one\ntwo\n", "three"]


def test_long_lines_come_once_and_short_ones_may_repeat() -> None:
    seen = Deduplicator()
    assert seen.new_lines("Note\nA sentence of more than 24 characters.") != ""
    assert seen.new_lines(
        "Note\n  A sentence of more than 24 characters.  \nAnother long sentence of that kind."
    ) == ("Note\nAnother long sentence of that kind.")


# Packages


def test_the_table_of_packages_reads() -> None:
    groups = read_groups()
    assert {group.language for group in groups} == {"en", "*", "code"}


def test_patterns_choose_packages() -> None:
    groups = [
        Group(("manpages",), "en"),
        Group(("manpages-*", "none-*"), "*", skip=("manpages-br",)),
        Group(("go-1.*-src",), "code", newest=True),
    ]
    known = ["manpages", "manpages-de", "manpages-posix", "manpages-br", "go-1.9-src", "go-1.19-src", "other"]
    chosen, missing = choose(groups, known)
    assert {name: language for name, (_, language) in chosen.items()} == {
        "manpages": "en", "manpages-de": "de", "go-1.19-src": "code",
    }  # fmt: skip
    assert missing == ["none-*"]


@pytest.fixture(name="deb")
def deb_fixture(tmp_path: Path) -> Path:
    if shutil.which("dpkg-deb") is None:
        pytest.skip("no dpkg-deb here")
    root = tmp_path / "root"
    page = root / "usr/share/help/de/a.html"
    page.parent.mkdir(parents=True)
    page.write_text("".join(f"<p>Viele Wörter über {n} Dinge.</p>" for n in range(20)), encoding="utf-8")
    source = root / "usr/src/inner.tar.xz"
    source.parent.mkdir(parents=True)
    with tarfile.open(source, "w:xz") as archive:
        data = b"int main(void) { return 0; }\n" * 20
        member = tarfile.TarInfo("inner/main.c")
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
    control = root / "DEBIAN/control"
    control.parent.mkdir()
    control.write_text(
        "Package: p\nVersion: 1\nArchitecture: all\nMaintainer: N <n@example.org>\nDescription: d\n"
    )
    subprocess.run(["dpkg-deb", "--build", str(root), str(tmp_path / "p_1_all.deb")], check=True)
    return tmp_path / "p_1_all.deb"


@pytest.mark.parametrize(
    ("language", "only", "found"),
    [
        ("en", r"\.html$", ("de", "p:usr/share/help/de/a.html#0")),
        ("code", "", ("code-c", "p:inner/main.c#0")),
    ],
)
def test_documents_come_out_of_a_package(deb: Path, language: str, only: str, found: tuple[str, str]) -> None:
    package = Package("p", "1", deb.name, "", language, only, 0)
    documents = list(package_documents(package, deb.parent, Deduplicator()))
    assert [(document.lang, document.id) for document in documents] == [found]


# Sampling


@given(st.dictionaries(st.text("abc", min_size=1), st.integers(0, 1000)), st.integers(0, 2000))
def test_shares_use_the_budget_and_no_more_than_there_is(available: dict[str, int], budget: int) -> None:
    shares = fair_shares(available, budget)
    assert shares.keys() == available.keys()
    assert all(shares[name] <= available[name] for name in available)
    assert sum(shares.values()) == min(budget, sum(available.values()))
    short = [share for name, share in shares.items() if share < available[name]]
    assert not short or max(short) - min(short) <= 1
    assert not short or max(shares.values()) <= max(short)


def test_a_mixture_keeps_its_parts() -> None:
    available = dict.fromkeys(("code-c", "code-go", "zh", "zh-hant", "de", "ru", "th"), 10**9)
    shares = budgets(MIXTURES["mixed"], available)
    assert sum(shares.values()) == 200_000_000
    assert shares["code-c"] == shares["code-go"] == 30_000_000
    assert shares["zh"] == shares["zh-hant"] == 10_000_000
    assert shares["de"] == 40_000_000


def test_entries_fill_their_language_and_are_mixed() -> None:
    entries = [Entry(n, 9 - n, 10, language, n, 1) for n in range(10) for language in "ab"]
    taken = take(entries, {"a": 25, "b": 40, "c": 99})
    assert [entry.language for entry in taken].count("a") == 2
    assert [entry.language for entry in taken].count("b") == 4
    assert [entry.place for entry in taken] == sorted(entry.place for entry in taken)
    assert beginning(taken, 15) == taken[:2]
    assert beginning(taken, 0) == []


# Measuring


def test_spread_is_the_median_and_the_ends() -> None:
    assert spread([3.0, 1.0, 2.0]) == Spread(2.0, 1.0, 3.0)
    assert spread([1.0, 2.0]) == Spread(1.5, 1.0, 2.0)
    with pytest.raises(ValueError, match="no values"):
        spread([])


def test_everyone_runs_once_a_round_and_not_always_first() -> None:
    order = list(interleaved(["a", "b", "c"], 3))
    assert [name for _, name in order] == ["a", "b", "c", "b", "c", "a", "c", "a", "b"]
    assert [number for number, _ in order] == [0, 0, 0, 1, 1, 1, 2, 2, 2]


def test_a_process_is_measured(tmp_path: Path) -> None:
    program = "import time; data = bytes(range(256)) * 400_000; time.sleep(0.2)"
    usage = measure([sys.executable, "-c", program], tmp_path / "log", 60)
    assert usage.wall >= 0.2
    assert 0 < usage.cpu < usage.wall * 64
    assert 100 < usage.peak_mb < 400


def test_memory_of_child_processes_counts(tmp_path: Path) -> None:
    child = "import time; data = b'x' * 150_000_000; time.sleep(1)"
    program = f"import subprocess, sys; c = [sys.executable, '-c', {child!r}]\n" + (
        "for p in [subprocess.Popen(c), subprocess.Popen(c)]: p.wait()"
    )
    if not Path("/proc/self/statm").exists():
        pytest.skip("no /proc here")
    assert measure([sys.executable, "-c", program], tmp_path / "log", 60).peak_mb > 300


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux gives orphans to us")
def test_processor_time_of_processes_that_outlive_their_parent_counts(tmp_path: Path) -> None:
    child = "import time; end = time.process_time() + 0.5\nwhile time.process_time() < end: pass"
    program = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {child!r}])"
    assert measure([sys.executable, "-c", program], tmp_path / "log", 60).cpu > 0.5


def test_a_drawn_corpus_is_json_of_pieces_of_its_documents(tmp_path: Path) -> None:
    texts = ['a "quoted" line\n' * 30, "天気\t\\" * 100, "x"]
    corpus = DrawnCorpus(texts)
    for name in ("once", "again"):
        corpus.write(tmp_path / name, 300_000)
    lines = (tmp_path / "once").read_bytes().splitlines()
    assert (tmp_path / "once").read_bytes() == (tmp_path / "again").read_bytes()
    assert sum(map(len, lines)) > 300_000
    drawn = [json.loads(line)["text"] for line in lines]
    assert set("".join(drawn)) == set("".join(texts))
    assert len(set(drawn)) > 0.6 * len(drawn)  # a third is the document of one character


def test_failures_tell_what_was_printed(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match=r"exit code 7: no luck"):
        measure([sys.executable, "-c", "print('no luck'); raise SystemExit(7)"], tmp_path / "log", 60)


def test_what_takes_too_long_is_stopped(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="stopped after 0 s"):
        measure([sys.executable, "-c", "import time; time.sleep(60)"], tmp_path / "log", 0.2)


def test_commands_that_belong_together_add_up(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import time; time.sleep(0.1)"]
    assert measure_all([command, command], tmp_path / "log", 60).wall >= 0.2
    assert Usage(1, 2, 30).then(Usage(10, 20, 5)) == Usage(11, 22, 30)


# Peers and vocabularies


def task(folder: Path, corpus: Path, vocab_size: int = 300) -> Task:
    return Task(corpus, folder, vocab_size, "o200k", PATTERNS["o200k"])


@pytest.fixture(name="tiny")
def tiny_fixture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(PROJECT)  # from where `python -m benchmarks` runs
    corpus = tmp_path / "tiny.jsonl"
    lines = [
        {"id": str(n), "text": f"the cat and the dog, die Katze und der Hund {n % 7}"} for n in range(50)
    ]
    corpus.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return corpus


def test_the_requirements_name_every_peer() -> None:
    lines = (PROJECT / "benchmarks" / "requirements.txt").read_text(encoding="utf-8").splitlines()
    named = {line.split(">=")[0] for line in lines if line and not line.startswith("#")}
    assert named | {"tokenizers", "winnow-bpe"} == {peer.distribution for peer in PEERS}


def test_who_runs_with_which_pattern() -> None:
    assert "gigatoken" not in {peer.name for peer in contenders((), "o200k")}
    assert {"winnow train", "tokenizers"} <= {peer.name for peer in contenders((), "o200k")}
    assert {peer.name for peer in contenders((), "gpt2")} <= {"winnow train", "gigatoken"}
    assert [peer.name for peer in contenders(("tokenizers", "winnow train"), "gpt2")] == [
        "winnow train",
        "tokenizers",
    ]


def test_every_adapter_runs_or_is_not_installed(tmp_path: Path, tiny: Path) -> None:
    for peer in (peer for peer in PEERS if peer.distribution != "winnow-bpe" and peer.version):
        folder = tmp_path / peer.name
        folder.mkdir()
        measure_all(peer.commands(task(folder, tiny)), folder / "log", 120)
        assert 256 < len(read_tokens(folder / peer.vocabulary)) <= 300, peer.name


def test_vocabularies_are_compared(tmp_path: Path, tiny: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    train_tokenizers(task(tmp_path / "a", tiny, 280))
    train_tokenizers(task(tmp_path / "b", tiny, 270))
    ours, theirs = tmp_path / "a/tokenizer.json", tmp_path / "b/tokenizer.json"
    assert compare(ours, ours) == (24, "")
    merges, difference = compare(ours, theirs)
    assert merges == 14
    assert difference.startswith("merge 14: ours ")
    assert difference.endswith("theirs none")
    assert shared_tokens(ours, theirs).fraction == 1.0
    assert shared_tokens(ours, theirs).tokens == 280
    write_ranks(
        tmp_path / "x.tiktoken", {token: rank for rank, token in enumerate(sorted(read_tokens(ours)))}
    )
    assert read_tokens(tmp_path / "x.tiktoken") == read_tokens(ours)


def test_the_first_difference_is_found() -> None:
    assert first_difference([1, 2, 3], [1, 2, 3]) is None
    assert first_difference([1, 2, 3], [1, 5, 3]) == 1
    assert first_difference([1, 2], [1, 2, None]) == 2


def test_names_of_peers_are_checked() -> None:
    with pytest.raises(KeyError):
        by_name(["nobody"])


# Tables


def run(trainer: str, number: int, wall: float, **more: object) -> Run:
    values: dict[str, object] = {"cpu": wall * 1.5, "peak_mb": 100.0, "tokens": 32768, "shared": 1.0, **more}
    return Run("mixed-50", 32768, "o200k", trainer, "1.0", number, wall=wall, **values)  # type: ignore[arg-type]


RUNS = [
    *(
        run("winnow train", n, wall, stages=(("read", 0.5), ("merge", 1.0)))
        for n, wall in enumerate((2.0, 2.2, 1.9))
    ),
    *(run("tokenizers", n, wall) for n, wall in enumerate((30.0, 28.0, 29.0))),
    Run("mixed-50", 32768, "o200k", "bpeasy", "0.1", 0, failure="exit code 1: out\nof memory"),
]


def test_trainers_stand_beside_each_other() -> None:
    assert results.training_table(RUNS, "winnow train").splitlines() == [
        "| trainer | version | wall s | × wall | CPU s | peak MB | tokens | same tokens |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
        "| winnow train | 1.0 | 2.00 (1.90–2.20) | 1.0 | 3.00 (2.85–3.30) | 100 | 32,768 | 100.00% |",
        "| tokenizers | 1.0 | 29.00 (28.00–30.00) | 14.5 | 43.50 (42.00–45.00) | 100 | 32,768 | 100.00% |",
        "",
        "bpeasy gave no result: exit code 1: out of memory",
    ]


def test_stages_and_what_is_left_of_the_time() -> None:
    assert results.stages_table(RUNS).splitlines()[-1] == "| winnow train | 0.50 | 1.00 | 0.50 |"
    assert results.stages_table([run("tokenizers", 0, 1.0)]) == ""


def test_stages_are_read_from_a_manifest(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"seconds": {"read": 0.5, "merge": 1}, "vocab_size": 1}')
    assert stages_of(tmp_path / "manifest.json") == (("read", 0.5), ("merge", 1.0))
    assert stages_of(tmp_path / "absent.json") == ()


def test_growth_is_told_small_to_large() -> None:
    larger = Run("mixed-200", 100000, "o200k", "tokenizers", "1.0", 0, wall=126.0)
    lines = results.growth_table([larger, *RUNS], lambda run: run.wall, 1).splitlines()
    assert lines[0] == "| trainer | mixed-50, 32,768, o200k | mixed-200, 100,000, o200k |"
    assert "| tokenizers | 29.0 | 126.0 |" in lines
    assert "| winnow train | 2.0 |  |" in lines


def test_corpora_are_described() -> None:
    languages = {"code-c": 3_000_000, "zh": 1_000_000, "de": 5_000_000, "zh-hant": 1_000_000}
    record = CorpusRecord("mixed-10", 7, 10_000_000, "ab" * 32, languages, {"Latin": 5_000_000}, {"p": "1"})
    text = results.corpora_section([record])
    assert "| mixed-10 | 10.0 | 7 | 3 | 30% | 20% | abababababab |" in text
    assert "code-c 3.00, zh 1.00, de 5.00" in text
    assert results.corpora_section([]) == ""


def test_what_bans_cost_is_a_difference() -> None:
    def banned(bans: str, wall: float, refused: int) -> BannedRun:
        return BannedRun("mixed-50", 32768, "counts", bans, 0, wall, wall, 100.0, 1.0, refused)

    last = banned_table([banned("", 2.0, 0), banned("core", 2.1, 12)]).splitlines()[-1]
    assert last == "| mixed-50, 32,768, from counts | 2.00 | 2.10 | +5.0% | 1.00 / 1.00 | 12 |"


def test_results_replace_older_ones_of_their_setting(tmp_path: Path) -> None:
    path = tmp_path / "training.jsonl"
    other = Run("mixed-10", 32768, "o200k", "tokenizers", "1.0", 0, wall=5.0)
    results.replace_rows(path, [other, RUNS[0]], lambda row: row.setting)
    assert results.replace_rows(path, [RUNS[1]], lambda row: row.setting) == [other, RUNS[1]]
    assert results.read_rows(path, Run) == [other, RUNS[1]]
    assert results.read_rows(tmp_path / "absent.jsonl", Run) == []


def test_markdown_is_brought_up_to_date_and_prose_stays(tmp_path: Path) -> None:
    path = tmp_path / "RESULTS.md"
    results.update_markdown(path, "growth", "How it grows", "old \\1 table")
    path.write_text(path.read_text(encoding="utf-8") + "\nA remark.\n", encoding="utf-8")
    results.update_markdown(path, "growth", "How it grows", "new \\1 table")
    results.update_markdown(path, "parity", "Equality", "equal")
    assert path.read_text(encoding="utf-8") == (
        "# Results\n\n## How it grows\n\n<!-- growth -->\nnew \\1 table\n<!-- end of growth -->\n\n"
        "A remark.\n\n## Equality\n\n<!-- parity -->\nequal\n<!-- end of parity -->\n"
    )


def test_the_machine_is_told_without_names() -> None:
    assert re.fullmatch(r"\d+ cores, \d+ GB, \w+ on \w+, Python [\d.]+\w*", results.machine())
