"""An output file's life: refused when somebody else's, replaced with its manifest, left when finished."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from corpora.documents import Corpus
from corpora.errors import WinnowError, WrongCall
from corpora.files import write_json
from corpora.manifest import FILE_MANIFEST_ENDING, read_manifest
from corpora.outputs import AlreadyFinished, refuse_output_inside_inputs


def manifest_beside(out: Path) -> Path:
    """Where the manifest of an output file is."""
    return out.with_name(out.name + FILE_MANIFEST_ENDING)


def check_parquet_output(out: Path, corpus: Corpus) -> None:
    """Make sure that `out` can be an output file. Raises WrongCall when it is an input or no Parquet."""
    refuse_output_inside_inputs(out, corpus.paths)
    if out.is_dir():
        raise WrongCall("is a folder; a file is needed", where=out, hint="--out FILE.parquet")
    if out.suffix != ".parquet":
        raise WrongCall("counts are Parquet", where=out, hint="--out FILE.parquet")


def claim_output(out: Path, call: str, *, force: bool) -> None:
    """Make sure that the call with this fingerprint may write `out`, which the caller has locked.

    Raises AlreadyFinished when it has done so, WrongCall when no manifest says who wrote the file, or
    (unless `force`) another call did.
    """
    made_by, begun_by = _call_of(manifest_beside(out)), _call_of(_marker(out))
    if not out.exists():
        return
    if made_by is None and begun_by is None:
        raise WrongCall("exists, and no manifest says what made it", where=out, hint="choose another --out")
    if force:
        return
    if made_by == call and begun_by in (None, call):
        _marker(out).unlink(missing_ok=True)
        raise AlreadyFinished(out)
    if begun_by != call:
        raise WrongCall("is the output of a different call", where=out, hint="--force replaces it")


@contextmanager
def replacing_output(out: Path, call: str) -> Iterator[None]:
    """Around the writing of `out` and of its manifest: two renames, with a kill possible between them.

    A marker says which call is at it, so that the same call may go on over a file without its manifest.
    """
    marker = _marker(out)
    write_json(marker, {"call": call})
    try:
        yield
    except Exception:
        if not out.exists():
            marker.unlink(missing_ok=True)
        raise
    marker.unlink(missing_ok=True)


def _marker(out: Path) -> Path:
    return out.with_name(f".{out.name}.unfinished.json")


def _call_of(path: Path) -> object:
    try:
        return read_manifest(path).get("call")
    except (WinnowError, OSError):
        return None
