"""Harnesses of what people write: ban lists, imports, recipes, rules, policies, configurations, patterns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import msgspec

from audit.commands import audit
from audit.norms.sources import _read_words, parse_source
from audit.policy import apply_policy, load_policy
from banlists.compilation import usable_patterns
from banlists.editing import canonical_text
from banlists.exchange import IMPORT_FORMATS, read_words, write_entries
from banlists.lists import load_file, make_ban_list
from banlists.lockfile import differences, read_lock
from banlists.patterns import regex_problem
from banlists.schema import Pack
from banlists.tokens import token_bytes
from corpora.cli import option_defaults, read_toml
from corpora.job import override
from corpora.recipes import builtin_recipes, load_recipe
from curation.rules import load_rules
from fuzz.contract import BrokenPromise, Target
from trainer.portable import compile_pattern
from trainer.pretokenize import PATTERNS, resolve_pattern, split

_TEXT = "the 天天 chat room 123 \u0e01\u0e34 \u200b<|x|>\n" * 3
_ROOT = Path(__file__).parent.parent
_TOML_WORDS = (
    b"[[group]]\n",
    b"[list]\n",
    b"[[source]]\n",
    b"= [",
    b'= "',
    b"= 1e999\n",
    b"= nan\n",
    b"= -inf\n",
    b"= 2020-01-01\n",
    b'"""',
    b"'''",
    b"{ a = 1 }",
    b"\\u202e",
    b"\\U0010ffff",
    b"0x7fffffffffffffff",
    b"patterns",
    b"variants = []\n",
    b'match = "regex"\n',
    b'match = "pair"\n',
    b'match = "bytes"\n',
    b'match = "fragment_of"\n',
    b"force = true\n",
)
_REGEX_WORDS = (
    b"{0,64}",
    b"(?:",
    b"(?=",
    b"\\b",
    b"\\p{L}",
    b"[^",
    b"|",
    b"(a+)+",
    b"(?i)",
    b"\\1",
    b"{99999999999}",
    b"\\u202e",
    b"&&",
    b"++",
    b"(?R)",
    b"(?<n>",
    b"\\N{BULLET}",
    b"\xcb\x90",
)


def _ban_list(data: bytes, folder: Path) -> None:
    path = folder / "list.toml"
    path.write_bytes(data)
    loaded = load_file(path)
    bans = make_ban_list([loaded])
    for token in (b"\xe5\xa4\xa9", b"chat room", _TEXT.encode(), b"\xff\xfe", b""):
        bans.match(token)
        bans.refuse(token[:3], token[3:])
    bans.find(_TEXT)
    for kind in ("text", "jsonl", "spacy"):
        list(write_entries(bans.entries, kind))
    _look_at_rewritten(path, folder, loaded.pack)


def _look_at_rewritten(path: Path, folder: Path, pack: Pack) -> None:
    again = folder / "again.toml"
    again.write_text(canonical_text(path), encoding="utf-8")
    rewritten = load_file(again).pack
    if [set(group.patterns) for group in rewritten.group] != [set(group.patterns) for group in pack.group]:
        raise BrokenPromise("the canonical form has other patterns")


def _lock(data: bytes, folder: Path) -> None:
    path = folder / "lists.lock"
    path.write_bytes(data)
    read_lock(path)
    differences(msgspec.structs.replace(read_lock(path), lists=[]), [])


def _import(source_format: str, data: bytes, folder: Path) -> None:
    words = read_words(data.decode("utf-8", errors="replace"), source_format, "words.txt")
    for kind in ("text", "contains", "regex", "bytes"):
        usable_patterns(words, kind)


def _recipe(data: bytes, folder: Path) -> None:
    path = folder / "recipe.toml"
    path.write_bytes(data)
    load_recipe(str(path))


def _override(data: bytes, folder: Path) -> None:
    recipe = load_recipe("sample")
    override(recipe, data.decode("utf-8", errors="replace").split("\n"))


def _rules(data: bytes, folder: Path) -> None:
    path = folder / "rules.toml"
    path.write_bytes(data)
    load_rules(str(path))


def _policy(data: bytes, folder: Path) -> None:
    path = folder / "policy.toml"
    path.write_bytes(data)
    apply_policy(load_policy(str(path)), [], [])


def _configuration(data: bytes, folder: Path) -> None:
    path = folder / "winnow.toml"
    path.write_bytes(data)
    option_defaults(audit, read_toml(path), str(path))


def _regex(data: bytes, folder: Path) -> None:
    """A pattern that the linear subset takes must be fast on text made to hurt."""
    pattern = data.decode("utf-8", errors="replace")
    if regex_problem(pattern) is None:
        import re

        compiled = re.compile(pattern)
        for text in ("a" * 2_000, "ab1 " * 500, _TEXT):
            sum(1 for _ in compiled.finditer(text))


def _pattern(data: bytes, folder: Path) -> None:
    pattern = resolve_pattern(data.decode("utf-8", errors="replace"))
    compile_pattern(pattern)
    if "".join(split(pattern, _TEXT[:60])) != _TEXT[:60]:
        raise BrokenPromise("pretokens do not add up to the text")


def _token_name(data: bytes, folder: Path) -> None:
    token_bytes(data.decode("utf-8", errors="surrogateescape"), "here")


