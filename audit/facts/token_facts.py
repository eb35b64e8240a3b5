"""Gather everything that is known about one token: its making, its relatives, how it is reached, its risk."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from audit.corpus_facts import read_merge_counts
from audit.engines import Engine, encode_tokens, text_engine
from audit.facts.records import Derivation, Kind, Named, Occurrences, Relative, TokenFacts
from audit.facts.replacement import cleanest_replacement
from audit.merge_tree import MergeTree
from audit.reach import Reachability, reach_tokens
from audit.results import TokenScore
from audit.risk import score_tokens
from audit.scoring import evidence
from audit.token_text import TokenText, read_token, read_tokens
from audit.usage import Usage, measure_usage, read_counts
from banlists.lists import load_ban_lists
from corpora.display import show_bytes
from trainer.vocabulary import Vocabulary

NEIGHBOURS = 5  # on either side in rank
RELATIVES = 12  # shown of the tokens that contain a token, or that it contains


@dataclass(frozen=True, slots=True)
class FactOptions:
    """What `winnow show` was asked for; `scored` says whether risk is wanted, `score_all` of every token."""

    counts: Path | None = None
    merges: Path | None = None
    bans: tuple[str, ...] = ()
    scored: bool = True
    score_all: bool = False


class FactFinder:
    """Facts about the tokens of one vocabulary; what is shared between tokens is worked out once.

    Raises WrongCall or WinnowError for options that name broken or missing files, when first needed.
    """

    def __init__(self, vocabulary: Vocabulary, options: FactOptions) -> None:
        self.vocabulary = vocabulary.with_merges()
        self._options = options
        self._tree = MergeTree(self.vocabulary)
        self._lists = load_ban_lists(options.bans or ("full",))

    def facts(self, id_: int) -> TokenFacts:
        """The facts of one token, learned or special."""
        token = self.vocabulary.bytes_of(id_)
        text = read_token(id_, token)
        reach = self._reach(text)
        near = self._neighbours(id_)
        return TokenFacts(
            vocabulary=self.vocabulary.name,
            id=id_,
            token=show_bytes(token),
            bytes=token,
            kind=self._kind(id_),
            rank=self._rank(id_),
            script=text.script,
            utf8=text.utf8.value,
            depth=self._tree.depth(id_),
            used_in=self._tree.uses[id_],
            merge_count=self._merge_counts.get(id_),
            occurrences=self._occurrences(id_),
            derivation=self._derive(id_),
            before=near[0],
            after=near[1],
            larger=self._relative(self._larger(token)),
            smaller=self._relative(self._smaller(token)),
            reach=reach.state if reach else None,
            witness=reach.witness if reach else "",
            score=self._scores.get(id_),
            bans=self._lists.explain(token).matches,
            replacement=self._named(self._replacement(id_, token)),
        )

    def _kind(self, id_: int) -> Kind:
        if id_ in self.vocabulary.special_ids:
            return "special"
        if id_ in self._tree.parts:
            return "merged"
        return "byte" if len(self.vocabulary.tokens[id_]) == 1 else "whole pieces only"

    @cached_property
    def _ordered(self) -> Sequence[int]:
        return sorted(self.vocabulary.tokens)

    def _rank(self, id_: int) -> int | None:
        return bisect_left(self._ordered, id_) if id_ in self.vocabulary.tokens else None

    def _neighbours(self, id_: int) -> tuple[tuple[Named, ...], tuple[Named, ...]]:
        place = bisect_left(self._ordered, id_)
        after = place + (id_ in self.vocabulary.tokens)
        return (
            self._named(self._ordered[max(place - NEIGHBOURS, 0) : place]),
            self._named(self._ordered[after : after + NEIGHBOURS]),
        )

    def _derive(self, id_: int) -> Derivation:
        parts = self._tree.parts.get(id_, ())
        return Derivation(self._name(id_), tuple(self._derive(part) for part in parts))

    def _larger(self, token: bytes) -> list[int]:
        tokens = self.vocabulary.tokens
        return [id_ for id_ in self._ordered if token in tokens[id_] and len(tokens[id_]) > len(token)]

    def _smaller(self, token: bytes) -> list[int]:
        """Tokens of two or more bytes inside this one, by id."""
        size, ids_of = len(token), self.vocabulary.ids_of
        parts = {token[a:b] for a in range(size) for b in range(a + 2, size + 1)} - {token}
        return sorted(ids_of[part] for part in parts if part in ids_of)

    def _relative(self, ids: Sequence[int]) -> Relative:
        banned = sum(self._banned(self.vocabulary.tokens[id_]) for id_ in ids)
        return Relative(len(ids), banned, self._named(ids[:RELATIVES]))

    def _replacement(self, id_: int, token: bytes) -> tuple[int, ...]:
        if id_ not in self.vocabulary.tokens:
            return ()
        return cleanest_replacement(token, self.vocabulary.ids_of, self._banned)

    def _banned(self, token: bytes) -> bool:
        return self._lists.match(token) is not None

    @cached_property
    def _engine(self) -> Engine | None:
        return text_engine(self.vocabulary)

    def _reach(self, text: TokenText) -> Reachability | None:
        if self._engine is None or text.id not in self.vocabulary.tokens:
            return None
        encoded = encode_tokens([text], (self._engine,))
        return reach_tokens(self.vocabulary, [text], encoded, self._engine)[0]

    @cached_property
    def _scores(self) -> Mapping[int, TokenScore]:
        if not self._options.scored:
            return {}
        texts = read_tokens(self.vocabulary.tokens)
        risk = evidence(True, self._options.bans, score_all=self._options.score_all)
        return {score.id: score for score in score_tokens(texts, risk)}

    @cached_property
    def _merge_counts(self) -> Mapping[int, int]:
        return read_merge_counts(self._options.merges) if self._options.merges else {}

    @cached_property
    def _usage(self) -> Usage | None:
        if self._options.counts is None or self._engine is None:
            return None
        return measure_usage(read_counts(self._options.counts), self._tree, self._engine)

    def _occurrences(self, id_: int) -> Occurrences | None:
        if self._usage is None:
            return None
        return Occurrences(self._usage.final.get(id_, 0), self._usage.made.get(id_, 0))

    def _named(self, ids: Iterable[int]) -> tuple[Named, ...]:
        return tuple(map(self._name, ids))

    def _name(self, id_: int) -> Named:
        return Named(id_, show_bytes(self.vocabulary.bytes_of(id_)))
