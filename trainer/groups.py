"""The groups in which documents are counted: a language, and the weight of the document's source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import lcm
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from corpora.errors import WinnowError
from trainer.counts import UNKNOWN_LANGUAGE, CountTable, from_table
from trainer.pretoken_table import PretokenTable

if TYPE_CHECKING:
    import pyarrow as pa

_ONE = Fraction(1)
_USUAL_FIELD = "language"  # may be absent; a field that was asked for by another name may not
_LARGEST_COUNT = 2**63 - 1


@dataclass(slots=True)
class Groups:
    """Numbers for (language, weight), in the order in which they are met.

    `language_field` is None when languages are not kept apart; `weights` are by source.
    """

    language_field: str | None
    weights: Mapping[str, Fraction] = field(default_factory=dict)
    members: list[tuple[str, Fraction]] = field(default_factory=list)
    sources: set[str] = field(default_factory=set)

    def of_batch(self, batch: pa.RecordBatch) -> npt.NDArray[np.int32]:
        """The group of every document of a batch, shape (documents,), int32."""
        names, languages = self._languages(batch)
        if not self.weights:
            return self._numbers([(name, _ONE) for name in names])[languages]
        sources, places = _encode(batch.column("source"))
        self.sources.update(sources)
        weights = [self.weights.get(source, _ONE) for source in sources]
        pairs, documents = np.unique(languages * np.int64(len(sources)) + places, return_inverse=True)
        members = [(names[pair // len(sources)], weights[pair % len(sources)]) for pair in pairs.tolist()]
        return self._numbers(members)[documents]

    def to_counts(self, table: PretokenTable, pattern: str) -> CountTable:
        """What a table has counted in these groups, weighted, rounded half to even, sorted."""
        if all(weight == _ONE for _, weight in self.members):
            return from_table(table, [language for language, _ in self.members], pattern)
        return self._weighted(table, pattern)

    def _weighted(self, table: PretokenTable, pattern: str) -> CountTable:
        shared = lcm(*(weight.denominator for _, weight in self.members))
        factors = [int(weight * shared) for _, weight in self.members]
        languages = sorted({language for language, _ in self.members})
        counts = table.counts()
        if float(counts.sum(dtype=np.float64)) * max(factors) > _LARGEST_COUNT:
            raise WinnowError("weighted counts pass 2^63", hint="give --source-weight with fewer decimals")
        groups = table.groups()
        added = PretokenTable()
        of_group = np.array([languages.index(language) for language, _ in self.members], dtype=np.int32)
        scaled = counts * np.array(factors, dtype=np.int64)[groups]
        added.add_counts(table.arena, table.offsets(), of_group[groups], scaled)
        return _rounded(from_table(added, languages, pattern), shared)

    def _languages(self, batch: pa.RecordBatch) -> tuple[list[str], npt.NDArray[np.int64]]:
        field = self.language_field
        if field is None or (field == _USUAL_FIELD and field not in batch.schema.names):
            return [UNKNOWN_LANGUAGE], np.zeros(batch.num_rows, dtype=np.int64)
        if field not in batch.schema.names:
            known = ", ".join(batch.schema.names)
            raise WinnowError(f"no field {field!r}", hint=f"fields here: {known}; see --language-field")
        names, places = _encode(batch.column(field))
        return [name or UNKNOWN_LANGUAGE for name in names], places

    def _numbers(self, members: list[tuple[str, Fraction]]) -> npt.NDArray[np.int32]:
        for member in members:
            if member not in self.members:
                self.members.append(member)
        return np.array([self.members.index(member) for member in members], dtype=np.int32)


def _encode(column: pa.Array) -> tuple[list[str], npt.NDArray[np.int64]]:
    """The distinct values of a text column ("" for none), and each row's place among them."""
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        text = pc.fill_null(column.cast(pa.large_string()), "")
    except pa.ArrowException as error:
        raise WinnowError(f"a language or source is {column.type}, not text") from error
    encoded = text.dictionary_encode()
    return encoded.dictionary.to_pylist(), encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)


def _rounded(table: CountTable, divisor: int) -> CountTable:
    """Counts divided, rounded half to even; rows that come to nothing are left out."""
    whole, rest = np.divmod(table.counts, divisor)
    whole += (2 * rest > divisor) | ((2 * rest == divisor) & (whole % 2 == 1))
    return table.where(whole > 0).with_counts(whole[whole > 0])
