"""What ban rounds added, as an ordinary ban list and as a log: the next training needs no rounds."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from banlists.banlist import BanList
from banlists.compilation import compile_groups
from banlists.schema import Group, GroupTests, ListInfo, Pack
from banlists.toml_text import pack_to_toml
from corpora.files import write_bytes, write_text
from trainer.ban_rounds import FRAGMENT, NEIGHBOUR, Addition

EXTENSION, LOG = "ban_extension.toml", "ban_rounds.jsonl"
_LIST_ID = "ban-extension"
_TESTS = 5
_WHY = {
    FRAGMENT: "Pieces of banned phrases that training learned in their place",
    NEIGHBOUR: "Tokens across the border of banned phrases that hardly stand anywhere else",
}


def extension_pack(additions: Sequence[Addition], kept: Sequence[bytes], bans: BanList) -> Pack:
    """The additions as one list, a group for every kind, reason and category; nothing else is hit.

    `kept` are tokens near the bans that stay: the first that is text becomes the groups' `ok` test.
    """
    version = max((pack.version for pack in bans.packs), default="1")
    groups: dict[tuple[str, str, str], list[Addition]] = {}
    for addition in additions:
        groups.setdefault((addition.why, addition.category, _kind(addition)), []).append(addition)
    passes = next((text for text in map(_text, kept) if text is not None), "the")
    info = ListInfo(_LIST_ID, version, "Added by ban rounds; read before use elsewhere")
    return Pack(info=info, group=[_group(*key, members, passes) for key, members in sorted(groups.items())])


def extended(bans: BanList, additions: Sequence[Addition]) -> BanList:
    """The lists given with the additions; allow rules hold for both."""
    if not additions:
        return bans
    entries = compile_groups(extension_pack(additions, (), bans), EXTENSION)
    return BanList([*bans.entries, *entries], bans.allows, bans.packs)


def write_extension(folder: Path, pack: Pack, additions: Iterable[Addition]) -> None:
    """Write the list and the log (one JSON object a line, in the order of the rounds)."""
    write_text(folder / EXTENSION, pack_to_toml(pack))
    write_bytes(folder / LOG, msgspec.json.Encoder().encode_lines(list(additions)))


def _group(why: str, category: str, kind: str, members: Sequence[Addition], passes: str) -> Group:
    patterns = [each.token if kind == "bytes" else bytes.fromhex(each.token).decode() for each in members]
    hit = [f"hex:{each.token}" for each in members] if kind == "bytes" else patterns
    phrases = sorted({f"{each.entry}: {each.phrase}" for each in members})
    return Group(
        id=f"{why}-{category}-{kind}",
        category=category,  # type: ignore[arg-type]  # a category of the entry that bans the phrase
        match="bytes" if kind == "bytes" else "text",
        reason=_WHY[why],
        patterns=list(patterns),
        status="experimental",
        severity="full",
        evidence=phrases[:_TESTS],
        variants=[],  # the token as it is: what was counted
        tests=GroupTests(hit=list(hit[:_TESTS]), ok=[passes]),
    )


def _kind(addition: Addition) -> str:
    return "bytes" if _text(bytes.fromhex(addition.token)) is None else "text"


def _text(token: bytes) -> str | None:
    """The token as a pattern of kind `text`; None where only its bytes say what it is."""
    try:
        text = token.decode()
    except UnicodeDecodeError:
        return None
    return None if unicodedata.category(text[0]).startswith("M") else text
