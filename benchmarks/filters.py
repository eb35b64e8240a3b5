"""Compares winnow's Gopher, C4 and language rules with datatrove's: speed in turns, and every decision.

Usage: python -m benchmarks.filters [--megabytes N] [--rounds N] [--out FILE]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from benchmarks.filter_peers import DATATROVE, DATATROVE_SPACES, WINNOW, Measured, Sample
from benchmarks.filter_rules import C4, FAMILIES, GOPHER, LANGUAGE, SHARED_RULES
from benchmarks.folders import data_folder, peers_folder
from benchmarks.measure import interleaved, spread
from benchmarks.results import machine, ranged, table, update_markdown

MEGABYTE = 1_000_000
# Languages for which datatrove needs no more than spaCy and jieba.
_MULTILINGUAL = ("de", "el", "es", "fr", "id", "it", "nl", "pl", "pt", "ru", "tr", "uk", "zh")
_SHORTEST, _LONGEST = 200, 20_000  # characters
_TIMEOUT = 1_800.0
_NAMES = {
    GOPHER: "Gopher quality and repetition",
    C4: "C4 quality",
    LANGUAGE: "language (lid.176)",
}
_WHY = "Why decisions differ: [README.md](README.md#filters-beside-datatrove).\n"
_SAME_LANGUAGE = {"no": "nb", "sh": "hr"}


def main(arguments: Sequence[str]) -> int:
    """Measure, print the tables, and write them into a Markdown file when asked."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.filters", description=__doc__)
    parser.add_argument("--megabytes", type=float, default=2.0, help="of text in each sample (2)")
    parser.add_argument("--rounds", type=int, default=3, help="of both filters, in turns (3)")
    parser.add_argument("--out", type=Path, help="Markdown file whose part on filters is brought up to date")
    options = parser.parse_args(arguments)
    if not (peers_folder() / "datatrove").is_dir():
        print("datatrove is not installed; see benchmarks/requirements-filters.txt", file=sys.stderr)
        return 1
    sections = [
        _section(name, samples, options.rounds)
        for name, samples in (
            ("English manuals", _taken(["en"], options.megabytes)),
            (
                f"Manuals in {len(_MULTILINGUAL)} languages ({', '.join(_MULTILINGUAL)})",
                _taken(_MULTILINGUAL, options.megabytes),
            ),
        )
    ]
    text = "\n".join([machine() + "\n", *sections, _WHY])
    print(text)
    if options.out:
        update_markdown(options.out, "filters", "Filters, beside datatrove", text)
    return 0


def _taken(languages: Sequence[str], megabytes: float) -> list[Sample]:
    """Documents of the benchmark's own collection, the same number of bytes for every language."""
    return [sample for lang in languages for sample in _of_language(lang, megabytes / len(languages))]


def _of_language(lang: str, megabytes: float) -> Iterator[Sample]:
    left = megabytes * MEGABYTE
    with (data_folder() / "documents" / f"{lang}.jsonl").open("rb") as lines:
        rows = sorted(lines, key=_shuffled)
    for row in rows:
        record = msgspec.json.decode(row)
        if _SHORTEST <= len(record["text"]) <= _LONGEST:
            yield Sample(record["id"], record["text"], lang)
            left -= len(record["text"].encode())
            if left <= 0:
                return


def _shuffled(row: bytes) -> bytes:
    import hashlib

    return hashlib.sha256(row).digest()


def _section(name: str, samples: Sequence[Sample], rounds: int) -> str:
    """One sample's tables."""
    megabytes = sum(len(each.text.encode()) for each in samples) / MEGABYTE
    with tempfile.TemporaryDirectory(dir=data_folder(), prefix="work-") as folder:
        documents = Path(folder) / "documents.jsonl"
        documents.write_bytes(b"".join(msgspec.json.encode(each) + b"\n" for each in samples))
        runs = _runs(documents, rounds)
        spaces = _measure(DATATROVE_SPACES, GOPHER, documents, decisions=True)
    first = {key: measured[0] for key, measured in runs.items()}
    parts = [f"### {name}: {len(samples):,} documents, {megabytes:.1f} MB\n", _speed_table(runs, megabytes)]
    parts.append(_agreement_table(GOPHER, first, spaces.dropped))
    parts.append(_agreement_table(C4, first))
    parts.append(_language_line(first, samples))
    return "\n".join(parts)


