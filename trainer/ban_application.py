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
from corpora.documents import Corpus
from corpora.errors import WinnowError, WrongCall
from corpora.manifest import MANIFEST_NAME, FileHash, Manifest, hash_file, write_manifest
from corpora.outputs import fingerprint, output_folder, refuse_output_inside_inputs
from trainer.carry import Carried, CarryPlan, CarryRequest, carry, carry_inputs, plan_carry
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
    """A removal that is decided and not written yet; `spec` is the TOKENIZER as the user named it.

    `carry` says what becomes of a checkpoint's rows, None when none was given.
    """

    spec: str
    before: Vocabulary
    bans: BanList
    banned: Mapping[int, Match]
    removal: Removal
    ids: Ids
    carry: CarryPlan | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """What writing an application found out."""

    cost: TextCost
    verification: Verification
    carried: Carried | None = None


def plan_application(
    spec: str, vocabulary: Vocabulary, bans: BanList, ids: Ids, weights: CarryRequest | None = None
) -> Application:
    """Decide what to remove, and what becomes of the rows of `weights`.

    Raises WinnowError where `find_banned`, `remove_tokens` or `plan_carry` does, WrongCall for weights
    whose ids stay as they are.
    """
    if weights is not None and ids == "keep":
        raise WrongCall("--ids keep leaves every row in its place: nothing to carry", hint="--ids compact")
    banned = find_banned(vocabulary, bans)
    removal = remove_tokens(vocabulary, banned, ids)
    plan = plan_carry(weights, removal.id_remap, vocabulary.rows) if weights is not None else None
    return Application(spec, vocabulary, bans, banned, removal, ids, plan)


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
    inputs = [_tokenizer_hash(application), *_ban_hashes(application.bans), *_weight_hashes(application, out)]
    configuration: dict[str, object] = {"tokenizer": application.spec, "ids": application.ids}
    if application.carry is not None:
        configuration |= application.carry.request.configuration
    call = fingerprint("ban apply", configuration, [inputs, corpus.identity])
    seconds: dict[str, float] = {}
    with output_folder(out, call, force=force) as folder:
        written = _write_files(application, corpus, folder.path, seconds)
        manifest = Manifest(
            command="ban apply",
            command_line=sys.argv,
            configuration=configuration,
            inputs=[*inputs, *corpus.hashes()],
            outputs=[
                hash_file(folder.path / name, shown_as=name)
                for name in (*_names(application.ids), *(written.carried.files if written.carried else ()))
            ],
            counts={"removed": len(application.removal.removed), "documents": written.cost.documents},
            seconds=seconds,
            call=folder.fingerprint,
            extra={
                "vocab_size": application.removal.vocabulary.size,
                "gguf": gguf_note(application.removal.vocabulary),
                **_weights_record(written.carried),
            },
        )
        write_manifest(folder.path / MANIFEST_NAME, manifest)
    return written


def _write_files(
    application: Application, corpus: Corpus, folder: Path, seconds: dict[str, float]
) -> Written:
    before, after = application.before, application.removal.vocabulary
    with _timed(seconds, "cost"):
        cost = measure_cost(before, after, corpus.texts())
    with _timed(seconds, "export"):
        write_exports(folder, after)
        write_removal(folder, before, application.removal, application.banned, cost, application.ids)
    with _timed(seconds, "verify"):
        verification = verify_exports(folder, after, islice(corpus.texts(), _VERIFIED_DOCUMENTS))
    if application.carry is None:
        return Written(cost, verification)
    with _timed(seconds, "carry"):
        return Written(cost, verification, carry(application.carry, folder, _names(application.ids)))


def _weight_hashes(application: Application, out: Path) -> list[FileHash]:
    if application.carry is None:
        return []
    files = carry_inputs(application.carry)
    refuse_output_inside_inputs(out, [application.carry.checkpoint.folder, *files])
    return [hash_file(path, shown_as=path.name) for path in files]


def _weights_record(carried: Carried | None) -> dict[str, object]:
    """What the manifest says of carried weights: each tensor's rows before and after, and the notes."""
    if carried is None:
        return {}
    rows = {name: {"before": before, "after": after} for name, (before, after) in carried.tensors.items()}
    return {"weights": {"rows": rows, "notes": list(carried.notes)}}


def _names(ids: Ids) -> list[str]:
    return [*EXPORTS, REMOVED_TOKENS, SUMMARY, *([ID_REMAP] if ids == "compact" else [])]


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
