"""Characters that `regex` and tiktoken's engine class differently, as their Unicode versions differ."""

from __future__ import annotations

import re
from collections.abc import Iterable

from trainer.portable import compile_pattern

_CLASS = re.compile(r"\\[pP](?:\{[^}]*\}|\w)|\\[sSwWdD]")


def drifting_characters(pattern: str, texts: Iterable[str]) -> frozenset[str]:
    """The characters of `texts` that a class of `pattern` treats differently in the two engines.

    They are mostly letters that one engine's Unicode version does not know yet; the engines of
    tiktoken and tokenizers may drift apart in the same way.
    """
    characters = "".join(sorted(set().union(*map(set, texts))))
    drifting: set[str] = set()
    for name in sorted(set(_CLASS.findall(pattern))):
        ours = {match.group() for match in compile_pattern(name).finditer(characters)}
        drifting |= ours ^ _matched_by_tiktoken(name, characters)
    return frozenset(drifting)


def _matched_by_tiktoken(name: str, characters: str) -> set[str]:
    """The characters that a class matches; tiktoken drops text that its pattern does not match."""
    import tiktoken

    every_byte = {bytes([byte]): byte for byte in range(256)}
    encoding = tiktoken.Encoding("class", pat_str=name, mergeable_ranks=every_byte, special_tokens={})
    return set(bytes(encoding.encode_ordinary(characters)).decode("utf-8"))
