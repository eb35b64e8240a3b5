"""Hugging Face's `tokenizer.json`, read: byte-level BPE becomes a Vocabulary, anything else is refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import msgspec

from corpora.errors import WinnowError
from trainer.byte_alphabet import from_mapped
from trainer.derive import Derivation, Merge, derive_merges
from trainer.pre_tokenizer_reader import PreTokenizer, read_pre_tokenizer
from trainer.tokenizer_json import is_tombstone
from trainer.vocabulary import Encoding, Vocabulary


class _AddedToken(msgspec.Struct):
    id: int
    content: str
    single_word: bool = False
    lstrip: bool = False
    rstrip: bool = False
    normalized: bool = False
    special: bool = False


class _Model(msgspec.Struct):
    type: str | None = None
    vocab: Any = None
    merges: list[Any] = msgspec.field(default_factory=list)
    ignore_merges: bool = False
    byte_fallback: bool = False
    continuing_subword_prefix: str | None = None
    end_of_word_suffix: str | None = None


class _File(msgspec.Struct):
    model: _Model
    added_tokens: list[_AddedToken] = msgspec.field(default_factory=list)
    normalizer: dict[str, Any] | None = None
    pre_tokenizer: dict[str, Any] | None = None
    decoder: dict[str, Any] | None = None
    post_processor: dict[str, Any] | None = None


def parse_tokenizer_json(
    data: bytes, name: str, where: str, *, derivation: Derivation | None = None
) -> Vocabulary:
    """Read a `tokenizer.json`. `name` becomes the vocabulary's, `where` names the file in errors.

    Added tokens become special tokens. What the record cannot hold (a normalizer, a template) is
    written to `notes`. A file whose merges do not follow its ids keeps them, as `Encoding.MERGES`.
    A caller that knows the `derivation` of these very tokens saves the time to derive them again.

    Raises WinnowError for JSON that is broken, for a model that is not byte-level BPE, and for
    merges or tokens that do not fit together.
    """
    file = _decode(data, where)
    _require_byte_level(file, where)
    special = {token.content: token.id for token in file.added_tokens}
    ordinary = _ordinary(file.model.vocab, special, where)
    tombstones = {id_ for spelling, id_ in ordinary.items() if is_tombstone(spelling, id_)}
    spelled = {spelling: id_ for spelling, id_ in ordinary.items() if id_ not in tombstones}
    tokens = {id_: _unmapped(spelling, where) for spelling, id_ in spelled.items()}
    pre_tokenizer = read_pre_tokenizer(file.pre_tokenizer, where)
    vocabulary = Vocabulary(
        name=name,
        tokens=dict(sorted(tokens.items())),
        special_tokens=special,
        pattern=pre_tokenizer.pattern,
        whole_pieces=file.model.ignore_merges,
        tombstones=frozenset(tombstones),
        notes=(*pre_tokenizer.notes, *_notes(file)),
    )
    merges = _merges(file.model.merges, spelled, where)
    return _with_encoding(vocabulary, merges, pre_tokenizer, derivation or derive_merges(tokens))


def _decode(data: bytes, where: str) -> _File:
    try:
        return msgspec.json.decode(data, type=_File)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise WinnowError(f"not a tokenizer.json: {error}", where=where) from error


def _require_byte_level(file: _File, where: str) -> None:
    """Refuse what is not byte-level BPE, saying what it is."""
    model = file.model
    kind = model.type or ("BPE" if model.merges else "an unnamed model")
    hint = "winnow reads byte-level BPE: GPT-2's family, o200k, Llama 3, Qwen and their like"
    if kind != "BPE" or not isinstance(model.vocab, dict):
        raise WinnowError(f"this tokenizer is {kind}, not byte-level BPE", where=where, hint=hint)
    if model.byte_fallback or model.continuing_subword_prefix or model.end_of_word_suffix:
        raise WinnowError(
            "this tokenizer is BPE over characters (sentencepiece), not bytes", where=where, hint=hint
        )
    if not _mentions_byte_level(file.pre_tokenizer) and not _mentions_byte_level(file.decoder):
        raise WinnowError("this BPE tokenizer has no ByteLevel step", where=where, hint=hint)


def _mentions_byte_level(step: dict[str, Any] | None) -> bool:
    steps = _flat(step)
    return any(part.get("type") == "ByteLevel" for part in steps)


def _flat(step: dict[str, Any] | None) -> list[dict[str, Any]]:
    if step is None:
        return []
    inner = step.get("pretokenizers") or step.get("decoders") or step.get("normalizers")
    if not isinstance(inner, list):
        return [step]
    return [part for child in inner if isinstance(child, dict) for part in _flat(child)]


def _ordinary(vocab: Mapping[str, Any], special: Mapping[str, int], where: str) -> dict[str, int]:
    """The ids of ordinary tokens and tombstones by their spelling, checked."""
    for spelling, id_ in vocab.items():
        if type(id_) is not int:  # a bool is one too
            raise WinnowError(f"the id of token {spelling!r} is not a whole number", where=where)
    ordinary = {spelling: id_ for spelling, id_ in vocab.items() if special.get(spelling) != id_}
    if len(set(ordinary.values())) != len(ordinary):
        twice = next(id_ for id_, times in Counter(ordinary.values()).items() if times > 1)
        raise WinnowError(f"id {twice} is used twice", where=where)
    return ordinary


def _unmapped(spelling: str, where: str) -> bytes:
    try:
        return from_mapped(spelling)
    except ValueError as error:
        raise WinnowError(f"token {spelling!r} is not byte-level: {error}", where=where) from error


def _merges(rules: Sequence[Any], id_of: Mapping[str, int], where: str) -> tuple[Merge, ...]:
    """The rules as ids, `id_of` their spellings; a rule is `"left right"` or `["left", "right"]`."""
    pairs = [rule.split(" ") if isinstance(rule, str) else rule for rule in rules]
    try:
        return tuple([(id_of[left], id_of[right], id_of[left + right]) for left, right in pairs])
    except (KeyError, TypeError, ValueError) as error:
        raise _first_bad_rule(rules, pairs, id_of, where) from error


def _first_bad_rule(
    rules: Sequence[Any], pairs: Sequence[Any], id_of: Mapping[str, int], where: str
) -> WinnowError:
    """What is wrong with the first rule that is no pair of spellings, or that names an unknown one."""
    for rule, parts in zip(rules, pairs, strict=True):
        if not isinstance(parts, list) or len(parts) != 2 or not all(isinstance(part, str) for part in parts):
            return WinnowError(f"not a merge rule: {rule!r}", where=where)
        left, right = parts
        missing = next((name for name in (left, right, left + right) if name not in id_of), None)
        if missing is not None:
            return WinnowError(
                f"the merge rule {rule!r} names {missing!r}, which is not in the vocabulary", where=where
            )
    return WinnowError("the merge rules are broken", where=where)


def _with_encoding(
    vocabulary: Vocabulary, merges: tuple[Merge, ...], pre_tokenizer: PreTokenizer, derived: Derivation
) -> Vocabulary:
    """Decide how the vocabulary encodes: by its ids alone when the rules say nothing else.

    Ids say the same as the rules when the rules come in id order, hold every rule that the ids
    imply, and no token depends on the whole-piece lookup that the file does not ask for.
    """
    if not pre_tokenizer.single_pattern:
        return replace(vocabulary, merges=merges, encoding=Encoding.UNKNOWN)
    looked_up = vocabulary.whole_pieces or not derived.orphans
    if looked_up and (merges == derived.merges or _imply_only(merges, derived.merges)):
        return replace(vocabulary, merges=derived.merges, whole_pieces=True)
    return replace(vocabulary, merges=merges, encoding=Encoding.MERGES)


def _imply_only(merges: tuple[Merge, ...], derived: tuple[Merge, ...]) -> bool:
    """Whether merges are in the order of ids, and all that were derived are among them."""
    made = [token for _, _, token in merges]
    return all(first <= second for first, second in pairwise(made)) and set(derived) <= set(merges)


def _notes(file: _File) -> list[str]:
    notes = []
    if file.normalizer is not None:
        kinds = ", ".join(str(step.get("type")) for step in _flat(file.normalizer))
        notes.append(f"the file's normalizer ({kinds}) is left out: text is encoded as it stands")
    stripping = [
        token.content for token in file.added_tokens if token.lstrip or token.rstrip or token.single_word
    ]
    if stripping:
        notes.append(
            f"{len(stripping)} added tokens take the space beside them or whole words only; that is left out"
        )
    return notes