def _words(data: bytes, folder: Path) -> None:
    path = folder / "words.txt"
    path.write_bytes(data)
    _read_words(path)


def _source_name(data: bytes, folder: Path) -> None:
    parse_source(data.decode("utf-8", errors="replace"))


def _files(*patterns: str) -> Callable[[], Sequence[bytes]]:
    """The start of every file that comes with the tool, cut where a table begins."""
    return lambda: [_head(path.read_bytes()) for pattern in patterns for path in sorted(_ROOT.glob(pattern))]


def _head(data: bytes, limit: int = 2_500) -> bytes:
    cut = data.rfind(b"\n[", 0, limit)
    return data if len(data) <= limit else data[: cut + 1 if cut > 0 else limit]


_LIST = b"""[list]
id = "mine"
version = "2026.01.01"
title = "Mine"
[[group]]
id = "a"
category = "gambling"
match = "text"
reason = "r"
patterns = ["lottery draw", "\\u5929\\u5929\\u4e2d"]
[[group]]
id = "b"
category = "control"
match = "regex"
reason = "r"
patterns = ["[a-z]{3,20}\\\\.example", "x(?:y|z)?w"]
[[group]]
id = "c"
category = "fragment"
match = "pair"
reason = "r"
patterns = [["left", "right"]]
[[group]]
id = "d"
category = "fragment"
match = "fragment_of"
reason = "r"
patterns = ["lottery winning numbers"]
[group.tests]
hit = ["hex:e5a4a9"]
[[group]]
id = "e"
category = "control"
match = "bytes"
reason = "r"
patterns = ["e5a4a9e5"]
[[allow]]
pattern = "lottery"
reason = "r"
[[disable]]
rule = "mine/e"
reason = "r"
[[tombstone]]
pattern = "old"
retired = 2026-01-01
reason = "r"
"""
_LOCKED = msgspec.json.encode(
    {
        "schema_version": 1,
        "lists": ["core"],
        "packs": [{"id": "a", "version": "1", "path": "p", "sha256": "0", "entries": 1}],
    }
)
_IMPORTS = {
    "text": b"# words\nlottery\n\xe5\xa4\xa9\xe5\xa4\xa9\n",
    "hosts": b"# hosts\n0.0.0.0 bad.example\n127.0.0.1 localhost\n::1 x.example # c\n",
    "abp": b"! title\n||bad.example^\n||x.example^$third-party\n@@||ok.example^\n",
    "jsonl": b'{"pattern": "lottery"}\n{"value": "x"}\n{"text": "y"}\n',
    "spacy": b'{"label":"A","pattern":"lottery"}\n{"label":"A","pattern":[{"LOWER":"a"},{"ORTH":"b"}]}\n',
}
_POLICY = b"""extends = "default"
[limits.severity]
error = 0
[limits.category]
adult = 3
[limits.check]
ban = 0
[[allow]]
token = " lottery"
reason = "r"
check = "ban"
[[allow]]
bytes = "e5a4"
reason = "r"
"""


def _import_seeds(name: str) -> Sequence[bytes]:
    return [_IMPORTS[name]]


_TOKENS = (b"plain", b"hex:e5a4a9", b"tok:o200k_base:2783", b"tok:x:1", b"hex:zz")

TARGETS = (
    Target("ban-list", lambda: [_LIST, *_files("banlists/packs/*.toml")()], _ban_list, _TOML_WORDS),
    Target("ban-lock", lambda: [_LOCKED], _lock, (b'"packs"', b'"lists"')),
    *(
        Target(
            f"import-{name}",
            partial(_import_seeds, name),
            partial(_import, name),
            (b'"pattern"', b'"LOWER"', b"||", b"0.0.0.0 "),
        )
        for name in IMPORT_FORMATS
    ),
    Target(
        "recipe", lambda: [path.read_bytes() for path in builtin_recipes().values()], _recipe, _TOML_WORDS
    ),
    Target(
        "setting",
        lambda: [b"train.vocab_size=100", b"filter.rules=[1, 2]", b"x.y=1"],
        _override,
        (b"train.", b"="),
        placed=False,
    ),
    Target("rules", _files("curation/rules/*.toml"), _rules, _TOML_WORDS),
    Target("policy", lambda: [_POLICY, *_files("audit/policies/*.toml")()], _policy, _TOML_WORDS),
    Target(
        "configuration", lambda: [b'[audit]\npolicy = "strict"\nall = true\n'], _configuration, _TOML_WORDS
    ),
    Target(
        "ban-regex",
        lambda: [rb"[a-z]{3,20}\.example", rb"x(?:y|z)?w\b", rb"\d{1,8}[a\]]\u5929"],
        _regex,
        _REGEX_WORDS,
    ),
    Target(
        "pattern",
        lambda: [each.encode() for each in (*PATTERNS, *set(PATTERNS.values()))],
        _pattern,
        _REGEX_WORDS,
        placed=False,
    ),
    Target("token-name", lambda: _TOKENS, _token_name, (b"hex:", b"tok:", b"o200k_base")),
    Target("word-list", lambda: [_IMPORTS["text"]], _words),
    Target(
        "source-name",
        lambda: [b"a=hits:x.csv", b"words:y"],
        _source_name,
        (b"=", b":", b"hits"),
        placed=False,
    ),
)
