"""What a training reads: counts files as they are, or documents counted on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from corpora.documents import Corpus, Problems, ReadOptions, open_corpus
from corpora.errors import WinnowError, WrongCall
from corpora.manifest import FileHash, hash_file
from trainer.counting import Count, CountOptions
from trainer.counts import CountTable
from trainer.counts_file import is_counts_file, read_counts, read_pattern
from trainer.mix import Mix
from trainer.pretokenize import DEFAULT_PATTERN, resolve_pattern
from trainer.training import weigh
from trainer.words import Words

_SAMPLE_BYTES = 64_000  # of text on which the exports are compared, beside made-up texts
_WORDS_PER_TEXT = 24


@dataclass(frozen=True, slots=True)
class TrainInputs:
    """Counts files, or a corpus of documents; the other one is empty. `pattern` is a regex."""

    counts_files: tuple[Path, ...]
    corpus: Corpus
    pattern: str

    @property
    def identity(self) -> list[object]:
        """What tells these inputs from others without reading them, for a call's fingerprint."""
        files: list[object] = [
            (str(path.resolve()), path.stat().st_size, path.stat().st_mtime_ns) for path in self.counts_files
        ]
        return files + list(self.corpus.identity)

    @property
    def paths(self) -> list[Path]:
        """Every file that will be read."""
        return [*self.counts_files, *self.corpus.paths]

    def hashes(self) -> list[FileHash]:
        """SHA-256 and size of every input."""
        return [hash_file(path, shown_as=path.name) for path in self.counts_files] + self.corpus.hashes()


@dataclass(frozen=True, slots=True)
class Gathered:
    """The words to train on, and what was seen: documents, bytes of text, broken records skipped."""

    words: Words
    documents: int = 0
    bytes: int = 0
    skipped: int = 0
    read_seconds: float = 0.0


def open_train_inputs(inputs: Sequence[str], options: ReadOptions, pattern: str | None) -> TrainInputs:
    """Tell counts files from documents, and settle the pattern: the counts' own, else `pattern`.

    Raises WrongCall for a mixture of both, and for a pattern that is not the counts'.
    """
    counts_files = tuple(Path(each) for each in inputs if is_counts_file(Path(each)))
    if counts_files and len(counts_files) < len(inputs):
        raise WrongCall(f"{counts_files[0]} holds counts; the other inputs do not", hint="count those first")
    if not counts_files:
        wanted = resolve_pattern(pattern or DEFAULT_PATTERN)
        return TrainInputs((), open_corpus(inputs, replace(options, only_text=True)), wanted)
    stored = read_pattern(counts_files[0])
    if pattern is not None and resolve_pattern(pattern) != stored:
        raise WrongCall(
            "the counts were made with another pattern", where=counts_files[0], hint="leave --pattern out"
        )
    return TrainInputs(counts_files, Corpus(()), stored)


def gather_words(
    inputs: TrainInputs,
    mix: Mix | None,
    options: CountOptions,
    parts: Path,
    call: str,
    *,
    drop_singletons: bool,
    on_bytes: Callable[[int], None],
) -> Gathered:
    """Read counts, or count documents; `parts` holds what a killed count leaves (see `counting.Count`).

    Raises WinnowError for what cannot be read and when there is no text.
    """
    if inputs.counts_files:
        return Gathered(weigh(_counts(inputs), mix, drop_singletons=drop_singletons))
    problems = Problems()
    count = Count(options, parts, call)
    count.add(inputs.corpus.shards, problems, on_bytes)
    words = count.words() if mix is None else weigh(count.table(), mix, drop_singletons=False)
    count.clean()
    if not words.size:
        raise WinnowError(
            "there is no text to train on", where=inputs.corpus.where, hint="is --text-field right?"
        )
    kept = words.where(words.counts > 1) if drop_singletons else words
    seen = count.progress
    return Gathered(kept, seen.documents, seen.bytes, problems.count, count.read_seconds)


def sample_texts(inputs: TrainInputs) -> list[str]:
    """Texts to compare the exports on, about 64 KB: the first documents, or pretokens in a row."""
    texts, room = [], _SAMPLE_BYTES
    corpus = inputs.corpus.with_threads(1)
    for text in _pretoken_texts(_counts(inputs)) if inputs.counts_files else corpus.texts():
        texts.append(text[:room])
        room -= len(texts[-1].encode())
        if room <= 0:
            break
    return texts


def _counts(inputs: TrainInputs) -> CountTable:
    table = read_counts(inputs.counts_files)
    if not table.size:
        raise WinnowError("there are no counts", where=inputs.counts_files[0])
    return table


def _pretoken_texts(table: CountTable) -> Iterator[str]:
    """Pretokens spread over the whole table, a few to a text."""
    pretokens = int(table.offsets[-1])
    step = max(1, pretokens // _SAMPLE_BYTES)
    rows = range(0, table.size, step)
    for start in range(0, len(rows), _WORDS_PER_TEXT):
        pieces = [table.key(row) for row in rows[start : start + _WORDS_PER_TEXT]]
        yield b"".join(pieces).decode(errors="replace")
