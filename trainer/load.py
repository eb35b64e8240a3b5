"""Any TOKENIZER of the command line → a Vocabulary: a name, a file, a folder, or a Hugging Face hub id."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from corpora.errors import WinnowError, WrongCall, unknown_name
from trainer.bundled import (
    BUNDLED_NAMES,
    KNOWN_NAMES,
    load_bundled,
    load_from_tiktoken,
    match_published,
    tiktoken_names,
)
from trainer.tiktoken_file import parse_tiktoken
from trainer.tokenizer_json_reader import parse_tokenizer_json
from trainer.vocabulary import Vocabulary

_HUB_ID = re.compile(r"\w[\w.-]*/\w[\w.-]*(@[\w./-]+)?")  # owner/name, and perhaps a revision


def load_tokenizer(spec: str) -> Vocabulary:
    """Load a tokenizer. A name wins over a file of the same name; write `./name` for the file.

    Raises WrongCall when nothing answers to `spec`, WinnowError when what does is broken or is not
    byte-level BPE, or cannot be had offline.
    """
    if spec in BUNDLED_NAMES:
        return load_bundled(spec)
    path = Path(spec)
    if path.is_dir():
        return _load_folder(path)
    if path.exists():
        return _load_file(path)
    if spec in KNOWN_NAMES or spec in tiktoken_names():
        return load_from_tiktoken(spec)
    if path.suffix not in {".json", ".tiktoken"} and _HUB_ID.fullmatch(spec):
        return _load_from_hub(spec)
    if path.suffix in {".json", ".tiktoken"} or "/" in spec:
        raise WrongCall("no such file or folder", where=spec)
    raise unknown_name("tokenizer", spec, list(KNOWN_NAMES))


def _load_folder(folder: Path) -> Vocabulary:
    named = folder / "tokenizer.json"
    if named.is_file():
        return _load_file(named)
    found = sorted(folder.glob("*.tiktoken"))
    if len(found) == 1:
        return _load_file(found[0])
    raise WrongCall(
        "holds no tokenizer.json" if not found else "holds several .tiktoken files",
        where=folder,
        hint="name a tokenizer.json, a .tiktoken file, or a folder with one of them",
    )


def _load_file(path: Path) -> Vocabulary:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise WinnowError(error.strerror or "cannot be read", where=path) from error
    name = path.resolve().parent.name if path.stem == "tokenizer" else path.stem
    if path.suffix == ".tiktoken":
        return _from_tiktoken_file(path, data, name)
    if path.suffix == ".json":
        return parse_tokenizer_json(data, name, str(path))
    raise WrongCall("not a tokenizer", where=path, hint="a tokenizer.json or a .tiktoken file is needed")


def _from_tiktoken_file(path: Path, data: bytes, name: str) -> Vocabulary:
    """The file says only the ranks: the rest comes from the tokenizer.json beside it, or a published twin."""
    tokens = parse_tiktoken(data, str(path))
    beside = path.with_name("tokenizer.json")
    if beside.is_file():
        whole = parse_tokenizer_json(beside.read_bytes(), name, str(beside))
        if whole.tokens == tokens:
            return whole
    published = match_published(tokens)
    if published is not None:
        return replace(published, name=name)
    return Vocabulary(
        name=name,
        tokens=tokens,
        special_tokens={},
        pattern=load_bundled("o200k_base").pattern,
        notes=("a .tiktoken file names no pattern; o200k's is taken, and no special tokens",),
    )


def _load_from_hub(spec: str) -> Vocabulary:
    """Download `tokenizer.json` of a model repository, or take it from the hub's local cache."""
    import huggingface_hub
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    repository, _, revision = spec.partition("@")
    try:
        path = huggingface_hub.hf_hub_download(repository, "tokenizer.json", revision=revision or None)
    except LocalEntryNotFoundError as error:
        raise WinnowError(
            "no such folder here; the Hugging Face hub cannot be reached, and its cache does not hold it",
            where=spec,
            hint="go online, or give a local tokenizer.json",
        ) from error
    except (HfHubHTTPError, OSError, ValueError) as error:
        raise WinnowError(f"the hub gave no tokenizer.json: {_first_line(error)}", where=spec) from error
    return parse_tokenizer_json(Path(path).read_bytes(), repository, f"{spec}/tokenizer.json")


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
