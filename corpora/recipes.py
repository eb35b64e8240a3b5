"""Recipes: TOML files that name sources and hold every setting of the whole job."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from corpora.cli import read_toml
from corpora.documents import ReadOptions, Shard
from corpora.errors import WrongCall, unknown_name
from corpora.files import sha256_file
from corpora.remote import is_url

STAGES = ("filter", "count", "train", "audit")


class SourceTable(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One `[[source]]`: an INPUT, what to call it, and how much of it counts.

    `weight` multiplies the counts of its documents; `limit` caps the documents read from each file
    or stream; `language` is the declared language where the data names none.
    """

    name: str
    input: str
    weight: float = 1.0
    language: str | None = None
    limit: int | None = None
    text_field: str = "text"
    id_field: str = "id"


class RecipeTable(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A recipe file: sources, and one table per verb with that verb's options."""

    source: list[SourceTable]
    name: str = ""
    description: str = ""
    filter: dict[str, Any] = {}
    count: dict[str, Any] = {}
    train: dict[str, Any] = {}
    audit: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Recipe:
    """A recipe that was read and checked; `folder` is what its relative inputs are relative to."""

    name: str
    path: Path
    sha256: str
    folder: Path
    sources: tuple[SourceTable, ...]
    stages: Mapping[str, Mapping[str, Any]]

    @property
    def weights(self) -> dict[str, float]:
        """Source name → weight, for the sources whose weight is not 1."""
        return {source.name: source.weight for source in self.sources if source.weight != 1.0}


def builtin_recipes() -> dict[str, Path]:
    """The recipes that come with the tool, by name."""
    folder = Path(str(files("corpora"))) / "recipes"
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def load_recipe(name: str) -> Recipe:
    """Read a recipe by built-in name or by path.

    Raises WrongCall for an unknown name, an unknown key (naming the nearest), a wrong type, two
    sources of one name, or a weight or limit that is not positive.
    """
    path = _find(name)
    table = _convert(read_toml(path), path)
    _check_sources(table.source, path)
    stages = {stage: getattr(table, stage) for stage in STAGES}
    return Recipe(table.name or path.stem, path, sha256_file(path), path.parent, tuple(table.source), stages)


def recipe_shards(recipe: Recipe, options: ReadOptions) -> list[Shard]:
    """The shards of every source of a recipe; each document's `source` is the source's name."""
    return [shard for source in recipe.sources for shard in _source_shards(recipe, source, options)]


def _source_shards(recipe: Recipe, source: SourceTable, options: ReadOptions) -> list[Shard]:
    from corpora.inputs import resolve_inputs

    fields = dataclasses.replace(
        options, text_field=source.text_field, id_field=source.id_field, language=source.language
    )
    shards = resolve_inputs([_located(recipe, source.input)], fields)
    return [dataclasses.replace(shard, source=source.name, limit=source.limit) for shard in shards]


def _located(recipe: Recipe, name: str) -> str:
    if name == "-" or name.startswith("hub:") or is_url(name):
        return name
    if name.startswith("recipe:"):
        raise WrongCall("a source of a recipe cannot be a recipe", where=recipe.path)
    return str(recipe.folder / name)


def _find(name: str) -> Path:
    known = builtin_recipes()
    if name in known:
        return known[name]
    path = Path(name)
    if path.is_file():
        return path
    if path.suffix == ".toml" or "/" in name:
        raise WrongCall("no such recipe file", where=path)
    raise unknown_name("recipe", name, list(known))


def _convert(table: dict[str, Any], path: Path) -> RecipeTable:
    _check_keys(table, RecipeTable, path, "key")
    for source in table.get("source", []) if isinstance(table.get("source"), list) else []:
        if isinstance(source, dict):
            _check_keys(source, SourceTable, path, "key in [[source]]")
    try:
        return msgspec.convert(table, RecipeTable)
    except msgspec.ValidationError as error:
        raise WrongCall(f"not a recipe: {error}", where=path, hint="see docs/recipes.md") from error


def _check_keys(table: Mapping[str, Any], kind: type[msgspec.Struct], path: Path, what: str) -> None:
    known = list(kind.__struct_fields__)
    for key in table:
        if key not in known:
            error = unknown_name(what, key, known)
            raise WrongCall(error.what, where=path, hint=error.hint)


def _check_sources(sources: list[SourceTable], path: Path) -> None:
    if not sources:
        raise WrongCall("a recipe needs at least one [[source]]", where=path)
    names = [source.name for source in sources]
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated is not None:
        raise WrongCall(f"two sources are called {repeated!r}", where=path)
    for source in sources:
        if not 0 < source.weight < float("inf") or (source.limit is not None and source.limit <= 0):
            raise WrongCall(f"source {source.name!r}: weight and limit must be above 0", where=path)
