"""Builds the corpora: real multilingual text and code in several sizes, and two lopsided ones."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import msgspec

from benchmarks.documents import CODE, Document, document_key, write_by_language
from benchmarks.folders import CORPORA, corpus_path, corpus_record_path, data_folder
from benchmarks.packages import Package, download, read_groups, resolve
from corpora.errors import WinnowError
from corpora.files import atomic_path, sha256_file, write_json

MEGABYTE = 1_000_000
_CHINESE = ("zh", "zh-hant")
_LEAST = 100_000  # bytes; of a language with less there are names and menus only


@dataclass(frozen=True, slots=True)
class Mixture:
    """What a corpus holds: MB of text, and the fractions that are code, Chinese and other languages.

    Inside each part all languages get the same number of bytes, as far as there is so much of them.
    """

    megabytes: tuple[int, ...]  # of the largest, and of those that are its beginnings
    code: float
    chinese: float

    @property
    def others(self) -> float:
        """The fraction that is neither code nor Chinese."""
        return 1 - self.code - self.chinese


MIXTURES = {
    "mixed": Mixture((200, 50, 10, 1), code=0.3, chinese=0.1),
    "chinese": Mixture((20,), code=0.04, chinese=0.9),
    "code": Mixture((20,), code=0.9, chinese=0.02),
}


class CorpusRecord(msgspec.Struct, frozen=True):
    """What a corpus is made of; sizes are UTF-8 bytes of text (scripts: characters)."""

    name: str
    documents: int
    bytes: int
    sha256: str
    languages: dict[str, int]
    scripts: dict[str, int]
    packages: dict[str, str]


@dataclass(frozen=True, slots=True)
class _Entry:
    """A document of `documents/LANGUAGE.jsonl`: its size and its line's place, in bytes.

    Two hashes decide alone: `choice` which documents a language gives, `place` where they stand, so that
    the beginning of a corpus is mixed like the whole.
    """

    choice: int
    place: int
    size: int
    language: str
    offset: int
    length: int


def fair_shares(available: Mapping[str, int], budget: int) -> dict[str, int]:
    """Divide `budget` evenly; what has less than its share gives all, and the rest share what is left."""
    shares: dict[str, int] = {}
    for place, (name, size) in enumerate(sorted(available.items(), key=lambda item: (item[1], item[0]))):
        shares[name] = min(size, budget // (len(available) - place))
        budget -= shares[name]
    return shares


def budgets(mixture: Mixture, available: Mapping[str, int]) -> dict[str, int]:
    """How many bytes of each language the largest corpus of a mixture takes."""
    total = max(mixture.megabytes) * MEGABYTE
    parts = (
        (mixture.code, [name for name in available if name.startswith(CODE)]),
        (mixture.chinese, [name for name in available if name in _CHINESE]),
        (mixture.others, [n for n in available if not n.startswith(CODE) and n not in _CHINESE]),
    )
    shares: dict[str, int] = {}
    for fraction, names in parts:
        shares |= fair_shares({name: available[name] for name in names}, round(total * fraction))
    return shares


def take(entries: Iterable[_Entry], wanted: Mapping[str, int]) -> list[_Entry]:
    """Entries of each language that fit into the bytes it is to have, all of them mixed."""
    left = dict(wanted)
    taken: list[_Entry] = []
    for entry in sorted(entries, key=lambda entry: (entry.choice, entry.language, entry.offset)):
        if entry.size <= left.get(entry.language, 0):
            left[entry.language] -= entry.size
            taken.append(entry)
    return sorted(taken, key=lambda entry: (entry.place, entry.language, entry.offset))


def beginning(entries: Sequence[_Entry], size: int) -> list[_Entry]:
    """The first entries, until they have `size` bytes."""
    taken: list[_Entry] = []
    for entry in entries:
        if size <= 0:
            break
        size -= entry.size
        taken.append(entry)
    return taken


def prepare_documents(folder: Path) -> list[Package]:
    """Download the packages and write their documents by language, unless that is done; the packages."""
    packages, missing = resolve(read_groups())
    for pattern in missing:
        click.echo(f"no package: {pattern}", err=True)
    download(packages, folder / "packages")
    target = folder / "documents"
    state = [*_recipe(), *(f"{package.name} {package.version} {package.sha256}" for package in packages)]
    if _prepared(target) != state:
        click.echo(f"extracting text from {len(packages)} packages", err=True)
        unfinished = folder / "documents.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        write_by_language(packages, folder / "packages", unfinished)
        write_json(unfinished / "packages.json", state)
        shutil.rmtree(target, ignore_errors=True)
        unfinished.rename(target)
    return packages


def build(names: Sequence[str] = CORPORA) -> None:
    """Build the named corpora, with a record beside each; the same packages give the same bytes."""
    packages = prepare_documents(data_folder())
    documents = data_folder() / "documents"
    entries = [entry for path in sorted(documents.glob("*.jsonl")) for entry in _entries(path)]
    sizes = Counter[str]()
    for entry in entries:
        sizes[entry.language] += entry.size
    available = {language: size for language, size in sizes.items() if size >= _LEAST}
    versions = {package.name: package.version for package in packages}
    for kind, mixture in MIXTURES.items():
        wanted = [size for size in mixture.megabytes if f"{kind}-{size}" in names]
        chosen = take(entries, budgets(mixture, available)) if wanted else []
        for size in wanted:
            write_corpus(f"{kind}-{size}", beginning(chosen, size * MEGABYTE), documents, versions)


def write_corpus(name: str, entries: Sequence[_Entry], documents: Path, versions: Mapping[str, str]) -> None:
    """Write a corpus and its record. Raises WinnowError when the documents do not fill it."""
    size = sum(entry.size for entry in entries)
    wanted = int(name.rpartition("-")[2]) * MEGABYTE
    if size < 0.98 * wanted:
        raise WinnowError(f"only {size / MEGABYTE:.0f} MB of text for {name}", hint="packages are missing")
    languages, scripts, sources = Counter[str](), Counter[str](), set[str]()
    with atomic_path(corpus_path(name)) as temporary, temporary.open("wb") as file:
        for line, document in _read(entries, documents):
            file.write(line)
            languages[document.lang] += len(document.text.encode())
            scripts += _scripts(document.text)
            sources.add(document.source)
    record = CorpusRecord(
        name, len(entries), size, sha256_file(corpus_path(name)), dict(languages.most_common()),
        dict(scripts.most_common()), {source: versions[source] for source in sorted(sources)},
    )  # fmt: skip
    write_json(corpus_record_path(name), record)
    click.echo(
        f"{name}: {len(entries):,} documents, {size / MEGABYTE:.1f} MB, {len(languages)} languages", err=True
    )


def read_record(name: str) -> CorpusRecord:
    """What a corpus is made of. Raises WinnowError when it has not been built."""
    path = corpus_record_path(name)
    if not path.is_file():
        raise WinnowError(f"the corpus {name} has not been built", hint="python -m benchmarks.corpus")
    return msgspec.json.decode(path.read_bytes(), type=CorpusRecord)


def _recipe() -> list[str]:
    # What decides the documents beside the packages: other rules, other documents.
    here = Path(__file__).parent
    return [f"{name} {sha256_file(here / name)}" for name in ("documents.py", "extract.py", "packages.toml")]


def _prepared(target: Path) -> list[str]:
    state = target / "packages.json"
    return msgspec.json.decode(state.read_bytes(), type=list[str]) if state.is_file() else []


def _entries(path: Path) -> Iterator[_Entry]:
    decoder = msgspec.json.Decoder(Document)
    offset = 0
    with path.open("rb") as file:
        for line in file:
            document = decoder.decode(line)
            hashes = document_key(document.text), document_key(document.id)
            yield _Entry(*hashes, len(document.text.encode()), path.stem, offset, len(line))
            offset += len(line)


def _read(entries: Sequence[_Entry], documents: Path) -> Iterator[tuple[bytes, Document]]:
    decoder = msgspec.json.Decoder(Document)
    opened = {
        name: (documents / f"{name}.jsonl").open("rb") for name in {entry.language for entry in entries}
    }
    try:
        for entry in entries:
            opened[entry.language].seek(entry.offset)
            line = opened[entry.language].read(entry.length)
            yield line, decoder.decode(line)
    finally:
        for file in opened.values():
            file.close()


def _scripts(text: str) -> Counter[str]:
    # Imported here so that the process that measures stays small (see `measure`).
    import numpy as np

    from audit.scripts import SCRIPTS, script_table

    numbers = np.bincount(script_table()[np.frombuffer(text.encode("utf-32-le"), dtype="<u4")])
    return Counter({SCRIPTS[place - 1]: int(numbers[place]) for place in np.flatnonzero(numbers) if place})


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("names", nargs=-1, type=click.Choice(CORPORA))
def main(names: tuple[str, ...]) -> None:
    """Build the corpora NAMES, all of them when none is named, from Debian packages."""
    build(names or CORPORA)


if __name__ == "__main__":
    main()
