"""Where the benchmarks keep packages, corpora, vocabularies and raw results."""

from __future__ import annotations

import os
from pathlib import Path

DATA_VARIABLE = "WINNOW_BENCH_DATA"
_DEFAULT = Path(__file__).resolve().parent.parent / ".benchmarks-data"
CORPORA = ("mixed-1", "mixed-10", "mixed-50", "mixed-200", "chinese-20", "code-20")


def data_folder() -> Path:
    """The folder for everything large: $WINNOW_BENCH_DATA, else `.benchmarks-data` in the project."""
    return Path(os.environ.get(DATA_VARIABLE) or _DEFAULT).resolve()


def peers_folder() -> Path:
    """Where the other trainers are installed: apart, for a dependency of theirs slows the start of numba."""
    return data_folder() / "peers"


def corpus_path(name: str) -> Path:
    """The JSONL file of a corpus, one of `CORPORA`; it may not have been built yet."""
    return data_folder() / "corpora" / f"{name}.jsonl"


def corpus_record_path(name: str) -> Path:
    """The JSON file that says what a corpus is made of."""
    return corpus_path(name).with_suffix(".json")


def results_path(kind: str) -> Path:
    """The JSONL file of raw results: `training`, `banned` or `parity`."""
    return data_folder() / "results" / f"{kind}.jsonl"
