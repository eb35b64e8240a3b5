"""The Click options that choose where a verb's work runs."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, get_args

import click

from corpora.engine import DEFAULT_RETRIES, EngineChoice, EngineName, RayOptions
from corpora.errors import WrongCall
from corpora.sizes import parse_memory

_RAY_OPTIONS = ("address", "cpus_per_task", "memory_per_task", "concurrency", "retries")


def engine_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--engine` and the options of Ray; the function gets them as one EngineChoice, `engine`."""

    @functools.wraps(function)
    def collected(*args: Any, engine: EngineName, **kwargs: Any) -> Any:
        given = {name: kwargs.pop(f"ray_{name}") for name in _RAY_OPTIONS}
        return function(*args, engine=engine_choice(engine, given), **kwargs)

    for decorate in reversed(_decorators()):
        collected = decorate(collected)
    return collected


def engine_choice(name: EngineName, given: dict[str, Any]) -> EngineChoice:
    """The choice; `given` are the options of Ray, None where not given.

    Raises WrongCall for an option of Ray without Ray, and for what is no amount of memory.
    """
    chosen = {option: value for option, value in given.items() if value is not None}
    if name != "ray" and chosen:
        option = next(iter(chosen)).replace("_", "-")
        raise WrongCall(f"--ray-{option} is for the engine ray", hint="add --engine ray")
    if "memory_per_task" in chosen:
        chosen["memory_per_task"] = parse_memory(chosen["memory_per_task"])
    return EngineChoice(name, RayOptions(**chosen))


def engine_arguments(choice: EngineChoice) -> list[str]:
    """The options again as arguments, to hand a choice on to another verb; none for the usual engine."""
    if choice.name == "local":
        return []
    given = [(option, getattr(choice.ray, option)) for option in _RAY_OPTIONS]
    pairs = [(f"--ray-{option.replace('_', '-')}", value) for option, value in given if value is not None]
    return ["--engine", choice.name, *(part for option, value in pairs for part in (option, str(value)))]


def _decorators() -> list[Callable[[Callable[..., Any]], Callable[..., Any]]]:
    return [
        click.option(
            "--engine",
            type=click.Choice(get_args(EngineName)),
            default="local",
            show_default=True,
            help="Where to work: this machine, or a Ray cluster. The result is the same.",
        ),
        click.option(
            "--ray-address",
            metavar="ADDRESS",
            help="HOST:PORT, ray://HOST:PORT or auto; else $RAY_ADDRESS, else Ray is started here.",
        ),
        click.option(
            "--ray-cpus-per-task",
            type=click.FloatRange(min=0, min_open=True),
            metavar="N",
            help="Processors that one task takes; default 1. Counting uses as many threads.",
        ),
        click.option("--ray-memory-per-task", metavar="SIZE", help="Memory that one task asks for: 4GB."),
        click.option(
            "--ray-concurrency",
            type=click.IntRange(min=1),
            metavar="N",
            help="Most tasks under way at one step; default: twice what the processors take.",
        ),
        click.option(
            "--ray-retries",
            type=click.IntRange(min=0),
            metavar="N",
            help=f"How often a task whose machine dies is tried again; default {DEFAULT_RETRIES}.",
        ),
    ]
