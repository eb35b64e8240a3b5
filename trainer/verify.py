"""Written tokenizer files, read back by other libraries and compared with each other and the reference."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from corpora.display import show_text
from corpora.errors import WinnowError
from trainer import reference_encoder
from trainer.derive import Derivation
from trainer.exports import TIKTOKEN, TOKENIZER_JSON, refusals_of, to_tiktoken
from trainer.expressible import require_expressible
from trainer.portable import is_one_piece, portable_pattern
from trainer.tiktoken_file import parse_tiktoken
from trainer.tokenizer_json_reader import parse_tokenizer_json
from trainer.unicode_drift import drifting_characters
from trainer.vocabulary import Encoding, Vocabulary

if TYPE_CHECKING:
    import tiktoken
    import tokenizers

ADVERSARIAL_TEXTS = 10_000
REFERENCE_WORK = 2_000_000  # pair look-ups that the slow encoder may do: about a second
_LONGEST_SHOWN = 80  # characters of a text in an error


@dataclass(frozen=True, slots=True)
class Verification:
    """What was compared: texts in all, texts the reference encoded too, and ids the libraries agreed on."""

    texts: int
    reference_texts: int
    ids: int


def verify_exports(
    folder: Path,
    vocabulary: Vocabulary,
    texts: Iterable[str] = (),
    *,
    adversarial: int = ADVERSARIAL_TEXTS,
    reference_work: int = REFERENCE_WORK,
    seed: int = 0,
) -> Verification:
    """Read the files in `folder` back and demand that everything encodes alike and loses nothing.

    Compared, on `texts` and on `adversarial` random concatenations of token strings (reproducible
    from `seed`), with special tokens as ordinary text and with all of them allowed:
    `tokenizers` on tokenizer.json, `tiktoken` on the .tiktoken file with the pattern and special
    tokens that tokenizer.json states, and the reference encoder on `vocabulary`, on a sample that
    takes about `reference_work` look-ups of pairs.

    Raises WinnowError at the first difference, naming the text and the ids.
    """
    require_expressible(vocabulary)
    record = _read_record(folder, vocabulary.with_merges())
    ranks = _read_ranks(folder)
    _check_record(folder, record, ranks, vocabulary.with_merges())
    pair = _open_exports(folder, record)  # whose tokens are the ranks, by now
    every = [*texts, *adversarial_texts(vocabulary, adversarial, seed)]
    ids = _compare_libraries(pair, every, specials=True)
    ids += _compare_libraries(pair, _without_specials_that_are_pieces(vocabulary, every), specials=False)
    sample = _sample(vocabulary, every, reference_work, seed)
    _compare_reference(vocabulary, pair, sample)
    return Verification(len(every), len(sample), ids)


def adversarial_texts(vocabulary: Vocabulary, count: int, seed: int) -> list[str]:
    """`count` texts of 1 to 8 tokens of the vocabulary, some cut short, some special, in random order.

    Bytes that are not UTF-8 once joined are left out.
    """
    chooser = random.Random(seed)
    tokens = [vocabulary.tokens[id_] for id_ in sorted(vocabulary.tokens)]
    specials = [text.encode() for text in sorted(vocabulary.special_tokens)] or tokens
    made = []
    for _ in range(count):
        parts = chooser.choices(tokens, k=chooser.randint(1, 8))
        if chooser.random() < 0.1:
            parts[chooser.randrange(len(parts))] = chooser.choice(specials)
        if chooser.random() < 0.2:
            place = chooser.randrange(len(parts))
            parts[place] = parts[place][: chooser.randint(1, len(parts[place]))]
        made.append(b"".join(parts).decode("utf-8", errors="ignore"))
    return made


def _read_record(folder: Path, expected: Vocabulary) -> Vocabulary:
    path = folder / TOKENIZER_JSON
    # Taken as known: should the file hold other tokens, `_check_record` says so.
    known = Derivation(expected.rules, expected.orphans) if expected.encoding is Encoding.RANKS else None
    return parse_tokenizer_json(path.read_bytes(), expected.name, str(path), derivation=known)


def _read_ranks(folder: Path) -> dict[int, bytes]:
    # tiktoken's own reader would keep a copy in its cache under the path, and give it back later.
    path = folder / TIKTOKEN
    return parse_tiktoken(path.read_bytes(), str(path))


def _open_exports(folder: Path, record: Vocabulary) -> tuple[tokenizers.Tokenizer, tiktoken.Encoding]:
    """The two files as the two libraries read them.

    `record` is what tokenizer.json says: a .tiktoken file has no place for pattern and special tokens.
    """
    import tokenizers

    with refusals_of("tokenizers", str(folder / TOKENIZER_JSON)):
        tokenizer = tokenizers.Tokenizer.from_file(str(folder / TOKENIZER_JSON))
    return tokenizer, to_tiktoken(record)


def _check_record(folder: Path, read: Vocabulary, ranks: Mapping[int, bytes], expected: Vocabulary) -> None:
    """The files must say what the vocabulary says."""
    for field in ("tokens", "special_tokens", "merges", "tombstones", "encoding"):
        if getattr(read, field) != getattr(expected, field):
            raise WinnowError(f"the file's {field} are not the vocabulary's", where=folder / TOKENIZER_JSON)
    if read.pattern != portable_pattern(expected.pattern):
        raise WinnowError("the file's pattern is not the vocabulary's", where=folder / TOKENIZER_JSON)
    if ranks != expected.tokens:
        raise WinnowError("the file's tokens are not the vocabulary's", where=folder / TIKTOKEN)


def _compare_libraries(
    pair: tuple[tokenizers.Tokenizer, tiktoken.Encoding], texts: Sequence[str], *, specials: bool
) -> int:
    """Compare ids and decoded texts; return how many ids there were."""
    tokenizer, encoding = pair
    tokenizer.encode_special_tokens = not specials
    theirs = [found.ids for found in tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)]
    allowed = encoding.special_tokens_set if specials else set()
    ours = [encoding.encode(text, allowed_special=allowed, disallowed_special=()) for text in texts]
    for text, first, second in zip(texts, theirs, ours, strict=True):
        _require_equal(text, "tokenizers", first, "tiktoken", second)
        _require_text(text, "tiktoken", encoding.decode_bytes(second).decode("utf-8", errors="replace"))
    decoded = tokenizer.decode_batch(theirs, skip_special_tokens=False)
    for text, back in zip(texts, decoded, strict=True):
        _require_text(text, "tokenizers", back)
    return sum(map(len, ours))


def _without_specials_that_are_pieces(vocabulary: Vocabulary, texts: Sequence[str]) -> Sequence[str]:
    """The texts on which `tokenizers` can read special tokens as ordinary text.

    It cannot where a special token is a whole pre-token and whole pieces are looked up: there it
    finds the special token again. (By default it takes special tokens first, as with all allowed.)
    """
    pieces = [text for text in vocabulary.special_tokens if is_one_piece(vocabulary.pattern, text)]
    if not pieces or not vocabulary.with_merges().orphans:
        return texts
    return [text for text in texts if not any(piece in text for piece in pieces)]


def _compare_reference(
    vocabulary: Vocabulary, pair: tuple[tokenizers.Tokenizer, tiktoken.Encoding], texts: Sequence[str]
) -> None:
    _, encoding = pair
    allowed = set(vocabulary.special_tokens)
    for text in texts:
        ids = reference_encoder.encode(vocabulary, text)
        _require_equal(text, "the reference", ids, "tiktoken", encoding.encode_ordinary(text))
        if any(special in text for special in allowed):  # else allowing them changes nothing
            ids = reference_encoder.encode(vocabulary, text, allowed)
            theirs = encoding.encode(text, allowed_special="all")
            _require_equal(text, "the reference", ids, "tiktoken", theirs)
        _require_text(text, "the reference", reference_encoder.decode(vocabulary, ids))


def _sample(vocabulary: Vocabulary, texts: Sequence[str], room: int, seed: int) -> list[str]:
    """Texts for the slow encoder: a random selection of bounded work, without drifting characters."""
    chosen: list[str] = []
    enough = room // 100
    for text in random.Random(seed).sample(texts, len(texts)):
        if len(text) > room:  # the work grows with the square of a piece, so this cannot fit
            continue
        work = _work(vocabulary.pattern, text)
        if work <= room:
            chosen.append(text)
            room -= work
        if room <= enough:
            break
    drifting = drifting_characters(vocabulary.pattern, chosen)
    return [text for text in chosen if drifting.isdisjoint(text)]


def _work(pattern: str, text: str) -> int:
    return sum(len(piece.encode("utf-8")) ** 2 for piece in reference_encoder.split(pattern, text))


def _require_equal(text: str, first: str, ids: Sequence[int], second: str, others: Sequence[int]) -> None:
    if list(ids) != list(others):
        raise WinnowError(f"{first} and {second} differ on {_shown(text)}: {list(ids)} and {list(others)}")


def _require_text(text: str, library: str, back: str) -> None:
    if text != back:
        raise WinnowError(f"{library} decodes {_shown(text)} to {_shown(back)}")


def _shown(text: str) -> str:
    shown = show_text(text)
    return f"{shown[:_LONGEST_SHOWN]!r}…" if len(shown) > _LONGEST_SHOWN else repr(shown)
