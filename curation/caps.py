"""Caps: how much one source, and one template, may keep; counted over the documents kept so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pyarrow as pa

from corpora.errors import WrongCall
from corpora.sizes import parse_memory
from corpora.sources import sources_of
from curation.templates import NO_TEMPLATE, templates

SOURCE_CAP, TEMPLATE_CAP = "cap:source", "cap:template"
_BYTES = "-bytes"
CAP_REASONS = {
    SOURCE_CAP: "its source has as many documents as one source may have",
    SOURCE_CAP + _BYTES: "with it, its source has more text than one source may have",
    TEMPLATE_CAP: "as many documents as may be are the same but for names, numbers and addresses",
    TEMPLATE_CAP
    + _BYTES: "documents that are the same but for names, numbers and addresses have too much text",
}


@dataclass(frozen=True, slots=True)
class Cap:
    """The most that one source or template may keep: documents, and bytes of text; None is no limit."""

    documents: int | None = None
    bytes: int | None = None


_NO_CAP = Cap()


@dataclass(frozen=True, slots=True)
class CapSettings:
    """Both caps; `source_field` says what a source is (see `corpora.sources.sources_of`)."""

    source: Cap = _NO_CAP
    template: Cap = _NO_CAP
    source_field: str | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """What a document would add, and to whom; None where there is no cap or no template."""

    source: str | None
    template: int | None
    size: int


@dataclass(frozen=True, slots=True)
class CapExceeded:
    """The cap that a document breaks: the rule, what would be kept with it, and the most that may be."""

    rule: str
    value: float
    threshold: float


@dataclass(slots=True)
class CapCounter:
    """What every source and template has kept: about 200 bytes for each that was met."""

    settings: CapSettings
    _sources: dict[str, tuple[int, int]] = field(default_factory=dict)
    _templates: dict[int, tuple[int, int]] = field(default_factory=dict)

    @property
    def active(self) -> bool:
        """Whether there is any cap."""
        return self.settings.source != _NO_CAP or self.settings.template != _NO_CAP

    @property
    def by_source(self) -> bool:
        """Whether sources are capped."""
        return self.settings.source != _NO_CAP

    def owners(self, batch: pa.RecordBatch) -> list[str | None]:
        """The source of every document of a batch; None where sources are not capped.

        Raises WinnowError when the batch has no column `source_field`.
        """
        if not self.by_source:
            return [None] * batch.num_rows
        names, places = sources_of(batch, self.settings.source_field)
        return [names[place] for place in places]

    def share(self, source: str | None, text: str) -> Share:
        """What keeping a document would add; `text` is the text that would be kept."""
        template = None
        if self.settings.template != _NO_CAP:
            found = int(templates([text])[0])
            template = None if found == NO_TEMPLATE else found
        return Share(source, template, len(text.encode("utf-8", "replace")))

    def remember(self, batch: pa.RecordBatch) -> None:
        """Count documents that an earlier run kept, as it kept them."""
        for source, text in zip(self.owners(batch), batch.column("text").to_pylist(), strict=True):
            self.add(self.share(source, text))

    def check(self, share: Share) -> CapExceeded | None:
        """The first cap that keeping a document would exceed."""
        broken = None
        if share.source is not None:
            kept = self._sources.get(share.source, (0, 0))
            broken = _exceeded(SOURCE_CAP, self.settings.source, kept, share.size)
        if broken is None and share.template is not None:
            kept = self._templates.get(share.template, (0, 0))
            broken = _exceeded(TEMPLATE_CAP, self.settings.template, kept, share.size)
        return broken

    def add(self, share: Share) -> None:
        """Count a document that is kept."""
        if share.source is not None:
            documents, size = self._sources.get(share.source, (0, 0))
            self._sources[share.source] = documents + 1, size + share.size
        if share.template is not None:
            documents, size = self._templates.get(share.template, (0, 0))
            self._templates[share.template] = documents + 1, size + share.size


def parse_cap(option: str, values: Sequence[str]) -> Cap:
    """Read `1000` (documents) and `10MB` (of text; powers of ten), each at most once.

    Raises WrongCall for anything else.
    """
    cap = Cap()
    for value in (value.strip() for value in values):
        counted = value.isascii() and value.isdigit()
        sized = value[-1:].isalpha()
        limit = int(value) if counted else parse_memory(value) if sized else 0
        kind = "documents" if counted else "bytes"
        if limit < 1 or getattr(cap, kind) is not None:
            raise WrongCall(f"not a cap: {option} {value}", hint="1000 (documents) or 10MB, each once")
        cap = replace(cap, **{kind: limit})
    return cap


def _exceeded(rule: str, cap: Cap, kept: tuple[int, int], size: int) -> CapExceeded | None:
    documents, text = kept
    if cap.documents is not None and documents + 1 > cap.documents:
        return CapExceeded(rule, documents + 1, cap.documents)
    if cap.bytes is not None and text + size > cap.bytes:
        return CapExceeded(rule + _BYTES, text + size, cap.bytes)
    return None
