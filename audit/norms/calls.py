"""What every verb on a checkpoint starts from: weights, vocabulary, scan, and the manifest's facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from audit.norms.output_files import Call
    from audit.norms.records import NormScan, ScanOptions
    from audit.norms.scan import Bar
    from audit.norms.tail import Categories
    from audit.results import CheckResult
    from corpora.manifest import FileHash
    from trainer.token_matrices import Embeddings
    from trainer.vocabulary import Vocabulary
    from trainer.weights import Checkpoint

CATEGORY_LISTS = ("core",)  # ban lists that give tokens their categories
TOKENIZER_JSON = "tokenizer.json"
HOT_Z = 4.0  # robust standard deviations above the cell's median that make a row hot


@dataclass(frozen=True, slots=True)
class Setup:
    """The weights and how to read them: tokenizer, tensors' names where the rule fails, how hot is hot."""

    weights: Path
    tokenizer: str | None = None
    input_tensor: str | None = None
    output_tensor: str | None = None
    hot_z: float = HOT_Z

    @property
    def configuration(self) -> dict[str, Any]:
        """The resolved options, for manifests and fingerprints."""
        return {
            "tokenizer": tokenizer_of(self.weights, self.tokenizer),
            "input_tensor": self.input_tensor,
            "output_tensor": self.output_tensor,
            "hot_z": self.hot_z,
        }


@dataclass(frozen=True, slots=True)
class Loaded:
    """A checkpoint with its vocabulary (None when there is none) and the tokens' categories."""

    checkpoint: Checkpoint
    vocabulary: Vocabulary | None
    categories: Categories


def tokenizer_of(weights: Path, asked: str | None) -> str | None:
    """The tokenizer asked for, else the tokenizer.json in the checkpoint's folder, else None."""
    if asked is not None:
        return asked
    folder = weights if weights.is_dir() else weights.parent
    beside = folder / TOKENIZER_JSON
    return str(beside) if beside.is_file() else None


def load(setup: Setup, *, categorised: bool = True) -> Loaded:
    """Open the weights and the vocabulary; find each token's category where wanted, which takes seconds.

    Raises WrongCall or WinnowError for what is missing or broken.
    """
    from audit.norms.labels import require_rows
    from audit.norms.tail import categorise
    from banlists.lists import load_ban_lists
    from trainer.load import load_tokenizer
    from trainer.token_matrices import find_embeddings
    from trainer.weights import open_checkpoint

    checkpoint = open_checkpoint(setup.weights)
    spec = tokenizer_of(setup.weights, setup.tokenizer)
    vocabulary = None if spec is None else load_tokenizer(spec)
    embeddings = find_embeddings(checkpoint, setup.input_tensor, setup.output_tensor)
    if vocabulary is not None:
        require_rows(embeddings.input.rows, vocabulary)  # before the categories, which take seconds
    categories = categorise(vocabulary, load_ban_lists(CATEGORY_LISTS)) if categorised else {}
    return Loaded(checkpoint, vocabulary, categories)


def scan_loaded(
    setup: Setup, loaded: Loaded, options: ScanOptions, bar: Bar, counts: Path | None = None
) -> NormScan:
    """Scan a loaded checkpoint; `counts` is a file of pretoken counts, which needs a vocabulary."""
    from audit.norms.scan import scan_checkpoint
    from audit.norms.token_counts import counts_from_file
    from corpora.errors import WrongCall

    if counts is not None and loaded.vocabulary is None:
        raise WrongCall("--counts needs the tokens", hint="--tokenizer TOKENIZER")
    of_tokens = counts_from_file(loaded.vocabulary, counts) if counts and loaded.vocabulary else None
    return scan_checkpoint(
        loaded.checkpoint,
        loaded.vocabulary,
        loaded.categories,
        options,
        input_name=setup.input_tensor,
        output_name=setup.output_tensor,
        counts=of_tokens,
        bar=bar,
    )


def check_weights(weights: Path, vocabulary: Vocabulary, bar: Bar | None = None) -> tuple[CheckResult, ...]:
    """The audit's checks on a checkpoint's token matrices, for a vocabulary that is loaded already.

    Raises what opening and scanning the weights raise.
    """
    from audit.norms.findings import norm_checks
    from audit.norms.records import ScanOptions
    from audit.norms.scan import no_bar, scan_checkpoint
    from audit.norms.tail import categorise
    from banlists.lists import load_ban_lists
    from trainer.weights import open_checkpoint

    categories = categorise(vocabulary, load_ban_lists(CATEGORY_LISTS))
    checkpoint = open_checkpoint(weights)
    return norm_checks(scan_checkpoint(checkpoint, vocabulary, categories, ScanOptions(), bar=bar or no_bar))


def used_files(checkpoint: Checkpoint, embeddings: Embeddings) -> list[Path]:
    """The files that the token matrices come from, and the index."""
    tensors = [embeddings.input, *([embeddings.output] if embeddings.output is not None else [])]
    index = [checkpoint.index] if checkpoint.index is not None else []
    return sorted({tensor.file for tensor in tensors}) + index


def make_call(
    command: str, configuration: Mapping[str, Any], files: Sequence[Path], folder: Path
) -> tuple[Call, str]:
    """What the manifest says of a call, and the call's fingerprint.

    `files` are hashed and shown by their names. Raises WrongCall when `folder` would overwrite one of them.
    """
    from audit.norms.output_files import Call
    from corpora.manifest import hash_file
    from corpora.outputs import fingerprint, refuse_output_inside_inputs

    refuse_output_inside_inputs(folder, list(files))
    hashes: list[FileHash] = [hash_file(path, shown_as=path.name) for path in files]
    return Call(command, configuration, hashes), fingerprint(command, configuration, hashes)
