"""INPUT arguments → shards: files, folders, globs, URLs, stdin, hub names, recipes, filter's own output."""

from __future__ import annotations

import glob
import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path, PurePath, PurePosixPath

from corpora.documents import STANDARD_INPUT, HubStream, ReadOptions, Shard
from corpora.errors import WinnowError, WrongCall
from corpora.remote import Found, find_files, is_url, local_path

# File ending → format. A compression ending (.gz, .zst) may follow; Parquet and Arrow compress inside.
FORMATS = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".parquet": "parquet",
    ".arrow": "arrow",
    ".csv": "csv",
    ".txt": "text",
}
COMPRESSIONS = (".gz", ".zst")
_DOCUMENTS_FOLDER = "documents"  # what `winnow filter` writes its kept documents into


def resolve_inputs(inputs: Sequence[str], options: ReadOptions) -> list[Shard]:
    """Turn INPUT arguments into shards, in the order given, files of one folder by name.

    Raises WrongCall for a missing or unknown input and for a folder without readable files.
    """
    if not inputs:
        raise WrongCall("no input given", hint="name files, folders, globs, '-' or hub:NAME")
    shards = [shard for name in inputs for shard in _resolve(name, options)]
    return _with_distinct_names(shards)


def file_format(path: PurePath) -> str | None:
    """The format that a file's name tells, or None."""
    endings = path.suffixes
    if endings and endings[-1].lower() in COMPRESSIONS:
        endings = endings[:-1]
    return FORMATS.get(endings[-1].lower()) if endings else None


def _resolve(name: str, options: ReadOptions) -> Iterator[Shard]:
    if name == STANDARD_INPUT:
        yield _standard_input(options)
    elif is_url(name):
        yield from _url(name, options)
    elif name.startswith("hub:"):
        yield _hub(name, options)
    elif name.startswith("recipe:"):
        yield from _recipe(name.removeprefix("recipe:"), options)
    elif Path(name).is_dir():
        yield from _folder(Path(name), options)
    elif Path(name).exists():
        yield _file(Path(name), Path(name).name, options)
    else:
        yield from _glob(name, options)


def _file(path: Path, name: str, options: ReadOptions) -> Shard:
    kind = file_format(path)
    if kind is None:
        raise WrongCall(
            "unknown file type", where=path, hint=f"known: {' '.join(FORMATS)}, each also .gz or .zst"
        )
    if not os.access(path, os.R_OK):
        raise WrongCall("cannot be read (permission denied)", where=path)
    return Shard(name, name, path, kind, options)


def _folder(folder: Path, options: ReadOptions) -> Iterator[Shard]:
    kept = folder / _DOCUMENTS_FOLDER
    if kept.is_dir() and (folder / "decisions").is_dir():
        folder = kept
    paths = sorted(
        path for path in folder.rglob("*") if path.is_file() and _is_data(path.relative_to(folder))
    )
    if not paths:
        raise WrongCall(
            "no readable file in this folder", where=folder, hint=f"known endings: {' '.join(FORMATS)}"
        )
    for path in paths:
        yield _file(path, path.relative_to(folder).as_posix(), options)


def _is_data(relative: PurePath) -> bool:
    hidden = any(part.startswith(".") for part in relative.parts)
    return not hidden and file_format(relative) is not None and not relative.name.endswith("manifest.json")


def _glob(pattern: str, options: ReadOptions) -> Iterator[Shard]:
    paths = [Path(found) for found in sorted(glob.glob(pattern, recursive=True))]  # noqa: PTH207 - patterns may be absolute
    files = [path for path in paths if path.is_file()]
    if not files:
        raise WrongCall("no such file or folder", where=pattern)
    for path in files:
        yield _file(path, path.name, options)


def _url(url: str, options: ReadOptions) -> Iterator[Shard]:
    path = local_path(url)
    if path is not None:
        yield from _resolve(path, options)
        return
    found = list(find_files(url))
    readable = [each for each in _kept(found) if _is_data(PurePosixPath(each.name))]
    if not readable:
        raise WrongCall("no readable file here", where=url, hint=f"known endings: {' '.join(FORMATS)}")
    for each in readable:
        kind = file_format(PurePosixPath(each.name))
        yield Shard(each.name, each.name, each.file, str(kind), options)


def _kept(found: list[Found]) -> list[Found]:
    """The documents alone, named within their folder, where `winnow filter` wrote them; else everything."""
    start = f"{_DOCUMENTS_FOLDER}/"
    if not any(each.name.startswith("decisions/") for each in found):
        return found
    kept = [each for each in found if each.name.startswith(start)]
    return [replace(each, name=each.name.removeprefix(start)) for each in kept] or found


def _hub(name: str, options: ReadOptions) -> Shard:
    parts = name.removeprefix("hub:").split(":")
    if not parts[0] or len(parts) > 3:
        raise WrongCall(f"not a hub name: {name!r}", hint="hub:NAME[:CONFIG[:SPLIT]]")
    stream = HubStream(
        parts[0], (parts[1] or None) if len(parts) > 1 else None, parts[2] if len(parts) > 2 else "train"
    )
    return Shard(name, name, stream, "hub", options)


def _recipe(name: str, options: ReadOptions) -> list[Shard]:
    from corpora.recipes import load_recipe, recipe_shards

    return recipe_shards(load_recipe(name), options)


def _standard_input(options: ReadOptions) -> Shard:
    """Copy stdin to a temporary file first: it is read twice (schema, then documents), and hashed."""
    if sys.stdin.isatty():
        raise WrongCall("stdin is a terminal", hint="pipe JSONL into the command, or name a file")
    with tempfile.NamedTemporaryFile(prefix="winnow-stdin-", suffix=".jsonl", delete=False) as file:
        shutil.copyfileobj(sys.stdin.buffer, file)
    path = Path(file.name)
    _remove_at_exit(path)
    if path.stat().st_size == 0:
        raise WinnowError("stdin was empty", hint="pipe JSONL into the command")
    return Shard(STANDARD_INPUT, STANDARD_INPUT, path, "jsonl", options)


def _remove_at_exit(path: Path) -> None:
    import atexit

    atexit.register(path.unlink, missing_ok=True)


def _with_distinct_names(shards: list[Shard]) -> list[Shard]:
    """Name files of one name from different folders by their paths; refuse a file given twice."""
    repeated = {name for name, times in Counter(shard.name for shard in shards).items() if times > 1}
    renamed = [_named_by_path(shard) if shard.name in repeated else shard for shard in shards]
    _refuse_repeats(renamed)
    return renamed


def _named_by_path(shard: Shard) -> Shard:
    source = shard.where if shard.source == shard.name else shard.source
    return replace(shard, name=shard.where, source=source)


def _refuse_repeats(shards: list[Shard]) -> None:
    seen: set[object] = set()
    for shard in shards:
        place = shard.origin.resolve() if isinstance(shard.origin, Path) else shard.origin
        if place in seen:
            raise WrongCall("the same input is given twice", where=shard.where)
        seen.add(place)
