"""Read other tools' word lists into a pack, and write entries for other tools."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from banlists.entries import Entry
from corpora.errors import WinnowError

IMPORT_FORMATS = ("text", "hosts", "abp", "jsonl", "spacy")
EXPORT_FORMATS = ("text", "jsonl", "spacy")

_HOSTS_LINE = re.compile(r"^(?:0\.0\.0\.0|127\.0\.0\.1|::1?)\s+(?P<host>\S+)")
_ABP_LINE = re.compile(r"^\|\|(?P<host>[^\^/$*]+)\^?(?:\$.*)?$")
_LOCAL_HOSTS = frozenset({"localhost", "localhost.localdomain", "local", "broadcasthost", "0.0.0.0"})


def read_words(text: str, source_format: str, where: str) -> list[str]:
    """The words or phrases of another tool's list, each once, in the file's order.

    `text` is one a line with `#` comments (LDNOOBW); `hosts` a hosts file; `abp` `||host^` rules
    (other rules and comments are passed over); `jsonl` objects with `pattern`, `value` or `text`;
    `spacy` `{"label","pattern"}` lines whose pattern is a string or a list of token attributes.
    Raises WinnowError, naming file and line, for a line that is not in the format.
    """
    words: dict[str, None] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        word = _READERS[source_format](line.strip(), f"{where}:{number}")
        if word:
            words.setdefault(word, None)
    return list(words)


def write_entries(entries: Sequence[Entry], target_format: str) -> Iterator[str]:
    """The lines of an export: `text` patterns, `jsonl` records, or `spacy` patterns.

    `text` and `spacy` hold the literal kinds (text, contains, prefix, suffix); the others have no
    form there.
    """
    for entry in entries:
        line = _WRITERS[target_format](entry)
        if line is not None:
            yield line


def _plain(line: str, where: str) -> str:
    return "" if line.startswith("#") else line


def _hosts(line: str, where: str) -> str:
    if not line or line.startswith("#"):
        return ""
    found = _HOSTS_LINE.match(line)
    if found is None:
        raise WinnowError("not a hosts line: an address and a name were expected", where=where)
    return "" if found["host"] in _LOCAL_HOSTS else found["host"]


def _abp(line: str, where: str) -> str:
    found = _ABP_LINE.match(line)
    return found["host"] if found else ""


def _jsonl(line: str, where: str) -> str:
    record = _record(line, where)
    for key in ("pattern", "value", "text"):
        if isinstance(record.get(key), str):
            return str(record[key])
    if not record:
        return ""
    raise WinnowError("no pattern, value or text of type string", where=where)


def _spacy(line: str, where: str) -> str:
    record = _record(line, where)
    pattern = record.get("pattern", "")
    if isinstance(pattern, str):
        return pattern
    words = [token.get("LOWER") or token.get("ORTH") or token.get("TEXT") for token in pattern]
    if not all(isinstance(word, str) for word in words):
        raise WinnowError("only LOWER, ORTH and TEXT token patterns can be read", where=where)
    return " ".join(words)


def _record(line: str, where: str) -> dict[str, Any]:
    if not line:
        return {}
    try:
        record = msgspec.json.decode(line)
    except msgspec.DecodeError as error:
        raise WinnowError(f"not JSON: {error}", where=where) from error
    if not isinstance(record, dict):
        raise WinnowError("a JSON object was expected", where=where)
    return record


def _as_text(entry: Entry) -> str | None:
    return entry.pattern if entry.kind in ("text", "contains", "prefix", "suffix") else None


def _as_jsonl(entry: Entry) -> str:
    record = {
        "rule": entry.name, "match": entry.kind, "pattern": entry.pattern, "right": entry.right,
        "category": entry.category, "severity": entry.severity, "status": entry.status,
        "langs": list(entry.langs), "variants": sorted(entry.variants), "reason": entry.reason,
    }  # fmt: skip
    return msgspec.json.encode(record).decode()


def _as_spacy(entry: Entry) -> str | None:
    if _as_text(entry) is None:
        return None
    record = {"label": entry.category.upper(), "pattern": entry.pattern, "id": entry.name}
    return msgspec.json.encode(record).decode()


_READERS: dict[str, Callable[[str, str], str]] = {
    "text": _plain, "hosts": _hosts, "abp": _abp, "jsonl": _jsonl, "spacy": _spacy,
}  # fmt: skip
_WRITERS: dict[str, Callable[[Entry], str | None]] = {
    "text": _as_text, "jsonl": _as_jsonl, "spacy": _as_spacy,
}  # fmt: skip