def _runs(documents: Path, rounds: int) -> dict[tuple[str, str], list[Measured]]:
    tasks = [(family, name) for family in FAMILIES for name in (WINNOW, DATATROVE)]
    runs: dict[tuple[str, str], list[Measured]] = {task: [] for task in tasks}
    for number, (family, name) in interleaved(tasks, rounds):
        measured = _measure(name, family, documents, decisions=number == 0)
        runs[family, name].append(measured)
        print(f"round {number + 1}: {name}, {family}: {measured.cpu:.2f} s of processor", file=sys.stderr)
    return runs


def _measure(name: str, family: str, documents: Path, *, decisions: bool) -> Measured:
    out = documents.with_name("measured.json")
    # datatrove's own fastText and numpy come first for it alone.
    extra = {} if name == WINNOW else {"PYTHONPATH": str(peers_folder())}
    command = [sys.executable, "-m", "benchmarks.filter_peers", name, family, str(documents), str(out)]
    asked = ["--decisions"] if decisions else []
    subprocess.run(
        [*command, *asked],
        check=True,
        timeout=_TIMEOUT,
        env={**os.environ, **extra},
        stdout=subprocess.DEVNULL,
    )
    return msgspec.json.decode(out.read_bytes(), type=Measured)


def _speed_table(runs: dict[tuple[str, str], list[Measured]], megabytes: float) -> str:
    rows = []
    for family in FAMILIES:
        base = spread([run.cpu for run in runs[family, DATATROVE]]).median
        for name in (WINNOW, DATATROVE):
            done = runs[family, name]
            cpu = spread([run.cpu for run in done])
            speed = spread([megabytes / run.cpu for run in done])
            times = f"{base / cpu.median:.1f}"
            rows.append(
                [_NAMES[family], f"{name} {done[0].version}", ranged(cpu, 2), ranged(speed, 2), times]
            )
    return table(["rules", "filter", "CPU s", "MB/s per core", "× datatrove"], rows)


def _agreement_table(
    family: str, first: dict[tuple[str, str], Measured], spaces: dict[str, list[bool]] | None = None
) -> str:
    """Decisions rule by rule; `spaces` are those of datatrove with words that end at white space."""
    drops = [first[family, WINNOW].dropped, first[family, DATATROVE].dropped, *([spaces] if spaces else [])]
    names = [rule.winnow for rule in SHARED_RULES[family]]
    rows = [_agreement_row(name, [each[name] for each in drops]) for name in names]
    rows.append(_agreement_row(f"any of {family}'s", [_any(each) for each in drops]))
    header = ["rule", "agree", "both drop", "winnow only", "datatrove only"]
    return table([*header, *(["agree, words at spaces"] if spaces else [])], rows)


def _agreement_row(name: str, drops: Sequence[Sequence[bool]]) -> list[str]:
    """`drops` are winnow's decisions, datatrove's, and perhaps datatrove's with other words."""
    ours, theirs, *others = drops
    pairs = list(zip(ours, theirs, strict=True))
    counts = [pairs.count(pair) for pair in ((True, True), (True, False), (False, True))]
    agree = [_share(a == b for a, b in zip(ours, other, strict=True)) for other in (theirs, *others)]
    shown = [f"{share:.2%}" for share in agree]
    return [name, shown[0], *(f"{count:,}" for count in counts), *shown[1:]]


def _any(drops: dict[str, list[bool]]) -> list[bool]:
    return [any(row) for row in zip(*drops.values(), strict=True)]


def _language_line(first: dict[tuple[str, str], Measured], samples: Sequence[Sample]) -> str:
    ours, theirs = ([_plain(code) for code in first[LANGUAGE, name].labels] for name in (WINNOW, DATATROVE))
    told = [_plain(each.lang) for each in samples]
    same = _share(a == b for a, b in zip(ours, theirs, strict=True))
    right = [_share(a == b for a, b in zip(found, told, strict=True)) for found in (ours, theirs)]
    open_ = _share(code in ("und", "mixed") for code in ours)
    return (
        f"Languages: the same label for {same:.1%} of the documents. The folder's language: winnow "
        f"{right[0]:.1%} (and {open_:.1%} `und` or `mixed`), datatrove {right[1]:.1%}.\n"
    )


def _plain(code: str) -> str:
    return _SAME_LANGUAGE.get(code, code)


def _share(values: Iterable[bool]) -> float:
    given = list(values)
    return sum(given) / max(1, len(given))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
