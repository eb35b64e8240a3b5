"""Ban lists brought to a finished vocabulary: plan the removal, write the new tokenizer, check it."""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from banlists.entries import Match
from banlists.lists import BanList
from corpora.documents import Corpus, Problems
from corpora.errors import WinnowError
from corpora.manifest import MANIFEST_NAME, FileHash, Manifest, hash_file, write_manifest
from corpora.outputs import fingerprint, output_folder, refuse_output_inside_inputs
from trainer.exports import EXPORTS, write_exports
from trainer.gguf import gguf_note
from trainer.removal import Ids, Removal, remove_tokens
from trainer.removal_files import ID_REMAP, REMOVED_TOKENS, SUMMARY, write_removal
from trainer.text_cost import TextCost, measure_cost
from trainer.tiktoken_file import format_tiktoken
from trainer.verify import Verification, verify_exports
from trainer.vocabulary import Vocabulary

_VERIFIED_DOCUMENTS = 1000  # real documents compared, beside the adversarial texts


@dataclass(frozen=True, slots=True)
class Application:
    """A removal that is decided and not written yet; `spec` is the TOKENIZER as the user named it."""

    spec: str
    before: Vocabulary
    bans: BanList
    banned: Mapping[int, Match]
    removal: Removal
    ids: Ids


@dataclass(frozen=True, slots=True)
class Written:
    """What writing an application found out."""

    cost: TextCost
    verification: Verification


def plan_application(spec: str, vocabulary: Vocabulary, bans: BanList, ids: Ids) -> Application:
    """Decide what to remove. Raises WinnowError where `find_banned` or `remove_tokens` does."""
    banned = find_banned(vocabulary, bans)
    return Application(spec, vocabulary, bans, banned, remove_tokens(vocabulary, banned, ids), ids)


def find_banned(vocabulary: Vocabulary, bans: BanList) -> dict[int, Match]:
    """The banned tokens by id, ascending, with what bans them.

    A token is banned for its bytes, or because a pair rule refuses the one merge that makes it.
    Single bytes are never banned. Raises WinnowError when a special token is banned: libraries take
    special tokens from the text before anything else, so removing a merge would not help.
    """
    for text in sorted(vocabulary.special_tokens):
        match = bans.match(text.encode())
        if match is not None:
            raise WinnowError(
                f"special token {text!r} is banned by {match.entry}",
                where=vocabulary.name,
                hint="add an allow entry for it, or take it out of the tokenizer",
            )
    parts = {made: (left, right) for left, right, made in vocabulary.with_merges().rules}
    tokens = vocabulary.tokens
    banned: dict[int, Match] = {}
    for id_ in sorted(tokens):
        pair = parts.get(id_)
        match = bans.refuse(tokens[pair[0]], tokens[pair[1]]) if pair else bans.match(tokens[id_])
        if match is not None and len(tokens[id_]) > 1:
            banned[id_] = match
    return banned


def write_application(application: Application, corpus: Corpus, out: Path, *, force: bool) -> Written:
    """Write and check everything in `out`, the manifest last; `corpus` is the clean text.

    Raises WinnowError when a check fails, and what `output_folder` raises.
    """
    source = Path(application.spec)
    refuse_output_inside_inputs(out, [*corpus.paths, *([source] if source.exists() else [])])
    inputs = [_tokenizer_hash(application), *_ban_hashes(application.bans)]
    configuration = {"tokenizer": application.spec, "ids": application.ids}
    call = fingerprint("ban apply", configuration, [inputs, corpus.identity])
    seconds: dict[str, float] = {}
    with output_folder(out, call, force=force) as folder:
        written = _write_files(application, corpus, folder.path, seconds)
        manifest = Manifest(
            command="ban apply",
            command_line=sys.argv,
            configuration=configuration,
            inputs=[*inputs, *corpus.hashes()],
            outputs=[hash_file(folder.path / name, shown_as=name) for name in _names(application.ids)],
            counts={"removed": len(application.removal.removed), "documents": written.cost.documents},
            seconds=seconds,
            call=folder.fingerprint,
            extra={
                "vocab_size": application.removal.vocabulary.size,
                "gguf": gguf_note(application.removal.vocabulary),
            },
        )
        write_manifest(folder.path / MANIFEST_NAME, manifest)
    return written


def _write_files(
    application: Application, corpus: Corpus, folder: Path, seconds: dict[str, float]
) -> Written:
    before, after = application.before, application.removal.vocabulary
    with _timed(seconds, "cost"):
        cost = measure_cost(before, after, _texts(corpus))
    with _timed(seconds, "export"):
        write_exports(folder, after)
        write_removal(folder, before, application.removal, application.banned, cost, application.ids)
    with _timed(seconds, "verify"):
        verification = verify_exports(folder, after, islice(_texts(corpus), _VERIFIED_DOCUMENTS))
    return Written(cost, verification)


def _names(ids: Ids) -> list[str]:
    return [*EXPORTS, REMOVED_TOKENS, SUMMARY, *([ID_REMAP] if ids == "compact" else [])]


def _texts(corpus: Corpus) -> Iterator[str]:
    for shard in corpus.shards:
        for batch in shard.batches(Problems()):
            yield from batch.column("text").to_pylist()


def _tokenizer_hash(application: Application) -> FileHash:
    """The file's hash; for a name or a folder, that of the ranks as a .tiktoken file."""
    path = Path(application.spec)
    if path.is_file():
        return hash_file(path, shown_as=application.spec)
    data = format_tiktoken(application.before.tokens)
    return FileHash(application.spec, hashlib.sha256(data).hexdigest(), len(data))


def _ban_hashes(bans: BanList) -> list[FileHash]:
    return [FileHash(pack.path, pack.sha256, 0) for pack in bans.packs]


@contextmanager
def _timed(seconds: dict[str, float], name: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    seconds[name] = time.perf_counter() - start
