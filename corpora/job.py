"""The whole job as a list of verbs: which commands a recipe comes down to, in order."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from corpora.errors import WrongCall
from corpora.recipes import STAGES, Recipe

REFERENCES = ("o200k_base", "cl100k_base")  # what every new vocabulary is compared with
COUNTS_FILE = "counts/counts.parquet"
SPREAD = ("filter", "count")  # what an engine can spread; merging and auditing stay on one machine


@dataclass(frozen=True, slots=True)
class Step:
    """One verb with its arguments, as a person would type them."""

    verb: str
    arguments: tuple[str, ...]


def override(recipe: Recipe, settings: Sequence[str]) -> Recipe:
    """Apply `TABLE.KEY=VALUE` settings to a recipe; VALUE is TOML, or else text.

    Raises WrongCall for a setting of another shape or an unknown table.
    """
    stages = {name: dict(table) for name, table in recipe.stages.items()}
    for setting in settings:
        place, equals, value = setting.partition("=")
        table, dot, key = place.partition(".")
        if not (equals and dot and key) or table not in STAGES:
            raise WrongCall(
                f"not a setting: {setting!r}", hint=f"TABLE.KEY=VALUE, TABLE one of {', '.join(STAGES)}"
            )
        stages[table][key] = _toml_value(value)
    return replace(recipe, stages=stages)


def plan(recipe: Recipe, reference: str, output: Path, engine: Sequence[str] = ()) -> list[Step]:
    """The steps of the whole job; `reference` is how the recipe was named, `output` the job's folder.

    `engine` are arguments for the verbs that can work on many machines; they override the recipe's.

    Raises WrongCall for a recipe with several vocabulary sizes: the job ends with one audit.
    """
    _require_one_size(recipe)
    corpus, counts, tokenizer, audit = (
        output / part for part in ("corpus", COUNTS_FILE, "tokenizer", "audit")
    )
    weights = [f"--source-weight={name}={weight:g}" for name, weight in sorted(recipe.weights.items())]
    against = [argument for name in REFERENCES for argument in ("--against", name)]

    def step(verb: str, *arguments: str) -> Step:
        elsewhere = engine if verb in SPREAD else ()
        return Step(verb, (*arguments, *option_arguments(recipe.stages[verb], recipe.folder), *elsewhere))

    return [
        step("filter", f"recipe:{reference}", "-o", str(corpus)),
        step("count", str(corpus), "-o", str(counts), *weights, *_pattern(recipe)),
        step("train", str(counts), "-o", str(tokenizer)),
        step(
            "audit",
            str(tokenizer),
            "-o",
            str(audit),
            "--counts",
            str(counts),
            "--corpus",
            str(corpus),
            *against,
        ),
    ]


def _require_one_size(recipe: Recipe) -> None:
    sizes = recipe.stages["train"].get("vocab-size")
    if isinstance(sizes, list) and len(set(map(str, sizes))) > 1:
        raise WrongCall(
            "[train] vocab-size has several sizes; the whole job makes and audits one tokenizer",
            where=recipe.path,
            hint="give one; for more: winnow train OUT/counts/counts.parquet --vocab-size A --vocab-size B",
        )


def option_arguments(table: Mapping[str, Any], folder: Path) -> list[str]:
    """A TOML table as command-line arguments: true is a flag, a list repeats its option.

    A value that starts with `./` or `../` is relative to `folder`, the recipe's own.
    """
    arguments: list[str] = []
    for key, value in table.items():
        option = "--" + key.replace("_", "-")
        if value is True:
            arguments.append(option)
        elif value is not False:
            values = value if isinstance(value, list) else [value]
            arguments += [part for each in values for part in (option, _located(str(each), folder))]
    return arguments


def _located(value: str, folder: Path) -> str:
    return str(folder / value) if value.startswith(("./", "../")) else value


def _pattern(recipe: Recipe) -> list[str]:
    """Counting needs the pattern that training will record; one key serves both."""
    pattern = recipe.stages["train"].get("pattern")
    return ["--pattern", str(pattern)] if pattern and "pattern" not in recipe.stages["count"] else []


def _toml_value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):  # no TOML, or a number or nesting beyond all measure
        return text
