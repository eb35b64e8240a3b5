"""Documents as streams of Arrow record batches: what to read, in which shards, and what was broken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from corpora.engine import Engine, over_files
from corpora.errors import WinnowError, WrongCall
from corpora.manifest import FileHash, hash_file
from corpora.ranges import Range, first_line, split_shards
from corpora.remote import RemoteFile

if TYPE_CHECKING:
    import pyarrow as pa

    from corpora.streams import LineBlock

OnError = Literal["stop", "skip"]
TextUnit = Literal["document", "paragraph", "line"]
_EXAMPLES_KEPT = 10
STANDARD_INPUT = "-"


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How to find text and identity in an input.

    `on_error` decides whether a broken record stops the run or is skipped and counted; `only_text`
    leaves out every column but the id, the text, the source and the language; `text_unit` says what
    one document is in a plain text file; `language` is the declared language of documents that carry
    none of their own; `max_line_bytes` is the longest line that is read, and a sixteenth of the
    longest JSON array; `split_bytes` is the size above which a file is read in ranges (see
    `corpora.ranges`); `threads` is how many blocks of JSON lines are parsed at once.
    """

    text_field: str = "text"
    id_field: str = "id"
    on_error: OnError = "stop"
    only_text: bool = False
    text_unit: TextUnit = "document"
    language: str | None = None
    max_line_bytes: int = 64 << 20
    split_bytes: int = 256_000_000
    threads: int = 1


@dataclass(slots=True)
class Problems:
    """Broken records met while reading: how many, and the first few as `file:line: what`."""

    count: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, count: int, examples: Sequence[str]) -> None:
        """Add what was met elsewhere."""
        self.count += count
        self.examples = [*self.examples, *examples][:_EXAMPLES_KEPT]

    def taken(self) -> Problems:
        """What was met so far, which this record then forgets."""
        met = Problems(self.count, self.examples)
        self.count, self.examples = 0, []
        return met

    def report(self, options: ReadOptions, where: str, what: str, hint: str | None = None) -> None:
        """Count one broken record, or raise WinnowError when the options say to stop."""
        if options.on_error == "stop":
            raise WinnowError(
                what, where=where, hint=hint or "--on-error skip counts and passes over such records"
            )
        self.count += 1
        if len(self.examples) < _EXAMPLES_KEPT:
            self.examples.append(f"{where}: {what}")


@dataclass(frozen=True, slots=True)
class HubStream:
    """A data set of the Hugging Face hub, streamed."""

    name: str
    config: str | None = None
    split: str = "train"


@dataclass(frozen=True, slots=True)
class Shard:
    """One unit of work: a file (here or behind a URL), a part of one, or a hub stream, read in order, in
    bounded memory. Picklable.

    `name` tells it from every other shard of a call that is no part of the same file, and starts the ids
    made up for its documents; `source` is the value of their `source` column unless the input has one of
    its own; `limit` caps the documents read.
    """

    name: str
    source: str
    origin: Path | RemoteFile | HubStream
    file_format: str
    options: ReadOptions
    limit: int | None = None
    part: Range | None = None

    @property
    def first_line(self) -> int:
        """The number, from 1, of the shard's first line in its file (see `corpora.ranges.first_line`)."""
        if self.part is None or not isinstance(self.origin, Path):
            return 1
        return first_line(self.origin, self.part)

    @property
    def where(self) -> str:
        """The file's path or URL, or the stream's name, for messages."""
        if isinstance(self.origin, RemoteFile):
            return self.origin.url
        return str(self.origin) if isinstance(self.origin, Path) else self.name

    @property
    def identity(self) -> tuple[str, str, int, int]:
        """What tells this shard's content from another's without reading it: name, place, size, time."""
        if isinstance(self.origin, HubStream):
            stream = self.origin
            return (self.name, f"{stream.name}:{stream.config}:{stream.split}", self.limit or 0, 0)
        if isinstance(self.origin, RemoteFile):
            version, size = self.origin.version()
            return (self.name, f"{self.origin.url} {version}", size, 0)
        status, part = self.origin.stat(), self.part
        if part is None:
            return (self.name, str(self.origin.resolve()), status.st_size, status.st_mtime_ns)
        place = f"{self.origin.resolve()} {part.start}-{part.stop} of {status.st_size}"
        return (self.name, place, part.size, status.st_mtime_ns)

    def batches(self, problems: Problems) -> Iterator[pa.RecordBatch]:
        """Yield batches with columns `id`, `text`, `source` (large_string, no nulls), then the others.

        Every batch of one shard has the same schema. Raises WinnowError for content that cannot be
        read, and for broken records unless they are to be skipped.
        """
        from corpora.readers import read_shard

        return read_shard(self, problems)


