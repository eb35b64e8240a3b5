"""What every verb of the command line shares: help with an example, --config, --quiet, --format."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from corpora.display import show_json, show_lines, show_text
from corpora.errors import WrongCall, unknown_name

F = TypeVar("F", bound=Callable[..., Any])

CONTEXT_SETTINGS: dict[str, Any] = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
FORMATS = ("table", "json", "jsonl", "markdown")
SHARED_OPTIONS = frozenset({"config", "quiet", "debug"})


class Verb(click.Command):
    """A Click command with `--config`, `-q/--quiet`, `--debug` and an example under its help."""

    def __init__(self, *args: Any, example: str = "", **kwargs: Any) -> None:
        kwargs.setdefault("context_settings", CONTEXT_SETTINGS)
        super().__init__(*args, **kwargs)
        self.example = example
        self.params.extend(_shared_options())

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the example as it is to be typed."""
        with formatter.section("Example"):
            for line in self.example.splitlines():
                formatter.write(f"  {line.strip()}\n")

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command without the options that only this class reads."""
        for name in SHARED_OPTIONS - _accepted(self.callback):
            ctx.params.pop(name, None)
        return super().invoke(ctx)


def verb(name: str, *, example: str) -> Callable[[Callable[..., Any]], Verb]:
    """Make a function the command `name`; the function takes `quiet` only if it names it."""

    def decorate(function: Callable[..., Any]) -> Verb:
        return click.command(name, cls=Verb, example=example)(function)

    return decorate


def format_option(function: F) -> F:
    """Add `--format table|json|jsonl|markdown`; the function receives `output_format`."""
    return click.option(
        "--format", "output_format", type=click.Choice(FORMATS), default="table", show_default=True,
        help="How to print the result on stdout.",
    )(function)  # fmt: skip


def force_option(function: F) -> F:
    """Add `--force`; the function receives `force`."""
    return click.option("--force", is_flag=True, help="Start over, replacing an output of this command.")(
        function
    )


@dataclass(frozen=True, slots=True)
class TableView:
    """Rows for people: a title, column headings and cells; what a terminal would obey is shown as escapes."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


def emit(
    record: Mapping[str, Any], rows: Sequence[Any], tables: Sequence[TableView], output_format: str
) -> None:
    """Print one result on stdout: `record` as JSON, `rows` as JSONL, or `tables` for people."""
    import msgspec

    if output_format == "json":
        text = show_json(msgspec.json.format(msgspec.json.encode(record), indent=2).decode())
    elif output_format == "jsonl":
        text = show_json("\n".join(msgspec.json.encode(row).decode() for row in rows))
    elif output_format == "markdown":
        text = "\n\n".join(_markdown(table) for table in tables)
    else:
        _print_tables(tables)
        return
    click.echo(text)


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file. Raises WrongCall when it is missing or is not TOML."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise WrongCall(error.strerror or "cannot be read", where=path) from error
    except (ValueError, RecursionError) as error:  # no TOML, no UTF-8, a number or nesting beyond all measure
        raise WrongCall(f"not valid TOML: {error}", where=path) from error


def option_defaults(command: click.Command, table: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Turn a TOML table into Click defaults; keys are long option names, `-` or `_` alike.

    Raises WrongCall for a key that the command does not have, naming the nearest one.
    """
    known = {_long_name(param): param for param in command.params if param.name not in SHARED_OPTIONS}
    defaults: dict[str, Any] = {}
    for key, value in table.items():
        param = known.get(key.replace("_", "-"))
        if param is None or param.name is None:
            error = unknown_name("key", key, list(known))
            raise WrongCall(error.what, where=where, hint=error.hint)
        defaults[param.name] = value
    return defaults


def _long_name(param: click.Parameter) -> str:
    longest = max(param.opts, key=len) if param.opts else ""
    return longest.lstrip("-").replace("_", "-")


def _accepted(callback: Callable[..., Any] | None) -> frozenset[str]:
    import inspect

    return frozenset(inspect.signature(callback).parameters) if callback else frozenset()


def _shared_options() -> list[click.Parameter]:
    return [
        click.Option(
            ["--config"],
            type=click.Path(path_type=Path),
            is_eager=True,
            expose_value=False,
            callback=_apply_config,
            help="TOML file with any of these options, in a table named after the command or at the top.",
        ),
        click.Option(["-q", "--quiet"], is_flag=True, help="Print no progress and no notes on stderr."),
        click.Option(["--debug"], is_flag=True, help="Show the full traceback when something fails."),
    ]


def _apply_config(ctx: click.Context, param: click.Parameter, path: Path | None) -> None:
    if path is None:
        return
    table = read_toml(path)
    section = table.get(ctx.command.name or "", table)
    if not isinstance(section, dict):
        raise WrongCall(f"{ctx.command.name!r} must be a table", where=path)
    ctx.default_map = {**(ctx.default_map or {}), **option_defaults(ctx.command, section, str(path))}


def _markdown(table: TableView) -> str:
    def line(cells: Sequence[str]) -> str:
        shown = (show_text(cell.replace("\n", " ")) for cell in cells)
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in shown) + " |"

    rule = "|" + "---|" * len(table.columns)
    return "\n".join([f"### {show_text(table.title)}", "", line(table.columns), rule, *map(line, table.rows)])


def _print_tables(tables: Sequence[TableView]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(soft_wrap=False)
    for view in tables:
        console.print(Text(show_lines(view.title)), soft_wrap=True)
        if not view.rows:
            continue
        table = Table(show_edge=False)
        for column in view.columns:
            table.add_column(Text(show_lines(column)), overflow="fold")
        for row in view.rows:
            table.add_row(*(Text(show_lines(cell)) for cell in row))
        console.print(table)
