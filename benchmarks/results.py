"""The results: raw runs kept as JSON lines, and the Markdown tables of RESULTS.md made from them."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from benchmarks.corpus import MEGABYTE, CorpusRecord
from benchmarks.documents import CODE
from benchmarks.measure import Spread, spread
from corpora.files import write_bytes, write_text

_S = TypeVar("_S", bound=msgspec.Struct)
_SHOWN_LANGUAGES = 30


class Run(msgspec.Struct, frozen=True):
    """One measured training; `failure` tells why there is no result. Times in seconds, memory in MB."""

    corpus: str
    vocab_size: int
    pattern: str
    trainer: str
    version: str
    round: int
    wall: float = 0.0
    cpu: float = 0.0
    peak_mb: float = 0.0
    stages: tuple[tuple[str, float], ...] = ()
    tokens: int = 0
    shared: float = 0.0
    failure: str = ""

    @property
    def setting(self) -> tuple[str, int, str]:
        """What makes runs comparable: the corpus, the vocabulary's size and the pattern."""
        return self.corpus, self.vocab_size, self.pattern


def read_rows(path: Path, kind: type[_S]) -> list[_S]:
    """The rows of a results file; none when there is no file yet."""
    lines = path.read_bytes().splitlines() if path.is_file() else []
    return [msgspec.json.decode(line, type=kind) for line in lines]


def replace_rows(path: Path, rows: Sequence[_S], same: Callable[[_S], object]) -> list[_S]:
    """Store rows in place of old ones for which `same` gives what it gives for one of them; return all."""
    new = {same(row) for row in rows}
    kept = [row for row in read_rows(path, type(rows[0])) if same(row) not in new] if rows else []
    merged = [*kept, *rows]
    write_bytes(path, b"".join(msgspec.json.encode(row) + b"\n" for row in merged))
    return merged


