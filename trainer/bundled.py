"""Vocabularies by name: the copies that splintr carries, and the encodings that tiktoken knows."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

from corpora.errors import WinnowError
from trainer.portable import portable_pattern
from trainer.pre_tokenizer_reader import BYTE_LEVEL_PATTERN
from trainer.tiktoken_file import format_tiktoken
from trainer.vocabulary import Encoding, Vocabulary

# cl100k_base's own pattern (openai_public.py); splintr's constant leaves out the possessive `++`.
CL100K_PATTERN = portable_pattern(
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+"
    r"|\s++$|\s*[\r\n]|\s+(?!\S)|\s"
)

# SHA-256 of the published .tiktoken files, as pinned by tiktoken (tiktoken_ext/openai_public.py).
SHA256 = {
    "r50k_base": "306cd27f03c1a714eca7108e03d66b7dc042abe8c258b44c199a7ed9838dd930",
    "p50k_base": "94b5ca7dff4d00767bc256fdd1b27e5b17361d7b8a5f968547f9f23eb70d2069",
    "cl100k_base": "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    "o200k_base": "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
}


@dataclass(frozen=True, slots=True)
class _Bundle:
    """How to read one of splintr's vocabularies.

    `pattern` is "cl100k" or names splintr's constant; empty when one pattern cannot say how the
    text is split.
    `ranks` names the published file whose ranks these are; `first_token` is the first ordinary id.
    """

    pattern: str
    ranks: str | None = None
    first_token: int = 0
    note: str = ""


_SENTENCEPIECE = (
    "a sentencepiece vocabulary: merged over characters, so byte-level tools cannot encode with it"
)
_NFC = "the model normalizes text to NFC first; this is left out"
_BUNDLES = {
    "cl100k_base": _Bundle("cl100k", "cl100k_base"),
    "o200k_base": _Bundle("O200K_BASE_PATTERN", "o200k_base"),
    "gpt-oss": _Bundle("O200K_BASE_PATTERN", "o200k_base"),
    "llama3": _Bundle("LLAMA3_PATTERN"),
    "phi4": _Bundle("LLAMA3_PATTERN", "cl100k_base"),
    "olmo2": _Bundle("LLAMA3_PATTERN", "cl100k_base"),
    "modernbert": _Bundle("GPT2_PATTERN", note=_NFC),
    "qwen3": _Bundle("QWEN2_PATTERN", note=_NFC),
    "glm4": _Bundle("LLAMA3_PATTERN"),
    "kimi_k2": _Bundle("KIMI_PATTERN"),
    "kimi_k3": _Bundle("KIMI_PATTERN"),
    "mistral_v3": _Bundle("MISTRAL_V3_PATTERN", first_token=1000),
    "whisper": _Bundle("GPT2_PATTERN"),
    "deepseek_v3": _Bundle("", note="its text is split in three steps; one pattern cannot say that"),
    "llama2": _Bundle("", first_token=3, note=_SENTENCEPIECE),
    "codellama": _Bundle("", first_token=3, note=_SENTENCEPIECE),
    "mistral_v1": _Bundle("", first_token=3, note=_SENTENCEPIECE),
    "mistral_v2": _Bundle("", first_token=771, note=_SENTENCEPIECE),
}
_HARMONY = "o200k_harmony"
_TIKTOKEN_ONLY = ("gpt2", "r50k_base", "p50k_base", "p50k_edit")

BUNDLED_NAMES = (*_BUNDLES, _HARMONY)
KNOWN_NAMES = (*BUNDLED_NAMES, *_TIKTOKEN_ONLY)


def load_bundled(name: str) -> Vocabulary:
    """One of `BUNDLED_NAMES`, offline, from the copy that splintr carries.

    Raises WinnowError when the copy's ranks are not the published ones (SHA-256).
    """
    if name == _HARMONY:
        return replace(load_bundled("o200k_base"), name=name, special_tokens=_harmony_tokens())
    import splintr

    bundle = _BUNDLES[name]
    tokenizer = splintr.Tokenizer.from_pretrained(name)
    rows: int = splintr.base_vocab_size(name)
    special = {text: id_ for text, id_ in tokenizer.special_tokens().items() if id_ < rows}
    tokens, controls = _decoded(tokenizer, rows, set(special.values()), bundle.first_token)
    _check_sha256(name, bundle.ranks, tokens)
    return Vocabulary(
        name=name,
        tokens=tokens,
        special_tokens=_one_name_each(special | controls),
        pattern=_pattern(bundle.pattern),
        encoding=Encoding.RANKS if bundle.pattern else Encoding.UNKNOWN,
        notes=(bundle.note,) if bundle.note else (),
    )


def load_from_tiktoken(name: str) -> Vocabulary:
    """Any encoding that tiktoken knows, plugins included; tiktoken downloads it unless its cache has it.

    Raises WinnowError when tiktoken cannot get it.
    """
    import tiktoken

    try:
        encoding = tiktoken.get_encoding(name)
    except (OSError, ValueError) as error:
        raise WinnowError(
            f"tiktoken could not get this encoding ({type(error).__name__})",
            where=name,
            hint="it is downloaded once: go online, or point TIKTOKEN_CACHE_DIR at a filled cache",
        ) from error
    # tiktoken's README extends encodings through these attributes; there is no public way to read them.
    return Vocabulary(
        name=name,
        tokens={rank: token for token, rank in sorted(encoding._mergeable_ranks.items(), key=lambda x: x[1])},
        special_tokens=_one_name_each(encoding._special_tokens),
        pattern=portable_pattern(encoding._pat_str),
    )


def match_published(tokens: Mapping[int, bytes]) -> Vocabulary | None:
    """The published encoding with exactly these ranks, pattern and special tokens included; None if none."""
    digest = hashlib.sha256(format_tiktoken(tokens)).hexdigest()
    name = next((name for name, sha256 in SHA256.items() if sha256 == digest), None)
    if name is None:
        return None
    return load_bundled(name) if name in BUNDLED_NAMES else _r50k_like(name, tokens)


def tiktoken_names() -> list[str]:
    """Every encoding name that tiktoken and its installed plugins know."""
    import tiktoken

    return list(tiktoken.list_encoding_names())


def _r50k_like(name: str, tokens: Mapping[int, bytes]) -> Vocabulary:
    """r50k_base or p50k_base around their ranks (openai_public.py): GPT-2's pattern and one special token."""
    return Vocabulary(name, tokens, {"<|endoftext|>": 50256}, BYTE_LEVEL_PATTERN)


