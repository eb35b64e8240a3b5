"""A corpus of any size drawn from a small one: `python -m benchmarks.drawn_corpus OUT --megabytes 5000`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from benchmarks.folders import corpus_path
from trainer.arrays import key_buffers

_EXCHANGED = 0.5  # of the pieces of a drawn document come from others, so that no two are near-duplicates
_PIECE = 60  # characters
_PHASES = (7, 19, 31, 43, 53)  # characters left out before the first piece, so that cuts fall everywhere
_DRAWN = 4096  # documents at a time
_BETWEEN = b'"}\n{"text":"'
_SEED = 1
Numbers = npt.NDArray[np.int64]


class DrawnCorpus:
    """Documents in pieces, ready to be drawn as JSON lines; the pieces are in JSON's spelling."""

    def __init__(self, documents: Sequence[str]) -> None:
        pieces, ends = [_BETWEEN], [1]
        for text in documents:
            pieces += _pieces(text)
            ends.append(len(pieces))
        for phase in _PHASES:
            pieces += [piece for text in documents for piece in _pieces(text[phase:])]
        self._pieces = pa.array(pieces, pa.large_binary())  # piece 0 stands between two documents
        self._ends = np.array(ends)  # document d is pieces ends[d] to ends[d + 1]

    def write(self, path: Path, size: int) -> None:
        """Write `size` bytes, or up to some documents more: documents drawn with half of their pieces from
        others. The same bytes each time.
        """
        chooser, written = np.random.default_rng(_SEED), 0
        with path.open("wb") as file:
            file.write(b'{"text":"')
            while written < size:
                data, offsets = key_buffers(self._pieces.take(pa.array(self._draw(chooser))))
                written += file.write(data[: offsets[-1]].data)
            file.seek(-len(_BETWEEN), 1)
            file.truncate()
            file.write(b'"}\n')

    def _draw(self, chooser: np.random.Generator) -> Numbers:
        """The pieces of some documents, each with piece 0 behind it."""
        drawn = chooser.integers(len(self._ends) - 1, size=_DRAWN)
        lengths = self._ends[drawn + 1] - self._ends[drawn] + 1
        stops = np.cumsum(lengths)
        own = np.arange(stops[-1]) - np.repeat(stops - lengths - self._ends[drawn], lengths)
        others = chooser.integers(1, len(self._pieces), size=len(own))
        mixed = np.where(chooser.random(len(own)) < _EXCHANGED, others, own)
        mixed[stops - 1] = 0
        return mixed


def _pieces(text: str) -> list[bytes]:
    """A text in pieces, as they stand between the quotes of JSON."""
    return [msgspec.json.encode(text[start : start + _PIECE])[1:-1] for start in range(0, len(text), _PIECE)]


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--megabytes", required=True, type=float, help="Bytes of the file, in millions.")
def main(out: Path, megabytes: float) -> None:
    """Write JSON lines to OUT, drawn from the benchmarks' corpus of 50 MB.

    Half of all text is exchanged between documents, so that nothing is a duplicate and distinct
    pretokens keep growing. About 300 MB a second.
    """
    with corpus_path("mixed-50").open("rb") as file:
        documents = [msgspec.json.decode(line)["text"] for line in file]
    DrawnCorpus(documents).write(out, int(megabytes * 1e6))


if __name__ == "__main__":
    main()
