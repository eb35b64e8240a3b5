"""A byte-level BPE vocabulary: tokens, special tokens, the pattern, and the merges that make the tokens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property

from corpora.display import show_bytes
from corpora.errors import WinnowError
from trainer.derive import Merge, derive_merges

# 250 times the largest published vocabulary. Matrices and counts have a row for every id up to the largest,
# so that one made-up id would else ask for all memory.
LARGEST_ID = 2**26


class Encoding(StrEnum):
    """How a vocabulary turns a pre-token into ids.

    RANKS: ids are priorities and a whole pre-token is looked up first, as tiktoken does.
    MERGES: the merge rules' own order decides, and it is not the ids': only `tokenizers` can express it.
    UNKNOWN: the tokens can be compared and scored, but this tool does not encode with them.
    """

    RANKS = "ranks"
    MERGES = "merges"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Vocabulary:
    """A vocabulary, immutable; edits make a new one.

    `tokens` maps id to bytes, ordinary tokens only, holes allowed. `special_tokens` maps text to id.
    `pattern` is the pre-tokenization regex. `merges` is in priority order, None when not derived yet.
    `whole_pieces` says whether a pre-token that is a token is emitted without merging.
    `tombstones` are ids of removed tokens that keep their place; `notes` say what the source had
    and this record leaves out (a normalizer, for example).

    Raises WinnowError when an id is negative, above LARGEST_ID or used twice, or when a token is empty or
    has two ids.
    """

    name: str
    tokens: Mapping[int, bytes]
    special_tokens: Mapping[str, int]
    pattern: str
    merges: tuple[Merge, ...] | None = None
    encoding: Encoding = Encoding.RANKS
    whole_pieces: bool = True
    tombstones: frozenset[int] = frozenset()
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        special = set(self.special_tokens.values())
        if len(special) != len(self.special_tokens):
            raise WinnowError("two special tokens have the same id", where=self.name)
        twice = sorted(special & self.tokens.keys() | (special | self.tokens.keys()) & self.tombstones)
        if twice:
            raise WinnowError(f"id {twice[0]} is used twice", where=self.name)
        if min(self.tokens, default=0) < 0 or min(special, default=0) < 0:
            raise WinnowError("an id is negative", where=self.name)
        largest = self.rows - 1
        if largest > LARGEST_ID:
            raise WinnowError(f"the id {largest} is above {LARGEST_ID:,}", where=self.name)
        if not all(self.tokens.values()):
            raise WinnowError("a token is empty", where=self.name)
        if self.encoding is not Encoding.UNKNOWN and len(self.ids_of) != len(self.tokens):
            raise WinnowError("two ids have the same bytes", where=self.name)

    @cached_property
    def ids_of(self) -> dict[bytes, int]:
        """The id of every ordinary token's bytes."""
        return {token: number for number, token in self.tokens.items()}

    @cached_property
    def special_ids(self) -> dict[int, str]:
        """The text of every special token, by id."""
        return {number: text for text, number in self.special_tokens.items()}

    @cached_property
    def shown(self) -> dict[int, str]:
        """Every ordinary token for human eyes (see `corpora.display.show_bytes`), by id."""
        return {number: show_bytes(token) for number, token in self.tokens.items()}

    @property
    def size(self) -> int:
        """How many tokens there are, special ones included, holes and tombstones not."""
        return len(self.tokens) + len(self.special_tokens)

    @cached_property
    def rows(self) -> int:
        """Rows that an embedding matrix needs: the highest id in use, tombstones too, plus one."""
        return 1 + max([-1, *self.tokens, *self.special_tokens.values(), *self.tombstones])

    @cached_property
    def missing_bytes(self) -> bytes:
        """The bytes that are no token by themselves; empty in a complete vocabulary."""
        return bytes(byte for byte in range(256) if bytes([byte]) not in self.ids_of)

    @cached_property
    def rule_order(self) -> dict[tuple[int, int], int]:
        """The place of every merge rule in the list, by its pair; of a rule that comes twice, the first."""
        order: dict[tuple[int, int], int] = {}
        for place, (left, right, _) in enumerate(self.rules):
            order.setdefault((left, right), place)
        return order

    @cached_property
    def orphans(self) -> tuple[int, ...]:
        """Ids of tokens of several bytes that no merge makes. The merges must have been derived."""
        made = {token for _, _, token in self.rules}
        return tuple(sorted(id_ for id_, token in self.tokens.items() if len(token) > 1 and id_ not in made))

    @property
    def rules(self) -> tuple[Merge, ...]:
        """The merges. Raises WinnowError when they have not been derived (see `with_merges`)."""
        if self.merges is None:
            raise WinnowError("the merges have not been derived", where=self.name)
        return self.merges

    def with_merges(self) -> Vocabulary:
        """The same vocabulary with its minimal merge list, derived from the ranks when absent."""
        return self if self.merges is not None else self._derived

    @cached_property
    def _derived(self) -> Vocabulary:
        return replace(self, merges=derive_merges(self.tokens).merges)

    def bytes_of(self, id_: int) -> bytes:
        """The bytes of any token, special ones included. Raises WinnowError for an id that is not used."""
        if id_ in self.tokens:
            return self.tokens[id_]
        if id_ in self.special_ids:
            return self.special_ids[id_].encode()
        raise WinnowError(f"id {id_} is no token of this vocabulary", where=self.name)
