"""What a filter run counted, per shard and in all, and the summary that is written of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from corpora.json_data import decode_json
from curation.examples import EXAMPLES, Example


class _Stored(msgspec.Struct):
    """A tally as it is read back."""

    documents_in: int
    documents_kept: int
    bytes_in: int
    bytes_kept: int
    problems: int
    dropped_by: dict[str, int]
    languages_in: dict[str, int]
    languages_kept: dict[str, int]
    cut_by: dict[str, int]
    examples: dict[str, list[Example]]


@dataclass(slots=True)
class Tally:
    """Counts of documents and bytes of text, in and kept; drops by rule; documents by language.

    `cut_by`: kept documents that a rule cut something out of. `examples`: the first dropped by each rule.
    """

    documents_in: int = 0
    documents_kept: int = 0
    bytes_in: int = 0
    bytes_kept: int = 0
    problems: int = 0
    dropped_by: Counter[str] = field(default_factory=Counter)
    languages_in: Counter[str] = field(default_factory=Counter)
    languages_kept: Counter[str] = field(default_factory=Counter)
    cut_by: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[Example]] = field(default_factory=dict)

    def wants_example(self, rule: str) -> bool:
        """Whether a rule has too few examples yet."""
        return len(self.examples.setdefault(rule, [])) < EXAMPLES

    def add_document(self, language: str, size: int, rule: str | None, left: int) -> None:
        """Count one document of `size` bytes of text, of which cuts have left `left`."""
        self.documents_in += 1
        self.bytes_in += size
        self.languages_in[language] += 1
        if rule is not None:
            self.dropped_by[rule] += 1
            return
        self.documents_kept += 1
        self.bytes_kept += left
        self.languages_kept[language] += 1

    def add(self, other: Tally) -> None:
        """Add another tally, of another shard."""
        self.documents_in += other.documents_in
        self.documents_kept += other.documents_kept
        self.bytes_in += other.bytes_in
        self.bytes_kept += other.bytes_kept
        self.problems += other.problems
        self.dropped_by.update(other.dropped_by)
        self.languages_in.update(other.languages_in)
        self.languages_kept.update(other.languages_kept)
        self.cut_by.update(other.cut_by)
        for rule, examples in other.examples.items():
            mine = self.examples.setdefault(rule, [])
            mine.extend(examples[: EXAMPLES - len(mine)])

    def to_json(self) -> bytes:
        """The tally as JSON, for the footer of a shard's decisions."""
        return msgspec.json.encode(self, order="deterministic")

    @staticmethod
    def from_json(data: bytes, where: Path) -> Tally:
        """Read what `to_json` wrote. Raises WinnowError when it is something else."""
        stored = decode_json(
            data, _Stored, "not the tally of a part", where=where, hint="--force starts over"
        )
        record = msgspec.structs.asdict(stored)
        for name in ("dropped_by", "languages_in", "languages_kept", "cut_by"):
            record[name] = Counter(record[name])
        return Tally(**record)

    def summary(self, seconds: float) -> Mapping[str, Any]:
        """The record of summary.json."""
        languages = {
            language: {"in": count, "kept": self.languages_kept[language]}
            for language, count in sorted(self.languages_in.items())
        }
        return {
            "schema_version": 1,
            "documents": {
                "in": self.documents_in,
                "kept": self.documents_kept,
                "dropped": self.documents_in - self.documents_kept,
            },
            "bytes": {"in": self.bytes_in, "kept": self.bytes_kept},
            "dropped_by": dict(sorted(self.dropped_by.items())),
            "cut_by": dict(sorted(self.cut_by.items())),
            "languages": languages,
            "broken_records": self.problems,
            "examples": {rule: msgspec.to_builtins(found) for rule, found in sorted(self.examples.items())},
            "seconds": round(seconds, 3),
        }
