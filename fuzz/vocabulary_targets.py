"""Harnesses of tokenizers and weights: tokenizer.json, .tiktoken, safetensors, its index, config.json."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np

from corpora.display import show_bytes, show_text
from fuzz.contract import BrokenPromise, Target
from trainer.byte_alphabet import to_mapped
from trainer.carried_config import IdMap, carried_config
from trainer.load import load_tokenizer
from trainer.reference_encoder import encode
from trainer.shard_files import read_header, write_with_rows
from trainer.token_matrices import find_embeddings
from trainer.vocabulary import Encoding, Vocabulary
from trainer.weight_rows import read_rows, row_blocks
from trainer.weights import open_checkpoint

_NAME = "model.embed_tokens.weight"
_JSON_WORDS = (
    b'"id"',
    b'"model"',
    b'"vocab"',
    b'"merges"',
    b'"added_tokens"',
    b'"pre_tokenizer"',
    b'"type"',
    b'"BPE"',
    b'"Split"',
    b'"Regex"',
    b'"pattern"',
    b'"String"',
    b'"Sequence"',
    b'"pretokenizers"',
    b'"ByteLevel"',
    b"18446744073709551616",
    b"-1",
    b"1.5",
    b'"ignore_merges": true',
    b'"normalizer": {"type": "NFC"}',
    b'"behavior"',
    b'"invert": true',
)
_SAFETENSORS_WORDS = (
    b'"dtype"',
    b'"shape"',
    b'"data_offsets"',
    b'"__metadata__"',
    b'"F32"',
    b'"BF16"',
    b'"F8_E4M3"',
    b"[0, 96]",
    b"[4, 6]",
    b"[4611686018427387904, 4]",
    b"[-1, 6]",
    b"[0, 18446744073709551615]",
    b"\xff" * 8,
    b"\x08" + b"\0" * 7,
)
_RAW = 1  # bit of the first byte: the file as it is; without it the header's length is put right


def _tokenizer_json(data: bytes, folder: Path) -> None:
    path = folder / "tokenizer.json"
    path.write_bytes(data)
    _use(load_tokenizer(str(path)))


def _tiktoken(data: bytes, folder: Path) -> None:
    path = folder / "x.tiktoken"
    path.write_bytes(data)
    _use(load_tokenizer(str(path)))


def _use(vocabulary: Vocabulary) -> None:
    """Encode and decode, unless bytes are missing; show every token."""
    for token in vocabulary.tokens.values():
        if show_text(show_bytes(token)) != show_bytes(token):
            raise BrokenPromise(f"shown as {show_bytes(token)!r}")
    if vocabulary.encoding is Encoding.UNKNOWN or vocabulary.missing_bytes or vocabulary.size > 2_000:
        return
    text = "the then 12"
    ids = encode(vocabulary.with_merges(), text)
    if b"".join(vocabulary.bytes_of(each) for each in ids) != text.encode():
        raise BrokenPromise("what was encoded does not come back")


def _safetensors(data: bytes, folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(_framed(data))
    checkpoint = open_checkpoint(path)
    found = find_embeddings(checkpoint)
    for matrix in (found.input, found.output):
        if matrix is not None:
            rows = sum(len(block) for _, block in row_blocks(matrix, 64))
            read_rows(matrix, [0, rows - 1])


def _safetensors_copy(data: bytes, folder: Path) -> None:
    source, target = folder / "model.safetensors", folder / "copy.safetensors"
    source.write_bytes(_framed(data))
    target.unlink(missing_ok=True)
    header = read_header(source)
    rows = {name: np.array([0]) for name, entry in header.entries.items() if len(entry.shape) == 2}
    write_with_rows(source, target, rows)


def _framed(data: bytes) -> bytes:
    if not data or data[0] & _RAW:
        return data[1:]
    header, _, values = data[1:].partition(b"\0\0")
    return struct.pack("<Q", len(header)) + header + values


def _index(data: bytes, folder: Path) -> None:
    _write_shard(folder)
    (folder / "model.safetensors.index.json").write_bytes(data)
    find_embeddings(open_checkpoint(folder / "model.safetensors.index.json"))


def _config(data: bytes, folder: Path) -> None:
    _write_shard(folder)
    (folder / "config.json").write_bytes(data)
    find_embeddings(open_checkpoint(folder / "a.safetensors"))


def _carried(data: bytes, folder: Path) -> None:
    path = folder / "config.json"
    path.write_bytes(data)
    carried_config(path, IdMap({0: 0, 2: 1, 3: 2}, 4, 6))


def _write_shard(folder: Path) -> None:
    path = folder / "a.safetensors"
    if not path.exists():
        path.write_bytes(_framed(_tensor_seeds()[0]))


@cache
def _tensor_seeds() -> tuple[bytes, ...]:
    values = np.arange(24, dtype="<f4").tobytes()
    entry = {"dtype": "F32", "shape": [4, 6], "data_offsets": [0, 96]}
    half = {"dtype": "BF16", "shape": [4, 6], "data_offsets": [96, 144]}
    one = json.dumps({_NAME: entry}).encode()
    two = json.dumps({"__metadata__": {"format": "pt"}, _NAME: entry, "lm_head.weight": half}).encode()
    framed = [b"\0" + one + b"\0\0" + values, b"\0" + two + b"\0\0" + values + bytes(48)]
    return (*framed, b"\1" + struct.pack("<Q", len(one)) + one + values)


@cache
def _small_vocabulary() -> dict[str, int]:
    vocab = {to_mapped(bytes([byte])): byte for byte in range(256)}
    return vocab | {to_mapped(token): 256 + n for n, token in enumerate((b"th", b"the", b" t", b" the"))}


def _tokenizer_seeds() -> Sequence[bytes]:
    few = {
        spelling: id_
        for spelling, id_ in _small_vocabulary().items()
        if spelling in ("t", "h", "e", "th", "the")
    }
    split = {
        "type": "Split",
        "pattern": {"Regex": "\\p{L}+|[\\s\\S]"},
        "behavior": "Isolated",
        "invert": False,
    }
    steps = {"type": "Sequence", "pretokenizers": [split, {"type": "ByteLevel", "use_regex": False}]}
    small = {
        "added_tokens": [{"id": 300, "content": "<|x|>", "special": True, "lstrip": True}],
        "normalizer": None,
        "pre_tokenizer": {"type": "ByteLevel"},
        "decoder": {"type": "ByteLevel"},
        "model": {"type": "BPE", "vocab": few, "merges": ["t h", ["th", "e"]]},
    }
    merges = [["t", "h"], ["th", "e"], [to_mapped(b" "), "t"], [to_mapped(b" "), "the"]]
    whole = {
        **small,
        "pre_tokenizer": steps,
        "model": {"type": "BPE", "vocab": _small_vocabulary(), "merges": merges},
    }
    other = {**small, "model": {"type": "WordPiece", "vocab": {}}}
    return [json.dumps(each).encode() for each in (small, whole, other)]


def _tiktoken_seeds() -> Sequence[bytes]:
    def line(token: bytes, rank: int) -> bytes:
        return base64.b64encode(token) + b" %d\n" % rank

    every = b"".join(line(bytes([byte]), byte) for byte in range(256)) + line(b"th", 256) + line(b"the", 257)
    return [line(b"t", 0) + line(b"h", 1) + line(b"th", 2), every]


_INDEX = b'{"metadata": {"total_size": 96}, "weight_map": {"model.embed_tokens.weight": "a.safetensors"}}'
_CONFIG = (
    b'{"model_type": "gemma", "tie_word_embeddings": true, "embedding_multiplier": 12,'
    b' "text_config": {"scale_emb": 1.5}}'
)
_CARRIED = (
    b'{"vocab_size": 4, "eos_token_id": [2, 3], "bos_token_id": 0, "suppress_tokens": [1],'
    b' "bad_words_ids": [[2]],'
    b' "text_config": {"pad_token_id": null, "image_token_index": 5}}'
)
_INDEX_WORDS = (
    b'"weight_map"',
    b'"../../x"',
    b'"/etc/passwd"',
    b'"a.safetensors"',
    b'"."',
    b'".."',
    b'""',
    b'"a\\u0000b"',
)

TARGETS = (
    Target("tokenizer-json", _tokenizer_seeds, _tokenizer_json, _JSON_WORDS),
    Target(
        "tiktoken",
        _tiktoken_seeds,
        _tiktoken,
        (b"dGg= ", b"= ", b" 257\n", b" 99999999999999999999\n", b" \xd9\xa1\n"),
    ),
    Target("safetensors", _tensor_seeds, _safetensors, _SAFETENSORS_WORDS),
    Target("safetensors-copy", _tensor_seeds, _safetensors_copy, _SAFETENSORS_WORDS),
    Target("safetensors-index", lambda: [_INDEX], _index, _INDEX_WORDS),
    Target("config-json", lambda: [_CONFIG], _config, (b'"scale_emb"', b'"text_config"', b"1e400", b"NaN")),
    Target(
        "carried-config",
        lambda: [_CARRIED],
        _carried,
        (b'"vocab_size"', b'"eos_token_id"', b"1e400", b'[["a"]]', b"[null]", b"[{}]"),
    ),
)
