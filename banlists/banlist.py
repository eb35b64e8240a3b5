"""A ban list in use: is this token banned, may these two be merged, where are the phrases in a text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from banlists.entries import Entry, Match, TextHit, as_match
from banlists.fold import fold, fold_text
from banlists.matcher import BytesLayer, Hit, Layer, is_single_character
from banlists.positions import fold_with_positions
from banlists.prefilter import Prefilter


@dataclass(frozen=True, slots=True)
class PackFile:
    """One file behind a list: its id and version, a path without folders of this machine, its hash."""

    id: str
    version: str
    path: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """What every rule says about one token: its folded form, the hits that count, the hits that an
    allow rule hides, and those allow rules."""

    folded: str
    matches: tuple[Match, ...]
    hidden: tuple[Match, ...]
    allows: tuple[Match, ...]


class BanList:
    """Compiled entries with their exceptions. Every answer is a pure function of the bytes asked about."""

    def __init__(
        self, entries: Sequence[Entry], allows: Sequence[Entry] = (), packs: Sequence[PackFile] = ()
    ) -> None:
        self.entries = tuple(entries)
        self.allows = tuple(allows)
        self.packs = tuple(packs)
        self._order = {id(entry): place for place, entry in enumerate(self.entries)}
        self._ban_layers, self._ban_bytes = _layers(entries)
        self._searched_layers = [layer for layer in self._ban_layers if layer.always_searched]
        self._allow_layers, self._allow_bytes = _layers(allows)
        self._prefilter = Prefilter(
            (literal for layer in self._ban_layers for literal in layer.literals()),
            (layer.variants for layer in self._ban_layers),
        )
        self._pairs = [
            (entry, fold(entry.pattern.encode(), entry.variants), fold(entry.right.encode(), entry.variants))
            for entry in entries
            if entry.kind == "pair"
        ]

    @classmethod
    def empty(cls) -> BanList:
        """The list that bans nothing."""
        return cls(())

    def match(self, token: bytes) -> Match | None:
        """Why `token` is banned, or None: the longest pattern, fragments last; ties go to list order."""
        hits = self._counted(token)
        return as_match(min(hits, key=self._rank).entry) if hits else None

    def refuse(self, left: bytes, right: bytes) -> Match | None:
        """Why `left` and `right` must not be merged: a pair rule, or the merged token is banned."""
        for entry, folded_left, folded_right in self._pairs:
            if fold(left, entry.variants) == folded_left and fold(right, entry.variants) == folded_right:
                return as_match(entry)
        return self.match(left + right)

    def refused(self, pairs: Sequence[tuple[bytes, bytes]]) -> list[bool]:
        """For which pairs `refuse` gives a reason; the many that nothing can hit are told all at once."""
        refused = [False] * len(pairs)
        for place in self._in_question([left + right for left, right in pairs]):
            refused[place] = self.refuse(*pairs[place]) is not None
        return refused

    def _in_question(self, tokens: Sequence[bytes]) -> Iterable[int]:
        """The places of the tokens that may be banned."""
        if self._searched_layers or self._pairs:
            return range(len(tokens))
        texts = [token.decode("utf-8", errors="replace") for token in tokens]
        return self._prefilter.suspected(texts) | self._ban_bytes.known(tokens)

    def explain(self, token: bytes) -> Explanation:
        """Everything that was weighed for one token."""
        hits, allows = self._all_hits(token)
        kept = [hit for hit in hits if not _covered(hit, allows)]
        hidden = [hit for hit in hits if _covered(hit, allows)]
        used = [allow for allow in allows if any(_covered(hit, [allow]) for hit in hits)]
        kept.sort(key=self._rank)
        hidden.sort(key=self._rank)
        return Explanation(fold(token), _matches(kept), _matches(hidden), _matches(used))

    def find(self, text: str) -> list[TextHit]:
        """Banned phrases in a text, by position; kinds that need a token's bytes take no part.

        `contains`, `regex` hit anywhere (words respected); `text` where it stands alone; `prefix`
        and `suffix` at the start or end of a word.
        """
        found: list[tuple[Hit, Sequence[tuple[int, int]]]] = []
        no_literal = self._prefilter.rules_out(text)
        for layer in self._ban_layers:
            if no_literal and not layer.always_searched:
                continue
            if next(layer.text_hits(fold_text(text, layer.variants)), None) is None:
                continue
            folded, places = fold_with_positions(text, layer.variants)
            allows = [hit for each in self._allow_layers for hit in each.text_hits(folded)]
            found.extend((hit, places) for hit in layer.text_hits(folded) if not _covered(hit, allows))
        hits = [
            TextHit(places[hit.start][0], places[hit.end - 1][1], as_match(hit.entry))
            for hit, places in found
        ]
        return sorted(hits, key=lambda hit: (hit.start, -hit.end, hit.match.entry, hit.match.pattern))

    def _counted(self, token: bytes) -> list[Hit]:
        hits = self._ban_hits(token)
        if not hits:
            return hits
        allows = list(_hits(self._allow_layers, self._allow_bytes, token))
        return [hit for hit in hits if not _covered(hit, allows)]

    def _all_hits(self, token: bytes) -> tuple[list[Hit], list[Hit]]:
        return self._ban_hits(token), list(_hits(self._allow_layers, self._allow_bytes, token))

    def _ban_hits(self, token: bytes) -> list[Hit]:
        if len(token) < 2:
            return []
        if self._prefilter.rules_out(token.decode("utf-8", errors="replace")):
            hits = self._unindexed_hits(token)
        else:
            hits = list(_hits(self._ban_layers, self._ban_bytes, token))
        if hits and is_single_character(token):
            return [hit for hit in hits if hit.entry.force]
        return hits

    def _unindexed_hits(self, token: bytes) -> list[Hit]:
        """The hits that need no literal: exact bytes, fragments, and some regexes."""
        hits = self._ban_bytes.token_hits(token)
        for layer in self._searched_layers:
            hits.extend(layer.regex_hits(fold(token, layer.variants)))
        return hits

    def _rank(self, hit: Hit) -> tuple[bool, int, int]:
        # A whole phrase explains more than "a piece of a longer one".
        is_fragment = hit.entry.kind == "fragment_of"
        return is_fragment, -len(hit.entry.pattern), self._order[id(hit.entry)]


def _layers(entries: Sequence[Entry]) -> tuple[tuple[Layer, ...], BytesLayer]:
    by_variants: dict[frozenset[str], list[Entry]] = {}
    for entry in entries:
        if entry.kind not in ("bytes", "fragment_of", "pair"):
            by_variants.setdefault(entry.variants, []).append(entry)
    ordered = sorted(by_variants.items(), key=lambda item: sorted(item[0]), reverse=True)
    return tuple(Layer(variants, group) for variants, group in ordered), BytesLayer(entries)


def _hits(layers: Sequence[Layer], exact: BytesLayer, token: bytes) -> Iterator[Hit]:
    for layer in layers:
        yield from layer.token_hits(fold(token, layer.variants))
    yield from exact.token_hits(token)


def _covered(hit: Hit, allows: Iterable[Hit]) -> bool:
    return any(hit.hidden_by(allow) for allow in allows)


def _matches(hits: Iterable[Hit]) -> tuple[Match, ...]:
    return tuple(dict.fromkeys(as_match(hit.entry) for hit in hits))
