"""A small polluted tokenizer, and reviews of it, for the tests of `winnow review`."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from audit.review.audit_candidates import CHECKS
from audit.review.journal import open_journal
from audit.review.records import Candidate, Decision, Terms
from audit.review.session import Review
from audit.review.sources import find_vocabulary, read_source
from audit.review.token_index import TokenIndex
from banlists.banlist import BanList
from trainer.exports import write_exports
from trainer.vocabulary import Vocabulary

POLLUTED = (
    "中彩票", "天天中彩票", " 天天中彩票", "买天天中彩票", "_日本毛片免费视频观看", "日本毛片免费视频观看",
    "출장안마", " สล็อต", "<script>alert(1)</script>中彩票", "\u202e中彩票",
)  # fmt: skip
CLEAN = ("天", "天天", "彩票", "体育彩票", "harbour", " the", "user@example.com")
BROKEN = b"\x81\xef\xbd\xae\xef\xbd\xb2"  # the end of a character, and half-width kana of a message board
TODAY = datetime.date(2026, 11, 22)


def vocabulary(*extra: str) -> Vocabulary:
    """256 bytes and the tokens above."""
    tokens = {byte: bytes([byte]) for byte in range(256)}
    learned = [*(text.encode() for text in (*CLEAN, *POLLUTED, *extra)), BROKEN]
    return Vocabulary("small", tokens | dict(enumerate(learned, start=256)), {}, r" ?\S+|\s+").with_merges()


def write_tokenizer(folder: Path, *extra: str) -> None:
    """The vocabulary as files."""
    folder.mkdir()
    write_exports(folder, vocabulary(*extra))


@contextmanager
def opened(
    place: Path, folder: Path, name: str = "mine.toml", others: BanList | None = None
) -> Iterator[Review]:
    """A review of `place` whose list and journal are in `folder`."""
    source = read_source(place, CHECKS)
    terms = Terms(folder / name, "Spam of our crawl", "reviewed", "@me", "core")
    found = find_vocabulary(source, None)
    index = TokenIndex(found.tokens) if found else None
    with open_journal(folder / "review.jsonl") as (journal, history):
        yield Review(
            source, terms, journal, history, today=TODAY, others=others or BanList.empty(), index=index
        )


def named(review: Review, text: str) -> Candidate:
    """The candidate with this text."""
    return next(each for each in review.source.candidates if each.token == text.encode())


def accept(review: Review, text: str, **changes: str) -> Decision:
    """Accept a candidate, with changes to its entry."""
    from dataclasses import replace

    candidate = named(review, text)
    decision = Decision(candidate.key, "accept", replace(candidate.proposal, **changes))
    review.decide(decision)
    return decision


def reject(review: Review, text: str) -> None:
    """Reject a candidate."""
    candidate = named(review, text)
    review.decide(Decision(candidate.key, "reject", candidate.proposal))