def machine() -> str:
    """The machine in neutral words: cores, memory, system and Python."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    words = f"{cores} cores, {memory:.0f} GB, {platform.system()} on {platform.machine()}"
    return f"{words}, Python {platform.python_version()}"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table, its first column to the left and the others to the right."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def ranged(values: Spread, digits: int) -> str:
    """A median with its range: `1.82 (1.79–1.90)`."""
    if values.least == values.most:
        return f"{values.median:,.{digits}f}"
    return f"{values.median:,.{digits}f} ({values.least:,.{digits}f}–{values.most:,.{digits}f})"


def training_table(runs: Sequence[Run], reference: str) -> str:
    """One setting's trainers, fastest first; times are compared with the reference's, and so are tokens."""
    done = _by_trainer(run for run in runs if not run.failure)
    base = spread([run.wall for run in done[reference]]).median if reference in done else None
    ordered = sorted(done.items(), key=lambda item: spread([run.wall for run in item[1]]).median)
    header = ["trainer", "version", "wall s", "× wall", "CPU s", "peak MB", "tokens", "same tokens"]
    text = table(header, [_training_row(name, rows, base) for name, rows in ordered])
    failures = {run.trainer: run.failure for run in runs if run.failure}
    return text + "".join(f"\n{name} gave no result: {_one_line(why)}\n" for name, why in failures.items())


def stages_table(runs: Sequence[Run]) -> str:
    """Where the time of the trainers that tell it goes: medians of their stages; empty when none tells."""
    rows = []
    for name, told in _by_trainer(run for run in runs if run.stages).items():
        medians = [spread([dict(run.stages)[stage] for run in told]).median for stage, _ in told[0].stages]
        rest = spread([run.wall - sum(seconds for _, seconds in run.stages) for run in told]).median
        rows.append([name, *(f"{seconds:.2f}" for seconds in (*medians, rest))])
    stages = next((run.stages for run in runs if run.stages), ())
    return table(["seconds of", *(stage for stage, _ in stages), "start and end"], rows) if rows else ""


def settings(runs: Iterable[Run]) -> list[tuple[str, int, str]]:
    """The settings of some runs: by pattern, then by the vocabulary's size, then by the corpus's."""
    return sorted({run.setting for run in runs}, key=lambda s: (s[2] != "o200k", s[2], s[1], len(s[0]), s[0]))


def training_section(runs: Sequence[Run], reference: str) -> str:
    """The tables of one setting."""
    return f"{training_table(runs, reference)}\n{stages_table(runs)}".strip() + "\n"


def growth_section(runs: Sequence[Run]) -> str:
    """The tables over all settings: wall time, CPU time and memory."""
    parts = (
        ("Wall time, s", growth_table(runs, lambda run: run.wall, 1)),
        ("CPU time, s", growth_table(runs, lambda run: run.cpu, 1)),
        ("Peak memory, MB", growth_table(runs, lambda run: run.peak_mb, 0)),
    )
    return "\n".join(f"{title} (medians)\n\n{text}" for title, text in parts)


def corpora_section(records: Sequence[CorpusRecord]) -> str:
    """What the corpora hold: all in a table, the languages and scripts of the largest in words."""
    largest = max(records, key=lambda record: record.bytes, default=None)
    return f"{corpora_table(records)}\n{composition(largest)}" if largest else ""


def growth_table(runs: Sequence[Run], measured: Callable[[Run], float], digits: int) -> str:
    """Medians by trainer over all settings that were run, small to large."""
    columns = settings(runs)
    rows = []
    for name, own in _by_trainer(run for run in runs if not run.failure).items():
        cells = [[measured(run) for run in own if run.setting == setting] for setting in columns]
        rows.append([name, *(f"{spread(cell).median:,.{digits}f}" if cell else "" for cell in cells)])
    header = [f"{corpus}, {size:,}, {pattern}" for corpus, size, pattern in columns]
    return table(["trainer", *header], rows)


def corpora_table(records: Iterable[CorpusRecord]) -> str:
    """What the corpora hold: sizes, code, languages of prose, scripts."""
    rows = []
    for record in records:
        prose = [name for name in record.languages if not name.startswith(CODE)]
        code = sum(size for name, size in record.languages.items() if name.startswith(CODE))
        chinese = sum(size for name, size in record.languages.items() if name.split("-")[0] == "zh")
        size = f"{record.bytes / MEGABYTE:.1f}"
        share = [f"{part / record.bytes:.0%}" for part in (code, chinese)]
        rows.append([record.name, size, f"{record.documents:,}", str(len(prose)), *share, record.sha256[:12]])
    return table(["corpus", "MB", "documents", "languages", "code", "Chinese", "SHA-256"], rows)


def composition(record: CorpusRecord) -> str:
    """The largest languages of a corpus in MB, and its scripts in millions of characters."""
    languages = list(record.languages.items())
    shown = ", ".join(f"{name} {size / MEGABYTE:.2f}" for name, size in languages[:_SHOWN_LANGUAGES])
    rest = len(languages) - _SHOWN_LANGUAGES
    scripts = ", ".join(
        f"{name} {n / MEGABYTE:.2f}" for name, n in record.scripts.items() if n >= MEGABYTE / 100
    )
    tail = f", and {rest} more" if rest > 0 else ""
    return f"{record.name}, MB of text: {shown}{tail}.\n\nMillions of characters: {scripts}.\n"


def update_markdown(path: Path, block: str, heading: str, body: str) -> None:
    """Put `body` between the marks of `block` in a Markdown file, or append heading, marks and body.

    What people wrote outside the marks stays.
    """
    begin, end = f"<!-- {block} -->", f"<!-- end of {block} -->"
    text = path.read_text(encoding="utf-8") if path.is_file() else "# Results\n"
    filled = f"{begin}\n{body.strip()}\n{end}"
    if begin in text:
        text = re.sub(f"{re.escape(begin)}.*?{re.escape(end)}", lambda _: filled, text, flags=re.DOTALL)
    else:
        text = f"{text.rstrip()}\n\n## {heading}\n\n{filled}\n"
    write_text(path, text)


def _training_row(name: str, rows: Sequence[Run], base: float | None) -> list[str]:
    wall = spread([run.wall for run in rows])
    shared = max(run.shared for run in rows)
    return [
        name,
        rows[0].version,
        ranged(wall, 2),
        f"{wall.median / base:.1f}" if base else "",
        ranged(spread([run.cpu for run in rows]), 2),
        ranged(spread([run.peak_mb for run in rows]), 0),
        f"{max(run.tokens for run in rows):,}",
        f"{shared:.2%}" if shared else "",
    ]


def _by_trainer(runs: Iterable[Run]) -> dict[str, list[Run]]:
    grouped: dict[str, list[Run]] = {}
    for run in runs:
        grouped.setdefault(run.trainer, []).append(run)
    return grouped


def _one_line(text: str) -> str:
    return " ".join(text.split())[-300:]
