"""The groups in which frequencies are counted, a language and a source each, and how large they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from corpora.errors import WinnowError
from corpora.sources import sources_of
from trainer.groups import Groups
from trainer.spread import LanguageSpread, Sizes, sizes_of

if TYPE_CHECKING:
    import pyarrow as pa

_MOST_GROUPS = 1 << 31


@dataclass(slots=True)
class SourceGroups:
    """Numbers for (language, source), in the order in which they are met, and by number what each holds.

    `language_field` None keeps languages together; `source_field` None is explained in `corpora.sources`.
    """

    language_field: str | None
    source_field: str | None = None
    numbers: dict[tuple[str, str], int] = field(default_factory=dict)
    languages: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    pretokens: list[int] = field(default_factory=list)
    documents: dict[str, Sizes] = field(default_factory=dict)

    def of_batch(self, batch: pa.RecordBatch) -> npt.NDArray[np.int32]:
        """The group of every document of a batch, shape (documents,), int32."""
        languages = Groups(self.language_field)
        language = languages.of_batch(batch)
        sources, source = sources_of(batch, self.source_field)
        pairs, of_document = np.unique(language * np.int64(len(sources)) + source, return_inverse=True)
        met = [(languages.members[pair // len(sources)][0], sources[pair % len(sources)]) for pair in pairs]
        return np.array([self._number(each) for each in met], dtype=np.int32)[of_document]

    def add_sizes(self, groups: npt.NDArray[np.int32], sizes: npt.NDArray[np.int64]) -> None:
        """Take note of documents: the group and the number of pretokens of each, shape (documents,)."""
        for group in np.unique(groups).tolist():
            own = sizes[groups == group]
            self.pretokens[group] += int(own.sum())
            self.documents.setdefault(self.languages[group], Sizes()).add(own)

    def spread(self) -> list[LanguageSpread]:
        """How documents and sources share the pretokens of each language; languages sorted."""
        of_language: dict[str, list[int]] = {}
        for language, size in zip(self.languages, self.pretokens, strict=True):
            of_language.setdefault(language, []).append(size)
        return [
            LanguageSpread(language, self.documents[language].rows(), sizes_of(sizes).rows())
            for language, sizes in sorted(of_language.items())
            if language in self.documents
        ]

    def _number(self, pair: tuple[str, str]) -> int:
        number = self.numbers.setdefault(pair, len(self.numbers))
        if number == len(self.pretokens):
            if number + 1 >= _MOST_GROUPS:
                raise WinnowError("more than 2^31 sources", hint="--source-field names a coarser column")
            self.languages.append(pair[0])
            self.sources.append(pair[1])
            self.pretokens.append(0)
        return number