def shard_blocks(shard: Shard, block_bytes: int, problems: Problems) -> Iterator[LineBlock]:
    """A shard's file in blocks of whole lines (see `line_blocks`); lines beyond the limit are problems."""
    from corpora.streams import line_blocks

    if isinstance(shard.origin, HubStream):
        raise TypeError(f"a file was expected, not {shard.origin!r}")
    longest = shard.options.max_line_bytes

    def report(line: int) -> None:
        line += shard.first_line - 1
        hint = "--max-line-bytes raises the limit, --on-error skip passes over such lines"
        problems.report(
            shard.options, f"{shard.where}:{line}", f"a line of more than {longest:,} bytes", hint
        )

    return line_blocks(shard.origin, block_bytes, longest, report, shard.part)


@dataclass(frozen=True, slots=True)
class Corpus:
    """Everything that the INPUT arguments of one call name, in a stable order."""

    shards: tuple[Shard, ...]

    @property
    def paths(self) -> list[Path]:
        """The files that will be read."""
        return [shard.origin for shard in self.shards if isinstance(shard.origin, Path)]

    @property
    def where(self) -> str:
        """The inputs for messages: the first one's place, and how many more there are."""
        places = list(dict.fromkeys(shard.where for shard in self.shards)) or ["no input"]
        return f"{places[0]} and {len(places) - 1} more" if len(places) > 1 else places[0]

    @property
    def identity(self) -> list[tuple[str, str, int, int]]:
        """The shards' identities, for `corpora.outputs.fingerprint`."""
        return [shard.identity for shard in self.shards]

    def with_threads(self, threads: int) -> Corpus:
        """The same corpus, read by so many threads: one reads nothing ahead of what is asked for."""
        return Corpus(
            tuple(replace(each, options=replace(each.options, threads=threads)) for each in self.shards)
        )

    def texts(self) -> Iterator[str]:
        """The text of every document, in order; skipped records go uncounted."""
        for shard in self.shards:
            for batch in shard.batches(Problems()):
                yield from batch.column("text").to_pylist()

    def hashes(self, engine: Engine | None = None) -> list[FileHash]:
        """SHA-256 and size of every file; a hub stream is recorded by name, without a hash."""
        files = [shard for shard in self.on(engine).shards if shard.part is None or shard.part.start == 0]
        return list(over_files(engine, _hash_shard, files))

    def on(self, engine: Engine | None) -> Corpus:
        """The same corpus as the engine's tasks must name it: with absolute paths for other machines.

        Raises WrongCall for standard input, which they cannot read.
        """
        if engine is None or not engine.by_shard:
            return self
        return Corpus(tuple(_located(shard) for shard in self.shards))


def open_corpus(inputs: Sequence[str], options: ReadOptions) -> Corpus:
    """Resolve INPUT arguments: files, folders, globs, URLs, `-`, `hub:NAME[:CONFIG[:SPLIT]]`, `recipe:NAME`.

    Raises WrongCall for an input that does not exist or whose format is not known.
    """
    from corpora.inputs import resolve_inputs

    return Corpus(tuple(split_shards(resolve_inputs(inputs, options))))


def _hash_shard(shard: Shard) -> FileHash:
    if isinstance(shard.origin, HubStream):
        return FileHash(shard.name, "", 0)
    if isinstance(shard.origin, RemoteFile):
        return FileHash(shard.name, *shard.origin.sha256())
    return hash_file(shard.origin, shown_as=shard.name)


def _located(shard: Shard) -> Shard:
    if shard.name == STANDARD_INPUT:
        raise WrongCall(
            "other machines cannot read this one's standard input",
            hint="write it to a file that all of them see",
        )
    return replace(shard, origin=shard.origin.absolute()) if isinstance(shard.origin, Path) else shard
