"""How often ban lists hit clean text: sentences of many languages, and Python's own documentation.

python -m benchmarks.false_positives [LIST ...]        default: core; exit code 3 above the budget
"""

from __future__ import annotations

import gzip
import json
import os
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from pydoc_data.topics import topics

import click

from banlists.banlist import BanList
from banlists.clean_scan import Scan, scan_texts
from banlists.lists import load_ban_lists
from benchmarks.extract import decode, strip_markup
from benchmarks.folders import data_folder
from benchmarks.packages import files
from corpora.display import show_text

_PROJECT = Path(__file__).resolve().parent.parent
_BUDGET = 0.0001  # hit lines or sentences; the goal that the lists were made for


@dataclass(frozen=True, slots=True)
class Source:
    """Clean text under one name: sentences or lines."""

    name: str
    texts: Iterable[str]


def sources() -> Iterator[Source]:
    """What there is on this machine; who has no sentences or no documentation package gets less."""
    sentences = Path(os.environ.get("WINNOW_DATA", _PROJECT.parent / "shared" / "data")) / "multilingual"
    if sentences.is_dir():
        yield Source("sentences of 75 languages", _sentences(sentences / "sentences.jsonl.gz"))
    yield Source("Python: help topics", _lines(topics.values()))
    yield Source("Python: sources of the standard library", _lines(_standard_library()))
    pages = _documentation_packages()
    if pages:
        yield Source("Python: documentation package", _lines(_pages(pages)))


def _sentences(path: Path) -> Iterator[str]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)["text"]


def _lines(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        yield from filter(None, map(str.strip, text.splitlines()))


def _standard_library() -> Iterator[str]:
    """Code, comments and docstrings; what pip put there is no part of it."""
    folder = Path(sysconfig.get_path("stdlib"))
    for path in sorted(folder.rglob("*.py")):
        if not {"site-packages", "dist-packages"} & set(path.relative_to(folder).parts):
            text = decode(path.read_bytes())
            if text is not None:
                yield text


def _documentation_packages() -> list[Path]:
    return sorted((data_folder() / "packages").glob("python3.*-doc_*.deb"))


def _pages(packages: Iterable[Path]) -> Iterator[str]:
    """The pages of Debian's python3-doc as text."""
    for package in packages:
        for page in files(package, r"\.html$"):
            text = decode(page.data)
            if text is not None:
                yield strip_markup(text)


def _report(name: str, scan: Scan) -> None:
    click.echo(f"{name}: {scan.hit_documents} of {scan.documents:,} hit ({scan.rate:.4%})")
    for rule in scan.rules:
        click.echo(f"    {rule.rule} {show_text(rule.pattern)}: {show_text(' | '.join(rule.examples))}")


def main(names: list[str]) -> int:
    """Scan every source and print hits; 3 when one of them is hit more often than the budget allows."""
    bans: BanList = load_ban_lists(names or ["core"])
    passed = True
    for source in sources():
        scan = scan_texts(bans, source.texts)
        _report(source.name, scan)
        passed = passed and scan.rate <= _BUDGET
    return 0 if passed else 3


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
