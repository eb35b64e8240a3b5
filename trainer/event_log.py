"""`merges.jsonl`: every merge taken and every merge refused, one JSON object a line, in order."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from corpora.display import show_bytes
from corpora.files import atomic_path
from trainer.training_result import MergeEvent, TrainingResult

MERGES = "merges.jsonl"


class _Merge(msgspec.Struct, tag_field="event", tag="merge"):
    id: int
    left: str
    right: str
    token: str
    text: str
    count: int


class _Refusal(msgspec.Struct, tag_field="event", tag="refused"):
    left: str
    right: str
    token: str
    text: str
    count: int
    rank: int
    entry: str
    list: str | None
    category: str | None
    reason: str


def write_event_log(path: Path, result: TrainingResult) -> None:
    """Write every event; tokens are in hex, `text` is the token for eyes.

    `count` is how often the pair stood side by side when its turn came; a refused merge has the
    `rank` (the id) that it would have had.
    """
    encode = msgspec.json.Encoder().encode_lines
    with atomic_path(path) as temporary:
        temporary.write_bytes(encode(_records(result)))


def _records(result: TrainingResult) -> Iterator[_Merge | _Refusal]:
    shown, spelled = result.vocabulary.shown, [token.hex() for token in result.tokens]
    for left, right, token_id, count, refused in result.log.tolist():
        sides = spelled[left], spelled[right], spelled[left] + spelled[right]
        if refused:
            yield _refusal(result.event(left, right, token_id, count, refused), *sides)
        else:
            yield _Merge(token_id, *sides, shown[token_id], count)


def _refusal(event: MergeEvent, left: str, right: str, token: str) -> _Refusal:
    why, text = event.refused, show_bytes(event.left + event.right)
    if why is None:
        raise ValueError("the event is no refusal")
    return _Refusal(
        left, right, token, text, event.count, event.token_id, why.entry, why.list_id, why.category, why.text
    )
