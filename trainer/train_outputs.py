"""The files of a trained tokenizer: written aside, read back and compared, then moved into place."""

from __future__ import annotations

import gc
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from corpora.manifest import FileHash, hash_file
from trainer.event_log import MERGES, write_event_log
from trainer.exports import EXPORTS, write_exports
from trainer.training_result import TrainingResult
from trainer.verify import verify_exports

_ASIDE = ".unverified"
# Enough to catch a wrong file, little enough not to be felt: a third of a second. The tests compare more.
_MADE_UP_TEXTS = 1_000
_REFERENCE_WORK = 100_000
NAMES = (*EXPORTS, MERGES)


def import_libraries() -> None:
    """Import what the exports are compared with, ahead of time."""
    import regex  # noqa: F401
    import tiktoken  # noqa: F401
    import tokenizers  # noqa: F401


@contextmanager
def collector_paused() -> Iterator[None]:
    """Keep Python from looking for cycles: millions of small objects are made and none is in one."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def write_outputs(folder: Path, result: TrainingResult, texts: Sequence[str]) -> list[FileHash]:
    """Write one vocabulary's files into `folder`, which is made; return their hashes.

    Nothing is left when the libraries that read the files back do not agree: raises WinnowError.
    """
    aside = folder / _ASIDE
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    try:
        with collector_paused():
            _write_and_verify(aside, result, texts)
        for name in NAMES:
            (aside / name).replace(folder / name)
    finally:
        shutil.rmtree(aside)
    return [hash_file(folder / name, shown_as=name) for name in NAMES]


def _write_and_verify(aside: Path, result: TrainingResult, texts: Sequence[str]) -> None:
    write_exports(aside, result.vocabulary)
    write_event_log(aside / MERGES, result)
    verify_exports(
        aside, result.vocabulary, texts, adversarial=_MADE_UP_TEXTS, reference_work=_REFERENCE_WORK
    )
