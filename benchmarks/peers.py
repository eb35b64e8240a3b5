"""The trainers that are compared, each a program of its own: a JSONL corpus in, a vocabulary file out."""

from __future__ import annotations

import base64
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distributions, version
from itertools import islice
from pathlib import Path

import msgspec

from benchmarks.folders import peers_folder

MINIMUM_FREQUENCY = 2  # what `winnow train` does unless told otherwise; the trainers that can do it do it too
_BATCH = 1000  # documents handed to Hugging Face's trainer at once, as its documentation advises
_NO_LIMIT = 1 << 16  # bytes; longer than any token that these corpora give


@dataclass(frozen=True, slots=True)
class Task:
    """What one process does; `pattern` is a name of `trainer.pretokenize`, `regex` what it stands for."""

    corpus: Path
    folder: Path
    vocab_size: int
    pattern: str
    regex: str


@dataclass(frozen=True, slots=True)
class Peer:
    """A trainer: its name in tables, its distribution, and the patterns it is bound to (none: it takes any).

    `commands` are run one after another; `vocabulary` is what they leave in the task's folder.
    """

    name: str
    distribution: str
    commands: Callable[[Task], list[list[str]]]
    vocabulary: str
    patterns: tuple[str, ...] = ()

    def can(self, pattern: str) -> bool:
        """Whether the trainer splits text by this pattern."""
        return not self.patterns or pattern in self.patterns

    @property
    def version(self) -> str:
        """The installed version; empty when it is not installed."""
        aside = (found.version for found in distributions(name=self.distribution, path=[str(peers_folder())]))
        try:
            return version(self.distribution)
        except PackageNotFoundError:
            return next(aside, "")


class _Document(msgspec.Struct):
    text: str


def texts(corpus: Path) -> Iterator[str]:
    """The documents of a JSONL file, one by one, read as fast as Python can."""
    decoder = msgspec.json.Decoder(_Document)
    with corpus.open("rb") as file:
        for line in file:
            yield decoder.decode(line).text


def write_ranks(target: Path, ranks: Mapping[bytes, int]) -> None:
    """Write a vocabulary in tiktoken's format: a line is a token in base64, a space, its rank."""
    rows = sorted((rank, token) for token, rank in ranks.items())
    target.write_bytes(b"".join(b"%s %d\n" % (base64.b64encode(token), rank) for rank, token in rows))


def train_tokenizers(task: Task) -> None:
    """Hugging Face tokenizers: byte-level BPE, documents in batches from an iterator."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(task.regex), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=task.vocab_size,
        min_frequency=MINIMUM_FREQUENCY,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    documents = texts(task.corpus)
    tokenizer.train_from_iterator(iter(lambda: list(islice(documents, _BATCH)), []), trainer=trainer)
    tokenizer.save(str(task.folder / "tokenizer.json"))


def train_rustbpe(task: Task) -> None:
    """rustbpe: no least frequency."""
    import rustbpe  # type: ignore[import-untyped]

    tokenizer = rustbpe.Tokenizer()
    tokenizer.train_from_iterator(texts(task.corpus), task.vocab_size, pattern=task.regex)
    write_ranks(
        task.folder / "ranks.tiktoken",
        {bytes(token): rank for token, rank in tokenizer.get_mergeable_ranks()},
    )


def train_bpeasy(task: Task) -> None:
    """bpeasy: no least frequency; it keeps every document in memory."""
    import bpeasy  # type: ignore[import-untyped]

    write_ranks(
        task.folder / "ranks.tiktoken",
        bpeasy.train_bpe(texts(task.corpus), task.regex, _NO_LIMIT, task.vocab_size),
    )


def train_ffbpe(task: Task) -> None:
    """ffbpe: byte units, Hugging Face's order of the bytes and of ties."""
    import ffbpe

    counter = ffbpe.PreTokenizer([], pat_str=task.regex).word_counter()
    counter.add_source(texts(task.corpus))
    trainer = ffbpe.BpeTrainer(
        [], initial_alphabet="byte_level", tie_break="smallest_pair_id", bigram_cutoff_freq=MINIMUM_FREQUENCY
    )
    trainer.add_word_counter(counter)
    trainer.train(task.vocab_size)
    write_ranks(task.folder / "ranks.tiktoken", trainer.validate_model().vocab)