def _pattern(name: str) -> str:
    import splintr

    if name == "cl100k":
        return CL100K_PATTERN
    return str(getattr(splintr, name)) if name else ""


def _decoded(
    tokenizer: object, rows: int, special: set[int], first_token: int
) -> tuple[dict[int, bytes], dict[str, int]]:
    """The ordinary tokens; and the control tokens below `first_token` that splintr does not call special."""
    tokens: dict[int, bytes] = {}
    controls: dict[str, int] = {}
    for id_ in range(rows):
        if id_ in special:
            continue
        try:
            token: bytes = tokenizer.decode_token_bytes(id_)  # type: ignore[attr-defined]
        except ValueError:
            continue  # a hole: the vocabulary has no token at this id
        if token and id_ < first_token:
            controls[token.decode()] = id_
        elif token:
            tokens[id_] = token
    return tokens, controls


def _one_name_each(special: Mapping[str, int]) -> dict[str, int]:
    """Special tokens without second names for the same id (whisper has `<|he|>` and the older `<|iw|>`)."""
    text_of = {id_: text for text, id_ in sorted(special.items(), reverse=True)}
    return {text: id_ for id_, text in sorted(text_of.items())}


def _check_sha256(name: str, published: str | None, tokens: Mapping[int, bytes]) -> None:
    if published is None:
        return
    if hashlib.sha256(format_tiktoken(tokens)).hexdigest() != SHA256[published]:
        raise WinnowError(
            f"the bundled copy is not the published {published} (SHA-256 differs)",
            where=name,
            hint="reinstall splintr-rs",
        )


def _harmony_tokens() -> dict[str, int]:
    """The special tokens of o200k_harmony, as tiktoken defines them (openai_public.py).

    tiktoken has two names for 200018; the one that o200k_base has is kept.
    """
    named = {
        199998: "<|startoftext|>", 199999: "<|endoftext|>", 200002: "<|return|>", 200003: "<|constrain|>",
        200005: "<|channel|>", 200006: "<|start|>", 200007: "<|end|>", 200008: "<|message|>",
        200012: "<|call|>", 200018: "<|endofprompt|>",
    }  # fmt: skip
    return {named.get(id_, f"<|reserved_{id_}|>"): id_ for id_ in range(199998, 201088)}
