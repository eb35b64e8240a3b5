"""The parts that a token is made of, down to parts whose rows may be used."""

from __future__ import annotations

from collections.abc import Collection

from trainer.derive import last_pair
from trainer.reference_encoder import encode_piece
from trainer.vocabulary import Encoding, Vocabulary


def constituents(vocabulary: Vocabulary, id_: int, refused: Collection[int]) -> tuple[int, ...]:
    """The ids that spell token `id_` without itself and without `refused` ids, in order.

    A token is split where its last merge joined it, and each refused part again, down to bytes; a special
    token is encoded as text. Refused bytes are left out. Empty for an id without a token, and when every
    part is refused.
    """
    special = vocabulary.special_ids.get(id_)
    if special is not None:
        parts = encode_piece(vocabulary, special.encode(), whole=False)
    elif id_ in vocabulary.tokens:
        parts = list(_split(vocabulary, id_))
    else:
        parts = []
    return tuple(part for whole in parts for part in _usable(vocabulary, whole, refused) if part != id_)


def _usable(vocabulary: Vocabulary, id_: int, refused: Collection[int]) -> list[int]:
    if id_ not in refused:
        return [id_]
    return [used for part in _split(vocabulary, id_) for used in _usable(vocabulary, part, refused)]


def _split(vocabulary: Vocabulary, id_: int) -> tuple[int, ...]:
    """The two parts of a token, its bytes where no merge makes it; nothing for a single byte."""
    token = vocabulary.tokens[id_]
    if len(token) == 1:
        return ()
    pair = _last_merge(vocabulary, id_, token)
    if pair is not None:
        return pair
    single = (vocabulary.ids_of.get(token[place : place + 1]) for place in range(len(token)))
    return tuple(part for part in single if part is not None)


def _last_merge(vocabulary: Vocabulary, id_: int, token: bytes) -> tuple[int, int] | None:
    if vocabulary.encoding is Encoding.RANKS:
        return last_pair(token, vocabulary.ids_of)
    return next(((left, right) for left, right, made in vocabulary.rules if made == id_), None)