def train_gigatoken(task: Task) -> None:
    """gigatoken: the GPT-2 pattern only; it reads the JSONL itself."""
    import gigatoken

    source = gigatoken.JsonlFileSource([str(task.corpus)], field="text")
    tokens, _ = gigatoken.train_bpe(source, task.vocab_size, [])
    write_ranks(task.folder / "ranks.tiktoken", {token: number for number, token in tokens.items()})


_ADAPTERS = {
    "tokenizers": train_tokenizers,
    "rustbpe": train_rustbpe,
    "bpeasy": train_bpeasy,
    "ffbpe": train_ffbpe,
    "gigatoken": train_gigatoken,
}


def winnow_command(task: Task, given: Path, *options: str) -> list[str]:
    """`winnow train` of documents or counts, as a command line; it writes `out` in the task's folder."""
    # The others stop early on a small corpus, too.
    sizes = ["--vocab-size", str(task.vocab_size), "--allow-fewer", "--min-frequency", str(MINIMUM_FREQUENCY)]
    return [
        *_winnow("train", given),
        "-o",
        str(task.folder / "out"),
        *sizes,
        "--pattern",
        task.pattern,
        *options,
    ]


def winnow_count_command(task: Task, counts: Path) -> list[str]:
    """`winnow count` of the task's corpus, as a command line."""
    return [*_winnow("count", task.corpus), "-o", str(counts), "--pattern", task.pattern]


def _winnow(verb: str, given: Path) -> list[str]:
    return [sys.executable, "-m", "winnow", verb, str(given), "--quiet"]


def _train(task: Task) -> list[list[str]]:
    return [winnow_command(task, task.corpus)]


def _count_and_train(task: Task) -> list[list[str]]:
    counts = task.folder / "counts.parquet"
    return [winnow_count_command(task, counts), winnow_command(task, counts)]


def _adapter(name: str) -> Callable[[Task], list[list[str]]]:
    def commands(task: Task) -> list[list[str]]:
        values = (str(task.corpus), str(task.folder), str(task.vocab_size), task.pattern, task.regex)
        return [[sys.executable, "-m", "benchmarks.peers", name, *values]]

    return commands


WINNOW = "winnow train"
HUGGING_FACE = "tokenizers"
PEERS = (
    Peer(WINNOW, "winnow-bpe", _train, "out/tokenizer.json"),
    Peer("winnow count + train", "winnow-bpe", _count_and_train, "out/tokenizer.json"),
    Peer(HUGGING_FACE, "tokenizers", _adapter("tokenizers"), "tokenizer.json"),
    Peer("rustbpe", "rustbpe", _adapter("rustbpe"), "ranks.tiktoken"),
    Peer("bpeasy", "bpeasy", _adapter("bpeasy"), "ranks.tiktoken"),
    Peer("ffbpe", "ffbpe", _adapter("ffbpe"), "ranks.tiktoken"),
    Peer("gigatoken", "gigatoken", _adapter("gigatoken"), "ranks.tiktoken", patterns=("gpt2",)),
)


def by_name(names: Iterable[str]) -> list[Peer]:
    """The trainers of these names, in the order of `PEERS`. Raises KeyError for a name that is none."""
    wanted = dict.fromkeys(names)
    known = {peer.name: peer for peer in PEERS}
    return sorted((known[name] for name in wanted), key=PEERS.index)


def main(arguments: list[str]) -> None:
    """Train with one adapter: NAME CORPUS FOLDER VOCAB_SIZE PATTERN REGEX."""
    sys.path.append(str(peers_folder()))
    name, corpus, folder, vocab_size, pattern, regex = arguments
    _ADAPTERS[name](Task(Path(corpus), Path(folder), int(vocab_size), pattern, regex))


if __name__ == "__main__":
    main(sys.argv[1:])
