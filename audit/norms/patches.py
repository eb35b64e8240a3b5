"""Replace rows in a copy of a weights file, and prove that nothing else differs."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from audit.norms.measures import Ids
from corpora.errors import WinnowError
from corpora.files import atomic_path
from trainer.number_formats import Bytes
from trainer.weights import StoredTensor

_BLOCK = 4 << 20  # bytes compared at a time


@dataclass(frozen=True, slots=True)
class Patch:
    """Rows of one tensor as they are to be stored: `ids` sorted, `rows` uint8 of shape (ids, row_bytes)."""

    tensor: StoredTensor
    ids: Ids
    rows: Bytes

    def places(self) -> Iterator[tuple[int, bytes]]:
        """The byte offset of each row in the file, and its bytes, in the order of the file."""
        for id_, row in zip(self.ids.tolist(), self.rows, strict=True):
            yield self.tensor.offset + id_ * self.tensor.row_bytes, row.tobytes()

    def moved(self, file: Path) -> Patch:
        """The same patch for the same tensor in another file."""
        return replace(self, tensor=replace(self.tensor, file=file))


def write_patched(source: Path, target: Path, patches: Sequence[Patch]) -> None:
    """Copy `source` to `target` with the rows of `patches` replaced, verified before the file gets its name.

    Raises WinnowError when the written file differs from the source anywhere else, or in what was asked.
    """
    with atomic_path(target) as temporary:
        shutil.copyfile(source, temporary)
        with temporary.open("r+b") as file:
            for offset, row in _in_order(patches):
                file.seek(offset)
                file.write(row)
        verify(source, temporary, patches)


def verify(source: Path, written: Path, patches: Sequence[Patch]) -> None:
    """Compare two files byte for byte: equal outside of the patched rows, and as asked inside them.

    Raises WinnowError naming the first byte that is not as it should be.
    """
    if source.stat().st_size != written.stat().st_size:
        raise WinnowError("the copy has another size than the source", where=written)
    with source.open("rb") as old, written.open("rb") as new:
        place = 0
        for offset, row in [*_in_order(patches), (source.stat().st_size, b"")]:
            while place < offset:
                size = min(_BLOCK, offset - place)
                if old.read(size) != new.read(size):
                    raise WinnowError(
                        f"differs near byte {place}, outside of the repaired rows", where=written
                    )
                place += size
            if new.read(len(row)) != row:
                raise WinnowError(f"the row at byte {offset} is not what was asked for", where=written)
            old.seek(len(row), 1)
            place += len(row)


def _in_order(patches: Sequence[Patch]) -> list[tuple[int, bytes]]:
    return sorted(each for patch in patches for each in patch.places())
