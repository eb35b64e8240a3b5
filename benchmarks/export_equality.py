"""Whether tokenizers, tiktoken and the reference encode adversarial texts alike after a ban.

python -m benchmarks.export_equality [--texts 30000]       exit code 3 when there is a difference
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

import corpora
from banlists.banlist import BanList
from banlists.lists import load_ban_lists
from banlists.lockfile import compiled_hash
from benchmarks.adversarial_texts import adversarial_texts, banned_phrases
from trainer import reference_encoder
from trainer.ban_application import find_banned
from trainer.exports import to_tiktoken
from trainer.load import load_tokenizer
from trainer.removal import remove_tokens
from trainer.unicode_drift import drifting_characters
from trainer.vocabulary import Vocabulary
from winnow import main as winnow

_SAMPLE = Path(corpora.__file__).parent / "sample"
_LISTS = ("core",)
_LONGEST_FOR_REFERENCE = 200  # characters; its work grows with the square


@dataclass(frozen=True, slots=True)
class Verdict:
    """Texts compared, those that the reference encoded too, and what went wrong, as counts."""

    texts: int
    reference_texts: int
    differences: int
    lossy: int
    banned_ids: int

    @property
    def passed(self) -> bool:
        """Whether nothing went wrong."""
        return not (self.differences or self.lossy or self.banned_ids)


def compare(folder: Path, bans: BanList, texts: Sequence[str], reference_texts: int) -> Verdict:
    """Encode with the written files in each library, special tokens as ordinary text.

    A difference is a text with other ids; a lossy text does not decode to itself; banned ids are
    those of tokens that the lists ban, wherever they were emitted.
    """
    import tokenizers

    vocabulary = load_tokenizer(str(folder / "tokenizer.tiktoken")).with_merges()
    tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.encode_special_tokens = True
    encoding = to_tiktoken(vocabulary)
    first = [found.ids for found in tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)]
    second = [encoding.encode_ordinary(text) for text in texts]
    differences = sum(left != right for left, right in zip(first, second, strict=True))
    lossy = sum(encoding.decode(ids) != text for ids, text in zip(second, texts, strict=True))
    subset = _for_reference(vocabulary, texts, reference_texts)
    differences += sum(reference_encoder.encode(vocabulary, texts[row]) != second[row] for row in subset)
    emitted = {vocabulary.bytes_of(id_) for ids in (*first, *second) for id_ in ids}
    banned = [token for token in emitted if len(token) > 1 and bans.match(token)]
    return Verdict(len(texts), len(subset), differences, lossy, len(banned))


def _for_reference(vocabulary: Vocabulary, texts: Sequence[str], count: int) -> list[int]:
    """Rows of short texts, spread evenly, without characters on which Unicode versions differ."""
    short = [row for row, text in enumerate(texts) if len(text) <= _LONGEST_FOR_REFERENCE]
    chosen = short[:: max(len(short) // max(count, 1), 1)][:count]
    drifting = drifting_characters(vocabulary.pattern, [texts[row] for row in chosen])
    return [row for row in chosen if drifting.isdisjoint(texts[row])]


def _clean_texts() -> list[str]:
    paths = sorted((_SAMPLE / "clean").glob("*.jsonl"))
    lines = [line for path in paths for line in path.read_text(encoding="utf-8").splitlines()]
    return [json.loads(line)["text"] for line in lines]


def _near_tokens(bans: BanList) -> list[bytes]:
    """What the lists take from o200k_base, dependents too, and the tokens that those were made of."""
    vocabulary = load_tokenizer("o200k_base").with_merges()
    removed = set(remove_tokens(vocabulary, find_banned(vocabulary, bans)).removed)
    parts = {part for left, right, made in vocabulary.rules if made in removed for part in (left, right)}
    return [vocabulary.tokens[id_] for id_ in sorted(removed | parts)]


def _make(folder: Path) -> dict[str, Path]:
    """The two tokenizers: o200k_base after `ban apply`, and one trained under the lists, with rounds."""
    applied, trained = folder / "applied", folder / "trained"
    bans = [part for name in _LISTS for part in ("--ban", name)]
    sample = [str(_SAMPLE / "clean"), str(_SAMPLE / "polluted")]
    calls = (
        ["ban", "apply", "o200k_base", *bans, "-o", str(applied), "-q"],
        ["train", *sample, *bans, "--ban-rounds", "2", "-o", str(trained), "--vocab-size", "12000", "-q"],
    )
    for call in calls:
        code = winnow(call)
        if code:
            raise SystemExit(code)
    return {"ban apply o200k_base --ban core": applied, "train --ban core --ban-rounds 2": trained}


@click.command()
@click.option("--texts", "count", default=30_000, type=click.IntRange(1), show_default=True)
@click.option("--reference", default=3_000, type=click.IntRange(0), show_default=True,
              help="Texts that the slow reference encodes too.")  # fmt: skip
@click.option("--seed", default=0, show_default=True)
def main(count: int, reference: int, seed: int) -> None:
    """Make both tokenizers, compare them on the same texts, and print the numbers."""
    bans = load_ban_lists(_LISTS)
    texts = adversarial_texts(banned_phrases(bans), _near_tokens(bans), _clean_texts(), count, seed)
    passed = True
    with tempfile.TemporaryDirectory() as folder:
        for name, made in _make(Path(folder)).items():
            verdict = compare(made, bans, texts, reference)
            passed = passed and verdict.passed
            click.echo(
                f"{name}: {verdict.texts:,} texts, {verdict.reference_texts:,} of them by the reference too: "
                f"{verdict.differences} differences, {verdict.lossy} lossy, {verdict.banned_ids} banned ids"
            )
    if compiled_hash(load_ban_lists(_LISTS)) != compiled_hash(bans):
        raise SystemExit("the lists were edited meanwhile; run it again")
    sys.exit(0 if passed else 3)


if __name__ == "__main__":
    main()
