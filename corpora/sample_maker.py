"""Write the polluted half of the embedded sample from its template files, the same bytes each time."""

from __future__ import annotations

import json
import random
import re
import string
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

SEED = 200_000
CATEGORIES = ("adult", "gambling", "seo", "boilerplate", "anomalous", "personal")
TEMPLATES = Path(__file__).parent / "sample" / "templates"
COPIES = "copies.toml"  # the one file there that lists documents to repeat instead of templates

Words = Mapping[str, list[str]]

# {word} a random word · {=word} the page's own word · {word*3-5|, } several different words, glued
# {#6} digits · {@8} letters and digits · {%6} hexadecimal digits · {1990-2024} a number between the two
SLOT = re.compile(
    r"\{(?:(?P<own>=?)(?P<name>[a-z][a-z_]*)(?:\*(?P<low>\d+)(?:-(?P<high>\d+))?\|(?P<glue>[^}]*))?"
    r"|(?P<alphabet>[#@%])(?P<length>\d+)"
    r"|(?P<first>\d+)-(?P<last>\d+))\}"
)
ALPHABETS = {
    "#": string.digits,
    "@": string.ascii_letters + string.digits,
    "%": string.digits + "abcdef",
}


@dataclass(frozen=True)
class Template:
    """A page's shape: opening lines, body lines drawn until the length is reached, closing lines."""

    lang: str
    length: tuple[int, int]
    opening: tuple[str, ...]
    body: tuple[str, ...]
    closing: tuple[str, ...]
    join: str


@dataclass(frozen=True)
class Kind:
    """One kind of pollution: how many documents to write, from which templates and words."""

    kind: str
    category: str
    documents: int
    words: Words
    templates: tuple[Template, ...]


@dataclass(frozen=True)
class Document:
    """One line of the output; the fields are written in this order."""

    id: str
    text: str
    lang: str
    label: str
    category: str
    kind: str


def read_kind(path: Path) -> Kind:
    """Read one template file."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    if table["category"] not in CATEGORIES:
        raise ValueError(f"{path.name}: unknown category {table['category']!r}")
    templates = tuple(read_template(each, table["languages"][0]) for each in table["template"])
    return Kind(table["kind"], table["category"], table["documents"], table.get("words", {}), templates)


def read_template(table: Mapping[str, Any], lang: str) -> Template:
    """Read one [[template]] table; `lang` is its file's first language."""
    shortest, longest = table["length"]
    opening, body, closing = (tuple(table.get(part, ())) for part in ("opening", "body", "closing"))
    return Template(
        table.get("lang", lang), (shortest, longest), opening, body, closing, table.get("join", "\n")
    )


def own_words(words: Words, rng: random.Random) -> dict[str, str]:
    """Choose the one word of each list that a page keeps repeating; a word may use lists before its own."""
    own: dict[str, str] = {}
    for name, choices in words.items():
        own[name] = fill(rng.choice(choices), words, own, rng)
    return own


def fill(line: str, words: Words, own: Mapping[str, str], rng: random.Random) -> str:
    """Replace every slot of a line; a word that has slots itself is filled too."""

    def replacement(slot: re.Match[str]) -> str:
        if slot["alphabet"]:
            return "".join(rng.choices(ALPHABETS[slot["alphabet"]], k=int(slot["length"])))
        if slot["first"]:
            return str(rng.randint(int(slot["first"]), int(slot["last"])))
        if slot["own"]:
            return own[slot["name"]]
        return fill(draw(slot, words[slot["name"]], rng), words, own, rng)

    return SLOT.sub(replacement, line)


def draw(slot: re.Match[str], choices: list[str], rng: random.Random) -> str:
    """Draw the slot's word, or its several different words."""
    if slot["low"] is None:
        return rng.choice(choices)
    amount = rng.randint(int(slot["low"]), int(slot["high"] or slot["low"]))
    return slot["glue"].join(rng.sample(choices, amount))


def write_text(template: Template, words: Words, rng: random.Random) -> str:
    """Write one page: the body grows, line by line, to a length chosen at random."""
    own = own_words(words, rng)
    target = rng.randint(*template.length)
    lines = [fill(line, words, own, rng) for line in template.opening]
    closing = [fill(line, words, own, rng) for line in template.closing]
    number = 0
    while template.body and len(template.join.join(lines + closing)) < target:
        number += 1
        lines.append(fill(rng.choice(template.body), words, own | {"line": str(number)}, rng))
    return template.join.join(lines + closing)


def write_documents(kind: Kind, seed: int = SEED) -> Iterator[Document]:
    """Write a kind's documents, its templates taking turns; no kind's edits move another kind's output."""
    rng = random.Random(f"{seed}:{kind.kind}")
    for number in range(kind.documents):
        template = kind.templates[number % len(kind.templates)]
        text = write_text(template, kind.words, rng)
        yield Document(f"{kind.kind}-{number + 1:03d}", text, template.lang, "spam", kind.category, kind.kind)


def copy_documents(table: Mapping[str, Any], originals: Mapping[str, Document]) -> Iterator[Document]:
    """Repeat the documents that the copies file names, each under a new id."""
    sources = [each["of"] for each in table["copy"] for _ in range(each["times"])]
    for number, source in enumerate(sources, start=1):
        yield Document(**asdict(originals[source]) | {"id": f"copy-{number:03d}"})


def make_sample(templates: Path = TEMPLATES) -> dict[str, list[Document]]:
    """Write every document; the keys are the output files' names, without their suffix."""
    paths = sorted(path for path in templates.glob("*.toml") if path.name != COPIES)
    files = {path.stem: list(write_documents(read_kind(path))) for path in paths}
    originals = {document.id: document for documents in files.values() for document in documents}
    copies = tomllib.loads((templates / COPIES).read_text(encoding="utf-8"))
    return files | {Path(COPIES).stem: list(copy_documents(copies, originals))}


def save_sample(out_dir: Path, files: Mapping[str, list[Document]]) -> None:
    """Save one JSONL file per name."""
    out_dir.mkdir(parents=True, exist_ok=True)
    for name, documents in files.items():
        lines = (json.dumps(asdict(document), ensure_ascii=False) + "\n" for document in documents)
        (out_dir / f"{name}.jsonl").write_bytes("".join(lines).encode("utf-8"))


def main(arguments: list[str]) -> int:
    """Run `python -m corpora.sample_maker OUT_DIR`."""
    if len(arguments) != 1 or arguments[0].startswith("-"):
        sys.stderr.write("usage: python -m corpora.sample_maker OUT_DIR\n")
        return 2
    save_sample(Path(arguments[0]), make_sample())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
