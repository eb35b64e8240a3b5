"""The slow, obvious encoder: split with `regex`, look the piece up whole, then merge pair by pair."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from functools import cache

from corpora.errors import WinnowError
from trainer.expressible import require_encoding
from trainer.portable import compile_pattern
from trainer.vocabulary import Encoding, Vocabulary

_NEVER = float("inf")  # the priority of a pair that is never merged


def encode(vocabulary: Vocabulary, text: str, allowed_special: Collection[str] = ()) -> list[int]:
    """The ids of `text`. Special tokens are ordinary text, except those in `allowed_special`.

    Where several allowed special tokens begin, the longest is taken. Text that the pattern does not
    match stands as a piece of its own, so nothing is lost.

    Raises WinnowError for a lone surrogate, for a vocabulary that has no encoding, and for a byte
    that the vocabulary lacks.
    """
    require_encoding(vocabulary)
    ids: list[int] = []
    for part, is_special in _split_special(text, allowed_special):
        if is_special:
            ids.append(vocabulary.special_tokens[part])
            continue
        for piece in split(vocabulary.pattern, part):
            ids.extend(encode_piece(vocabulary, _utf8(piece, vocabulary.name)))
    return ids


def encode_bytes(vocabulary: Vocabulary, data: bytes) -> list[int]:
    """The ids of any bytes: valid UTF-8 is encoded as text, each broken run is one piece."""
    ids: list[int] = []
    while data:
        try:
            return ids + encode(vocabulary, data.decode("utf-8"))
        except UnicodeDecodeError as error:
            ids += encode(vocabulary, data[: error.start].decode("utf-8"))
            ids += encode_piece(vocabulary, data[error.start : error.end])
            data = data[error.end :]
    return ids


def decode_bytes(vocabulary: Vocabulary, ids: Sequence[int]) -> bytes:
    """The bytes that ids stand for. Raises WinnowError for an id that is no token."""
    return b"".join(vocabulary.bytes_of(id_) for id_ in ids)


def decode(vocabulary: Vocabulary, ids: Sequence[int]) -> str:
    """The text that ids stand for; broken UTF-8 becomes U+FFFD."""
    return decode_bytes(vocabulary, ids).decode("utf-8", errors="replace")


def split(pattern: str, text: str) -> Iterator[str]:
    """The pre-tokens of `text`: every match of `pattern`, and what lies between matches."""
    end = 0
    for match in compile_pattern(pattern).finditer(text):
        yield from filter(None, (text[end : match.start()], match.group()))
        end = match.end()
    yield from filter(None, (text[end:],))


def encode_piece(vocabulary: Vocabulary, piece: bytes, *, whole: bool = True) -> list[int]:
    """The ids of one pre-token.

    `whole=False` leaves out the look-up of the whole piece, which shows what the piece becomes
    inside a longer one. Raises WinnowError for a byte that the vocabulary lacks.
    """
    ids_of = vocabulary.ids_of
    if whole and vocabulary.whole_pieces and piece in ids_of:
        return [ids_of[piece]]
    parts = [piece[place : place + 1] for place in range(len(piece))]
    while len(parts) > 1:
        best, place = min((_priority(vocabulary, *parts[at : at + 2]), at) for at in range(len(parts) - 1))
        if best == _NEVER:
            break
        parts[place : place + 2] = [parts[place] + parts[place + 1]]
    missing = [part for part in parts if part not in ids_of]
    if missing:
        raise WinnowError(f"byte 0x{missing[0].hex()} is not in the vocabulary", where=vocabulary.name)
    return [ids_of[part] for part in parts]


def _priority(vocabulary: Vocabulary, left: bytes, right: bytes) -> float:
    """How soon a pair is merged: the lowest first, never at infinity."""
    ids_of = vocabulary.ids_of
    if vocabulary.encoding is Encoding.RANKS:
        return ids_of.get(left + right, _NEVER)
    return vocabulary.rule_order.get((ids_of.get(left, -1), ids_of.get(right, -1)), _NEVER)


def _split_special(text: str, allowed: Collection[str]) -> Iterator[tuple[str, bool]]:
    if not allowed:
        yield text, False
        return
    for place, part in enumerate(_special_pattern(frozenset(allowed)).split(text)):
        yield part, place % 2 == 1


@cache
def _special_pattern(allowed: frozenset[str]) -> re.Pattern[str]:
    longest_first = sorted(allowed, key=len, reverse=True)
    return re.compile(f"({'|'.join(map(re.escape, longest_first))})")


def _utf8(piece: str, where: str) -> bytes:
    try:
        return piece.encode("utf-8")
    except UnicodeEncodeError as error:
        raise WinnowError(f"the text holds a lone surrogate: {error}", where=where) from error
